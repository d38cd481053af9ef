"""What the JSON files of a run hold, checked on reading: how folds were fitted, the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

from p300.ranges import Finite, Natural, NonNegative, Positive

Text = StrictStr
Vector = list[Finite]


def _equal_lengths(rows: Sequence[Sequence[Any]]) -> Any:
    if len({len(row) for row in rows}) > 1:
        raise ValueError("its rows are of unequal length")
    return rows


Matrix = Annotated[list[Vector], AfterValidator(_equal_lengths)]


class _Record(BaseModel):
    """Further keys are kept: what only people read is not checked."""

    model_config = ConfigDict(extra="allow")


class Pass(_Record):
    """One pass of a network over its training set."""

    number: Natural = Field(alias="pass")
    train_loss: Finite
    validation_loss: Finite


class FitRecord(_Record):
    """How one fold was fitted: ``fits/ID.json``."""

    id: Text
    dataset: Text
    protocol: Text
    calibration_characters: Text | None = None
    fold: Text
    detector: Text
    seed: StrictInt
    n_train: Natural
    n_test: Natural
    fit_seconds: NonNegative
    n_parameters: Natural | None = None
    history: list[Pass] = []
    best_pass: Natural | None = None
    electrodes: list[Text] = []
    sfreq: Positive | None = None
    spatial_filters: Matrix | None = None
    spatial_patterns: Matrix | None = None
    temporal_kernels: list[Matrix] | None = None
    saliency: Matrix | None = None
    versions: dict[Text, Text]
    warnings: list[Text] = []

    @model_validator(mode="after")
    def _match_electrodes(self) -> Self:
        """Check that what is drawn by electrode has as many as are named."""
        found = {
            "spatial_filters": [len(row) for row in self.spatial_filters or []],
            "spatial_patterns": [len(row) for row in self.spatial_patterns or []],
            "saliency": [len(self.saliency)] if self.saliency is not None else [],
        }
        for name, numbers in found.items():
            if any(n != len(self.electrodes) for n in numbers):
                raise ValueError(
                    f"{name} of {numbers[0]} electrodes, but {len(self.electrodes)} are named"
                )
        return self


class Realised(_Record):
    """What the preprocessing of a recording came to; its filter is unknown where it came cut."""

    sfreq: Positive
    realised_low: Finite | None
    realised_high: Finite | None


class RecordingRecord(_Record):
    """The invariants of a recording; see :func:`p300.recordings.summary.summarise_recording`."""

    recording: Text
    source: Text | None = None
    sha256: Text
    electrodes: list[Text]
    bad_electrodes: list[Text]
    sfreq: Positive
    seconds: Finite
    n_segments: Natural = 1
    bad_seconds: Finite = 0.0
    amplitude_microvolts: Finite
    n_flashes: Natural
    n_targets: Natural | None
    target_share: Finite | None
    n_characters: Natural
    has_codes: StrictBool
    onset_interval_ms: Finite | None
    onset_interval_range_ms: Vector | None
    irregular_onsets: Finite
    preprocessing: Realised | None = None


class Manifest(_Record):
    """What a run was made of: ``manifest.json``."""

    p300: Text
    created: Text
    packages: dict[Text, Text] = {}
    machine: dict[Text, Any] = {}
    contents: dict[Text, Text]
    recordings: list[RecordingRecord]
    warnings: list[Text] = []


class MadeOf(_Record):
    """What an entry of the cache was made of: ``made_of.json``."""

    recordings: list[RecordingRecord]
    warnings: list[Text]
