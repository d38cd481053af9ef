"""What the JSON file of an adaptation holds, checked on reading."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from p300.ranges import Finite, Positive


class StrengthRecord(BaseModel):
    """See :class:`p300.adaptation.readout.Strength`."""

    targets: Positive
    epochs: Positive


class AdaptingRecord(BaseModel):
    """Which adaptation ``adaptation.json`` is of; 0.2.0 and before stored one alone."""

    adaptation: Literal["self_calibrated", "self_started"] = "self_calibrated"


class TransferRecord(BaseModel):
    """``adaptation.json`` of ``self_calibrated``; see :mod:`p300.adaptation.storage`."""

    strength: StrengthRecord
    calibration: tuple[Finite, Finite]


class StartRecord(BaseModel):
    """``adaptation.json`` of ``self_started``; see :mod:`p300.adaptation.storage`."""

    variance: Positive
    calibration: tuple[Finite, Finite]
