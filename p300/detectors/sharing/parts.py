"""What a fitted detector computes of an epoch, as a part of an ONNX graph, or why it cannot be."""

from __future__ import annotations

from functools import singledispatch
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from p300.detectors.base import Detector
from p300.detectors.estimators.calibrated import EstimatorDetector
from p300.detectors.linear.erpcov import ErpCovarianceMDM
from p300.detectors.linear.single_layer import SingleLayer
from p300.detectors.linear.sparse_coding import SparseCoding
from p300.detectors.linear.xdawn import XdawnLDA, XdawnTangentSpace
from p300.detectors.sharing.graph import Part, linear
from p300.errors import DetectorError

Floats = npt.NDArray[np.float64]


@singledispatch
def log_odds_part(detector: Detector) -> Part:
    """Return the calibrated log-odds of prepared epochs as a part of a graph.

    Parameters
    ----------
    detector
        Fitted.

    Raises
    ------
    DetectorError
        With the reason, when what it computes has no ONNX operators.
    """
    from p300.detectors.meta.picked_electrodes import PickedElectrodes
    from p300.detectors.training.trained import TrainedDetector

    # torch is imported for those alone that need it.
    if isinstance(detector, TrainedDetector | PickedElectrodes):
        from p300.detectors.sharing.networks import network_part

        return network_part(detector)
    raise _refusal(detector, "it is of a kind that this package does not know as a graph")


@log_odds_part.register
def _(detector: SingleLayer) -> Part:
    return _calibrated(detector, detector.coef_, detector.intercept_)


@log_odds_part.register
def _(detector: XdawnLDA) -> Part:
    by_filter = detector.weights_.reshape(len(detector.filters_), -1)
    return _calibrated(detector, detector.filters_.T @ by_filter, detector.intercept_)


@log_odds_part.register(XdawnTangentSpace)
@log_odds_part.register(ErpCovarianceMDM)
def _(detector: Detector) -> Part:
    raise _refusal(
        detector,
        "it takes logarithms of each epoch's covariance by eigenvalues, and ONNX has no operator "
        "for these",
    )


@log_odds_part.register
def _(detector: SparseCoding) -> Part:
    raise _refusal(
        detector,
        "it searches each epoch's code step by step until none changes, and ONNX has no operator "
        "for that",
    )


@log_odds_part.register
def _(detector: EstimatorDetector) -> Part:
    raise _refusal(
        detector,
        f"{detector.title} is another library's, whose own converter (skl2onnx for scikit-learn's) "
        "knows what it computes",
    )


def _refusal(detector: Detector, reason: str) -> DetectorError:
    return DetectorError(
        f"{detector.name} cannot be exported to ONNX: {reason}; use it by p300.load_detector, or "
        "export a network or a linear detector (slda, xdawn_lda, logistic, perceptron)"
    )


def _calibrated(detector: Detector, weights: Floats, intercept: float) -> Part:
    """Return a weighted sum of window means, calibrated, as one of all samples.

    Parameters
    ----------
    weights
        Of means, [electrode, window].
    """
    calibration, n_samples = detector.calibration_, detector.input_shape_[1]
    of_samples = weights @ window_weights(n_samples, weights.shape[1])
    return linear(
        calibration.slope * of_samples, calibration.slope * intercept + calibration.intercept
    )


def window_weights(n_samples: int, n_windows: int) -> Floats:
    """Return the weight of each sample in each mean, [window, time].

    The windows are those of :func:`p300.detectors.linear.cross_fitted.window_means`.
    """
    edges = np.linspace(0, n_samples, n_windows + 1).round().astype(int)
    weights = np.zeros((n_windows, n_samples))
    for window, (start, stop) in enumerate(pairwise(edges)):
        weights[window, start:stop] = 1 / (stop - start)
    return weights
