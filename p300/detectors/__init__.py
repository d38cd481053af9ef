"""Detectors: scikit-learn classifiers on X [epoch, electrode, time], one network a file."""

from p300.detectors.registry import DETECTORS, detector_info, detector_parameters, make_detector
from p300.detectors.storage import StoredDetector, load_detector, save_detector

__all__ = [
    "DETECTORS",
    "StoredDetector",
    "detector_info",
    "detector_parameters",
    "load_detector",
    "make_detector",
    "save_detector",
]
