"""What the JSON file of a stored detector holds, checked on reading."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, Strict, StrictStr, model_validator

from p300.ranges import Finite
from p300.recordings.records import PositionRecord

MOST_ELECTRODES = 4096
MOST_SAMPLES = 2**15
MOST_VALUES = 2**22
"""Of an epoch: 512 electrodes, two seconds at 4096 Hz."""

Electrodes = Annotated[int, Strict(), Field(ge=1, le=MOST_ELECTRODES)]
Samples = Annotated[int, Strict(), Field(ge=1, le=MOST_SAMPLES)]


class FittedState(BaseModel):
    """What :meth:`p300.detectors.base.Detector.state` tells beside arrays."""

    input_shape: tuple[Electrodes, Samples]
    calibration: tuple[Finite, Finite]
    threshold: Finite
    classes: tuple[StrictStr, StrictStr] | None = None
    """Names of non-targets and targets, where labels were text."""
    fitted: dict[StrictStr, Any] | None = None
    """Of an estimator of another library, see :mod:`p300.detectors.estimators.kept`."""

    @model_validator(mode="after")
    def _fits_memory(self) -> Self:
        n_electrodes, n_samples = self.input_shape
        if n_electrodes * n_samples > MOST_VALUES:
            raise ValueError(f"epochs of {self.input_shape}, at most {MOST_VALUES:,} values")
        return self


class DetectorRecord(BaseModel):
    """``detector.json``; see :func:`p300.detectors.storage.save_detector`."""

    name: StrictStr
    parameters: dict[StrictStr, Any]
    state: FittedState
    electrodes: list[StrictStr]
    positions: dict[StrictStr, PositionRecord] | None = None
    sfreq: Annotated[float, Strict(), Field(gt=0, le=1e5)]
    preprocessing: dict[StrictStr, Any]
    alignment: dict[StrictStr, Any] | StrictStr | None = None

    @model_validator(mode="after")
    def _match_electrodes(self) -> Self:
        if len(set(self.electrodes)) != len(self.electrodes):
            raise ValueError("electrodes are named twice")
        if len(self.electrodes) != self.state.input_shape[0]:
            raise ValueError(
                f"{len(self.electrodes)} electrodes named, {self.state.input_shape[0]} in the "
                "weights"
            )
        return self
