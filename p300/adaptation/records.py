"""What the JSON file of an adaptation holds, checked on reading."""

from __future__ import annotations

from pydantic import BaseModel

from p300.ranges import Finite, Positive


class StrengthRecord(BaseModel):
    """See :class:`p300.adaptation.readout.Strength`."""

    targets: Positive
    epochs: Positive


class TransferRecord(BaseModel):
    """``adaptation.json``; see :func:`p300.adaptation.storage.save_transfer`."""

    strength: StrengthRecord
    calibration: tuple[Finite, Finite]
