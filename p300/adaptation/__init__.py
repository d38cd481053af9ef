"""Adaptation: what a detector learned from other people, fitted to a new one."""

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
