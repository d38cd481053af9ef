"""Shrinkage LDA on window means: the linear baseline that every network must be held against."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from p300.detectors.closed_form import ClosedFormDetector, window_means
from p300.detectors.shrinkage import discriminant
from p300.detectors.validation import Floats, Labels, Windows


class ShrinkageLDA(ClosedFormDetector):
    """Linear discriminant with Ledoit-Wolf shrinkage on means of consecutive samples.

    Blankertz et al., NeuroImage 56:814-825, 2011.

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

    def _fit(self, X: Windows, y: Labels) -> Self:
        coef, self.intercept_ = discriminant(self.features(X), y)
        self.coef_ = coef.reshape(X.shape[1], self.n_windows)
        return self

    def _reduced(self, X: Windows) -> Floats:
        # Of as many samples as windows, each sample is the mean of a window.
        return window_means(X, self.n_windows).reshape(len(X), X.shape[1], -1)

    def features(self, X: Windows) -> Floats:
        """Average consecutive samples: [epoch, electrode * window], electrode by electrode."""
        return window_means(X, self.n_windows)

    def readout(self) -> tuple[Floats, float]:
        """Give the weights of the features, [feature], and the intercept."""
        return self.coef_.ravel(), self.intercept_

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights and thresholds."""
        return int(self.coef_.size) + 1

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {"coef": self.coef_, "intercept": np.array([self.intercept_])}

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.coef_, self.intercept_ = arrays["coef"], float(arrays["intercept"][0])
