"""What detectors without a training loop share: cross-fitted calibration, a linear readout."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from p300.detectors.base import Detector
from p300.detectors.splits import EpochArray, Floats, Index, Labels, cross_fitted_scores
from p300.errors import DetectorError
from p300.signal.epoch_arrays import blocks
from p300.signal.parts import Part


class CrossFittedDetector(Detector):
    """A detector that is fitted at once to all training epochs.

    Its log-odds are calibrated on scores of training epochs, each by a copy that was fitted to the
    other parts of the training groups (cross-fitting). Its raw scores are linear in its features
    unless it says otherwise.

    Parameters
    ----------
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    """

    n_folds: int

    @abstractmethod
    def _fit(self, X: EpochArray, y: Labels) -> Self:
        """Fit everything, calibration apart."""

    def _reduced(self, X: EpochArray) -> npt.NDArray[np.floating]:
        """Return what the fit looks at, [epoch, electrode, time]: all of X, or less of equal use.

        Where epochs are many they are read once for it, and not held in memory.
        """
        return X

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Fit to all training epochs; calibrate by cross-fitting. See :meth:`Detector.fit`."""
        epochs, labels = self._take(X, y)
        self._calibrate(*self._learn(epochs, labels, groups))
        return self

    def fit_part(self, part: Part, level: str, *, calibrated: bool = True) -> Self:
        """Fit to a part of a study; see :meth:`Detector.fit_part`. Most time goes to calibrate."""
        if calibrated:
            return super().fit_part(part, level)
        epochs, labels = self._take(part.X, part.y)
        return self._fit(self._reduced(epochs), labels)

    def _learn(
        self, X: EpochArray, y: Labels, groups: npt.ArrayLike | None
    ) -> tuple[Floats, Labels]:
        """Fit; return raw scores of training epochs not learned from, and their labels."""
        X = self._reduced(X)

        def score(rest: Index, rows: Index) -> Floats:
            other: Self = clone(self)
            return other._fit(X[rest], y[rest])._raw_scores(X[rows])

        held_out = cross_fitted_scores(y, groups, self.n_folds, score)
        self._fit(X, y)
        return held_out

    def _raw_scores(self, X: EpochArray) -> Floats:
        features, readout = self.features(X), self.readout()
        assert features is not None  # who has no linear readout overrides this method
        assert readout is not None
        weights, intercept = readout
        scores: Floats = features @ weights + intercept
        return scores


def window_means(X: npt.NDArray[np.floating], n_windows: int) -> Floats:
    """Average consecutive samples: [epoch, electrode * window], electrode by electrode.

    Parameters
    ----------
    X
        [epoch, electrode, time]; spatially filtered signals in place of electrodes also go.
    n_windows
        Number of consecutive pieces of the epoch, of equal length up to a sample.

    Raises
    ------
    DetectorError
        When there are fewer samples than windows.
    """
    if X.shape[2] < n_windows:
        raise DetectorError(
            f"epochs of {X.shape[2]} samples cannot be averaged in {n_windows} windows"
        )
    edges = np.linspace(0, X.shape[2], n_windows + 1).round().astype(int)
    means = np.empty((len(X), X.shape[1], n_windows))
    for block in blocks(X):
        np.add.reduceat(X[block], edges[:-1], axis=2, dtype=np.float64, out=means[block])
    means /= np.diff(edges)
    return means.reshape(len(X), -1)
