"""ERP covariances and the distance to the mean of each class."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from p300.detectors.linear.cross_fitted import CrossFittedDetector
from p300.detectors.linear.xdawn import PRECISION, response_covariances, target_response
from p300.detectors.splits import EpochArray, Floats, Labels, check_components
from p300.ranges import Several, Size


class ErpCovarianceMDM(CrossFittedDetector):
    """Minimum distance to mean of covariances that hold the mean target response.

    Barachant & Congedo, arXiv:1409.0107, 2014: each epoch is stacked under the mean target
    response; the raw score is how much nearer the covariance of both is to the geometric mean of
    targets than to that of non-targets, in squared affine-invariant distance. The classes count
    alike whatever their sizes.

    Parameters
    ----------
    n_components
        Principal components of the target response that are stacked, at most one an electrode.
        None: eight, or all where the electrodes are fewer.
    n_folds
        Parts of the training groups for the cross-fitted calibration.

    Attributes
    ----------
    response_ : mean target response, [component, time]
    means_ : geometric means of non-targets and targets, [class, signal, signal]
    """

    name = "erpcov_mdm"

    def __init__(self, *, n_components: Size | None = None, n_folds: Several = 5) -> None:
        self.n_components = n_components
        self.n_folds = n_folds

    def _fit(self, X: EpochArray, y: Labels) -> Self:
        from pyriemann.geometry.mean import mean_riemann

        most = min(X.shape[1:])
        n_components = min(8, most) if self.n_components is None else self.n_components
        check_components("n_components", n_components, most)
        response = target_response(X, y)
        directions = np.linalg.svd(response, full_matrices=False)[0][:, :n_components]
        self.response_ = directions.T @ response
        covariances = response_covariances(X, self.response_)
        self.means_ = np.stack([mean_riemann(covariances[y == k], tol=PRECISION) for k in (0, 1)])
        return self

    def _raw_scores(self, X: EpochArray) -> Floats:
        from pyriemann.geometry.distance import distance_riemann

        covariances = response_covariances(X, self.response_)
        far, near = (distance_riemann(covariances, mean, squared=True) for mean in self.means_)
        scores: Floats = far - near
        return scores

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights and thresholds."""
        return int(self.response_.size + self.means_.size)

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {"response": self.response_, "means": self.means_}

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.response_, self.means_ = arrays["response"], arrays["means"]
