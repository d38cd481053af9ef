"""What is told of the detector: it is listed without importing scikit-learn."""

from p300.detectors.catalogue import DetectorInfo

RIDGE = DetectorInfo(
    "p300_example.ridge:Ridge",
    "Ridge regression on window means",
    "Hoerl & Kennard, Technometrics 12:55-67, 1970",
    1970,
)
