"""Sampling rates that are twice or half of what the signal says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p300.recordings.quality import LINE_FREQUENCIES, line_noise, onset_intervals, spectrum
from p300.recordings.recording import Recording

Floats = npt.NDArray[np.float64]

FACTORS = (2.0, 0.5)
"""By what a stated rate may be wrong: nearly always what a header or a cap of channels gives."""

CLEAR = 8.0
"""Decibels that a line stands above its neighbours, or a notch lies below them."""

ALPHA = (8.0, 13.0)
"""Hz."""

PEAK, NO_PEAK = 5.0, 3.0
"""Decibels above the trend of the spectrum at which alpha has a peak, and at which it has none."""

SAME = 0.04
"""Onset intervals, and subjects' alpha, are compared within this share of each other."""

_ELECTRODES, _WINDOW = 4, 4.0
_TREND = (3.0, 35.0)
_BESIDE, _CLOSE = 0.4, 0.6


@dataclass(frozen=True)
class Rhythm:
    """What a recording tells of its rate.

    Parameters
    ----------
    sfreq
        As stated, in Hz.
    line
        Frequency in Hz -> decibels by which it stands above its neighbours: mains, twice and half.
    alpha
        Factor of :data:`FACTORS`, or 1 -> decibels of the largest peak in the alpha band times it.
    interval
        Median onset interval in seconds, NaN where it is not known.
    """

    sfreq: float
    line: Mapping[float, float]
    alpha: Mapping[float, float]
    interval: float


def measure_rhythm(data: Floats, recording: Recording) -> Rhythm:
    """Measure what tells of the rate of a recording.

    Parameters
    ----------
    data
        [electrode, sample], volts: electrodes that hold EEG.
    recording
        Whose they are.
    """
    intervals = onset_intervals(recording)
    interval = float(np.median(intervals)) if len(intervals) else float("nan")
    if recording.cut is not None:  # epochs are too short to see a line
        return Rhythm(recording.sfreq, {}, {}, interval)
    rows = np.unique(np.linspace(0, len(data) - 1, min(len(data), _ELECTRODES)).astype(np.int64))
    window = min(data.shape[1], round(_WINDOW * recording.sfreq))
    frequencies, powers = spectrum(data[rows], recording.sfreq, window)
    density = np.exp(np.log(np.maximum(powers, np.finfo(np.float64).tiny)).mean(axis=0))
    lines = {f * factor for f in LINE_FREQUENCIES for factor in (1.0, *FACTORS)}
    return Rhythm(
        recording.sfreq,
        {f: line_noise(frequencies, density, f) for f in sorted(lines)},
        _peaks(frequencies, density, 1 / interval if interval > 0 else 0.0),
        interval,
    )


def _peaks(frequencies: Floats, density: Floats, flashes: float) -> dict[float, float]:
    """Return the largest peaks of alpha, and of alpha at a wrong rate, in decibels."""
    inside = (frequencies >= _TREND[0]) & (frequencies <= _TREND[1])
    if flashes:  # what flashes evoke is no rhythm of the brain
        nearest = flashes * np.maximum(1, np.round(frequencies / flashes))
        inside &= np.abs(frequencies - nearest) > _BESIDE
    if inside.sum() < 10:
        return {}
    steps, level = np.log(frequencies[inside]), 10 * np.log10(density[inside])
    above = level - np.polyval(np.polyfit(steps, level, 1), steps)
    peaks = {}
    for factor in (1.0, *FACTORS):
        low, high = (edge * factor for edge in ALPHA)
        band = (frequencies[inside] >= low) & (frequencies[inside] <= high)
        peaks[factor] = float(above[band].max()) if band.any() else float("nan")
    return peaks


def compare_rates(rhythms: Mapping[str, Rhythm]) -> list[str]:
    """Say in words of which recordings the stated rate is twice or half of the real one.

    Two of three signs are needed: the mains' line (or notch) where twice or half of it is; a peak
    in twice or half of the alpha band and none within it; onset intervals of half or twice those
    of the other recordings. A line or notch at 50 or 60 Hz settles that the rate is right.

    Parameters
    ----------
    rhythms
        Name of a recording, as messages call it -> what it tells.
    """
    said = []
    for where, rhythm in rhythms.items():
        others = [other.interval for name, other in rhythms.items() if name != where]
        for factor in FACTORS:
            signs = _signs(rhythm, others, factor)
            if len(signs) > 1 and not any(_stands(rhythm, f) for f in LINE_FREQUENCIES):
                said.append(
                    f"{where}: sampling rate {rhythm.sfreq:g} Hz stated, "
                    f"{rhythm.sfreq / factor:g} Hz by the signal: {', '.join(signs)}; if so, "
                    "times and latencies are wrong by this factor: write the right rate into the "
                    "file (option sfreq where the source has one)"
                )
    return said


def _stands(rhythm: Rhythm, frequency: float) -> bool:
    """Return whether there is a line or a notch at a frequency."""
    return abs(rhythm.line.get(frequency, float("nan"))) > CLEAR


def _signs(rhythm: Rhythm, others: Sequence[float], factor: float) -> list[str]:
    """Return in words what says that the stated rate is a factor times the real one."""
    signs = []
    for mains in LINE_FREQUENCIES:
        f = mains * factor
        # What flashes evoke may look like a line.
        rate = 1 / rhythm.interval if rhythm.interval > 0 else 0.0
        if _stands(rhythm, f) and not (rate and abs(f - rate * round(f / rate)) < _CLOSE):
            what = "line" if rhythm.line[f] > 0 else "notch"
            signs.append(f"the mains' {what} is at {f:g} Hz")
            break
    here, there = (rhythm.alpha.get(k, float("nan")) for k in (factor, 1.0))
    if here > PEAK and there < NO_PEAK:
        low, high = (edge * factor for edge in ALPHA)
        signs.append(f"the alpha rhythm lies within {low:g} to {high:g} Hz")
    known = [interval for interval in others if interval > 0]
    usual = float(np.median(known)) if known else float("nan")
    if abs(rhythm.interval * factor / usual - 1) < SAME:
        signs.append(
            f"flashes follow after {1e3 * rhythm.interval:.0f} ms, in the other recordings after "
            f"{1e3 * usual:.0f} ms"
        )
    return signs
