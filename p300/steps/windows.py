"""Means of consecutive samples, as ``slda`` and the single layers read them."""

from __future__ import annotations

import numpy.typing as npt

from p300.detectors.linear.cross_fitted import window_means
from p300.detectors.splits import Floats
from p300.ranges import Size
from p300.steps.base import Signals, Step


class WindowMeans(Step):
    """Average consecutive samples: [epoch, electrode * window], electrode by electrode.

    Parameters
    ----------
    n_windows
        Number of consecutive pieces of the epoch, of equal length up to a sample.
    """

    def __init__(self, n_windows: Size = 16) -> None:
        self.n_windows = n_windows

    def _learn(self, X: Signals, y: npt.ArrayLike | None) -> None:  # noqa: ARG002
        window_means(X[:1], self.n_windows)  # too few samples are told now

    def _transformed(self, X: Signals) -> Floats:
        return window_means(X, self.n_windows)
