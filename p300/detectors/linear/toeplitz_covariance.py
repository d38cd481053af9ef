"""The block-Toeplitz covariance in scikit-learn's words, for pipelines of others."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.covariance import EmpiricalCovariance
from sklearn.utils.validation import validate_data

from p300.arguments import check_arguments
from p300.detectors.linear.covariance import EpochGroup, scaled_shrinkage
from p300.detectors.linear.toeplitz import BlockToeplitz
from p300.errors import DetectorError
from p300.ranges import Size


class BlockToeplitzCovariance(EmpiricalCovariance):
    """Covariance of signals whose noise is stationary over an epoch.

    Sosulski & Tangermann, J Neural Eng 19:066001, 2022. It is shrunk (Ledoit & Wolf 2004) on
    features scaled to variance one, averaged over all times with the same lag between them, and
    tapered; see :class:`~p300.detectors.linear.toeplitz.BlockToeplitz`.

    Parameters
    ----------
    n_times
        Equally spaced times of an epoch. Features are ordered electrode by electrode, as in
        ``X.reshape(len(X), -1)`` of epochs [epoch, electrode, time].
    store_precision
        Whether the inverse is kept.
    assume_centered
        Whether the features' means are zero and are not subtracted.

    Attributes
    ----------
    location_ : means of the features, [feature]
    covariance_, precision_ : [feature, feature]
    shrinkage_ : share of equal variances in the covariance before it was averaged
    """

    def __init__(
        self, *, n_times: Size = 1, store_precision: bool = True, assume_centered: bool = False
    ) -> None:
        super().__init__(store_precision=store_precision, assume_centered=assume_centered)
        self.n_times = n_times

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Fit to epochs, [epoch, feature]. Classes have means of their own: subtract these first.

        Raises
        ------
        DetectorError
            When ``n_times`` is out of range, or the features are not so many for each electrode.
        """
        where = type(self).__name__
        check_arguments(type(self), self.get_params(), where=where, error=DetectorError)
        features = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        if features.shape[1] % self.n_times:
            raise DetectorError(
                f"n_times: {self.n_times} found, but {features.shape[1]} features are not as many "
                "times of each electrode; set n_times to the times of an epoch"
            )
        group = EpochGroup(features, centred=self.assume_centered)
        self.shrinkage_, variance, scale = scaled_shrinkage(group, group.covariance)
        shrunk = (1 - self.shrinkage_) * group.covariance
        shrunk[np.diag_indices(len(shrunk))] += self.shrinkage_ * variance * scale**2
        structure = BlockToeplitz(features.shape[1] // self.n_times, self.n_times)
        self.location_, self.covariance_ = group.mean, structure.imposed(shrunk)
        self.precision_ = (
            structure.solve(shrunk, np.eye(len(shrunk))) if self.store_precision else None
        )
        return self
