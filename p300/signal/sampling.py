"""Where the samples of an epoch lie in a recording: its rate, its length, what fits the signal."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, PreprocessingError

if TYPE_CHECKING:
    from p300.recordings.epoched import Cut
    from p300.recordings.recording import Recording
    from p300.signal.preprocessing import Preprocessing

PAPER_RATE = 120.0
"""Hz; the rate that Cecotti & Gräser subsample to."""

RATE_TOLERANCE = 1e-4
"""Share by which two rates may differ and be the same. Files keep rates in single precision or as
an interval in whole microseconds (BrainVision: 4167 us for 240 Hz, 8e-5 off). Within an epoch of a
second it is a tenth of a millisecond, a hundredth of a sample at 120 Hz."""

FEWEST_TIMES = 4
"""Fewest samples of an epoch."""

MOST_MARKS = 5
"""Marks of bad stretches that a warning names."""


def same_rate(a: float, b: float) -> bool:
    """Return whether two rates are the same up to :data:`RATE_TOLERANCE`."""
    return math.isclose(a, b, rel_tol=RATE_TOLERANCE)


def nominal_rate(sfreq: float) -> float:
    """Return the whole rate in Hz that a rate is meant to be, or the rate where there is none.

    Epochs of recordings at 240 and 239.99999 Hz have one rate and equally many samples by it.
    """
    whole = float(round(sfreq))
    return whole if same_rate(sfreq, whole) else sfreq


def usual_factor(sfreq: float) -> int:
    """Return the largest whole number that leaves a rate not below the paper's, at least 1."""
    return max(1, int(nominal_rate(sfreq) // PAPER_RATE))


def count_times(tmin: float, tmax: float, sfreq: float) -> int:
    """Return how many samples an epoch has."""
    return math.floor((tmax - tmin) * sfreq + 1e-9)


@dataclass(frozen=True)
class EpochGrid:
    """The samples of an epoch: at s + factor (first + k) for a flash at source sample s.

    Parameters
    ----------
    factor
        By which the rate of the recording is divided, whole or not.
    sfreq
        Rate of the epoch in Hz.
    first
        Its first sample from the flash, at ``sfreq``.
    n_times
        Number of its samples.
    """

    factor: float
    sfreq: float
    first: int
    n_times: int

    @property
    def seconds(self) -> float:
        """Length of the epoch in seconds."""
        return self.n_times / self.sfreq

    @property
    def tmin(self) -> float:
        """Time of the first sample from the flash in seconds."""
        return self.first / self.sfreq

    @property
    def steps(self) -> npt.NDArray[np.float64]:
        """The samples from the flash, at ``sfreq``, [time]."""
        return self.first + np.arange(self.n_times, dtype=np.float64)


def epoch_grid(recording: Recording, settings: Preprocessing) -> EpochGrid:
    """Return where the samples of a recording's epochs lie.

    Raises
    ------
    PreprocessingError
        When the rate, the band or the length of the epoch does not fit the recording.
    """
    if recording.cut is not None:
        return stored_grid(recording, recording.cut, settings)
    return grid_at(recording.sfreq, settings, recording.name)


def grid_at(source_sfreq: float, settings: Preprocessing, where: str) -> EpochGrid:
    """Return where the samples of the epochs of a continuous signal lie.

    Parameters
    ----------
    source_sfreq
        Its rate in Hz.
    settings
        What makes the epochs.
    where
        What messages call the signal.

    Raises
    ------
    PreprocessingError
        As :func:`epoch_grid`.
    """
    factor = subsampling_factor(source_sfreq, settings, where)
    sfreq = settings.sfreq or nominal_rate(source_sfreq) / factor
    if settings.high >= sfreq / 2:
        raise PreprocessingError(
            f"{where}: {sfreq:g} Hz is too low for a band up to {settings.high:g} Hz; "
            f"expected more than {2 * settings.high:g} Hz (recorded at {source_sfreq:g} Hz, "
            f"subsampled by {factor:g})"
        )
    n_times = count_times(settings.tmin, settings.tmax, sfreq)
    if n_times < FEWEST_TIMES:
        raise PreprocessingError(
            f"{where}: an epoch of {settings.tmin:g} to {settings.tmax:g} s has {n_times} "
            f"samples at {sfreq:g} Hz, expected at least {FEWEST_TIMES}; set tmin and tmax further "
            "apart"
        )
    return EpochGrid(factor, sfreq, round(settings.tmin * sfreq), n_times)


def stored_grid(recording: Recording, cut: Cut, settings: Preprocessing) -> EpochGrid:
    """Return which samples are taken of epochs that came cut; the rate is the stored one or a part.

    Raises
    ------
    PreprocessingError
        When the epochs do not hold the window asked for, or not at a whole part of their rate.
    """
    nominal = nominal_rate(recording.sfreq)
    factor = round(recording.sfreq / (settings.sfreq or recording.sfreq))
    sfreq = settings.sfreq or nominal
    if factor < 1 or not same_rate(recording.sfreq / factor, sfreq):
        possible = ", ".join(f"{nominal / k:g}" for k in range(1, 5))
        raise PreprocessingError(
            f"{recording.name}: epochs that came cut at {nominal:g} Hz cannot be brought to "
            f"{sfreq:g} Hz, values between their samples are not known; set preprocessing.sfreq "
            f"to one of {possible}, ... Hz, or leave it out to take the epochs as they are"
        )
    n_times, first = count_times(settings.tmin, settings.tmax, sfreq), round(settings.tmin * sfreq)
    begin, end = factor * first - cut.first, factor * (first + n_times - 1) - cut.first
    if begin < 0 or end >= cut.n_times or n_times < FEWEST_TIMES:
        low, high = held_window(recording)
        raise PreprocessingError(
            f"{recording.name}: the epochs came cut from {low:g} to {high:g} s, a window of "
            f"{settings.tmin:g} to {settings.tmax:g} s asked for; set preprocessing.tmin to "
            f"{max(low, settings.tmin) if settings.tmin < high else low:g} and preprocessing.tmax "
            f"to {min(high, settings.tmax) if settings.tmax > low else high:g}"
        )
    return EpochGrid(float(factor), sfreq, first, n_times)


def held_window(recording: Recording) -> tuple[float, float]:
    """Return the widest window of settings, in whole milliseconds, that a recording's epochs hold.

    Returns
    -------
    Seconds from the flash to the first sample and to the end, without bounds where the recording is
    continuous.
    """
    if recording.cut is None:
        return -math.inf, math.inf
    cut, sfreq = recording.cut, nominal_rate(recording.sfreq)
    low = math.ceil(1e3 * cut.first / sfreq - 1e-6) / 1e3
    return low, math.floor(1e3 * (cut.first + cut.n_times) / sfreq + 1e-6) / 1e3


def subsampling_factor(source_sfreq: float, settings: Preprocessing, where: str) -> float:
    """Return the number by which a rate in Hz is divided, a whole one where it can be.

    Raises
    ------
    PreprocessingError
        When the rate asked for is above the recording's, or the number is not whole and the
        settings do not allow values between samples.
    """
    if settings.sfreq is None:
        return float(usual_factor(source_sfreq))
    ratio = source_sfreq / settings.sfreq
    factor = round(ratio)
    if factor >= 1 and same_rate(ratio, factor):
        return float(factor)
    if ratio > 1 and settings.order == "filter_first" and settings.phase == "zero":
        return ratio
    possible = ", ".join(f"{source_sfreq / k:g}" for k in range(1, 5))
    other = "" if ratio < 1 else (
        "; rates between them need values between samples: set preprocessing.order to "
        "filter_first and phase to zero"
    )  # fmt: skip
    raise PreprocessingError(
        f"{where}: {source_sfreq:g} Hz cannot be subsampled to "
        f"{settings.sfreq:g} Hz by a whole factor; possible are {possible}, ... Hz{other}"
    )


def flashes_inside(recording: Recording, grid: EpochGrid) -> npt.NDArray[np.bool_]:
    """Return for each flash whether its epoch lies within one segment of the signal, [flash].

    What was recorded before and after a pause are two segments.

    Warns
    -----
    DataWarning
        With the number of those that do not.
    """
    samples = recording.flashes["sample"].to_numpy()
    if recording.cut is not None:
        return np.ones(len(samples), dtype=bool)  # the grid was checked, all epochs are alike
    inside = np.zeros(len(samples), dtype=bool)
    segments = recording.segments()
    for start, stop in segments:
        here = (samples >= start) & (samples < stop)
        inside |= here & epochs_fit(samples - start, grid.factor * grid.steps, stop - start)
    if not inside.all():
        warnings.warn(
            f"{recording.name}: {int((~inside).sum())} flashes are left out, their epoch of "
            f"{grid.tmin:g} to {grid.tmin + grid.seconds:g} s reaches beyond the signal"
            + (f" or into a pause; there are {len(segments)} segments" if segments[1:] else ""),
            DataWarning,
            stacklevel=4,
        )
    return inside


def flashes_unmarked(
    recording: Recording, settings: Preprocessing, inside: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return for each flash whether its epoch touches no stretch that is marked as bad, [flash].

    Parameters
    ----------
    recording
        See :meth:`p300.recordings.recording.Recording.bad_stretches`.
    settings
        Their ``tmin`` and ``tmax`` are the ends of an epoch.
    inside
        Flashes whose epochs can be cut at all; the others are not counted, [flash].

    Raises
    ------
    PreprocessingError
        When none is left.

    Warns
    -----
    DataWarning
        With the number of those that do, and the marks.
    """
    samples = recording.flashes["sample"].to_numpy()
    first, last = (
        samples + round(edge * recording.sfreq) for edge in (settings.tmin, settings.tmax)
    )
    touched = np.zeros(len(samples), dtype=bool)
    seconds: dict[str, float] = {}
    for start, stop, mark in recording.bad_stretches():
        begin = round(start * recording.sfreq)
        end = max(round(stop * recording.sfreq), begin + 1)
        here = inside & (first < end) & (last >= begin)
        touched |= here
        if here.any():
            seconds[mark] = seconds.get(mark, 0.0) + stop - start
    if touched.any():
        marks = [f"{mark} ({length:.3g} s)" for mark, length in seconds.items()]
        more = f" and {len(marks) - MOST_MARKS} more" if len(marks) > MOST_MARKS else ""
        found = (
            f"{recording.name}: {int(touched.sum())} of {int(inside.sum())} epochs touch stretches "
            f"marked {', '.join(marks[:MOST_MARKS])}{more}"
        )
        if not (inside & ~touched).any():
            raise PreprocessingError(
                f"{found}, none is left; set preprocessing.reject_by_annotation to false to keep "
                "them"
            )
        warnings.warn(
            f"{found} and are left out; preprocessing.reject_by_annotation: false keeps them",
            DataWarning,
            stacklevel=4,
        )
    return ~touched


def epochs_fit(
    onsets: npt.NDArray[np.int64], offsets: npt.NDArray[np.float64], n_samples: int
) -> npt.NDArray[np.bool_]:
    """Return which epochs lie within a signal, [flash].

    Parameters
    ----------
    onsets
        In samples, [flash].
    offsets
        Of the samples of an epoch from its onset, ascending, [time].
    n_samples
        Length of the signal.
    """
    fits: npt.NDArray[np.bool_] = (onsets + offsets[0] >= 0) & (
        onsets + offsets[-1] <= n_samples - 1
    )
    return fits
