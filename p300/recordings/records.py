"""What JSON files hold of recordings, checked on reading."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, Field, StrictStr, model_validator

from p300.errors import RecordingError
from p300.ranges import Count, Finite
from p300.recordings.layout import Layout

PositionRecord = tuple[Finite, Finite, Finite]
"""Of an electrode: x, y, z in metres."""

MOST_SYMBOLS = 1024
MOST_CODES = 4096


class LayoutRecord(BaseModel):
    """A stimulus layout; see :meth:`p300.recordings.layout.Layout.to_dict`."""

    symbols: Annotated[list[StrictStr], Field(min_length=1, max_length=MOST_SYMBOLS)]
    groups: Annotated[dict[int, list[StrictStr]], Field(max_length=MOST_CODES)]
    shape: tuple[Count, Count] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            self.layout()
        except RecordingError as error:
            raise ValueError(str(error)) from error
        return self

    def layout(self) -> Layout:
        """Return the layout."""
        groups = {code: frozenset(group) for code, group in self.groups.items()}
        return Layout(tuple(self.symbols), groups, self.shape)
