"""Stopping by risk: Bayes' decision, nobody attending, what is weighed against what."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_tables import dynamic, make_scores, random_text

from p300.errors import SpellerError
from p300.recordings import MATRIX_6X6
from p300.speller import SpellerModel, decide, fit_speller, gather_selections, spell
from p300.speller.curves import rates_of, spelling_metrics, subject_rates
from p300.speller.evidence import LikelihoodRatio, log_posterior, log_posterior_or_nobody
from p300.speller.model import pretend_rests
from p300.speller.rates import Timing, symbols_per_minute
from p300.speller.records import ModelRecord
from p300.speller.selections import NOTHING
from p300.speller.stopping import Costs, Risk, cheapest_stopping, stop_and_decide

TIMING = Timing(pause=2.5, repetition=2.1)
RATIO = LikelihoodRatio(1.5, 1.875)


def rests(n, seed=0, **names):
    """Characters at which nobody attends: all flashes are non-targets."""
    table = make_scores(random_text(n, seed=seed), separation=0, seed=seed, **names)
    return table.assign(target=pd.array([False] * len(table), dtype="boolean"))


def mixed(n_attended=30, n_rests=15, seed=0, **options):
    attended = make_scores(random_text(n_attended, seed=seed), seed=seed, **options)
    idle = rests(n_rests, seed + 1, repetitions=options.get("repetitions", 5))
    idle["character"] += n_attended
    return pd.concat([attended, idle], ignore_index=True)


logs = st.integers(0, 10_000).map(
    lambda seed: np.log(
        np.random.default_rng(seed).dirichlet(np.full(7, 0.3), size=(4, 3)) + 1e-300
    )
)


@settings(max_examples=50, deadline=None)
@given(logs, st.floats(0.01, 3.0))
def test_the_forced_decision_is_that_of_least_expected_cost(posterior, miss):
    stop = stop_and_decide(posterior, np.full(4, 3), 1.0, Risk(0.2, miss))
    assert (stop.repetition == 2).all()
    p = np.exp(posterior[:, -1])
    # [decision, truth]: 1 for a symbol that was not meant, miss for nothing where one was.
    loss = 1 - np.eye(7)
    loss[-1, :-1] = miss
    expected = p @ loss.T
    decided = expected[np.arange(4), stop.decided]
    np.testing.assert_allclose(decided, expected.min(axis=1), atol=1e-8)
    np.testing.assert_allclose(1 - stop.confidence, np.minimum(decided, 1), atol=1e-8)


def test_doubt_alone_ends_no_character_early():
    # Nobody attends with p = 0, every symbol is as likely: spelling nothing at once would be cheap.
    evidence = np.zeros((1, 4, 36))
    posterior = log_posterior_or_nobody(evidence, 1.0, 0.0)
    stop = stop_and_decide(posterior, np.array([4]), 0.9, Risk(0.0, 0.01))
    assert (stop.repetition[0], stop.forced[0], stop.decided[0]) == (3, True, 36)
    assert stop_and_decide(posterior, np.array([4]), 0.9, None).decided[0] < 36


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 0.9))
def test_the_posterior_of_nobody_follows_bayes(seed, nobody):
    rng = np.random.default_rng(seed)
    evidence, prior = rng.normal(0, 3, (3, 4)), np.log(rng.dirichlet(np.ones(4)))
    found = np.exp(log_posterior_or_nobody(evidence, 0.7, nobody, prior + 5.0))
    joint = np.hstack([(1 - nobody) * np.exp(0.7 * evidence + prior), np.full((3, 1), nobody)])
    np.testing.assert_allclose(found, joint / joint.sum(axis=1, keepdims=True), atol=1e-12)
    if nobody == 0:
        np.testing.assert_allclose(found[:, :-1], np.exp(log_posterior(evidence, 0.7, prior)))


def test_a_character_without_targets_is_one_that_nobody_attended():
    selections = gather_selections(mixed(2, 1), MATRIX_6X6)
    assert list(selections.resting) == [False, False, True]
    assert list(selections.attended) == [True, True, False]
    decided = decide(selections)
    assert (decided.loc[decided["character"] == 3, "true_symbol"] == NOTHING).all()
    assert not decided.loc[decided["character"] == 3, "correct"].any()
    # Flashes of one row and no other known: somebody may have attended elsewhere.
    few = rests(1)
    assert list(gather_selections(few[few["code"] == 1], MATRIX_6X6).true) == [-1]


def test_risk_spells_nothing_where_nobody_attends_and_symbols_elsewhere():
    training, test = mixed(60, 30, 1, repetitions=15), mixed(60, 30, 3, repetitions=15)
    usual = fit_speller(training, MATRIX_6X6, timing=TIMING)
    model = fit_speller(training, MATRIX_6X6, error_seconds=60, timing=TIMING)
    assert model.risk.nobody == pytest.approx(1 / 3)
    assert 0.1 < model.risk.miss < 0.5  # a character takes some 15 s
    free = {m: dynamic(decide(gather_selections(test, MATRIX_6X6), m)) for m in (usual, model)}
    idle = free[model]["true_symbol"] == NOTHING
    assert (free[usual].loc[idle, "symbol"] != NOTHING).all()
    assert (free[model].loc[idle, "symbol"] == NOTHING).mean() > 0.9
    assert free[model].loc[~idle, "correct"].mean() > 0.9
    assert free[model].loc[idle, "repetitions"].mean() < 15  # nobody is found out before the end
    letters = list(spell(test, MATRIX_6X6, model))
    assert [d.symbol for d in letters] == list(free[model]["symbol"])
    assert [d.true_symbol for d in letters] == list(free[model]["true_symbol"])
    assert ModelRecord.model_validate(model.to_dict()).model() == model


def test_dearer_errors_take_more_time_and_become_fewer():
    training = make_scores(random_text(150, seed=1), repetitions=15, separation=1.0, seed=1)
    test = make_scores(random_text(300, seed=2), repetitions=15, separation=1.0, seed=2)
    wrong, took, cost = [], [], []
    for error in (3.0, 30.0, 300.0):
        model = fit_speller(training, MATRIX_6X6, error_seconds=error, timing=TIMING)
        assert model.risk.nobody == 0
        free = dynamic(decide(gather_selections(test, MATRIX_6X6), model))
        wrong.append(((free["symbol"] != NOTHING) & ~free["correct"].astype(bool)).mean())
        took.append(free["repetitions"].mean())
        cost.append(30 * wrong[-1] + TIMING.seconds(free["repetitions"]).mean())
    assert wrong[0] > wrong[1] > wrong[2]
    assert took[0] < took[1] < took[2]
    assert cost[1] == min(cost)  # each is cheapest at the costs that it was fitted for


def test_characters_that_pretend_to_rest_have_no_targets_and_only_their_own_scores():
    coded = make_scores("WATER", repetitions=3)
    both = pretend_rests(coded)
    selections = gather_selections(both, MATRIX_6X6)
    assert (selections.attended.sum(), selections.resting.sum()) == (5, 5)
    others = set(coded.loc[~coded["target"].astype(bool), "score"])
    assert set(both["score"].iloc[len(coded) :]) == others
    model = fit_speller(coded, MATRIX_6X6, error_seconds=30, nobody=0.3, timing=TIMING)
    assert model.risk.nobody == 0.3


def test_rare_rests_count_little_for_the_threshold():
    # Rests look like symbols until the last repetition; attended characters are sure at once.
    p = np.full((2, 2, 3), 1e-9)
    p[0, :, 0], p[1, 0, 1], p[1, 1, 2] = 0.9, 0.9, 0.999
    truth, shown = np.array([0, 2]), np.array([2, 2])
    rare, often = (
        cheapest_stopping(np.log(p), truth, shown, TIMING, Costs(100.0, nobody))[0]
        for nobody in (0.001, 0.5)
    )
    assert rare <= 0.9 < often


@pytest.mark.parametrize("wrong", [{"nobody": 1.0, "miss": 0.1}, {"nobody": 0.1, "miss": 0.0}])
def test_impossible_risks_are_refused(wrong):
    with pytest.raises(SpellerError, match="risk with nobody"):
        Risk(**wrong)


def test_false_activations_are_counted_apart_and_nothing_is_no_error():
    timed = {"stopping": "dynamic", "rule": "posterior", "decoded": "instant"}
    timed |= {"repetitions": 5, "forced": False}
    names = {"dataset": "made", "protocol": "p", "calibration_characters": None, "detector": "x",
             "seed": 1, "subject": "1", "session": "1", "run": "1"}  # fmt: skip
    decided = [("A", "A", 10.0), ("A", "B", 10.0), ("A", NOTHING, 10.0), ("A", "A", 10.0),
               (NOTHING, "C", 30.0), (NOTHING, NOTHING, 50.0), (NOTHING, "D", 40.0)]  # fmt: skip
    table = pd.DataFrame(decided, columns=["true_symbol", "symbol", "seconds"])
    table = table.assign(character=range(7), **timed, **names)
    table["correct"] = table["symbol"] == table["true_symbol"]
    (row,) = subject_rates(table, {"made": 36}).to_dict("records")
    assert (row["n"], row["accuracy"], row["errors"], row["seconds"]) == (4, 0.5, 0.25, 10.0)
    assert row["symbols_per_minute"] == pytest.approx(60 * (0.5 - 0.25) / 10)
    assert row["false_activations_per_minute"] == pytest.approx(60 * 2 / 120)
    assert symbols_per_minute(0.5, 10.0) == 0


def test_false_activations_are_figures_only_where_somebody_rested():
    rows = {}
    for name, table in {"with": mixed(5, 3), "without": make_scores("WATER")}.items():
        decided = decide(gather_selections(table, MATRIX_6X6), SpellerModel(RATIO))
        decided = decided.assign(protocol="p", calibration_characters=None, detector="x", seed=1)
        decided = decided.assign(seconds=TIMING.seconds(decided["repetitions"]))
        rates = subject_rates(decided, {"made": 36})
        rows[name] = spelling_metrics(rates, {"made": 36})
        back = rates_of(rows[name])["false_activations_per_minute"]
        assert back.notna().all() == (name == "with")
    counted = {name: "false_activations_per_minute" in set(r["metric"]) for name, r in rows.items()}
    assert counted == {"with": True, "without": False}


def test_any_function_is_a_prior_and_one_that_knows_the_text_is_the_bound():
    text = random_text(40)
    scores = make_scores(text, repetitions=8, separation=0.8)

    def oracle(spelled, layout):
        known = np.array([symbol == text[len(spelled)] for symbol in layout.symbols])
        return np.where(known, np.log(10.0), 0.0)

    model = SpellerModel(LikelihoodRatio(0.8, 0.96), threshold=0.95)
    selections = gather_selections(scores, MATRIX_6X6)
    without, bound = (dynamic(decide(selections, model, language=p)) for p in (None, oracle))
    assert bound["correct"].mean() > without["correct"].mean()
    assert bound["repetitions"].mean() < without["repetitions"].mean()
    assert [d.symbol for d in spell(scores, MATRIX_6X6, model, language=oracle)] == list(
        bound["symbol"]
    )


def test_nothing_is_no_part_of_the_text_that_a_prior_goes_by():
    seen = []

    def prior(spelled, layout):
        seen.append("".join(spelled))
        return np.zeros(len(layout.symbols))

    attended = make_scores("AB", separation=8)
    attended["character"] += 1
    model = SpellerModel(LikelihoodRatio(2.0, -4.0), threshold=0.9, risk=Risk(0.3, 0.5))
    letters = list(spell(pd.concat([rests(1), attended]), MATRIX_6X6, model, language=prior))
    assert [d.symbol for d in letters] == [NOTHING, "A", "B"]
    assert seen == ["", "", "A"]
