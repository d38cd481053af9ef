"""Shrinkage LDA on window means: the linear baseline that every network must be held against."""

from __future__ import annotations

from typing import Literal, Self

from p300.detectors.linear.covariance import discriminant, discriminant_of
from p300.detectors.linear.cross_fitted import window_means
from p300.detectors.linear.moments import ClassMoments
from p300.detectors.linear.single_layer import SingleLayer
from p300.detectors.linear.structure import Structure, Unstructured
from p300.detectors.linear.summed import SummedFeatures
from p300.detectors.linear.toeplitz import BlockToeplitz
from p300.detectors.splits import (
    Floats,
    Index,
    Labels,
    cross_fitted_scores,
    has_both_classes,
)
from p300.ranges import Several, Size
from p300.signal.parts import Part

COVARIANCES: dict[str, type[Structure]] = {"shrinkage": Unstructured, "toeplitz": BlockToeplitz}
"""What the parameter ``covariance`` may be."""


class ShrinkageLDA(SingleLayer):
    """Linear discriminant with Ledoit-Wolf shrinkage on means of consecutive samples.

    Blankertz et al., NeuroImage 56:814-825, 2011; with a block-Toeplitz covariance Sosulski &
    Tangermann, J Neural Eng 19:066001, 2022.

    Its features are of each epoch alone, and all that a fit needs of them adds up over subjects: in
    a study of many subjects both are computed once, and a fold costs little more than sums.

    Parameters
    ----------
    n_windows
        Number of consecutive pieces of the epoch that are averaged, for each electrode.
    covariance
        ``shrinkage``: shrunk, and otherwise as it is found. ``toeplitz``: of the shrunk one, what
        two electrodes have in common at each lag in time, wherever in the epoch. It wants signals
        whose amplitude is that of the recording (``normaliser: none``).
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    """

    name = "slda"

    def __init__(
        self,
        *,
        n_windows: Size = 16,
        covariance: Literal["shrinkage", "toeplitz"] = "shrinkage",
        n_folds: Several = 5,
    ) -> None:
        self.n_windows = n_windows
        self.covariance = covariance
        self.n_folds = n_folds

    def _structure(self, n_features: int) -> Structure:
        return COVARIANCES[self.covariance].of(n_features // self.n_windows, self.n_windows)

    def _weigh(self, features: Floats, y: Labels) -> tuple[Floats, float]:
        return discriminant(features, y, self._structure(features.shape[1]))

    def fit_part(self, part: Part, level: str, *, calibrated: bool = True) -> Self:
        """Fit to a part of a study. See :meth:`p300.detectors.base.Detector.fit_part`."""
        self._check_parameters()
        summed, y = self._summed(part), part.y
        if not summed.finite(part.rows) or not has_both_classes(y):
            return super().fit_part(part, level)  # which tells what is wrong
        self._note(part.shape, y)
        if calibrated:

            def score(rest: Index, rows: Index) -> Floats:
                weights, intercept = self._weigh_part(summed, part.select(rest))
                return summed.weighed(part.rows[rows], weights) + intercept

            self._calibrate(*cross_fitted_scores(y, part.groups(level), self.n_folds, score))
        weights, self.intercept_ = self._weigh_part(summed, part)
        self.coef_ = weights.reshape(part.shape[1], self.n_windows)
        return self

    def features_of(self, part: Part) -> Floats:
        """Return the means of the part's epochs, [epoch, feature]."""
        return self._summed(part).of(part.rows)

    def structure(self) -> Structure:
        """Return what is known of the features' covariance, which adaptation goes by as well."""
        return self._structure(self.input_shape_[0] * self.n_windows)

    def sums_of(self, part: Part) -> ClassMoments | None:
        """Return sums over the part's features where its subjects are whole."""
        return self._summed(part).over(part)

    def share(self, part: Part) -> None:
        """As :meth:`p300.detectors.base.Detector.share`."""
        self._summed(part).share(part.rows)

    def _summed(self, part: Part) -> SummedFeatures:
        name = f"{self.n_windows}-window-means"
        return part.whole.once(
            name,
            lambda _: SummedFeatures(part.whole, name, lambda X: window_means(X, self.n_windows)),
        )

    def _weigh_part(self, summed: SummedFeatures, part: Part) -> tuple[Floats, float]:
        sums = summed.over(part)
        if sums is None:
            return self._weigh(summed.of(part.rows), part.y)
        return discriminant_of(sums, self._structure(len(sums.nontarget.total)))
