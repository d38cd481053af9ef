"""What metrics compute: functions of labels, scores and thresholds.

Each takes labels (0 or 1), scores (log-odds of a target) and thresholds, all [epoch], and returns a
number; :data:`p300.evaluation.metrics.METRICS` tells of each what it is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CALIBRATION_BINS = 10


def roc_auc(target: Integers, score: Floats, _: Floats) -> float:
    """Return the chance that a target scores above a non-target."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(target, score))


def roc_points(target: npt.NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """Return the false and true positive rates of all thresholds, from (0, 0) to (1, 1).

    The points of scikit-learn's ``roc_curve``, those on a straight line included; reports, which
    compute nothing else, are spared its import.
    """
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of equal scores
    hits = np.cumsum(target[order])[last]
    false = 1 + last - hits
    return np.append(0.0, false / false[-1]), np.append(0.0, hits / hits[-1])


def average_precision(target: Integers, score: Floats, _: Floats) -> float:
    """Return the precision, averaged over the recalls that thresholds give."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(target, score))


def _counts(target: Integers, score: Floats, threshold: Floats) -> tuple[int, int, int, int]:
    """Return hits, false alarms, targets and non-targets."""
    detected, is_target = score > threshold, target == 1
    hits, n_targets = int(np.sum(detected & is_target)), int(is_target.sum())
    return hits, int(detected.sum()) - hits, n_targets, len(target) - n_targets


def balanced_accuracy(target: Integers, score: Floats, threshold: Floats) -> float:
    """Return the mean of the shares of targets and of non-targets called so."""
    hits, false_alarms, n_targets, n_nontargets = _counts(target, score, threshold)
    return (hits / n_targets + 1 - false_alarms / n_nontargets) / 2


def recall(target: Integers, score: Floats, threshold: Floats) -> float:
    """Return the share of targets that are detected."""
    hits, _, n_targets, _ = _counts(target, score, threshold)
    return hits / n_targets


def precision(target: Integers, score: Floats, threshold: Floats) -> float:
    """Return the share of targets among what is detected, 0 where nothing is."""
    hits, false_alarms, _, _ = _counts(target, score, threshold)
    return hits / (hits + false_alarms) if hits + false_alarms else 0.0


def f1(target: Integers, score: Floats, threshold: Floats) -> float:
    """Return the harmonic mean of precision and recall."""
    hits, false_alarms, n_targets, _ = _counts(target, score, threshold)
    return 2 * hits / (hits + false_alarms + n_targets)


def log_loss(target: Integers, score: Floats, _: Floats) -> float:
    """Mean of log(1 + exp(-s)) over targets and log(1 + exp(s)) over others: exact for any s."""
    return float(np.mean(np.logaddexp(0.0, np.where(target == 1, -score, score))))


def calibration_error(target: Integers, score: Floats, _: Floats) -> float:
    """Return the expected calibration error of the scores' probabilities."""
    from scipy.special import expit

    return expected_calibration_error(target, expit(score))


def expected_calibration_error(y: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Mean distance between predicted and observed target share over :func:`calibration_bins`.

    Parameters
    ----------
    y
        Labels, [epoch].
    probability
        Predicted probability of a target, [epoch].
    """
    labels, p = np.asarray(y, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    surplus = np.bincount(calibration_bins(p), weights=labels - p)
    return float(np.abs(surplus).sum() / len(p))


def calibration_bins(probability: npt.ArrayLike) -> Integers:
    """Put epochs into bins of equal count by their probability; equal ones share a bin.

    Bins of equal count, because with one target in six nearly all probabilities lie below .5 and
    equally wide bins would be empty (Nixon et al. 2019, adaptive calibration error). Epochs of one
    probability go where the middle one of them falls, so that the order of rows does not matter.

    Parameters
    ----------
    probability
        [epoch].

    Returns
    -------
    Number of its bin, [epoch], below :data:`CALIBRATION_BINS`; ties may leave bins empty.
    """
    p = np.asarray(probability, dtype=np.float64)
    _, group, counts = np.unique(p, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts + (counts - 1) // 2
    parts = np.array_split(np.arange(len(p)), min(CALIBRATION_BINS, len(p)))
    bin_of_rank = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.asarray(bin_of_rank[middle][group], dtype=np.int64)
