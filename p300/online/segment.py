"""A stretch of EEG without a gap, and what waits for its turn in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from p300.online.events import Event, LateMarker, LeftOut, OutsideEeg, Reason
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


@dataclass(frozen=True)
class Why:
    """Why a flash is left out: the fault, its reason and what was found."""

    kind: type[LeftOut]
    reason: Reason
    beside: str = ""


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

    def why_none(self, time: float) -> Why | None:
        """Return why no sample is nearest to a time; None where it has only to come."""
        ahead = time - self.stamps.last
        if ahead > FAR:
            found = (
                f", by {ahead:.0f} s; is its time of another clock, such as time.time() where "
                "local_clock() is meant?"
            )
            return Why(OutsideEeg, Reason.AHEAD, found)
        if ahead >= 0:
            return None
        if time < self.stamps.first:
            return Why(OutsideEeg, Reason.NO_EEG)
        return Why(LateMarker, Reason.FORGOTTEN)
