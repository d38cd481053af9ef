"""Time stamps of a stream, smoothed as they come; where samples are missing or a clock jumped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SETTLING = 5.0
"""Seconds that the smoothing looks back over. A rate that is off by 100 parts in a million, more
than an amplifier's quartz, leaves stamps half a millisecond behind."""

FIRST_SCATTER = 0.01
"""Seconds that stamps are taken to jitter by before anything is seen."""

SCATTERS = 6.0
"""Times the mean jitter that a stamp must be off to be of another clock or behind a gap."""

MOST = 0.1
"""Seconds off that are never taken for jitter."""

SAMPLES = 1.5
"""Samples off that always are: less than two samples are none to be sure of."""


@dataclass(frozen=True)
class Break:
    """Where a stream does not go on: before which sample of a piece, and by how many seconds."""

    at: int
    seconds: float


@dataclass
class Line:
    """A straight line through points, by least squares, of sums alone; see :meth:`beside`."""

    n: int = 0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0
    lines: int = 1

    def add(self, x: float, y: float) -> None:
        """Take a point."""
        self.n += 1
        before = 1 - 1 / self.n
        dx, dy = x - self.x, y - self.y
        self.xx, self.xy, self.yy = (
            self.xx + before * dx * dx, self.xy + before * dx * dy, self.yy + before * dy * dy,
        )  # fmt: skip
        self.x, self.y = self.x + dx / self.n, self.y + dy / self.n

    def beside(self, other: Line) -> Line:
        """Return both as one of the same slope, each at its own height."""
        return Line(
            self.n + other.n, 0.0, 0.0, self.xx + other.xx, self.xy + other.xy,
            self.yy + other.yy, self.lines + other.lines,
        )  # fmt: skip

    def slope(self) -> tuple[float, float] | None:
        """Return the slope and its standard error; None of too few points."""
        free = self.n - self.lines - 1
        if free < 1 or not self.xx:
            return None
        left = max(self.yy - self.xy**2 / self.xx, 0.0)
        return self.xy / self.xx, float(np.sqrt(left / free / self.xx))


class Stamps:
    """The even clock of one stretch of a stream.

    Each stamp is where the one before says, moved by a small share of what the stream says: first
    the mean of all so far, later over :data:`SETTLING`. Nothing depends on the size of pieces.

    Parameters
    ----------
    sfreq
        Nominal rate in Hz.
    seconds
        How long stamps are kept.
    """

    def __init__(self, sfreq: float, seconds: float) -> None:
        self._period = 1 / sfreq
        self._settled, self._keep = SETTLING * sfreq, round(seconds * sfreq)
        self._scatter, self._last = FIRST_SCATTER, float("nan")
        self._room, self._first = np.empty(2 * self._keep), 0
        self.n_samples, self.first = 0, float("nan")
        self.largest = 0.0
        """Seconds that a stamp was off at most."""
        self.line = Line()
        """Fitted to the last stamps of the pieces: how far they are from the nominal rate's."""

    @property
    def jitter(self) -> float:
        """Mean of how many seconds stamps are off."""
        return self._scatter

    @property
    def last(self) -> float:
        """The last stamp, smoothed."""
        return self._last

    def push(self, stamps: Floats) -> Break | None:
        """Take what comes next, up to where the stream does not go on.

        Parameters
        ----------
        stamps
            [sample], seconds.

        Returns
        -------
        Where that is, None where it goes on; what is behind is for another stretch.
        """
        broken = self._take(stamps)
        taken = stamps if broken is None else stamps[: broken.at]
        if len(taken):
            nominal = (self.n_samples - 1) * self._period
            self.line.add(nominal, float(taken[-1]) - self.first - nominal)
        return broken

    def _take(self, stamps: Floats) -> Break | None:
        for k, stamp in enumerate(stamps.tolist()):
            if not self.n_samples:
                smooth, off = stamp, 0.0
                self.first = stamp
            else:
                smooth = self._last + self._period
                off = stamp - smooth
                if abs(off) > min(max(SCATTERS * self._scatter, SAMPLES * self._period), MOST):
                    return Break(k, off)
                smooth += off / min(self.n_samples + 1, self._settled)
            self._scatter += (abs(off) - self._scatter) / self._settled
            self.largest = max(self.largest, abs(off))
            self._note(smooth)
        return None

    def _note(self, smooth: float) -> None:
        at = self.n_samples - self._first
        if at == len(self._room):
            self._room[: self._keep] = self._room[-self._keep :]
            self._first = self.n_samples - self._keep
            at = self._keep
        self._room[at] = self._last = smooth
        self.n_samples += 1

    def nearest(self, time: float) -> int | None:
        """Return the sample of the stretch that is nearest to a time.

        None where the stream has not come so far yet, or the time is more than half a sample before
        the oldest one kept.
        """
        kept = self._room[: self.n_samples - self._first]
        if not len(kept) or time >= kept[-1] or time < kept[0] - self._period / 2:
            return None
        after = int(np.searchsorted(kept, time, side="right"))
        if after and time - kept[after - 1] <= kept[after] - time:
            after -= 1
        return self._first + after
