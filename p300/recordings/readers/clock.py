"""Sampling rate and lost samples, from the time stamps or the counter stored with the samples."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError

Floats = npt.NDArray[np.float64]

# A step of more than this many samples is a gap; time stamps are rounded or jitter a little.
_GAP = 1.6
# Time stamps are often rounded to milliseconds.
_ROUNDING = 1e-3
_RATES = (20.0, 1e5)
# A rate this near to a whole number is that number, told by a clock that is a little off.
_NEAR = 3e-3
# Seconds without a sample that are a pause even where stamps tell when a block of samples arrived.
_PAUSE = 0.5
_LONGEST_BLOCK = 2.0
# Packets that come early before stamps are taken for those of packets.
_FEWEST = 3

PACKET = 12
"""Samples that a Muse sends at a time."""


@dataclass(frozen=True)
class Clock:
    """The rate in Hz, and the first samples of stretches without a gap."""

    sfreq: float
    starts: list[int]


def read_clock(seconds: Floats, where: str) -> Clock:
    """Return the sampling rate that time stamps tell, and where samples are missing.

    Packets of 12 samples, as a Muse sends them by Bluetooth, have stamps that may step back from
    one packet to the next; those are smoothed to the rate at which packets come.

    Parameters
    ----------
    seconds
        [sample], a stamp for each.
    where
        The file, for messages.

    Raises
    ------
    RecordingError
        When they do not rise, or tell no rate of EEG.

    Warns
    -----
    DataWarning
        Counting the samples that are missing, and the packets whose stamps were smoothed.
    """
    steps = np.diff(seconds)
    wrong = np.flatnonzero(~((steps > 0) & (steps < np.inf)))  # NaN too
    edges = _packet_edges(steps)
    if len(edges):
        return _smooth(seconds, int(edges[0] + 1) % PACKET, len(edges), where)
    if len(wrong):
        raise RecordingError(
            f"{where}: the time stamps do not rise at {len(wrong)} samples, first after row "
            f"{int(wrong[0]) + 1}{_shared_stamps(steps)}"
        )
    usual = steps[steps < _GAP * np.median(steps)]
    sfreq = _as_rate(float(usual.mean()), where)
    gaps = np.flatnonzero(steps >= _GAP / sfreq + _ROUNDING)
    _tell_missing(steps[gaps] * sfreq - 1, where)
    return Clock(sfreq, [0, *(gaps + 1).tolist()])


def read_gaps(
    seconds: Floats, sfreq: float, where: str, noticed: Collection[int] = ()
) -> list[int]:
    """Return the first samples of stretches without a gap, where the rate is known.

    Stamps that tell when a block of samples arrived (unequal steps) show pauses alone.

    Parameters
    ----------
    seconds
        [sample], a stamp for each; milliseconds or microseconds where the rate says so.
    sfreq
        In Hz.
    where
        The file, for messages.
    noticed
        Gaps that are known, which are not told again.

    Raises
    ------
    RecordingError
        When the stamps tell another rate, or jump back.

    Warns
    -----
    DataWarning
        Counting the samples that are missing.
    """
    if not np.isfinite(seconds).all():
        row = int(np.flatnonzero(~np.isfinite(seconds))[0]) + 1
        raise RecordingError(f"{where}: no time stamp in row {row}, expected one in each")
    steps = np.diff(seconds)
    unit = next((unit for unit in (1.0, 1e-3, 1e-6) if _fits(steps * unit, sfreq)), None)
    if unit is None:
        raise RecordingError(
            f"{where}: time stamps in steps of {steps.mean():g} on average found, expected "
            f"{1 / sfreq:g} s as the rate of {sfreq:g} Hz says; give the right rate with the "
            "option 'sfreq', or the right column with the option 'time'"
        )
    steps = steps * unit
    if (steps < -_PAUSE).any():
        row = int(np.flatnonzero(steps < -_PAUSE)[0]) + 1
        raise RecordingError(
            f"{where}: the time stamps jump back after row {row}; say 'time: none' where "
            "they cannot be trusted"
        )
    even = np.mean(np.abs(steps * sfreq - 1) < _GAP - 1 + _ROUNDING * sfreq) > 0.99
    block = float(np.median(steps[steps > 0]))
    least = _GAP / sfreq + _ROUNDING if even else max(_PAUSE, 3 * block)
    gaps = np.flatnonzero(steps >= least)
    gaps = gaps[~np.isin(gaps + 1, list(noticed))]
    _tell_missing(steps[gaps] * sfreq - 1, where)
    return [0, *(gaps + 1).tolist()]


def read_counter(counter: Floats, name: str, where: str) -> list[int]:
    """Return the first samples of stretches without a gap, by a counter that may begin anew.

    Parameters
    ----------
    counter
        [sample], rising by the same number each time; from its largest value to its least.
    name
        Of the column, for messages.
    where
        The file, for messages.

    Warns
    -----
    DataWarning
        Counting the samples that are missing; or when it counts something else.
    """
    steps = np.diff(counter)
    rising = steps[steps > 0]
    usual = float(np.median(rising)) if len(rising) else 0.0
    period = float(np.ptp(counter)) + usual if (steps < 0).any() else np.inf
    steps = np.where(steps < 0, steps + period, steps)
    gaps = np.flatnonzero(steps != usual)
    if not usual > 0 or len(gaps) > 0.1 * len(steps):
        _warn(
            f"{where}: column {name!r} does not count samples one by one, so that lost ones are "
            "not noticed by it"
        )
        return [0]
    _tell_missing(np.maximum(steps[gaps] / usual - 1, 0), where)
    return [0, *(gaps + 1).tolist()]


def _fits(steps: Floats, sfreq: float) -> bool:
    """Return whether steps in seconds are those of a rate, pauses aside."""
    flowing = steps[np.abs(steps) < _LONGEST_BLOCK]
    return len(flowing) > 0.5 * len(steps) and bool(0.85 < float(flowing.mean()) * sfreq < 1.18)


def _packet_edges(steps: Floats) -> npt.NDArray[np.int64]:
    """Return the uneven steps where these are the edges of packets: all at one place of twelve."""
    usual = float(np.median(steps))
    if not (usual > 0 and np.isfinite(steps).all()):
        return np.zeros(0, dtype=np.int64)
    early, late = (sign * (steps - usual) > 0.25 * usual + _ROUNDING for sign in (-1, 1))
    edges = np.flatnonzero(early | late)
    one_place = len(np.unique((edges + 1) % PACKET)) == 1
    enough = early.sum() >= _FEWEST and len(steps) > 6 * PACKET
    return edges if one_place and enough else np.zeros(0, dtype=np.int64)


def _shared_stamps(steps: Floats) -> str:
    edges = np.flatnonzero(steps != 0)
    if len(edges) > 1 and (steps == 0).mean() > 0.4 and not (steps < 0).any():
        size = round(float(np.median(np.diff(edges))))
        return (
            f": packets of {size} samples have one stamp each, so that gaps within them could not "
            "be noticed; expected one for each sample. If no samples are lost, read it with the "
            "source table and the option 'sfreq'"
        )
    return "; expected seconds in rising order"


def _smooth(seconds: Floats, first: int, n_edges: int, where: str) -> Clock:
    """Return the rate at which packets come, and the first samples after lost packets."""
    whole = (len(seconds) - first) // PACKET
    packets = seconds[first : first + whole * PACKET].reshape(whole, PACKET).mean(axis=1)
    period = float(np.median(np.diff(packets)))
    late = packets - packets[0] - period * np.arange(whole)
    # A packet that is late itself is followed by one in time; after lost ones all are late.
    before = np.stack([late[:-5], late[1:-4], late[2:-3]]).max(axis=0)
    after = np.stack([late[3:-2], late[4:-1], late[5:]]).min(axis=0)
    shifts = np.concatenate([np.zeros(3), after - before, np.zeros(2)])
    lost = np.where(shifts > (_GAP - 1) * period, np.round(shifts / period), 0)
    count = np.arange(whole) + np.cumsum(lost)
    sfreq = _as_rate(float(np.polyfit(count, packets - packets[0], 1)[0]) / PACKET, where)
    _warn(
        f"{where}: the time stamps are uneven, or step back, at {n_edges} edges of packets of "
        f"{PACKET} samples, as Bluetooth delivers them; they are smoothed to the rate of the "
        f"packets, {sfreq:g} Hz"
    )
    gaps = np.flatnonzero(lost)
    _tell_missing(lost[gaps] * PACKET, where)
    return Clock(sfreq, [0, *(first + PACKET * gaps).tolist()])


def _as_rate(step: float, where: str) -> float:
    rate = 1 / step if step > 0 else np.inf
    if not _RATES[0] <= rate <= _RATES[1]:
        raise RecordingError(
            f"{where}: time stamps in steps of {step:g} found, a rate of {rate:g} Hz; expected "
            "seconds: if they are milliseconds (as of BlueMuse), divide them by 1000, "
            "or give the rate with the source table and the option 'sfreq'"
        )
    nearest = float(round(rate))
    return nearest if abs(rate - nearest) < _NEAR * nearest else rate


def _tell_missing(lost: Floats, where: str) -> None:
    if len(lost):
        _warn(
            f"{where}: about {round(float(lost.sum()))} samples are missing in {len(lost)} gaps; "
            "the recording is divided into segments there"
        )


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=4)
