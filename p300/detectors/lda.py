"""Shrinkage LDA on window means: the linear baseline that every network must be held against."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from p300.detectors.base import Detector
from p300.detectors.validation import Floats, Labels, Windows, held_out_parts
from p300.errors import DetectorError


class ShrinkageLDA(Detector):
    """Linear discriminant with Ledoit-Wolf shrinkage on means of consecutive samples.

    Blankertz et al., NeuroImage 56:814-825, 2011. The log-odds are calibrated on scores of
    training epochs that the discriminant was not fitted on (cross-fitting by group).

    Parameters
    ----------
    n_windows
        Number of consecutive pieces of the epoch that are averaged, for each electrode.
    n_folds
        Parts of the training groups for the cross-fitted calibration.

    Attributes
    ----------
    coef_ : weights, [electrode, window]
    intercept_ : threshold of the raw score
    """

    name = "slda"

    def __init__(self, *, n_windows: int = 16, n_folds: int = 5) -> None:
        self.n_windows = n_windows
        self.n_folds = n_folds

    def _learn(self, X: Windows, y: Labels, groups: npt.ArrayLike | None) -> tuple[Floats, Labels]:
        features = self._features(X)
        scores = np.full(len(y), np.nan)
        for rows in held_out_parts(len(y), groups, self.n_folds):
            rest = np.setdiff1d(np.arange(len(y)), rows)
            if len(np.unique(y[rest])) == 2:
                coef, intercept = _discriminant(features[rest], y[rest])
                scores[rows] = features[rows] @ coef + intercept
        scored = np.isfinite(scores)
        if len(np.unique(y[scored])) < 2:
            raise DetectorError(
                f"too few groups with targets to calibrate on ({len(y)} training epochs, "
                f"{int(y.sum())} targets); give more training data"
            )
        coef, self.intercept_ = _discriminant(features, y)
        self.coef_ = coef.reshape(X.shape[1], self.n_windows)
        return scores[scored], y[scored]

    def _features(self, X: Windows) -> Floats:
        """Average consecutive samples: [epoch, electrode * window], electrode by electrode."""
        if X.shape[2] < self.n_windows:
            raise DetectorError(
                f"epochs of {X.shape[2]} samples cannot be averaged in {self.n_windows} windows"
            )
        edges = np.linspace(0, X.shape[2], self.n_windows + 1).round().astype(int)
        sums = np.add.reduceat(X, edges[:-1], axis=2, dtype=np.float64)
        means: Floats = (sums / np.diff(edges)).reshape(len(X), -1)
        return means

    def _raw_scores(self, X: Windows) -> Floats:
        scores: Floats = self._features(X) @ self.coef_.ravel() + self.intercept_
        return scores

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights and thresholds."""
        return int(self.coef_.size) + 1

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {"coef": self.coef_, "intercept": np.array([self.intercept_])}

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.coef_, self.intercept_ = arrays["coef"], float(arrays["intercept"][0])


def _discriminant(features: Floats, y: Labels) -> tuple[Floats, float]:
    """Fit scikit-learn's shrinkage LDA; give its weights and threshold."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(features, y)
    return lda.coef_[0], float(lda.intercept_[0])
