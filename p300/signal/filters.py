"""Filters of continuous signals, and values of a signal between its samples."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning
from p300.recordings.guard import naming_warnings
from p300.signal.sampling import epochs_fit

if TYPE_CHECKING:
    from p300.signal.preprocessing import Preprocessing

Signal = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

REACH = 16
"""Samples on either side that a value between samples is computed from."""

KAISER = 8.0
"""Shape of the epoch of the interpolating sinc: errors of 1e-4 up to 0.8 of Nyquist."""

_IMPULSE = 200.0  # fewest seconds of an impulse response; its inverse bounds the resolution
_PERIODS = 8.0  # of the lower edge, that an impulse response lasts; a FIR filter lasts half of them
_ROWS = 256  # epochs computed at a time, which bounds the memory


def bandpass(
    data: Signal, sfreq: float, settings: Preprocessing, where: str = "the signal"
) -> Signal:
    """Bandpass-filter continuous signals.

    Parameters
    ----------
    data
        [electrode, sample], one continuous stretch.
    sfreq
        Its sampling rate in Hz.
    settings
        Uses ``low``, ``high``, ``filter``, ``filter_order`` and ``phase``.
    where
        The recording, for messages.

    Warns
    -----
    DataWarning
        With what MNE finds odd of a FIR filter, such as one longer than the signal.
    """
    if settings.filter == "fir":
        return _fir(data, sfreq, settings, where)
    sections = butterworth_sections(
        sfreq, settings.low, settings.high, settings.filter_order, settings.phase
    )
    # Ten time constants of the high-pass, as far as the signal allows.
    return _apply_sections(data, sections, settings.phase, round(1.6 * sfreq / settings.low))


def _fir(data: Signal, sfreq: float, settings: Preprocessing, where: str) -> Signal:
    """Filter by MNE's windowed design."""
    import mne

    stretch = f"{where}, a stretch of {data.shape[1] / sfreq:.0f} s"
    advice = (
        f" The band is {settings.low:g} to {settings.high:g} Hz; set preprocessing.filter to "
        "butterworth, or preprocessing.low higher"
    )
    # Padding by reflection would let a causal filter see the future at the start.
    zero = settings.phase == "zero"
    with naming_warnings(stretch, advice):
        filtered: Signal = mne.filter.filter_data(
            np.ascontiguousarray(data),
            sfreq,
            settings.low,
            settings.high,
            phase="zero" if zero else "minimum",
            pad="reflect_limited" if zero else "edge",
            verbose="warning",
        )
    return filtered


@cache
def butterworth_sections(
    sfreq: float, low: float, high: float, order: int, phase: Literal["zero", "causal"]
) -> Signal:
    """Design a Butterworth high-pass and low-pass whose cascade has its -3 dB points as asked.

    A filter run forwards and backwards has -6 dB where its design says -3 dB; the design is
    therefore widened so that the whole operation has -3 dB at ``low`` and ``high``
    (for a Butterworth gain g = 1 / (1 + (w/wc)^2n), two passes: wc moves by (sqrt(2) - 1)^(1/2n)
    on the tangent-warped axis of the bilinear transform).

    Returns
    -------
    Second-order sections, [section, 6].
    """
    from scipy import signal

    passes = 2 if phase == "zero" else 1
    widen = (2 ** (1 / passes) - 1) ** (1 / (2 * order))
    warped = [math.tan(math.pi * f / sfreq) for f in (low, high)]
    cuts = [math.atan(w) * sfreq / math.pi for w in (warped[0] * widen, warped[1] / widen)]
    parts = [
        signal.butter(order, cut, btype, fs=sfreq, output="sos")
        for cut, btype in zip(cuts, ("highpass", "lowpass"), strict=True)
    ]
    return np.concatenate(parts)


def anti_alias(data: Signal, factor: float, phase: Literal["zero", "causal"]) -> Signal:
    """Low-pass before subsampling: Chebyshev I, order 8, 0.05 dB ripple to 0.8 of the new Nyquist.

    The design of :func:`scipy.signal.decimate`, for any factor.
    """
    return _apply_sections(data, anti_alias_sections(factor), phase, round(100 * factor))


@cache
def anti_alias_sections(factor: float) -> Signal:
    """Design the filter of :func:`anti_alias`; second-order sections, [section, 6]."""
    from scipy import signal

    sections: Signal = signal.cheby1(8, 0.05, 0.8 / factor, output="sos")
    return sections


class KeptSections:
    """A causal filter that goes on where it stopped: pieces give what the whole would, bit for bit.

    It starts as if the first sample had lasted for ever: EEG offsets are millivolts.

    Parameters
    ----------
    sections
        Second-order sections, [section, 6].
    """

    def __init__(self, sections: Signal) -> None:
        self._sections = sections
        self._state: Signal | None = None

    def __call__(self, piece: Signal) -> Signal:
        """Filter what comes next, [electrode, sample]."""
        from scipy import signal

        if not piece.shape[1]:
            return piece
        if self._state is None:
            self._state = signal.sosfilt_zi(self._sections)[:, None, :] * piece[:, :1][None]
        filtered: Signal
        filtered, self._state = signal.sosfilt(self._sections, piece, axis=1, zi=self._state)
        return filtered


def _apply_sections(
    data: Signal, sections: Signal, phase: Literal["zero", "causal"], padding: int
) -> Signal:
    """Filter forwards, or forwards and backwards, without a transient from the offset."""
    from scipy import signal

    if phase == "zero":
        length = min(padding, data.shape[1] - 1)
        filtered: Signal = signal.sosfiltfilt(sections, data, axis=1, padlen=length)
        return filtered
    return KeptSections(sections)(data)


@lru_cache(maxsize=64)
def realised_band(
    settings: Preprocessing, sfreq: float, factor: float = 1.0
) -> tuple[float, float]:
    """Measure the -3 dB points of anti-alias filter and bandpass from their impulse responses.

    Values between samples change neither: the interpolation is flat as far as the anti-alias filter
    lets anything through.

    Parameters
    ----------
    settings
        The filter's settings.
    sfreq
        Rate of the recording in Hz.
    factor
        By which it is divided.

    Returns
    -------
    Lowest and highest frequency in Hz whose gain is at least 1/sqrt(2) of the largest.
    """
    rate = sfreq if settings.order == "filter_first" else sfreq / factor
    seconds = max(_IMPULSE, _PERIODS / settings.low)

    def response(operation: Callable[[Signal], Signal], rate: float) -> tuple[Signal, Signal]:
        return _response(operation, rate, settings.phase, seconds)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # filtering the recording itself gave them
        frequency, gain = response(lambda x: bandpass(x, rate, settings), rate)
    if factor > 1:
        smooth = response(lambda x: anti_alias(x, factor, settings.phase), sfreq)
        gain = gain * np.interp(frequency, *smooth)
    passed = frequency[gain >= gain.max() / math.sqrt(2)]
    return float(passed.min()), float(passed.max())


def _response(
    operation: Callable[[Signal], Signal],
    sfreq: float,
    phase: Literal["zero", "causal"],
    seconds: float,
) -> tuple[Signal, Signal]:
    """Return frequencies in Hz and the gain of a filter there, from its impulse response."""
    impulse = np.zeros((1, round(seconds * sfreq)))
    impulse[0, impulse.shape[1] // 2 if phase == "zero" else 1] = 1.0
    gain: Signal = np.abs(np.fft.rfft(operation(impulse)[0]))
    return np.arange(len(gain), dtype=np.float64) * sfreq / impulse.shape[1], gain


def sample_epochs(
    data: Signal, onsets: npt.NDArray[np.int64], offsets: Signal
) -> Iterator[tuple[Index, Signal]]:
    """Yield the values of a signal at given times after each onset, between samples where need be.

    Between samples the signal is interpolated by a windowed sinc over :data:`REACH` samples on
    either side, continued at the ends by its mirror image. At whole samples nothing is computed.

    Parameters
    ----------
    data
        [electrode, sample], one continuous stretch with nothing above 0.8 of its Nyquist frequency.
    onsets
        In samples, [flash].
    offsets
        From the onset in samples, ascending, [time].

    Yields
    ------
    Positions in ``onsets`` and their values [flash, electrode, time]; onsets some of whose values
    lie beyond the signal are left out.
    """
    rows = np.flatnonzero(epochs_fit(onsets, offsets, data.shape[1]))
    steps = np.round(offsets).astype(np.int64)
    if np.array_equal(steps, offsets):
        yield rows, data[:, onsets[rows][:, None] + steps].transpose(1, 0, 2)
        return
    first, weights = interpolation_weights(offsets)
    padded = np.pad(data, ((0, 0), (REACH, REACH)), mode="reflect", reflect_type="odd")
    stretch = np.arange(len(weights)) + first + REACH
    for some in np.array_split(rows, math.ceil(len(rows) / _ROWS) or 1):
        around = padded[:, onsets[some][:, None] + stretch]
        yield some, (around @ weights).transpose(1, 0, 2)


def interpolation_weights(offsets: Signal) -> tuple[int, Signal]:
    """Return the weights of samples in values between them (sinc with a Kaiser epoch).

    Parameters
    ----------
    offsets
        Where values are wanted, in samples, ascending, [time].

    Returns
    -------
    The first sample needed, and the weights of it and those after it, [sample, time]; the weights
    of a value sum to one.
    """
    first = math.floor(offsets[0]) - REACH + 1
    last = math.floor(offsets[-1]) + REACH
    distance = offsets - np.arange(first, last + 1)[:, None]
    inside = np.clip(1 - (distance / REACH) ** 2, 0, None)
    window = np.where(inside > 0, np.i0(KAISER * np.sqrt(inside)), 0.0)
    weights: Signal = np.sinc(distance) * window
    return first, weights / weights.sum(axis=0)
