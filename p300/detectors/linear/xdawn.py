"""xDAWN spatial filters before a linear discriminant or a tangent space."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from p300.detectors.linear.covariance import discriminant
from p300.detectors.linear.cross_fitted import CrossFittedDetector, window_means
from p300.detectors.linear.signal_sums import SignalSums, filtered, sums_over
from p300.detectors.splits import (
    EpochArray,
    Floats,
    Index,
    Labels,
    check_components,
    cross_fitted_scores,
    has_both_classes,
)
from p300.errors import DetectorError
from p300.ranges import Positive, Several, Size
from p300.signal.parts import Part

SHRINKAGE = 0.01
"""Share of equal variances in the signal covariance, singular after an average reference."""

PRECISION = 1e-4
"""Step at which the geometric mean of covariances is near enough: to a millionth of its size. One
of 1e-6 takes half as many steps again, on which most of a fit's time goes."""

PUBLISHED_PRECISION = 1e-8
"""That of pyRiemann."""

MINIMUM_SAMPLES = 10
"""Fewest samples of an epoch whose covariance is taken."""


def xdawn_filters(sums: SignalSums, n_filters: int, shrinkage: float = SHRINKAGE) -> Floats:
    """Return the spatial filters after which target responses stand out most from the signal.

    Rivet et al., IEEE TBME 56:2035-2043, 2009, on epochs (pyRiemann's ``Xdawn``), for the response
    to targets alone.

    Parameters
    ----------
    sums
        Over the training epochs.
    n_filters
        Number of filters.
    shrinkage
        Share of equal variances in the signal covariance.

    Returns
    -------
    [filter, electrode], such that the filtered signals have variance one.

    Raises
    ------
    DetectorError
        When there are more filters than electrodes.
    """
    check_components("n_filters", n_filters, len(sums.mean))
    from pyriemann.spatialfilters import Xdawn

    covariance, response = sums.covariance, sums.response
    variance = np.trace(covariance) / len(covariance)
    noise = (1 - shrinkage) * covariance + shrinkage * variance * np.eye(len(covariance))
    # Of the epochs it takes the mean response alone: one epoch, which is that.
    xdawn = Xdawn(n_filters, classes=[1], baseline_cov=noise).fit(response[None], np.ones(1))
    filters: Floats = xdawn.filters_
    spread: Floats = np.sqrt(np.einsum("fe,eg,fg->f", filters, noise, filters))
    return filters / spread[:, None]


class XdawnDetector(CrossFittedDetector):
    """What detectors behind xDAWN filters share: the filters follow from sums over the epochs.

    Attributes
    ----------
    filters_ : spatial filters, [filter, electrode]
    """

    filters_: Floats

    @abstractmethod
    def _n_filters(self, n_electrodes: int) -> int:
        """Return the number of filters."""

    @abstractmethod
    def _read(self, signals: Floats, y: Labels) -> None:
        """Learn to read filtered signals, [epoch, filter, time]."""

    def _fit(self, X: EpochArray, y: Labels) -> Self:
        self.filters_ = self._filters(SignalSums.of(X, y))
        self._read(self.filters_ @ X, y)
        return self

    def _filters(self, sums: SignalSums) -> Floats:
        return xdawn_filters(sums, self._n_filters(len(sums.mean)))

    def _fit_part(self, part: Part) -> Self:
        """Fit to a part of a study without room for its signals."""
        self.filters_ = self._filters(sums_over(part))
        self._read(filtered(self.filters_, part), part.y)
        return self

    def fit_part(self, part: Part, level: str, *, calibrated: bool = True) -> Self:
        """Fit to a part of a study. See :meth:`p300.detectors.base.Detector.fit_part`."""
        self._check_parameters()
        y = part.y
        if not part.finite or not has_both_classes(y):
            return super().fit_part(part, level)  # which tells what is wrong
        self._note(part.shape, y)
        if calibrated:

            def score(rest: Index, rows: Index) -> Floats:
                other: Self = clone(self)
                return other._fit_part(part.select(rest))._raw_scores(part.select(rows).X)

            self._calibrate(*cross_fitted_scores(y, part.groups(level), self.n_folds, score))
        return self._fit_part(part)

    def share(self, part: Part) -> None:
        """As :meth:`p300.detectors.base.Detector.share`."""
        sums_over(part)

    def spatial_filters(self) -> Floats:
        """Return the xDAWN filters, [filter, electrode]."""
        return self.filters_


class XdawnLDA(XdawnDetector):
    """xDAWN spatial filters, then shrinkage LDA on means of consecutive samples.

    Parameters
    ----------
    n_filters
        Number of spatial filters, at most one an electrode. None: four, or one an electrode where
        there are fewer.
    n_windows
        Number of consecutive pieces of the epoch that are averaged, for each filter.
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    """

    name = "xdawn_lda"

    def __init__(
        self, *, n_filters: Size | None = None, n_windows: Size = 16, n_folds: Several = 5
    ) -> None:
        self.n_filters = n_filters
        self.n_windows = n_windows
        self.n_folds = n_folds

    def _n_filters(self, n_electrodes: int) -> int:
        return min(4, n_electrodes) if self.n_filters is None else self.n_filters

    def _read(self, signals: Floats, y: Labels) -> None:
        self.weights_, self.intercept_ = discriminant(window_means(signals, self.n_windows), y)

    def features(self, X: EpochArray) -> Floats:
        """Average consecutive samples of the filtered signals, [epoch, filter * window]."""
        return window_means(self.filters_ @ X, self.n_windows)

    def readout(self) -> tuple[Floats, float]:
        """Return the weights of the features, [feature], and the intercept."""
        return self.weights_, self.intercept_

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights and thresholds."""
        return int(self.filters_.size + self.weights_.size) + 1

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        intercept = np.array([self.intercept_])
        return {"filters": self.filters_, "weights": self.weights_, "intercept": intercept}

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.filters_, self.weights_ = arrays["filters"], arrays["weights"]
        self.intercept_ = float(arrays["intercept"][0])


class XdawnTangentSpace(XdawnDetector):
    """Covariances of xDAWN-filtered epochs and target response, in the tangent space.

    Barachant & Congedo, arXiv:1409.0107, 2014: each epoch is stacked under the mean target
    response, both filtered; their covariances are projected to the tangent space at the geometric
    mean and told apart by logistic regression that weighs both classes alike.

    Parameters
    ----------
    n_filters
        Number of spatial filters, at most one an electrode.
    C
        Inverse strength of the penalty on the weights of the standardised tangent vectors.
    shrinkage
        Whether covariances are shrunk and tangent vectors standardised. Without it is pyRiemann's
        pipeline ``XdawnCovariances(classes=[1])``, ``TangentSpace``, ``LogisticRegression``.
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    """

    name = "xdawn_ts"

    def __init__(
        self,
        *,
        n_filters: Size = 3,
        C: Positive = 0.03,
        shrinkage: bool = True,
        n_folds: Several = 5,
    ) -> None:
        self.n_filters = n_filters
        self.C = C
        self.shrinkage = shrinkage
        self.n_folds = n_folds

    def _n_filters(self, n_electrodes: int) -> int:  # noqa: ARG002
        return self.n_filters

    def _filters(self, sums: SignalSums) -> Floats:
        return xdawn_filters(sums, self.n_filters, SHRINKAGE if self.shrinkage else 0.0)

    def _read(self, signals: Floats, y: Labels) -> None:
        from pyriemann.geometry.mean import mean_riemann
        from pyriemann.geometry.tangentspace import tangent_space
        from sklearn.linear_model import LogisticRegression

        self.response_ = target_response(signals, y)
        covariances = response_covariances(signals, self.response_, shrink=self.shrinkage)
        precision = PRECISION if self.shrinkage else PUBLISHED_PRECISION
        self.reference_ = mean_riemann(covariances, tol=precision)
        features = tangent_space(covariances, self.reference_)
        centre, spread = np.zeros(features.shape[1]), np.ones(features.shape[1])
        if self.shrinkage:
            centre, spread = features.mean(axis=0), features.std(axis=0)
        regression = LogisticRegression(C=self.C, class_weight="balanced", max_iter=1000)
        coef = regression.fit((features - centre) / spread, y).coef_[0]
        self.weights_ = coef / spread
        self.intercept_ = float(regression.intercept_[0] - centre @ self.weights_)

    def _covariances(self, X: EpochArray) -> Floats:
        return response_covariances(self.filters_ @ X, self.response_, shrink=self.shrinkage)

    def features(self, X: EpochArray) -> Floats:
        """Return tangent vectors of the epochs' covariances, [epoch, feature]."""
        from pyriemann.geometry.tangentspace import tangent_space

        vectors: Floats = tangent_space(self._covariances(X), self.reference_)
        return vectors

    def readout(self) -> tuple[Floats, float]:
        """Return the weights of the features, [feature], and the intercept."""
        return self.weights_, self.intercept_

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights and thresholds."""
        return sum(array.size for array in self._arrays().values())

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "filters": self.filters_,
            "response": self.response_,
            "reference": self.reference_,
            "weights": self.weights_,
            "intercept": np.array([self.intercept_]),
        }

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.filters_, self.response_ = arrays["filters"], arrays["response"]
        self.reference_, self.weights_ = arrays["reference"], arrays["weights"]
        self.intercept_ = float(arrays["intercept"][0])


def target_response(signals: npt.NDArray[np.floating], y: Labels) -> Floats:
    """Return the mean target epoch, [signal, time], scaled to the variance of single epochs.

    A covariance is shrunk towards equal variances: an average of hundreds of epochs, as small as
    it is, would be shrunk away. Without shrinkage the scale makes no difference.
    """
    response: Floats = signals[y == 1].mean(axis=0, dtype=np.float64)
    size = response.std() or 1.0
    return response * (float(signals.std()) / size)


def response_covariances(
    signals: npt.NDArray[np.floating], response: Floats, *, shrink: bool = True
) -> Floats:
    """Return the covariances of a response and each epoch, [epoch, signal, signal].

    Shrunk by oracle approximation (OAS; Chen et al., IEEE TSP 58:5016-5029, 2010, eq. 23), all
    epochs at once.

    Parameters
    ----------
    signals
        [epoch, signal, time].
    response
        [signal, time]; its signals come first.
    shrink
        Whether they are shrunk.

    Raises
    ------
    DetectorError
        When an epoch has fewer than :data:`MINIMUM_SAMPLES` samples.
    """
    if signals.shape[2] < MINIMUM_SAMPLES:
        raise DetectorError(
            f"epochs of {signals.shape[2]} samples are too short for covariances; at least "
            f"{MINIMUM_SAMPLES} are needed"
        )
    repeated = np.broadcast_to(response, (len(signals), *response.shape))
    both = np.concatenate([repeated, signals], axis=1, dtype=np.float64)
    both -= both.mean(axis=2, keepdims=True)
    n_signals, n_samples = both.shape[1:]
    covariances = both @ both.transpose(0, 2, 1) / n_samples
    if not shrink:
        plain: Floats = covariances
        return plain
    variance = np.trace(covariances, axis1=1, axis2=2) / n_signals
    power = (covariances**2).mean(axis=(1, 2))
    spread = (n_samples + 1) * (power - variance**2 / n_signals)
    ratio = (power + variance**2) / np.maximum(spread, np.finfo(float).tiny)
    share = np.minimum(ratio, 1)[:, None, None]
    target = variance[:, None, None] * np.eye(n_signals)
    shrunk: Floats = (1 - share) * covariances + share * target
    return shrunk
