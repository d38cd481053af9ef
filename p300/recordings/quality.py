"""What a recording is like before anything is computed from it: electrodes, line noise, flashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from p300.recordings.electrode_names import unplaced_electrodes
from p300.recordings.faults import Faults, find_faults
from p300.recordings.flashes import PAUSE
from p300.recordings.recording import Recording

if TYPE_CHECKING:
    import pandas as pd

LINE_FREQUENCIES = (50.0, 60.0)
"""Mains in Hz."""

BAND = (1.0, 30.0)
"""Hz; the band in which an electrode's amplitude is measured."""

LOUD, DRIFTING, QUIET = 5.0, 5.0, 1e-2
"""Amplitude and drift as multiples of the median electrode's that deserve a word."""

LEAST_DRIFT = 5e-5
"""Volts; an electrode that wanders less is not called drifting, whatever the others do."""

LATE, EARLY = 1.5, 0.5
"""Multiples of the median onset interval: longer or shorter is irregular, unless it is a pause."""

Floats = npt.NDArray[np.float64]


def electrode_quality(recording: Recording) -> pd.DataFrame:
    """Measure every electrode of a recording.

    Returns
    -------
    One row an electrode: ``electrode``; ``placed``, whether its position is known; ``amplitude`` in
    the band of :data:`BAND`, in volts, so that the mains do not count; ``drift``, the robust
    standard deviation of the means of seconds (or of epochs that came cut), in volts; ``line_50``
    and ``line_60``, see :func:`line_noise`; ``faults``, words for what is wrong with it, empty
    where nothing is: first why it holds no EEG, see :func:`p300.recordings.faults.find_faults`.
    """
    import pandas as pd

    unplaced = unplaced_electrodes(recording)
    # Electrode by electrode: a recording can have hundreds of megabytes.
    rows, stretch = [], None if recording.cut is None else recording.cut.n_times
    for k, name in enumerate(recording.electrodes):
        signal = recording.raw[k][0][0]
        frequencies, density = spectrum(signal, recording.sfreq, stretch)
        inside = (frequencies >= BAND[0]) & (frequencies <= BAND[1])
        rows.append(
            {
                "electrode": name,
                "placed": name not in unplaced,
                "amplitude": float(np.sqrt(density[inside].sum() * frequencies[1])),
                "drift": _drift(signal, stretch or round(recording.sfreq)),
                **{f"line_{f:g}": line_noise(frequencies, density, f) for f in LINE_FREQUENCIES},
            }
        )
    table = pd.DataFrame(rows)
    faults = find_faults(lambda k: recording.raw[k][0][0], recording.electrodes, recording.sfreq)
    table["faults"] = _faults(table, faults, list(recording.raw.info["bads"]))
    return table


def _drift(signal: Floats, second: int) -> float:
    n_seconds = max(1, len(signal) // second)
    means = signal[: n_seconds * second].reshape(n_seconds, -1).mean(axis=1)
    return 1.4826 * float(np.median(np.abs(means - np.median(means))))


def _faults(table: pd.DataFrame, faults: Faults, bads: list[str]) -> list[str]:
    """Name what is wrong with each electrode: why it holds no EEG, else what stands out."""
    amplitude, drift = table["amplitude"].to_numpy(), table["drift"].to_numpy()
    # Differences of samples: an electrode that drifts is not alive for that.
    found = {
        "quiet": faults.amplitude <= QUIET * faults.typical,
        "loud": amplitude > LOUD * np.median(amplitude),
        "drifting": (drift > DRIFTING * np.median(drift)) & (drift > LEAST_DRIFT),
    }
    words = []
    for k, name in enumerate(table["electrode"]):
        said = [word for word, rows in found.items() if rows[k]]
        if name in faults.reasons:
            said = [faults.reasons[name]]
        words.append(", ".join(said or ["marked bad"] * (name in bads)))
    return words


def spectrum(signal: Floats, sfreq: float, stretch: int | None = None) -> tuple[Floats, Floats]:
    """Estimate the power spectrum of a signal: Welch, windows of 4 s, their median.

    Parameters
    ----------
    signal
        [sample], or [electrode, sample].
    sfreq
        Sampling rate in Hz.
    stretch
        Samples of the stretches, such as epochs, that the signal consists of and that no window
        may cross: then each is a window.

    Returns
    -------
    Frequencies in Hz and power density (the signal's unit squared a Hz), [frequency] or
    [electrode, frequency].
    """
    # scipy.signal.welch gives the same, but takes a second to import.
    length = stretch or min(signal.shape[-1], round(4 * sfreq))
    step = length if stretch else length - length // 2
    windows = sliding_window_view(signal, length, axis=-1)[..., ::step, :]
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    transformed = np.fft.rfft((windows - windows.mean(axis=-1, keepdims=True)) * taper)
    powers = np.abs(transformed) ** 2 / (sfreq * ((taper**2).sum() or 1.0))
    powers[..., 1 : (length + 1) // 2] *= 2  # negative frequencies; 0 and half the rate are once
    frequencies = np.arange(length // 2 + 1) * sfreq / length
    median = np.asarray(np.median(powers, axis=-2), dtype=np.float64)
    return frequencies, median / _median_of_powers(windows.shape[-2])


def _median_of_powers(n: int) -> float:
    """Return what the median of powers of noise is to be expected of, in multiples of their mean.

    Allen et al., Physical Review D 85:122006 (2012), appendix B.
    """
    even = 2.0 * np.arange(1, (n - 1) // 2 + 1)
    return 1.0 + float((1 / (even + 1) - 1 / even).sum())


def line_noise(frequencies: Floats, density: Floats, mains: float) -> float:
    """Measure how far the power at the mains' frequency stands above its neighbours.

    Parameters
    ----------
    frequencies, density
        Of :func:`spectrum`.
    mains
        50 or 60 Hz.

    Returns
    -------
    Decibels: the largest power density within 0.5 Hz of the mains over the median from 2 to 5 Hz
    beside it. Far below 0 where a notch filter was used; NaN where the sampling rate is too low or
    the signal flat.
    """
    distance = np.abs(frequencies - mains)
    usable = frequencies < 0.96 * frequencies[-1]
    at = usable & (distance <= 0.5)
    beside = usable & (distance >= 2) & (distance <= 5)
    if not at.any() or not beside.any():
        return float("nan")
    floor = float(np.median(density[beside]))
    return 10 * float(np.log10(density[at].max() / floor)) if floor > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class Flashing:
    """When the flashes of a recording came, and what is known of them.

    Parameters
    ----------
    intervals
        [flash - 1], seconds from each flash to the next, pauses included.
    n_flashes, n_targets
        Numbers; targets None where they are not known.
    n_characters, n_repetitions
        Numbers; repetitions of the longest character. 0 where they are not known.
    codes
        The flash codes that occur.
    """

    intervals: Floats
    n_flashes: int
    n_targets: int | None
    n_characters: int
    n_repetitions: int
    codes: tuple[int, ...]

    @property
    def usual(self) -> float:
        """Median onset interval in seconds; NaN with a single flash."""
        return float(np.median(self.intervals)) if len(self.intervals) else float("nan")

    @property
    def inside(self) -> Floats:
        """Intervals within a train of flashes, in seconds: all but pauses."""
        return self.intervals[self.intervals <= PAUSE * self.usual]

    @property
    def pauses(self) -> Floats:
        """Intervals between two trains of flashes, in seconds."""
        return self.intervals[self.intervals > PAUSE * self.usual]

    @property
    def usual_pause(self) -> float:
        """Median pause in seconds; NaN where there is none."""
        return float(np.median(self.pauses)) if len(self.pauses) else float("nan")

    @property
    def irregular(self) -> npt.NDArray[np.bool_]:
        """Which intervals look like a lost or a doubled flash, [flash - 1]."""
        relative = self.intervals / self.usual
        odd: npt.NDArray[np.bool_] = ((relative > LATE) & (relative <= PAUSE)) | (relative < EARLY)
        return odd

    @property
    def target_share(self) -> float | None:
        """Targets among the flashes; None where they are not known."""
        return None if self.n_targets is None else self.n_targets / self.n_flashes


def onset_intervals(recording: Recording) -> Floats:
    """Return the seconds from flash to flash; none where onsets have no rate."""
    rate = recording.onset_sfreq
    intervals: Floats = np.diff(recording.flashes["sample"].to_numpy()[: None if rate else 0])
    return intervals / (rate or 1.0)


def describe_flashing(recording: Recording) -> Flashing:
    """Measure the flashing of a recording."""
    flashes = recording.flashes
    known = bool(flashes["target"].notna().all())
    repetitions = flashes["repetition"].dropna()
    return Flashing(
        intervals=onset_intervals(recording),
        n_flashes=len(flashes),
        n_targets=int(flashes["target"].sum()) if known else None,
        n_characters=int(flashes["character"].nunique()),
        n_repetitions=int(repetitions.max()) if len(repetitions) else 0,
        codes=tuple(sorted({int(code) for code in flashes["code"].dropna()})),
    )
