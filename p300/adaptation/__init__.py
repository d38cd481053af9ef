"""Adaptation: what a detector learned from other subjects, fitted to a new one."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.adaptation.label_proportions import fit_to_proportions, target_shares
    from p300.adaptation.readout import STRENGTHS, Readout, Strength, fit_readout
    from p300.adaptation.self_calibration import (
        Course,
        Flashes,
        agreement,
        follow,
        gather_flashes,
        is_worse,
        self_calibrate,
        target_probabilities,
    )

__getattr__ = lazy_names(
    __name__,
    {
        "Course": "p300.adaptation.self_calibration",
        "Flashes": "p300.adaptation.self_calibration",
        "Readout": "p300.adaptation.readout",
        "STRENGTHS": "p300.adaptation.readout",
        "Strength": "p300.adaptation.readout",
        "agreement": "p300.adaptation.self_calibration",
        "fit_readout": "p300.adaptation.readout",
        "fit_to_proportions": "p300.adaptation.label_proportions",
        "follow": "p300.adaptation.self_calibration",
        "gather_flashes": "p300.adaptation.self_calibration",
        "is_worse": "p300.adaptation.self_calibration",
        "self_calibrate": "p300.adaptation.self_calibration",
        "target_probabilities": "p300.adaptation.self_calibration",
        "target_shares": "p300.adaptation.label_proportions",
    },
)

__all__ = [
    "STRENGTHS",
    "Course",
    "Flashes",
    "Readout",
    "Strength",
    "agreement",
    "fit_readout",
    "fit_to_proportions",
    "follow",
    "gather_flashes",
    "is_worse",
    "self_calibrate",
    "target_probabilities",
    "target_shares",
]
