"""From a recording to epochs: reference, subsample, filter, cut, normalise.

Everything here is fixed by its settings and learns nothing from the data.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from p300.epochs import EPOCH_COLUMNS, Epochs, concatenate
from p300.errors import DataWarning, PreprocessingError
from p300.recordings.recording import Recording

PAPER_RATE = 120.0
"""Hz; the rate that Cecotti & Gräser subsample to."""

Signal = npt.NDArray[np.float64]


class Preprocessing(BaseModel):
    """Settings of the preprocessing; the defaults are the paper's steps.

    Stated by Cecotti & Gräser (2011): subsample (240 to 120 Hz), then bandpass 0.1-20 Hz, windows
    of 0-650 ms, each electrode of each window to zero mean and unit variance. Open in the paper and
    chosen here: the anti-alias filter, the type, order and phase of the bandpass.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sfreq: float | None = Field(default=None, gt=0)
    """Rate after subsampling in Hz, the source's rate divided by a whole number. None: the lowest
    such rate that is not below the paper's 120 Hz (240 -> 120, 256 -> 128, 250 -> 125)."""
    order: Literal["subsample_first", "filter_first"] = "subsample_first"
    """Subsample, then filter (the paper), or the other way round."""
    low: float = Field(default=0.1, gt=0)
    """Lower -3 dB point of the bandpass in Hz."""
    high: float = Field(default=20.0, gt=0)
    """Upper -3 dB point of the bandpass in Hz."""
    filter: Literal["butterworth", "fir"] = "butterworth"
    """``butterworth``: a high-pass and a low-pass section, recursive. ``fir``: MNE's windowed
    design; there ``low`` and ``high`` are the edges of the passband."""
    filter_order: int = Field(default=4, ge=1, le=12)
    """Order of each Butterworth section, in one direction."""
    phase: Literal["zero", "causal"] = "zero"
    """``zero``: forwards and backwards, no delay, for offline use. ``causal``: uses no future
    sample, as an online system must."""
    tmin: float = 0.0
    """Start of the window from the flash in seconds."""
    tmax: float = 0.65
    """End of the window from the flash in seconds."""
    normaliser: Literal["window_zscore", "none"] = "window_zscore"
    """``window_zscore``: each electrode of each window on its own mean and standard deviation (the
    paper). ``none``: volts."""
    electrodes: tuple[str, ...] | None = None
    """Electrodes to use, None for all."""
    reference: Literal["average"] | tuple[str, ...] | None = None
    """None keeps the recording's reference; ``average`` or named electrodes re-reference."""
    bad_electrodes: Literal["interpolate", "drop", "keep"] = "interpolate"
    """What happens to flat electrodes and those that the source marks as bad."""

    @model_validator(mode="after")
    def _check_ranges(self) -> Preprocessing:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g} Hz) must be below high ({self.high:g} Hz)")
        if self.tmin >= self.tmax:
            raise ValueError(f"tmin ({self.tmin:g} s) must be before tmax ({self.tmax:g} s)")
        return self


def preprocess(
    recordings: Recording | Iterable[Recording], settings: Preprocessing | None = None
) -> Epochs:
    """Turn recordings into epochs.

    Parameters
    ----------
    recordings
        One or several recordings, read one at a time.
    settings
        By default the paper's, see :class:`Preprocessing`.

    Raises
    ------
    PreprocessingError
        When a setting does not fit a recording.
    EpochsError
        When the recordings do not go together.
    """
    settings = settings or Preprocessing()
    several = [recordings] if isinstance(recordings, Recording) else recordings
    return concatenate([normalise(cut_epochs(r, settings), settings) for r in several])


def cut_epochs(recording: Recording, settings: Preprocessing) -> Epochs:
    """Filter a recording and cut a window after each flash; X is in volts.

    The window of a flash at source sample s holds the filtered signal at exactly s + q (k0 + k),
    where q is the subsampling factor: onsets are never rounded to the subsampled grid.

    Raises
    ------
    PreprocessingError
        When a setting does not fit the recording.
    """
    data, electrodes = _selected_signal(recording, settings)
    factor = subsampling_factor(recording, settings)
    sfreq = recording.sfreq / factor
    if settings.high >= sfreq / 2:
        raise PreprocessingError(
            f"{recording.name}: {sfreq:g} Hz is too low for a band up to {settings.high:g} Hz; "
            f"expected more than {2 * settings.high:g} Hz (recorded at {recording.sfreq:g} Hz, "
            f"subsampled by {factor})"
        )
    first = round(settings.tmin * sfreq)
    n_times = math.floor((settings.tmax - settings.tmin) * sfreq + 1e-9)
    samples = recording.flashes["sample"].to_numpy()
    X = np.full((len(samples), len(electrodes), n_times), np.nan, dtype=np.float32)
    for start, stop in recording.segments():
        inside = np.flatnonzero((samples >= start) & (samples < stop))
        piece = data[:, start:stop]
        for rows, values in _windows(
            piece, samples[inside] - start, recording.sfreq, factor, first, n_times, settings
        ):
            X[inside[rows]] = values
    whole = np.isfinite(X[:, 0, 0])
    if not whole.all():
        warnings.warn(
            f"{recording.name}: {int((~whole).sum())} flashes are left out, their window of "
            f"{settings.tmin:g} to {settings.tmax:g} s reaches beyond the signal",
            DataWarning,
            stacklevel=2,
        )
    flashes = describe_flashes(recording)
    return Epochs(
        X=X if whole.all() else X[whole],
        flashes=flashes if whole.all() else flashes.loc[whole].reset_index(drop=True),
        electrodes=tuple(electrodes),
        sfreq=sfreq,
        tmin=first / sfreq,
        preprocessing=settings.model_dump(mode="json"),
        layouts={recording.dataset: recording.layout} if recording.layout else {},
    )


def describe_flashes(recording: Recording) -> pd.DataFrame:
    """Give the flash table with the columns of :attr:`p300.epochs.Epochs.flashes`."""
    return recording.flashes.assign(
        dataset=recording.dataset,
        subject=recording.subject,
        session=recording.session,
        run=recording.run,
        onset=recording.flashes["sample"] / recording.sfreq,
    )[list(EPOCH_COLUMNS)]


def normalise(epochs: Epochs, settings: Preprocessing) -> Epochs:
    """Bring each electrode of each window to zero mean and unit variance (paper, step 4).

    A window without any variation becomes zero, with a warning.
    """
    if settings.normaliser == "none":
        return epochs
    mean = epochs.X.mean(axis=2, keepdims=True)
    X = epochs.X - mean
    spread = X.std(axis=2, keepdims=True)
    # What float32 leaves of a constant is not a signal to be blown up.
    constant = spread <= 1e-6 * np.abs(mean)
    if constant.any():
        warnings.warn(
            f"{int(constant.sum())} windows of {len(epochs)} x {len(epochs.electrodes)} are "
            "constant; they are set to zero",
            DataWarning,
            stacklevel=2,
        )
    X /= np.where(constant, np.float32(np.inf), spread)
    return replace(epochs, X=X)


def subsampling_factor(recording: Recording, settings: Preprocessing) -> int:
    """Give the whole number by which the recording's rate is divided.

    Raises
    ------
    PreprocessingError
        When the rate asked for is not the recording's divided by a whole number.
    """
    if settings.sfreq is None:
        return max(1, int(recording.sfreq // PAPER_RATE))
    ratio = recording.sfreq / settings.sfreq
    factor = round(ratio)
    if factor < 1 or abs(ratio - factor) > 1e-6 * ratio:
        possible = ", ".join(f"{recording.sfreq / k:g}" for k in range(1, 5))
        raise PreprocessingError(
            f"{recording.name}: {recording.sfreq:g} Hz cannot be subsampled to "
            f"{settings.sfreq:g} Hz by a whole factor; possible are {possible}, ... Hz"
        )
    return factor


def _selected_signal(recording: Recording, settings: Preprocessing) -> tuple[Signal, list[str]]:
    """Treat bad electrodes, re-reference, pick; give the signal in volts and its electrodes."""
    raw = recording.raw.copy()
    _check_names(recording, settings.electrodes, "electrodes")
    if isinstance(settings.reference, tuple):
        _check_names(recording, settings.reference, "reference")
    bad = list(raw.info["bads"])
    if bad and settings.bad_electrodes == "drop":
        raw.drop_channels(bad)
    elif bad and settings.bad_electrodes == "interpolate":
        if len(raw.ch_names) - len(bad) < 4:
            raise PreprocessingError(
                f"{recording.name}: too few good electrodes to interpolate {bad}; "
                "set bad_electrodes to drop or keep"
            )
        raw.interpolate_bads(verbose="error")
    if settings.reference is not None:
        wanted = settings.reference
        raw.set_eeg_reference(
            "average" if wanted == "average" else list(wanted), projection=False, verbose="error"
        )
    names = [n for n in settings.electrodes or raw.ch_names if n in raw.ch_names]
    return raw.get_data(picks=names), names


def _check_names(recording: Recording, names: tuple[str, ...] | None, setting: str) -> None:
    missing = [name for name in names or () if name not in recording.electrodes]
    if missing:
        raise PreprocessingError(
            f"{recording.name}: {setting} {missing} not found, the recording has "
            f"{recording.electrodes}"
        )


def _windows(
    piece: Signal,
    onsets: npt.NDArray[np.int64],
    sfreq: float,
    factor: int,
    first: int,
    n_times: int,
    settings: Preprocessing,
) -> Iterator[tuple[npt.NDArray[np.int64], Signal]]:
    """Yield (rows of onsets, windows) of one stretch of signal; windows beyond it are left out.

    Subsampling first leaves ``factor`` interleaved signals; each flash is cut from the one that
    holds its onset sample, so that no onset is rounded.
    """
    if factor > 1:
        piece = _anti_alias(piece, factor, settings.phase)
    if settings.order == "filter_first":
        piece = bandpass(piece, sfreq, settings)
    for phase in np.unique(onsets % factor):
        stream = piece[:, phase::factor]
        if settings.order == "subsample_first":
            stream = bandpass(stream, sfreq / factor, settings)
        rows = np.flatnonzero(onsets % factor == phase)
        begin = (onsets[rows] - phase) // factor + first
        fits = (begin >= 0) & (begin + n_times <= stream.shape[1])
        rows, begin = rows[fits], begin[fits]
        index = begin[:, None] + np.arange(n_times)
        yield rows, stream[:, index].transpose(1, 0, 2)


def bandpass(data: Signal, sfreq: float, settings: Preprocessing) -> Signal:
    """Bandpass-filter continuous signals.

    Parameters
    ----------
    data
        [electrode, sample], one continuous stretch.
    sfreq
        Its sampling rate in Hz.
    settings
        Uses ``low``, ``high``, ``filter``, ``filter_order`` and ``phase``.
    """
    if settings.filter == "fir":
        import mne

        # Padding by reflection would let a causal filter see the future at the start.
        zero = settings.phase == "zero"
        filtered: Signal = mne.filter.filter_data(
            np.ascontiguousarray(data),
            sfreq,
            settings.low,
            settings.high,
            phase="zero" if zero else "minimum",
            pad="reflect_limited" if zero else "edge",
            verbose="error",
        )
        return filtered
    sections = butterworth_sections(
        sfreq, settings.low, settings.high, settings.filter_order, settings.phase
    )
    # Ten time constants of the high-pass, as far as the signal allows.
    return _apply_sections(data, sections, settings.phase, round(1.6 * sfreq / settings.low))


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


def _anti_alias(data: Signal, factor: int, phase: Literal["zero", "causal"]) -> Signal:
    """Low-pass before subsampling: Chebyshev I, order 8, 0.05 dB ripple to 0.8 of the new Nyquist.

    The design of :func:`scipy.signal.decimate`.
    """
    from scipy import signal

    sections = signal.cheby1(8, 0.05, 0.8 / factor, output="sos")
    return _apply_sections(data, sections, phase, 100 * factor)


def _apply_sections(
    data: Signal, sections: Signal, phase: Literal["zero", "causal"], padding: int
) -> Signal:
    """Filter forwards, or forwards and backwards, without a transient from the offset."""
    from scipy import signal

    if phase == "zero":
        length = min(padding, data.shape[1] - 1)
        filtered: Signal = signal.sosfiltfilt(sections, data, axis=1, padlen=length)
        return filtered
    # Start as if the first sample had lasted for ever: EEG offsets are millivolts.
    state = signal.sosfilt_zi(sections)[:, None, :] * data[:, :1][None]
    filtered, _ = signal.sosfilt(sections, data, axis=1, zi=state)
    return filtered


def realised_band(
    settings: Preprocessing, sfreq: float, seconds: float = 200.0
) -> tuple[float, float]:
    """Measure the -3 dB points of the bandpass from its impulse response.

    Parameters
    ----------
    settings
        The filter's settings.
    sfreq
        Rate at which the bandpass runs, in Hz.
    seconds
        Length of the impulse response; its inverse bounds the resolution.

    Returns
    -------
    Lowest and highest frequency in Hz whose gain is at least 1/sqrt(2) of the largest.
    """
    impulse = np.zeros((1, round(seconds * sfreq)))
    impulse[0, impulse.shape[1] // 2 if settings.phase == "zero" else 1] = 1.0
    gain = np.abs(np.fft.rfft(bandpass(impulse, sfreq, settings)[0]))
    frequency = np.fft.rfftfreq(impulse.shape[1], 1 / sfreq)
    passed = frequency[gain >= gain.max() / math.sqrt(2)]
    return float(passed.min()), float(passed.max())


def describe(settings: Preprocessing, source_sfreq: float, factor: int) -> dict[str, Any]:
    """Say in figures what the preprocessing does to a recording of a given rate."""
    rate = source_sfreq if settings.order == "filter_first" else source_sfreq / factor
    low, high = realised_band(settings, rate)
    return {
        "source_sfreq": source_sfreq,
        "sfreq": source_sfreq / factor,
        "filter_sfreq": rate,
        "realised_low": low,
        "realised_high": high,
    }
