"""Detectors: scikit-learn classifiers on X [epoch, electrode, time], one network a file."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.detectors.catalogue import DETECTORS
    from p300.detectors.estimators import EstimatorDetector, as_detector
    from p300.detectors.linear.toeplitz_covariance import BlockToeplitzCovariance
    from p300.detectors.registry import (
        described_parameters,
        detector_info,
        detector_parameters,
        make_detector,
        parameter_ranges,
    )
    from p300.detectors.storage import load_detector, save_detector

__getattr__ = lazy_names(
    __name__,
    {
        "BlockToeplitzCovariance": "p300.detectors.linear.toeplitz_covariance",
        "DETECTORS": "p300.detectors.catalogue",
        "EstimatorDetector": "p300.detectors.estimators.calibrated",
        "as_detector": "p300.detectors.estimators.calibrated",
        "described_parameters": "p300.detectors.registry",
        "detector_info": "p300.detectors.registry",
        "detector_parameters": "p300.detectors.registry",
        "load_detector": "p300.detectors.storage",
        "make_detector": "p300.detectors.registry",
        "parameter_ranges": "p300.detectors.registry",
        "save_detector": "p300.detectors.storage",
    },
)

__all__ = [
    "DETECTORS",
    "BlockToeplitzCovariance",
    "EstimatorDetector",
    "as_detector",
    "described_parameters",
    "detector_info",
    "detector_parameters",
    "load_detector",
    "make_detector",
    "parameter_ranges",
    "save_detector",
]
