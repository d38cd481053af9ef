"""Estimators of other libraries as detectors: by name from a config, calibrated, stored."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.detectors.estimators.calibrated import EstimatorDetector, as_detector

__getattr__ = lazy_names(
    __name__,
    {
        "EstimatorDetector": "p300.detectors.estimators.calibrated",
        "as_detector": "p300.detectors.estimators.calibrated",
    },
)

__all__ = ["EstimatorDetector", "as_detector"]
