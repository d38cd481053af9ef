"""Curves and tables: worked intervals, subjects and seeds kept apart, kinds of errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from score_tables import CHECKERBOARD, make_scores, random_text

from p300.errors import SpellerError
from p300.evaluation.metric_at import MetricAt
from p300.recordings import MATRIX_6X6
from p300.speller import (
    SpellerModel,
    accuracy_curve,
    bits_per_minute,
    decide,
    error_kinds,
    gather_selections,
    wilson_interval,
)
from p300.speller.curves import POINT, rates_of, spelling_metrics, subject_rates
from p300.speller.evidence import LikelihoodRatio
from p300.speller.rates import Timing

TIMING = Timing(pause=2.5, repetition=2.1)
N_SYMBOLS = {"made": 36}


def characters(n_subjects=4, seeds=(1,), repetitions=5, **options):
    """Decisions of several subjects, the later ones easier."""
    tables = []
    for k in range(n_subjects):
        for seed in seeds:
            scores = make_scores(
                random_text(6, seed=k), repetitions=repetitions, separation=0.8 + 0.5 * k,
                seed=10 * k + seed, subject=str(k), **options,
            )  # fmt: skip
            model = SpellerModel(LikelihoodRatio(1, 1.6), threshold=0.9)
            decided = decide(gather_selections(scores, MATRIX_6X6), model)
            names = {"protocol": "within_subject", "calibration_characters": None}
            tables.append(decided.assign(**names, detector="slda", seed=seed))
    table = pd.concat(tables, ignore_index=True)
    return table.assign(seconds=TIMING.seconds(table["repetitions"]))


def one(table, **where):
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_the_share_is_never_outside_wilsons_interval():
    n = np.arange(1, 400)
    for share in (0.0, 1 / 3, 1.0):
        low, high = wilson_interval(share * n, n)
        assert (low <= share * n / n).all()
        assert (share * n / n <= high).all()


def test_wilson_against_worked_values():
    # Brown, Cai & DasGupta (2001): 0 and 8 of 10.
    low, high = wilson_interval([0, 8, 10], [10, 10, 10])
    np.testing.assert_allclose(low, [0, 0.4902, 0.7225], atol=1e-4)
    np.testing.assert_allclose(high, [0.2775, 0.9433, 1], atol=1e-4)


def test_rates_of_a_subject_come_from_its_characters():
    table = characters()
    rates = subject_rates(table, N_SYMBOLS)
    mine = table[(table["subject"] == "2") & (table["rule"] == "sum") & (table["repetitions"] == 3)]
    row = one(rates, subject="2", rule="sum", repetitions=3)
    p = float(mine["correct"].mean())
    assert row["accuracy"] == pytest.approx(p)
    assert row["n"] == 6
    assert row["seconds"] == pytest.approx(2.5 + 3 * 2.1)
    assert row["bits_per_minute"] == pytest.approx(float(bits_per_minute(p, 8.8, 36)))
    free = table[(table["subject"] == "2") & (table["stopping"] == "dynamic")]
    row = one(rates, subject="2", stopping="dynamic")
    assert pd.isna(row["repetitions"])
    assert row["mean_repetitions"] == pytest.approx(free["repetitions"].mean())
    assert row["seconds"] == pytest.approx(2.5 + 2.1 * free["repetitions"].mean())
    assert row["forced"] == pytest.approx(free["forced"].mean())


def test_folds_are_pooled_and_seeds_are_averaged():
    table = characters(n_subjects=1, seeds=(1, 2))
    rates = subject_rates(table, N_SYMBOLS)
    row = one(rates, rule="sum", repetitions=2)
    assert row["n"] == 6
    each = [one(subject_rates(t, N_SYMBOLS), rule="sum", repetitions=2)["bits_per_minute"]
            for _, t in table.groupby("seed")]  # fmt: skip
    assert row["bits_per_minute"] == pytest.approx(np.mean(each))
    # Folds, each with a seed of its own: the rate of all twelve characters, not a mean of rates.
    pooled = table.assign(character=table["character"] + 10 * table["seed"])
    p = pooled[(pooled["rule"] == "sum") & (pooled["repetitions"] == 2)]["correct"].mean()
    row = one(subject_rates(pooled, N_SYMBOLS), rule="sum", repetitions=2)
    assert row["n"] == 12
    assert row["bits_per_minute"] == pytest.approx(float(bits_per_minute(p, 6.7, 36)))


def test_unknown_characters_do_not_count():
    table = characters(n_subjects=1)
    unknown = table["character"] == 1
    table.loc[unknown, ["correct", "true_symbol"]] = pd.NA
    assert (subject_rates(table, N_SYMBOLS)["n"] == 5).all()


def test_the_curve_keeps_characters_and_subjects_apart():
    rates = subject_rates(characters(), N_SYMBOLS)
    curve = accuracy_curve(rates)
    assert set(curve["subject"]) == {"0", "1", "2", "3", "pooled"}
    assert sorted(set(curve["repetitions"])) == [1, 2, 3, 4, 5]
    point = {"rule": "sum", "repetitions": 3}
    pooled = one(curve, subject="pooled", **point)
    assert pooled["n"] == 24
    each = rates[(rates["rule"] == "sum") & (rates["repetitions"] == 3)]
    assert pooled["value"] == pytest.approx(each["accuracy"].mean())  # As many characters each.
    low, high = wilson_interval(24 * pooled["value"], 24)
    assert (pooled["low"], pooled["high"]) == (pytest.approx(low), pytest.approx(high))
    assert (curve["low"] <= curve["value"] + 1e-12).all()


def test_the_mean_of_six_subjects_has_an_interval():
    few, enough = (
        spelling_metrics(subject_rates(characters(n_subjects=n), N_SYMBOLS), N_SYMBOLS)
        for n in (4, 6)
    )
    own = MetricAt.parse("characters@3").rows(enough)
    single, mean = own[own["subject"] != "mean"]["value"], one(own, subject="mean")
    assert (mean["low"], mean["high"]) == pytest.approx((single.min(), single.max()))
    assert np.isnan(one(MetricAt.parse("characters@3").rows(few), subject="mean")["low"])


def test_metrics_have_mean_of_rates_and_rate_of_means():
    rates = subject_rates(characters(), N_SYMBOLS)
    rows = spelling_metrics(rates, N_SYMBOLS)
    at5 = rates[(rates["rule"] == "sum") & (rates["repetitions"] == 5)]
    point = {"rule": "sum", "stopping": "fixed", "repetitions": 5}
    mean = one(rows, subject="mean", metric="bits_per_minute", **point)
    assert mean["value"] == pytest.approx(at5["bits_per_minute"].mean())
    of_means = one(rows, subject="mean", metric="bits_per_minute_of_means", **point)
    expected = float(bits_per_minute(at5["accuracy"].mean(), 13.0, 36))
    assert of_means["value"] == pytest.approx(expected)
    assert of_means["value"] < mean["value"]
    assert one(rows, subject="3", metric="characters", **point)["n"] == 6
    assert one(rows, subject="3", metric="characters", **point)["high"] <= 1
    assert set(rows["alignment"]) == {"none"}
    one(rows, subject="mean", metric="characters", **(point | {"rule": "posterior"}))
    dynamic = rows[(rows["stopping"] == "dynamic") & (rows["subject"] == "mean")]
    assert set(dynamic["rule"]) == {"posterior"}
    assert {"characters", "forced", "mean_repetitions", "seconds", "symbols_per_minute"} <= set(
        dynamic["metric"]
    )
    assert dynamic["repetitions"].isna().all()


@pytest.mark.parametrize("most", [2, 4, 7])
def test_there_are_figures_for_every_number_of_repetitions_that_a_study_has(most):
    rows = spelling_metrics(subject_rates(characters(repetitions=most), N_SYMBOLS), N_SYMBOLS)
    for metric in ("characters", "bits_per_minute", "symbols_per_minute", "seconds"):
        for rule in ("sum", "posterior"):
            own = rows[(rows["metric"] == metric) & (rows["rule"] == rule)]
            own = own[(own["stopping"] == "fixed") & (own["subject"] == "mean")]
            assert own["repetitions"].tolist() == list(range(1, most + 1))


def test_rates_are_read_back_from_the_metrics():
    rates = subject_rates(characters(), N_SYMBOLS)
    read = rates_of(spelling_metrics(rates, N_SYMBOLS))
    same = [*POINT, "n", "accuracy", "bits_per_minute", "symbols_per_minute", "seconds"]
    order = ["rule", "stopping", "repetitions", "subject"]
    pd.testing.assert_frame_equal(
        *(t.sort_values(order)[same].reset_index(drop=True) for t in (read, rates)),
        check_dtype=False,
        check_exact=True,
    )
    free = rates["stopping"] == "dynamic"
    assert read.loc[read["stopping"] == "dynamic", "forced"].tolist() == (
        rates.loc[free, "forced"].tolist()
    )


def test_numbers_of_calibration_characters_are_measured_apart():
    parts = [characters().assign(protocol="few_shot", calibration_characters=n) for n in "03"]
    parts[1] = parts[1].assign(correct=True)
    rates = subject_rates(pd.concat(parts, ignore_index=True), N_SYMBOLS)
    rows = spelling_metrics(rates, N_SYMBOLS)
    own = rows[(rows["metric"] == "characters") & (rows["subject"] == "mean")]
    assert set(own["protocol"]) == {"few_shot"}
    assert (own.loc[own["calibration_characters"] == "3", "value"] == 1).all()
    assert (own.loc[own["calibration_characters"] == "0", "value"] < 1).any()


def test_dynamic_stopping_is_held_against_the_best_fixed_number():
    rates = subject_rates(characters(), N_SYMBOLS)
    rows = spelling_metrics(rates, N_SYMBOLS)
    means = rates[rates["rule"] == "sum"].groupby("repetitions")["bits_per_minute"].mean()
    best = one(rows, metric="bits_per_minute", stopping="best")
    assert best["value"] == pytest.approx(means.max())
    assert best["repetitions"] == means.idxmax()
    free = one(rows, subject="mean", metric="bits_per_minute", stopping="dynamic")["value"]
    gain = one(rows, metric="bits_per_minute_gain_over_best", stopping="dynamic")["value"]
    assert gain == pytest.approx(free - best["value"])


def test_dynamic_stopping_is_held_against_the_number_chosen_on_training_characters():
    table = characters()
    chosen = table[
        (table["rule"] == "sum") & (table["stopping"] == "fixed") & (table["repetitions"] == 3)
    ].assign(stopping="chosen")
    both = pd.concat([table, chosen], ignore_index=True)
    rows = spelling_metrics(subject_rates(both, N_SYMBOLS), N_SYMBOLS)
    means = rows[rows["subject"] == "mean"]

    def mean(figure):
        return MetricAt.parse(figure).rows(means)["value"].item()

    assert mean("bits_per_minute@chosen") == pytest.approx(mean("bits_per_minute@3"))
    assert mean("mean_repetitions@chosen") == 3
    gain = mean("bits_per_minute@dynamic") - mean("bits_per_minute@chosen")
    assert mean("bits_per_minute_gain_over_chosen@dynamic") == pytest.approx(gain)


def test_without_a_model_there_are_figures_of_the_sum_alone():
    table = characters()
    rows = spelling_metrics(subject_rates(table[table["rule"] == "sum"], N_SYMBOLS), N_SYMBOLS)
    assert set(rows["rule"]) == {"sum"}
    assert set(rows["stopping"]) == {"fixed", "best"}


def decisions(pairs):
    table = pd.DataFrame(pairs, columns=["true_symbol", "symbol"], dtype="string")
    table["correct"] = (table["true_symbol"] == table["symbol"]).astype("boolean")
    return table.assign(rule="sum", stopping="fixed", decoded="instant", repetitions=5)


def test_kinds_of_errors():
    # A and B share the row, A and G the column, A and H nothing.
    table = error_kinds(decisions([("A", "A"), ("A", "B"), ("A", "F"), ("A", "G"), ("A", "H")]),
                        MATRIX_6X6)  # fmt: skip
    assert dict(zip(table["kind"], table["n"], strict=True)) == {
        "right": 1, "right row": 2, "right column": 1, "neither": 1,
    }  # fmt: skip


def test_nothing_is_no_kind_of_error_and_neither_is_a_symbol_that_nobody_attended():
    table = error_kinds(decisions([("A", "A"), ("A", ""), ("", "B")]), MATRIX_6X6)
    assert table["n"].sum() == 1


def test_kinds_of_errors_need_rows_and_columns():
    with pytest.raises(SpellerError, match="rows and columns of a matrix"):
        error_kinds(decisions([("A", "B")]), CHECKERBOARD)


def test_kinds_of_errors_are_of_one_rule_and_number():
    several = pd.concat([decisions([("A", "A")]), decisions([("A", "A")]).assign(repetitions=6)])
    with pytest.raises(SpellerError, match="select one rule"):
        error_kinds(several, MATRIX_6X6)
