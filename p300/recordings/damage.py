"""Characters at which something was lost while they were recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from p300.recordings.annotations import add_annotations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from p300.recordings.recording import Recording

DAMAGED = "damaged character"
"""Mark of the stretch from a character's first flash to its last one; its flashes can be scored,
but nobody learns from them."""


GIVEN_UP = "character given up"
"""Mark of the same stretch of one that was ended in the middle: it is not spelled."""


def mark_characters(recording: Recording, characters: Iterable[int], mark: str) -> None:
    """Annotate characters, by number, as :data:`DAMAGED` or :data:`GIVEN_UP`."""
    wanted = recording.flashes["character"].isin(list(characters)).to_numpy(dtype=bool)
    shown = recording.flashes[wanted].groupby("character")["sample"]
    start, stop = shown.min().to_numpy(), shown.max().to_numpy()
    if len(start):
        sfreq = recording.sfreq
        marks = [mark] * len(start)
        add_annotations(recording.raw, start / sfreq, (stop - start) / sfreq, marks)


def marked_characters(recording: Recording, wanted: str) -> set[int]:
    """Return the numbers of the characters that are annotated so."""
    marks = recording.raw.annotations
    found: set[int] = set()
    samples = recording.flash_samples()
    for onset, duration, mark in zip(marks.onset, marks.duration, marks.description, strict=True):
        if str(mark) != wanted:
            continue
        first = round((onset - recording.raw.first_time) * recording.sfreq)
        inside = (samples >= first) & (samples <= first + round(duration * recording.sfreq))
        numbers = recording.flashes["character"].to_numpy(dtype=np.float64, na_value=np.nan)[inside]
        found |= {int(number) for number in numbers if np.isfinite(number)}
    return found
