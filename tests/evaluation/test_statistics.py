"""Statistics of comparisons: hand-worked values, other people's code, properties."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from p300.errors import RunError
from p300.evaluation.intervals import LEVEL, smallest_p
from p300.evaluation.metrics import METRICS, Metric, summarise_scores
from p300.evaluation.statistics import (
    COMBINED_COLUMNS,
    COMPARISON_COLUMNS,
    combine_datasets,
    compare_detectors,
    compare_subjects,
    holm,
    paired_effect,
    stouffer,
)

# Figures of merit with three decimals, so that ties are as frequent as in practice.
figures = st.integers(0, 1000).map(lambda k: k / 1000)
pairs = st.lists(st.tuples(figures, figures), min_size=1, max_size=18)
quick = settings(max_examples=60, deadline=None)


def by_subject(values):
    return pd.Series(list(values), index=[f"s{k}" for k in range(len(values))], dtype=float)


def rows(values, metric="roc_auc", dataset="d", protocol="p"):
    """Metrics of detectors: label -> one value a subject."""
    return pd.DataFrame(
        [
            {"dataset": dataset, "protocol": protocol, "detector": detector,
             "subject": str(k), "metric": metric, "value": value}
            for detector, column in values.items() for k, value in enumerate(column)
        ]
        + [
            {"dataset": dataset, "protocol": protocol, "detector": detector,
             "subject": "mean", "metric": metric, "value": np.mean(column)}
            for detector, column in values.items()
        ]
    )  # fmt: skip


def test_effect_size_by_hand():
    # Mean 2, SD 1; J(2) = gamma(1) / (sqrt(1) gamma(1/2)) = 1 / sqrt(pi).
    assert paired_effect([1, 2, 3]) == pytest.approx(2 / np.sqrt(np.pi))
    # Near 1 - 3 / (4 df - 1), Hedges' well-known approximation.
    d = np.arange(20.0)
    assert paired_effect(d) == pytest.approx(
        d.mean() / d.std(ddof=1) * (1 - 3 / (4 * 19 - 1)), rel=1e-3
    )
    assert paired_effect([1, 2]) is None
    assert paired_effect([0.1, 0.1, 0.1]) is None


def test_effect_size_is_right_on_average():
    d = np.random.default_rng(3).normal(0.8, 1, (4000, 5))
    assert np.mean([paired_effect(row) for row in d]) == pytest.approx(0.8, abs=0.04)


def test_holm_on_a_worked_example():
    # Sorted .005, .01, .03, .04: times 4, 3, 2, 1 gives .02, .03, .06, .04; never falling: .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == pytest.approx([1, 1])
    assert holm([0.2]) == pytest.approx([0.2])


@quick
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_lies_between_p_and_bonferroni(p):
    corrected = holm(p)
    assert np.all(corrected >= np.array(p))
    assert np.all(corrected <= np.minimum(1, len(p) * np.array(p)) + 1e-12)
    assert np.all(np.diff(corrected[np.argsort(p, kind="stable")]) >= 0)


def test_stouffer_is_that_of_scipy():
    p, difference, n = [0.03, 0.4, 0.2], np.array([0.02, -0.01, 0.05]), np.array([6, 9, 16])
    one_sided = np.where(difference > 0, np.divide(p, 2), 1 - np.divide(p, 2))
    theirs = stats.combine_pvalues(one_sided, "stouffer", weights=np.sqrt(n))
    z, combined = stouffer(p, difference, n)
    assert z == pytest.approx(theirs.statistic)
    assert combined == pytest.approx(2 * min(theirs.pvalue, 1 - theirs.pvalue))


def test_opposite_findings_cancel_and_like_ones_add_up():
    assert stouffer([0.03, 0.03], [0.1, -0.1], [8, 8]) == pytest.approx((0, 1))
    assert stouffer([0.03, 0.03], [0.1, 0.1], [8, 8])[1] < 0.03
    assert stouffer([1.0], [0.0], [5]) == (0, 1)


def test_a_comparison_by_hand():
    found = compare_subjects(by_subject([0.8, 0.7, 0.9]), by_subject([0.7, 0.7, 0.6]))
    assert found["mean_first"] == pytest.approx(0.8)
    assert found["mean_second"] == pytest.approx(2 / 3)
    assert found["difference"] == pytest.approx(0.4 / 3)
    # Of the flips of .1, 0, .3 those with both signs alike are as far: half of them.
    assert found["p"] == 0.5
    assert found["test"] == "sign-flip"
    assert found["share_better"] == pytest.approx(2.5 / 3)
    assert found["low"] is None
    assert found["n"] == 3
    six = compare_subjects(by_subject([0.8, 0.7, 0.9] * 2), by_subject([0.7, 0.7, 0.6] * 2))
    assert (six["low"], six["high"]) == pytest.approx((0.0, 0.3))
    assert six["p"] > LEVEL


@pytest.mark.parametrize("n", [3, 4, 5])
def test_no_interval_leaves_zero_out_where_p_cannot_be_small(n):
    first = by_subject([0.7, 0.72, 0.69, 0.75, 0.71][:n])
    found = compare_subjects(first, first - by_subject([0.01, 0.03, 0.02, 0.05, 0.015][:n]))
    assert (found["low"], found["high"], found["p"]) == (None, None, smallest_p(n))


def test_rounding_does_not_break_ties():
    # 0.9 - 0.8 and 0.2 - 0.1 differ in floating point.
    one, other = [0.9, 0.2, 0.3, 0.4, 0.5, 0.6, 0.1], [0.8, 0.1, 0.2, 0.3, 0.4, 0.5, 0.2]
    found = compare_subjects(by_subject(one), by_subject(other))
    # Six differences of .1, one of -.1: all, none or one sign flipped is as far, of 2^7.
    assert found["p"] == 2 * (1 + 7) / 2**7


def test_less_can_be_better():
    quick_one, slow = by_subject([1.0, 2.0]), by_subject([3.0, 2.5])
    found = compare_subjects(quick_one, slow, smaller_is_better=True)
    assert found["share_better"] == 1
    assert found["difference"] < 0
    assert found["low"] is None
    compared = compare_detectors(rows({"a": [0.3, 0.2], "b": [0.5, 0.4]}, "log_loss"), "log_loss")
    assert compared["share_better"].item() == 1


@quick
@given(pairs)
def test_swapping_two_detectors_mirrors_the_difference_and_keeps_p(values):
    first, second = (by_subject(column) for column in zip(*values, strict=True))
    one, other = compare_subjects(first, second), compare_subjects(second, first)
    assert other["difference"] == -one["difference"]
    assert other["p"] == one["p"]
    assert other["share_better"] == pytest.approx(1 - one["share_better"])
    if one["low"] is not None:
        assert (other["low"], other["high"]) == pytest.approx((-one["high"], -one["low"]))
    if one["effect"] is not None:
        assert other["effect"] == pytest.approx(-one["effect"])


@quick
@given(pairs, st.data())
def test_what_is_common_to_a_subject_changes_nothing(values, data):
    first, second = (by_subject(column) for column in zip(*values, strict=True))
    size = len(values)
    common = by_subject(data.draw(st.lists(st.floats(-2, 2), min_size=size, max_size=size)))
    one, other = compare_subjects(first, second), compare_subjects(first + common, second + common)
    for key in ("difference", "p", "low", "high", "effect", "share_better", "n"):
        assert other[key] == pytest.approx(one[key], abs=1e-9), key


@quick
@given(pairs, st.randoms())
def test_the_order_of_the_subjects_does_not_matter(values, random):
    first, second = (by_subject(column) for column in zip(*values, strict=True))
    assume(len(values) > 1)
    order = random.sample(list(first.index), len(first))
    one, other = compare_subjects(first, second), compare_subjects(first[order], second)
    assert other["p"] == pytest.approx(one["p"])
    assert other["difference"] == pytest.approx(one["difference"])


def test_alike_detectors_are_rarely_told_apart():
    rng = np.random.default_rng(0)
    p = [compare_subjects(by_subject(a), by_subject(b))["p"] for a, b in rng.random((400, 2, 7))]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.08


def test_all_pairs_or_all_against_one():
    metrics = rows({"a": [0.9, 0.8, 0.7], "b": [0.8, 0.8, 0.6], "c": [0.5, 0.6, 0.5]})
    every = compare_detectors(metrics)
    assert tuple(every.columns) == COMPARISON_COLUMNS
    assert list(zip(every["first"], every["second"], strict=True)) == [
        ("a", "b"), ("a", "c"), ("b", "c"),
    ]  # fmt: skip
    assert list(every["p_holm"]) == pytest.approx(list(holm(every["p"])))
    against = compare_detectors(metrics, reference="b")
    assert list(zip(against["first"], against["second"], strict=True)) == [("a", "b"), ("c", "b")]
    assert against["difference"].iloc[1] == pytest.approx(-every["difference"].iloc[2])


def test_every_data_set_and_protocol_is_compared_and_all_are_corrected_for():
    values = {"a": [0.9, 0.8, 0.7, 0.8, 0.9, 0.8], "b": [0.8, 0.7, 0.6, 0.7, 0.8, 0.7]}
    metrics = pd.concat(
        [rows(values), rows(values, protocol="q"), rows({"b": [0.5, 0.6]}, dataset="alone")]
    )
    compared = compare_detectors(metrics)
    assert list(compared["protocol"]) == ["p", "q"]
    assert list(compared["p"]) == [2 / 64] * 2
    assert list(compared["p_holm"]) == [4 / 64] * 2


def test_data_sets_are_combined_pair_by_pair():
    first = rows({"a": [0.9, 0.8, 0.7], "b": [0.8, 0.7, 0.5]})
    second = rows({"a": [0.6, 0.8, 0.9, 0.8], "b": [0.5, 0.7, 0.8, 0.6]}, dataset="e")
    third = rows({"a": [0.6, 0.8], "c": [0.5, 0.7]}, dataset="f")
    compared = compare_detectors(pd.concat([first, second, third]))
    combined = combine_datasets(compared)
    assert tuple(combined.columns) == COMBINED_COLUMNS
    assert len(combined) == 1  # a and c met once only
    row = combined.iloc[0]
    assert (row["first"], row["second"], row["n_datasets"], row["n"]) == ("a", "b", 2, 7)
    pair = compared[compared["second"] == "b"]
    assert (row["z"], row["p"]) == stouffer(pair["p"], pair["difference"], pair["n"])
    assert row["p_holm"] == row["p"]
    turned = rows({"b": [0.5, 0.7, 0.8, 0.6], "a": [0.6, 0.8, 0.9, 0.8]}, dataset="e")
    again = combine_datasets(compare_detectors(pd.concat([first, turned, third])))
    pd.testing.assert_frame_equal(again, combined)  # whichever a data set names first
    assert combine_datasets(compare_detectors(first)).empty


def test_scores_are_compared_after_averaging_folds_and_seeds():
    rng = np.random.default_rng(0)
    parts = []
    for detector, gap in (("good", 2.0), ("bad", 0.5)):
        for subject, fold, seed in itertools.product("123", "xy", (0, 1)):
            target = np.arange(60) % 6 == 0
            score = rng.normal(size=60) + gap * target
            parts.append(pd.DataFrame({"target": target, "score": score}).assign(
                dataset="d", protocol="p", calibration_characters=None, detector=detector,
                subject=subject,
                fold=subject + fold, seed=seed, threshold=0.0))  # fmt: skip
    compared = compare_detectors(summarise_scores(pd.concat(parts, ignore_index=True)))
    assert compared["n"].item() == 3
    assert compared["difference"].item() > 0
    assert compared["share_better"].item() == 1
    assert compared["p"].item() == 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "roc_auk"}, "no subject has a figure named 'roc_auk', did you mean 'roc_auc'"),
        ({"reference": "z"}, "no detector is labelled 'z'; there are a, b"),
    ],
)
def test_unknown_names_are_told(arguments, message):
    with pytest.raises(RunError, match=message):
        compare_detectors(rows({"a": [0.9, 0.8], "b": [0.8, 0.8]}), **arguments)


def test_the_direction_comes_from_the_record_or_must_be_said(monkeypatch):
    monkeypatch.setitem(METRICS, "misses", Metric("misses", "Misses", smaller_is_better=True))
    values = {"a": [0.3, 0.2], "b": [0.5, 0.4]}
    assert compare_detectors(rows(values, "misses"), "misses")["share_better"].item() == 1
    with pytest.raises(RunError, match="whether less of 'hits' is better is not known"):
        compare_detectors(rows(values, "hits"), "hits")
    said = compare_detectors(rows(values, "hits"), "hits", smaller_is_better=False)
    assert said["share_better"].item() == 0


def test_one_detector_is_not_a_comparison():
    with pytest.raises(RunError, match="nothing to compare"):
        compare_detectors(rows({"a": [0.9, 0.8]}))
    apart = pd.concat([rows({"a": [0.9]}), rows({"b": [0.8]}, protocol="q")])
    with pytest.raises(RunError, match="nothing to compare"):
        compare_detectors(apart)
    with pytest.raises(RunError, match="one of them a"):
        compare_detectors(rows({"a": [0.9, 0.8]}), reference="a")


def test_a_subject_that_one_detector_lacks_is_named():
    metrics = rows({"a": [0.9, 0.8, 0.7], "b": [0.8, 0.8, np.nan]})
    with pytest.raises(RunError, match=r"d, p, roc_auc: a and b .*: subjects \['2'\]"):
        compare_detectors(metrics)
    both = metrics.assign(value=metrics["value"].where(metrics["subject"] != "2"))
    assert compare_detectors(both)["n"].item() == 2
