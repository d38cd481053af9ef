"""Shrinkage LDA on window means: the linear baseline that every network must be held against."""

from __future__ import annotations

from p300.detectors.linear.covariance import discriminant
from p300.detectors.linear.single_layer import SingleLayer
from p300.detectors.splits import Floats, Labels
from p300.ranges import Several, Size


class ShrinkageLDA(SingleLayer):
    """Linear discriminant with Ledoit-Wolf shrinkage on means of consecutive samples.

    Blankertz et al., NeuroImage 56:814-825, 2011.

    Parameters
    ----------
    n_windows
        Number of consecutive pieces of the epoch that are averaged, for each electrode.
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    """

    name = "slda"

    def __init__(self, *, n_windows: Size = 16, n_folds: Several = 5) -> None:
        self.n_windows = n_windows
        self.n_folds = n_folds

    def _weigh(self, features: Floats, y: Labels) -> tuple[Floats, float]:
        return discriminant(features, y)
