"""Brier score: how far probabilities are from what happened."""

from __future__ import annotations

import numpy as np

from p300.evaluation.metrics import Floats, Integers, Metric


def brier_score(target: Integers, score: Floats, _: Floats) -> float:
    """Return the mean squared distance of the probability of a target from 1 or 0."""
    from scipy.special import expit

    return float(np.mean((expit(score) - target) ** 2))


BRIER_SCORE = Metric("brier_score", "Brier score", brier_score, smaller_is_better=True)
