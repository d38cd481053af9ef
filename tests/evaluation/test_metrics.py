"""Metrics: worked examples, properties, the subject as the unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.evaluation.measures import (
    CALIBRATION_BINS,
    calibration_bins,
    expected_calibration_error,
)
from p300.evaluation.metrics import METRICS, Metric, detection_metrics, summarise_scores


def test_a_worked_example():
    # Detected above 0: two of three targets, one of four non-targets.
    target = [1, 1, 1, 0, 0, 0, 0]
    score = [2.0, 1.0, -1.0, 1.5, -2.0, -3.0, -4.0]
    m = detection_metrics(target, score, 0.0)
    assert m["recall"] == pytest.approx(2 / 3)
    assert m["precision"] == pytest.approx(2 / 3)
    assert m["f1"] == pytest.approx(2 / 3)
    assert m["balanced_accuracy"] == pytest.approx((2 / 3 + 3 / 4) / 2)
    # Pairs (target, non-target) in the right order: 4 + 3 + 3 of 12.
    assert m["roc_auc"] == pytest.approx(10 / 12)
    # Targets stand at ranks 1, 3 and 4.
    assert m["average_precision"] == pytest.approx((1 / 1 + 2 / 3 + 3 / 4) / 3)
    p = 1 / (1 + np.exp(-np.array(score)))
    loss = -np.mean(np.where(target, np.log(p), np.log(1 - p)))
    assert m["log_loss"] == pytest.approx(loss)


def test_nothing_detected_has_precision_zero():
    m = detection_metrics([1, 0], [-1.0, -2.0], 0.0)
    assert (m["precision"], m["recall"], m["f1"]) == (0, 0, 0)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10), st.floats(-3, 3))
def test_auc_depends_on_the_order_alone(seed, slope, shift):
    rng = np.random.default_rng(seed)
    y = np.r_[0, 1, rng.integers(0, 2, 60)]
    score = np.round(rng.standard_normal(62), 3)
    one, other = (detection_metrics(y, s, 0.0) for s in (score, slope * score + shift))
    assert one["roc_auc"] == pytest.approx(other["roc_auc"])
    assert detection_metrics(y, -score, 0.0)["roc_auc"] == pytest.approx(1 - one["roc_auc"])


def test_calibration_error_is_small_for_true_probabilities_and_large_for_bold_ones():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.02, 0.5, 20_000)
    y = rng.random(20_000) < p
    assert expected_calibration_error(y, p) < 0.01
    assert expected_calibration_error(y, np.clip(p + 0.2, 0, 1)) == pytest.approx(0.2, abs=0.01)


def test_log_loss_is_exact_far_from_the_boundary():
    # log(1 + exp(100)) = 100 and log(1 + exp(-100)) = 0 to all digits; probabilities would clip.
    target, score = [1, 0, 0, 0], np.array([-100.0, -3, -3, -2])
    expected = (100 + 2 * np.log1p(np.exp(-3)) + np.log1p(np.exp(-2))) / 4
    assert detection_metrics(target, score, 0.0)["log_loss"] == pytest.approx(expected)
    assert detection_metrics(target, 10 * score, 0.0)["log_loss"] == pytest.approx(250)


# Few different probabilities make ties, which must not be told apart by their places.
@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9)), min_size=1, max_size=80), st.randoms())
def test_calibration_error_does_not_depend_on_the_order_of_rows(epochs, random):
    y, p = np.array(epochs, dtype=float).T
    order = random.sample(range(len(y)), len(y))
    one = expected_calibration_error(y, p / 10)
    assert expected_calibration_error(y[order], p[order] / 10) == pytest.approx(one, abs=1e-12)
    bins = calibration_bins(p)
    assert all(len(set(bins[p == value])) == 1 for value in np.unique(p))
    assert np.all(np.diff(bins[np.argsort(p, kind="stable")]) >= 0)


def test_a_constant_probability_is_calibrated_where_it_is_the_share_of_targets():
    y = np.arange(1200) % 6 == 0
    p = np.full(1200, 1 / 6)
    assert expected_calibration_error(y, p) == pytest.approx(0, abs=1e-12)
    assert expected_calibration_error(np.sort(y), p + 0.1) == pytest.approx(0.1)


@pytest.mark.parametrize("n", [7, 10, 1003])
def test_without_ties_the_bins_are_of_equal_count(n):
    rng = np.random.default_rng(n)
    y, p = rng.random(n) < 0.3, rng.permutation(np.linspace(0.01, 0.9, n))
    bins = np.array_split(np.argsort(p), min(CALIBRATION_BINS, n))
    gaps = [len(rows) * abs(y[rows].mean() - p[rows].mean()) for rows in bins]
    assert expected_calibration_error(y, p) == pytest.approx(sum(gaps) / n)


def test_a_metric_is_one_record(monkeypatch):
    def specificity(target, score, threshold):
        return float(np.mean(score[target == 0] <= threshold[target == 0]))

    monkeypatch.setitem(METRICS, "specificity", Metric("specificity", "Specificity", specificity))
    assert detection_metrics([1, 0, 0, 0], [2.0, 1, -1, -2], 0.0)["specificity"] == 2 / 3
    assert "specificity" in set(summarise_scores(scores_of({"1": [0.6], "2": [0.9]}))["metric"])


def test_records_are_found_by_their_names_and_guessing_reaches_their_chance():
    assert all(name == metric.name for name, metric in METRICS.items())
    assert [m.name for m in METRICS.values() if m.smaller_is_better] == [
        "log_loss", "expected_calibration_error", "fit_seconds",
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    guessed = detection_metrics(rng.integers(0, 2, 4000), rng.normal(size=4000), 0.0)
    for metric in METRICS.values():
        if metric.chance is not None:
            assert guessed[metric.name] == pytest.approx(metric.chance, abs=0.03)


def scores_of(aucs):
    """A score table in which subject k has the given AUC in each of its folds."""
    parts = []
    for subject, folds in aucs.items():
        for fold, auc in enumerate(folds):
            right = round(100 * auc)
            score = np.r_[1.0, np.full(right, 0.0), np.full(100 - right, 2.0)]
            parts.append(
                pd.DataFrame({"target": [True] + [False] * 100, "score": score,
                              "subject": subject, "fold": f"{subject}-{fold}"})
            )  # fmt: skip
    fixed = {
        "dataset": "d",
        "protocol": "p",
        "calibration_characters": None,
        "detector": "x",
        "seed": 0,
        "threshold": 0.0,
    }
    return pd.concat(parts, ignore_index=True).assign(**fixed)


def test_the_subject_is_the_unit_of_the_mean():
    rows = summarise_scores(scores_of({"1": [0.6, 0.8], "2": [0.9], "3": [0.5]}))
    auc = rows[rows["metric"] == "roc_auc"].set_index("subject")
    assert auc.loc["1", "value"] == pytest.approx(0.7)
    assert auc.loc["mean", "value"] == pytest.approx(0.7)  # not the mean of four folds, .7 too
    assert auc.loc["mean", "n"] == 3
    assert auc.loc["1", "n"] == 202
    assert pd.isna(auc.loc["mean", "low"])  # of three subjects
    six = summarise_scores(scores_of({str(k): [0.5 + k / 20] for k in range(6)}))
    ends = six[(six["metric"] == "roc_auc") & (six["subject"] == "mean")][["low", "high"]]
    assert ends.to_numpy()[0] == pytest.approx([0.5, 0.75])
    twice = pd.concat([scores_of({"1": [0.6, 0.8]}).assign(seed=k) for k in (1, 2)])
    twice["seed"] = twice["seed"].astype(str) + twice["fold"]  # each fold has seeds of its own
    counted = summarise_scores(twice).query("metric == 'roc_auc' and subject == '1'")
    assert counted["n"].item() == 202
    assert counted["value"].item() == pytest.approx(0.7)
    weighted = summarise_scores(scores_of({"1": [0.6, 0.6, 0.6], "2": [0.9], "3": [0.9]}))
    mean = weighted[(weighted["metric"] == "roc_auc") & (weighted["subject"] == "mean")]
    assert mean["value"].item() == pytest.approx(0.8)


def test_what_counts_as_detected_lies_above_the_threshold():
    found = detection_metrics([1, 1, 0, 0, 0, 0], [-1.0, -2.0, -1.2, -3.0, -3.0, -3.0], -1.5)
    assert (found["recall"], found["precision"], found["f1"]) == (0.5, 0.5, 0.5)
    assert found["balanced_accuracy"] == 0.625
