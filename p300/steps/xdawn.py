"""xDAWN spatial filters, as ``xdawn_lda`` and ``xdawn_ts`` learn them."""

from __future__ import annotations

import numpy.typing as npt

from p300.detectors.linear.signal_sums import SignalSums
from p300.detectors.linear.xdawn import xdawn_filters
from p300.detectors.splits import Floats, check_training_data
from p300.ranges import Size
from p300.steps.base import LabelledStep, Signals


class Xdawn(LabelledStep):
    """Filter in space so that target responses stand out most: [epoch, filter, time].

    Rivet et al., IEEE TBME 56:2035-2043, 2009; see
    :func:`p300.detectors.linear.xdawn.xdawn_filters`.

    Parameters
    ----------
    n_filters
        Number of filters, at most one an electrode.

    Attributes
    ----------
    filters_ : [filter, electrode], such that filtered signals have variance one
    """

    def __init__(self, n_filters: Size = 4) -> None:
        self.n_filters = n_filters

    def _learn(self, X: Signals, y: npt.ArrayLike | None) -> None:
        _, labels = check_training_data(X, () if y is None else y)
        self.filters_ = xdawn_filters(SignalSums.of(X, labels), self.n_filters)

    def _transformed(self, X: Signals) -> Floats:
        filtered: Floats = self.filters_ @ X
        return filtered
