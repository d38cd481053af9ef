"""Figures of merit, all from the score table alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.tables import GROUP, METRICS

Floats = npt.NDArray[np.float64]

CALIBRATION_BINS = 10
BOOTSTRAP_SAMPLES = 10_000


def detection_metrics(
    target: npt.ArrayLike, score: npt.ArrayLike, threshold: npt.ArrayLike
) -> dict[str, float]:
    """Measure single-flash detection.

    Parameters
    ----------
    target
        1 for a target, 0 for a non-target, [epoch]; both must occur.
    score
        Log-odds of a target, [epoch].
    threshold
        Log-odds above which an epoch counts as detected; one number or [epoch].

    Returns
    -------
    ROC-AUC; balanced accuracy, recall, precision and F1 at the threshold; average precision; log
    loss (nats) and expected calibration error of the probabilities.
    """
    from scipy.special import expit
    from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

    y, s = np.asarray(target, dtype=np.int64), np.asarray(score, dtype=np.float64)
    detected = s > np.asarray(threshold)
    probability = expit(s)
    hits, false_alarms = int(np.sum(detected & (y == 1))), int(np.sum(detected & (y == 0)))
    n_targets, n_nontargets = int(np.sum(y == 1)), int(np.sum(y == 0))
    recall, specificity = hits / n_targets, 1 - false_alarms / n_nontargets
    precision = hits / (hits + false_alarms) if hits + false_alarms else 0.0
    return {
        "roc_auc": float(roc_auc_score(y, s)),
        "balanced_accuracy": (recall + specificity) / 2,
        "average_precision": float(average_precision_score(y, s)),
        "recall": recall,
        "precision": precision,
        "f1": 2 * hits / (hits + false_alarms + n_targets),
        "log_loss": float(log_loss(y, probability, labels=[0, 1])),
        "expected_calibration_error": expected_calibration_error(y, probability),
    }


def expected_calibration_error(y: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Mean distance between predicted and observed target share over bins of equal count.

    Bins of equal count, because with one target in six nearly all probabilities lie below .5 and
    equally wide bins would be empty (Nixon et al. 2019, adaptive calibration error).

    Parameters
    ----------
    y
        Labels, [epoch].
    probability
        Predicted probability of a target, [epoch].
    """
    labels, p = np.asarray(y, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    bins = np.array_split(np.argsort(p, kind="stable"), min(CALIBRATION_BINS, len(p)))
    gaps = [len(rows) * abs(float(labels[rows].mean() - p[rows].mean())) for rows in bins]
    return sum(gaps) / len(p)


def bootstrap_mean(values: npt.ArrayLike) -> tuple[float | None, float | None]:
    """Give the 95 % percentile interval of the mean, resampling subjects.

    Parameters
    ----------
    values
        One figure a subject.

    Returns
    -------
    Lower and upper end; None for fewer than three subjects, where resampling says nothing.
    """
    given = np.asarray(values, dtype=np.float64)
    if len(given) < 3:
        return None, None
    rng = np.random.default_rng(np.random.SeedSequence(len(given)))
    means = given[rng.integers(len(given), size=(BOOTSTRAP_SAMPLES, len(given)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def summarise_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Measure every data set, protocol, detector and subject of a score table.

    Each fold and seed is measured on its own, then averaged within the subject: the subject is
    the unit of every mean and interval.

    Parameters
    ----------
    scores
        Columns of :data:`p300.tables.SCORES`.

    Returns
    -------
    Tidy rows, columns of :data:`p300.tables.METRICS`; ``low`` and ``high`` are the 95 % bootstrap
    interval over subjects, ``n`` tested epochs of a subject, subjects of a mean.
    """
    return tabulate_subjects(scores, _detection_row)


def _detection_row(fold: pd.DataFrame) -> dict[str, float]:
    return detection_metrics(fold["target"], fold["score"], fold["threshold"])


def tabulate_subjects(
    scores: pd.DataFrame, measure: Callable[[pd.DataFrame], dict[str, float]]
) -> pd.DataFrame:
    """Apply a measure to each fold and seed, average within subjects, then over subjects."""
    keys = [*GROUP, "subject"]
    measured = [
        {**dict(zip([*keys, "fold", "seed"], labels, strict=True)), **measure(fold), "n": len(fold)}
        for labels, fold in scores.groupby([*keys, "fold", "seed"], sort=False, dropna=False)
    ]
    wide = pd.DataFrame(measured)
    metrics = [name for name in wide if name not in (*keys, "fold", "seed", "n")]
    by_subject = wide.groupby(keys, sort=False, dropna=False)[metrics].mean().reset_index()
    # A repeat tests the same epochs again: each fold counts once.
    once = wide.drop_duplicates([*keys, "fold"]).groupby(keys, sort=False, dropna=False)
    by_subject["n"] = once["n"].sum().to_numpy()
    rows: list[dict[str, Any]] = []
    for labels, table in by_subject.groupby(GROUP, sort=False, dropna=False):
        where = dict(zip(GROUP, labels, strict=True)) | {"alignment": "none"}
        for metric in metrics:
            rows += [
                {**where, "subject": s, "metric": metric, "value": v, "n": int(n)}
                for s, v, n in zip(table["subject"], table[metric], table["n"], strict=True)
            ]
            low, high = bootstrap_mean(table[metric].to_numpy())
            mean = {"metric": metric, "value": float(table[metric].mean()), "n": len(table)}
            rows.append({**where, "subject": "mean", **mean, "low": low, "high": high})
    return METRICS.read(pd.DataFrame(rows).reindex(columns=METRICS.names), "metrics")
