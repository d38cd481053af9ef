"""Turn a detector's raw scores into calibrated log-odds, on training data only."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p300.errors import DetectorError, TrainingWarning

SMALLEST_SLOPE = 1e-3


@dataclass(frozen=True)
class Sigmoid:
    """Log-odds = slope * raw score + intercept (Platt 1999)."""

    slope: float
    intercept: float

    def __call__(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the log-odds of raw scores, [epoch]."""
        return self.slope * scores + self.intercept


def fit_sigmoid(scores: npt.ArrayLike, y: npt.ArrayLike) -> Sigmoid:
    """Fit log-odds to raw scores of epochs that the detector was not fitted on.

    Platt's method: logistic regression of the labels on the scores, with a weak penalty on the
    standardised slope so that a perfect separation stays finite. The slope is kept positive: a
    calibration must not change the order of the epochs.

    Parameters
    ----------
    scores
        Raw scores, [epoch].
    y
        1 for a target, 0 for a non-target, [epoch]; both must occur.
    """
    from sklearn.linear_model import LogisticRegression

    raw = np.asarray(scores, dtype=np.float64)
    centre, scale = float(raw.mean()), float(raw.std()) or 1.0
    fit = LogisticRegression(C=10.0).fit(((raw - centre) / scale)[:, None], np.asarray(y))
    slope, intercept = float(fit.coef_[0, 0]) / scale, float(fit.intercept_[0])
    if slope <= 0:
        warnings.warn(
            "the detector does not separate targets from non-targets in its validation part "
            "(calibration slope not above 0); its probabilities stay near the target share",
            TrainingWarning,
            stacklevel=2,
        )
        slope, intercept = SMALLEST_SLOPE / scale, log_odds(float(np.asarray(y).mean()))
    return Sigmoid(slope, intercept - slope * centre)


def log_odds(share: float) -> float:
    """Return the log-odds of a probability strictly between 0 and 1."""
    return float(np.log(share / (1 - share)))


def finite_scores(scores: npt.NDArray[np.float64], whose: str) -> npt.NDArray[np.float64]:
    """Return scores, or refuse them where one is NaN or infinite.

    Parameters
    ----------
    scores
        Log-odds, [epoch].
    whose
        For the message.

    Raises
    ------
    DetectorError
        With the number of such scores.
    """
    endless = ~np.isfinite(scores)
    if endless.any():
        first = int(endless.argmax())
        raise DetectorError(
            f"{int(endless.sum())} of {len(scores)} scores {whose} are not finite (first: "
            f"{scores[first]} of epoch {first}); its weights are too large for what it reads: "
            "train it anew, or look at the scale of these recordings"
        )
    return scores
