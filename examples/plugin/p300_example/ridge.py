"""Least squares on window means, with a penalty on the weights."""

from __future__ import annotations

from p300.detectors.linear.single_layer import SingleLayer, standardised_weights
from p300.detectors.splits import Floats, Labels
from p300.ranges import Positive, Several, Size


class Ridge(SingleLayer):
    """Ridge regression on the labels; both classes weigh alike.

    Hoerl & Kennard, Technometrics 12:55-67, 1970.

    Parameters
    ----------
    n_windows
        Number of consecutive pieces of the epoch that are averaged, for each electrode.
    alpha
        Strength of the penalty on the weights of the standardised features.
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    """

    name = "ridge"

    def __init__(
        self, *, n_windows: Size = 16, alpha: Positive = 100.0, n_folds: Several = 5
    ) -> None:
        self.n_windows = n_windows
        self.alpha = alpha
        self.n_folds = n_folds

    def _weigh(self, features: Floats, y: Labels) -> tuple[Floats, float]:
        from sklearn.linear_model import RidgeClassifier

        classifier = RidgeClassifier(self.alpha, class_weight="balanced")
        return standardised_weights(classifier, features, y)
