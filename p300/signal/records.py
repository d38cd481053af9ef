"""What JSON files hold of epochs, checked on reading."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StrictStr

from p300.ranges import Finite, Positive
from p300.recordings.records import LayoutRecord, PositionRecord


class PreparedRecord(BaseModel):
    """What a run needs to know of epochs without their signal."""

    layouts: dict[StrictStr, LayoutRecord]
    positions: dict[StrictStr, PositionRecord] | None = None


class EpochsRecord(PreparedRecord):
    """``epochs.json``; see :class:`p300.signal.epochs.Epochs`."""

    electrodes: Annotated[list[StrictStr], Field(min_length=1)]
    sfreq: Positive
    tmin: Finite
    preprocessing: dict[str, Any]


class DescribedEpochs(BaseModel):
    """What ``info["description"]`` of epochs of MNE says that came from ours."""

    preprocessing: dict[str, Any]
    layouts: dict[StrictStr, LayoutRecord]
