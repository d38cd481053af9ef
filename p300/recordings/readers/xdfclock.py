"""The clock of a stream of samples in an XDF file: its rate, its breaks, which sample is when."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError

Times = npt.NDArray[np.float64]

BREAK = 0.25
"""s; a clock that falls by this much is another clock, however little is recorded of it. Chunks of
a wireless headset come a few hundredths apart."""

# Jitter comes and goes; what lasts this long (s) on both sides is a change of the clock.
_LASTING = 2.0
# Changes of the clock that are looked for: s, samples, and times the scatter of the clock's level.
_LEAST_SECONDS, _LEAST_SAMPLES, _SCATTERS = 0.01, 2.0, 8.0
# Of several steps within this time (s) the largest is looked at.
_NEAR = 0.125

EXPORT = (
    "export the signal to a format that MNE reads and write the flashes with their samples into a "
    "table beside it (source flash_table)"
)
"""What helps where the clocks of a file do not."""


@dataclass(frozen=True)
class Clock:
    """When each sample was taken.

    Parameters
    ----------
    times
        [sample], s, rising; even within a segment.
    starts
        First samples of the segments.
    sfreq
        Mean rate within the segments in Hz.
    """

    times: Times
    starts: list[int]
    sfreq: float

    def nearest(self, times: Times) -> npt.NDArray[np.int64]:
        """Return the sample nearest to each time, -1 where none is within half a sample."""
        right = np.clip(np.searchsorted(self.times, times), 1, len(self.times) - 1)
        before = times - self.times[right - 1] < self.times[right] - times
        samples = np.where(before, right - 1, right)
        inside = np.abs(self.times[samples] - times) <= 0.6 / self.sfreq
        return np.where(inside, samples, -1).astype(np.int64)


def span(times: Times) -> str:
    """Return the first and the last of some times, as messages show them."""
    return f"{np.min(times):.3f} to {np.max(times):.3f} s"


def even_clock(stamps: Times, nominal: float, where: str) -> Clock:
    """Find the even clock behind time stamps that jitter.

    Stamps rise evenly but for jitter, which comes and goes. Where they leave the line for good
    samples were lost, and the recording is divided; each segment then gets its line of least
    squares. The rate of the samples is that between losses, not their number by the time.

    Parameters
    ----------
    stamps
        [sample], s, as recorded but for the offsets of the computers' clocks.
    nominal
        Rate in Hz that the stream states.
    where
        The file and the stream, for messages.

    Raises
    ------
    RecordingError
        When there are fewer than two stamps, some are NaN or infinite, they do not rise, or the
        clock jumps back, which leaves two samples for one time.

    Warns
    -----
    DataWarning
        When the stamps wander from the line for longer than jitter does.
    """
    if len(stamps) < 2:
        raise RecordingError(f"{where} has {len(stamps)} samples, expected more")
    lag = max(1, min(round(nominal), len(stamps) // 2))
    step = float(np.median(stamps[lag:] - stamps[:-lag])) / lag
    if not (np.isfinite(stamps).all() and 0 < step < np.inf):
        raise RecordingError(
            f"{where} has time stamps from {stamps[0]:g} to {stamps[-1]:g} s that are NaN or do "
            f"not rise from sample to sample, so that no marker has a sample; {EXPORT}"
        )
    jumps = _jumps(stamps, step)
    for at in (at for at, size in jumps if size < 0):
        _refuse(stamps, at, where)
    times, starts = _lines(stamps, [0, *(at + 1 for at, _ in jumps)], step, where)
    _check_wander(stamps - times, step, where)
    within = np.delete(np.diff(times), np.array(starts[1:], dtype=np.int64) - 1)
    return Clock(times, starts, 1 / float(within.mean()) if len(within) else 1 / step)


def _refuse(stamps: Times, at: int, where: str) -> None:
    before, after = stamps[: at + 1], stamps[at + 1 :]
    raise RecordingError(
        f"{where} has a clock that jumps back by {stamps[at] - stamps[at + 1]:.3f} s at sample "
        f"{at + 1} of {len(stamps)}: stamped {span(before)} before it, {span(after)} from there "
        f"on, so that a marker may belong to either; {EXPORT}"
    )


def _jumps(stamps: Times, step: float) -> list[tuple[int, float]]:
    """Return the samples after which the clock is another one, with the size of the jump in s."""
    change = np.diff(stamps) - step
    level = stamps - step * np.arange(len(stamps))
    taken = np.zeros(len(stamps))
    width = max(2, round(_LASTING / step))

    def shift(at: int) -> float:
        first, last = max(0, at + 1 - width), at + 1 + width
        left = level[first:last] - np.cumsum(taken[first:last])
        return float(np.median(left[at + 1 - first :]) - np.median(left[: at + 1 - first]))

    scatter = np.array([shift(at) for at in range(width, len(change) - width, width)])
    noise = 1.4826 * np.median(np.abs(scatter - np.median(scatter))) if len(scatter) else 0.0
    least = max(_LEAST_SECONDS, _LEAST_SAMPLES * step, _SCATTERS * noise)
    found = []
    # The largest first: beside a jump that is not yet taken out jitter sees the level change too.
    for at in _largest(change, least / 2, max(1, round(_NEAR / step))):
        size, edge = shift(at), min(at + 1, len(change) - at)
        if abs(size) < least or size * change[at] < 0:
            continue
        # Chunks that waited fall by less than the clock, or come before there is a level.
        waited = abs(change[at]) < abs(size) / 2 or (edge < width // 2 and -change[at] <= BREAK)
        if size > 0 or not waited:
            taken[at + 1] = np.sign(size) * min(abs(size), abs(change[at]))
            found.append((at, size))
    return sorted(found)


def _largest(change: Times, least: float, near: int) -> list[int]:
    """Return where a clock makes large steps, one in each few samples, the largest first."""
    size = np.abs(change)
    blocks = np.flatnonzero(np.maximum.reduceat(size, np.arange(0, len(size), near)) > least)
    places = np.array([k * near + np.argmax(size[k * near : (k + 1) * near]) for k in blocks], int)
    return [int(at) for at in places[np.argsort(-size[places], kind="stable")]]


def _lines(stamps: Times, starts: list[int], step: float, where: str) -> tuple[Times, list[int]]:
    """Return even times, rising throughout, and the starts of the segments that have them."""
    while True:
        bounds = [*starts, len(stamps)]
        times = np.concatenate([_line(stamps[a:b], step) for a, b in pairwise(bounds)])
        falls = np.flatnonzero(np.diff(times) <= 0)
        if not len(falls):
            return times, starts
        # A loss that is smaller than the jitter around it is none to be sure of.
        sure = [start for start in starts if start - 1 not in falls]
        if sure == starts:
            _refuse(stamps, int(falls[0]), where)
        starts = sure


def _line(stamps: Times, step: float) -> Times:
    """Return the even times nearest to the stamps of a segment; a short one has the usual step."""
    place = np.arange(len(stamps)) - (len(stamps) - 1) / 2
    mean = stamps.mean()
    if len(stamps) * step >= 1:
        step = float(place @ (stamps - mean) / (place @ place))
    return np.asarray(mean + step * place)


def _check_wander(away: Times, step: float, where: str) -> None:
    width = max(1, round(_LASTING / step))
    levels = [np.median(away[a : a + width]) for a in range(0, len(away) - width + 1, width)]
    most = float(np.max(np.abs(levels))) if levels else 0.0
    if most > max(_LEAST_SECONDS, _LEAST_SAMPLES * step):
        warnings.warn(
            f"{where} has time stamps that wander by up to {1e3 * most:.0f} ms from an even rate; "
            "flashes may be that far from their samples",
            DataWarning,
            stacklevel=4,
        )
