"""Adaptation: what a detector learned from other subjects, fitted to a new one."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.adaptation.coded_flashes import gather_flashes
    from p300.adaptation.label_proportions import fit_to_proportions
    from p300.adaptation.readout import Strength
    from p300.adaptation.self_calibration import self_calibrate

__getattr__ = lazy_names(
    __name__,
    {
        "Strength": "p300.adaptation.readout",
        "fit_to_proportions": "p300.adaptation.label_proportions",
        "gather_flashes": "p300.adaptation.coded_flashes",
        "self_calibrate": "p300.adaptation.self_calibration",
    },
)

__all__ = [
    "Strength",
    "fit_to_proportions",
    "gather_flashes",
    "self_calibrate",
]
