"""Annotations of a recording: where it pauses, what is marked as bad, how marks are added."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    from mne.io import BaseRaw

SEGMENT_EDGE = "EDGE boundary"
"""MNE's annotation where two stretches of signal that do not belong together meet."""

# MNE's pair where recordings were joined, EEGLAB's, and MNE's for what was not stored (FIF).
_JOINS = (SEGMENT_EDGE.lower(), "bad boundary", "boundary")
_SKIPPED = "bad_acq_skip"
# Of BrainVision, as MNE names it; the first one stands at the start of the recording.
_NEW_SEGMENT = "new segment"


class Stretch(NamedTuple):
    """A marked stretch: seconds from the first sample of the recording, and the mark."""

    start: float
    stop: float
    mark: str


def is_pause(mark: str) -> bool:
    """Return whether an annotation says that the recording stopped and went on."""
    word = mark.strip().lower()
    return word in (*_JOINS, _SKIPPED) or word.startswith(_NEW_SEGMENT)


def is_stretch(mark: str) -> bool:
    """Return whether an annotation marks signal, not an event: pauses, and BAD and EDGE as MNE."""
    return mark.upper().startswith(("BAD", "EDGE")) or is_pause(mark)


def find_segments(raw: BaseRaw) -> list[tuple[int, int]]:
    """Return the stretches of continuous signal as (first, last + 1) samples.

    What an acquisition left out (``BAD_ACQ_SKIP``), and MNE fills with zeros, belongs to none.
    """
    sfreq, n_samples = float(raw.info["sfreq"]), int(raw.n_times)
    edges, skips = {0, n_samples}, []
    for start, stop, mark in _stretches(raw):
        if is_pause(mark):
            edges.add(_sample_after(start, sfreq))
        if mark.strip().lower() == _SKIPPED:
            edges.add(_sample_after(stop, sfreq))
            skips.append((_sample_after(start, sfreq), _sample_after(stop, sfreq)))
    inside = sorted(edge for edge in edges if 0 <= edge <= n_samples)
    return [
        (a, b)
        for a, b in itertools.pairwise(inside)
        if not any(first <= a and b <= last for first, last in skips)
    ]


def bad_stretches(raw: BaseRaw) -> list[Stretch]:
    """Return what is marked with a description that begins with BAD (any case), pauses left out."""
    return [
        stretch
        for stretch in _stretches(raw)
        if stretch.mark.upper().startswith("BAD") and not is_pause(stretch.mark)
    ]


def _stretches(raw: BaseRaw) -> Iterator[Stretch]:
    there = raw.annotations
    for onset, duration, mark in zip(there.onset, there.duration, there.description, strict=True):
        start = float(onset - raw.first_time)
        # EEGLAB leaves the duration of some boundaries open.
        yield Stretch(start, start + (0.0 if math.isnan(duration) else float(duration)), str(mark))


def _sample_after(seconds: float, sfreq: float) -> int:
    """Return the first sample after a pause; EEGLAB places pauses between two samples."""
    return math.ceil(seconds * sfreq - 0.1)


def add_annotations(
    raw: BaseRaw, starts: npt.ArrayLike, durations: npt.ArrayLike, marks: Sequence[str]
) -> None:
    """Put marks on a recording, beside whatever annotations it has.

    Parameters
    ----------
    raw
        Changed in place.
    starts, durations
        [mark], seconds; from the first sample of the recording.
    marks
        Descriptions, [mark].
    """
    import mne
    import numpy as np

    there, first = raw.annotations.copy(), raw.first_time
    if there.orig_time is None:
        # MNE gives them from the time 0 of the Raw, but takes them from its first sample.
        there.onset -= first
        first = 0.0
    onsets = np.asarray(starts, dtype=np.float64) + first
    added = mne.Annotations(onsets, durations, list(marks), orig_time=there.orig_time)
    raw.set_annotations(there + added if len(there) else added, verbose="error")
