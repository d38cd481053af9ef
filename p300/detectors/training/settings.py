"""The numbers of the learning rules, apart from the rules: to read them takes no torch."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Settings:
    """Settings of a training.

    Parameters
    ----------
    max_passes
        Most passes over the learning part.
    batch_size
        Epochs a step; 1 is online learning.
    learning_rate, weight_decay
        Of the optimiser.
    patience
        Passes without a lower validation loss after which training stops.
    validation_fraction
        Share of the training epochs set aside for stopping and calibration.
    """

    max_passes: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int
    validation_fraction: float


MODERN = Settings(
    max_passes=100,
    batch_size=64,
    learning_rate=1e-3,
    weight_decay=1e-2,
    patience=15,
    validation_fraction=0.15,
)

PAPER = Settings(
    max_passes=600,
    batch_size=32,
    learning_rate=0.2,
    weight_decay=0.0,
    patience=100,
    validation_fraction=0.05,
)

MOMENTUM = replace(MODERN, learning_rate=0.05, weight_decay=1e-6)

RULE_SETTINGS = {
    "modern": MODERN,
    "paper": PAPER,
    "squared": MODERN,
    "absolute": MODERN,
    "momentum": MOMENTUM,
}
"""Learning rule -> its own settings; the rules are in :mod:`p300.detectors.training.rules`."""
