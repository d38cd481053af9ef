"""A stretch of EEG without a gap, and what waits for its turn in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from p300.online.events import Event
from p300.online.markers import End, Flash
from p300.online.source import EegSource
from p300.online.stamps import Stamps
from p300.signal.causal import EpochCutter

KEPT = 20.0
"""Seconds of filtered EEG that are kept for markers that come late."""

FAR = 60.0
"""Seconds that a marker's time may be ahead of the EEG."""

Listener = Callable[[Event], None]


@dataclass(order=True)
class Waiting:
    """A flash, or the end of a character, whose turn has not come.

    Parameters
    ----------
    time
        Its stamp, seconds.
    order
        In which it came; tells those of one time apart.
    said
        What the marker says.
    onset
        Sample in the segment; None as long as it is not known.
    """

    time: float
    order: int
    said: Flash | End = field(compare=False)
    onset: int | None = field(default=None, compare=False)


class Segment:
    """A stretch of EEG without a gap: its clock, its filters, its epochs.

    Parameters
    ----------
    source
        What the EEG is.
    first
        Its first sample in the recording.
    """

    def __init__(self, source: EegSource, first: int) -> None:
        self.first = first
        self.stamps = Stamps(source.sfreq, KEPT)
        self.cutter = EpochCutter(source.sfreq, source.grid, source.settings, KEPT)
