"""From a recording to epochs: reference, subsample, filter, cut, normalise.

Everything here is fixed by its settings and learns nothing from the data.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, model_validator

from p300.arguments import repeated
from p300.errors import DataWarning, PreprocessingError
from p300.recordings.faults import robust_amplitude
from p300.recordings.guard import naming_warnings
from p300.recordings.recording import Recording
from p300.signal.causal import CausalFilters, goes_on
from p300.signal.electrodes import placed, selected_signal
from p300.signal.epoch_arrays import zscored
from p300.signal.epochs import EPOCH_COLUMNS, Epochs, concatenate
from p300.signal.filters import Index, Signal, anti_alias, bandpass, realised_band, sample_epochs
from p300.signal.precut import take_stored
from p300.signal.sampling import (
    FEWEST_TIMES,
    PAPER_RATE,
    EpochGrid,
    count_times,
    epoch_grid,
    flashes_inside,
    flashes_unmarked,
)

LONGEST = 10.0
"""Seconds, the longest epoch."""

UNLIKE = 100.0
"""Amplitudes of subjects that differ by more than this factor deserve a warning."""


def _all_different(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a name that comes twice."""
    if twice := repeated(names):
        raise ValueError(f"{', '.join(twice)} named more than once")
    return names


Names = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_all_different)]
"""Electrodes, at least one, each once."""


class Preprocessing(BaseModel):
    """Settings of the preprocessing; the defaults are the paper's steps.

    Stated by Cecotti & Gräser (2011): subsample (240 to 120 Hz), then bandpass 0.1-20 Hz, epochs
    of 0-650 ms, each electrode of each epoch to zero mean and unit variance. Open in the paper and
    chosen here: the anti-alias filter, the type, order and phase of the bandpass.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    sfreq: Annotated[float, Field(gt=0, le=1e5)] | None = None
    """Rate after subsampling in Hz. None: the lowest rate not below the paper's 120 Hz that is the
    source's divided by a whole number (240 -> 120, 256 -> 128, 250 -> 125). Any other rate below
    the source's needs ``order: filter_first``."""
    order: Literal["subsample_first", "filter_first"] = "subsample_first"
    """Subsample, then filter (the paper), or the other way round."""
    low: float = Field(default=0.1, ge=0.001, le=1e4)
    """Lower -3 dB point of the bandpass in Hz."""
    high: float = Field(default=20.0, gt=0, le=1e4)
    """Upper -3 dB point of the bandpass in Hz."""
    filter: Literal["butterworth", "fir"] = "butterworth"
    """``butterworth``: a high-pass and a low-pass section, recursive. ``fir``: MNE's windowed
    design; there ``low`` and ``high`` are the edges of the passband."""
    filter_order: Annotated[int, Strict()] = Field(default=4, ge=1, le=12)
    """Order of each Butterworth section, in one direction."""
    phase: Literal["zero", "causal"] = "zero"
    """``zero``: forwards and backwards, no delay, for offline use. ``causal``: uses no future
    sample, as an online system must."""
    tmin: float = Field(default=0.0, ge=-10, le=10)
    """Start of the epoch from the flash in seconds."""
    tmax: float = Field(default=0.65, ge=-10, le=10)
    """End of the epoch from the flash in seconds."""
    normaliser: Literal["window_zscore", "none"] = "window_zscore"
    """``window_zscore``: each electrode of each epoch on its own mean and standard deviation (the
    paper). ``none``: volts."""
    electrodes: Names | None = None
    """Electrodes to use, None for all."""
    missing_electrodes: Literal["refuse", "interpolate"] = "refuse"
    """What happens where a recording lacks one of ``electrodes``: an error, or it is interpolated
    by spherical splines from those recorded."""
    reference: Literal["average"] | Names | None = None
    """None keeps the recording's reference; ``average`` or named electrodes re-reference."""
    bad_electrodes: Literal["interpolate", "drop", "keep"] = "interpolate"
    """What happens to electrodes that hold no EEG (flat, clipped, copies, ...) and those that the
    source marks as bad."""
    reject_by_annotation: Annotated[bool, Strict()] = True
    """Leave out epochs that touch a stretch whose annotation begins with BAD, as MNE does."""

    @model_validator(mode="after")
    def _check_ranges(self) -> Preprocessing:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g} Hz) must be below high ({self.high:g} Hz)")
        if self.tmin >= self.tmax:
            raise ValueError(f"tmin ({self.tmin:g} s) must be before tmax ({self.tmax:g} s)")
        if self.tmax - self.tmin > LONGEST:
            raise ValueError(
                f"tmin ({self.tmin:g} s) to tmax ({self.tmax:g} s) is longer than {LONGEST:g} s"
            )
        n_times = count_times(self.tmin, self.tmax, self.sfreq or PAPER_RATE)
        if n_times < FEWEST_TIMES:
            raise ValueError(
                f"tmin ({self.tmin:g} s) to tmax ({self.tmax:g} s) are {n_times} samples at "
                f"{self.sfreq or PAPER_RATE:g} Hz, at least {FEWEST_TIMES} are needed"
            )
        if self.sfreq is not None and self.high >= self.sfreq / 2:
            raise ValueError(
                f"sfreq ({self.sfreq:g} Hz) is too low for a band up to {self.high:g} Hz (high); "
                f"it must be above {2 * self.high:g} Hz"
            )
        if self.missing_electrodes == "interpolate" and self.electrodes is None:
            raise ValueError("missing_electrodes: interpolate needs the list of electrodes")
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
    parts, amplitudes = [], []
    for recording in [recordings] if isinstance(recordings, Recording) else recordings:
        parts.append(normalise(cut_epochs(recording, settings), settings))
        volts = float(np.median(robust_amplitude(recording.raw.get_data())))
        amplitudes.append((f"{recording.dataset}/sub-{recording.subject}", volts))
    warn_of_scales(amplitudes)
    return concatenate(parts)


def cut_epochs(recording: Recording, settings: Preprocessing) -> Epochs:
    """Filter a recording and cut an epoch after each flash; X is in volts.

    The epoch of a flash at source sample s holds the filtered signal at exactly s + q (k0 + k),
    where q is the subsampling factor, whole or not: onsets are never rounded to the subsampled
    grid.

    Raises
    ------
    PreprocessingError
        When a setting does not fit the recording.
    """
    grid = epoch_grid(recording, settings)
    data, electrodes = selected_signal(recording, settings)
    flashes = kept_flashes(recording, settings)
    if recording.cut is not None:
        X = take_stored(data, recording, recording.cut, grid)
    else:
        X = _filter_and_cut(data, flashes["sample"].to_numpy(), recording, grid, settings)
    return Epochs(
        X=X,
        flashes=flashes,
        electrodes=tuple(electrodes),
        sfreq=grid.sfreq,
        tmin=grid.tmin,
        preprocessing=settings.model_dump(mode="json"),
        layouts={recording.dataset: recording.layout} if recording.layout else {},
        positions=placed(recording, electrodes),
    )


def _filter_and_cut(
    data: Signal,
    samples: npt.NDArray[np.int64],
    recording: Recording,
    grid: EpochGrid,
    settings: Preprocessing,
) -> npt.NDArray[np.float32]:
    """Return the epochs at some samples of a recording, [epoch, electrode, time]."""
    X = np.empty((len(samples), len(data), grid.n_times), dtype=np.float32)
    with naming_warnings(recording.name):  # each text once, not for each interleaved signal
        for start, stop in recording.segments():
            inside = np.flatnonzero((samples >= start) & (samples < stop))
            for rows, values in _cut(
                data[:, start:stop], samples[inside] - start, recording, grid, settings
            ):
                X[inside[rows]] = values
    if not np.isfinite(X).all():
        raise PreprocessingError(
            f"{recording.name}: the filtered signal is not finite; a band of {settings.low:g} to "
            f"{settings.high:g} Hz of order {settings.filter_order} cannot be computed at this "
            "rate, take a lower order or a wider band"
        )
    return X


def kept_flashes(recording: Recording, settings: Preprocessing) -> pd.DataFrame:
    """Return the rows of :attr:`p300.signal.epochs.Epochs.flashes` that epochs are cut for.

    Raises
    ------
    PreprocessingError
        When a setting does not fit the recording, or it marks all its epochs as bad.

    Warns
    -----
    DataWarning
        With the numbers of flashes whose epoch reaches beyond the signal or across a pause, and of
        those that are marked as bad.
    """
    grid = epoch_grid(recording, settings)
    kept = flashes_inside(recording, grid)
    if settings.reject_by_annotation:
        kept &= flashes_unmarked(recording, settings, kept)
    return describe_flashes(recording).loc[kept].reset_index(drop=True)


def describe_flashes(recording: Recording) -> pd.DataFrame:
    """Return the flash table with the columns of :attr:`p300.signal.epochs.Epochs.flashes`."""
    return recording.flashes.assign(
        dataset=recording.dataset,
        subject=recording.subject,
        session=recording.session,
        run=recording.run,
        onset=recording.onsets,
    )[list(EPOCH_COLUMNS)]


def normalise(epochs: Epochs, settings: Preprocessing) -> Epochs:
    """Bring each electrode of each epoch to zero mean and unit variance (paper, step 4).

    An epoch without any variation becomes zero, with a warning.
    """
    if settings.normaliser == "none":
        return epochs
    X, constant = zscored(epochs.X)
    if constant.any():
        warnings.warn(
            f"{int(constant.sum())} of {len(epochs)} epochs x {len(epochs.electrodes)} electrodes "
            "are constant; they are set to zero",
            DataWarning,
            stacklevel=2,
        )
    return replace(epochs, X=X)


def warn_of_scales(amplitudes: Iterable[tuple[str, float]]) -> None:
    """Warn of subjects whose amplitudes differ too much to be in the same unit.

    Parameters
    ----------
    amplitudes
        Subject and typical amplitude of each of their recordings, in volts.

    Warns
    -----
    DataWarning
        Naming the subjects far from the middle, where the largest amplitude is more than
        :data:`UNLIKE` times the smallest.
    """
    table = pd.DataFrame(amplitudes, columns=["subject", "volts"])
    typical = table.groupby("subject", sort=False)["volts"].median()
    if len(typical) < 2 or typical.max() <= UNLIKE * typical.min():
        return
    middle = float(np.exp(np.log(typical).median()))
    ratio = typical / middle
    far = ratio[(ratio > math.sqrt(UNLIKE)) | (ratio < 1 / math.sqrt(UNLIKE))]
    named = ", ".join(f"{name} ({1e6 * typical[name]:.2g} µV)" for name in far.index)
    warnings.warn(
        f"the amplitudes of {len(typical)} subjects differ by up to "
        f"{typical.max() / typical.min():.0f} times: {named} against {1e6 * middle:.2g} µV in the "
        "middle (median step from sample to sample); another unit? The normaliser window_zscore "
        "takes such differences away, none keeps them",
        DataWarning,
        stacklevel=3,
    )


def _cut(
    piece: Signal,
    onsets: npt.NDArray[np.int64],
    recording: Recording,
    grid: EpochGrid,
    settings: Preprocessing,
) -> Iterator[tuple[Index, Signal]]:
    """Yield (rows of onsets, epochs) of one segment of a recording, which hold all of them.

    Subsampling first leaves ``factor`` interleaved signals; each flash is cut from the one that
    holds its onset sample, so that no onset is rounded.
    """
    if goes_on(settings):
        filtered = CausalFilters(recording.sfreq, grid.factor, settings)(piece)
        yield from sample_epochs(filtered, onsets, grid.factor * grid.steps)
        return
    if grid.factor > 1:
        piece = anti_alias(piece, grid.factor, settings.phase)
    if settings.order == "filter_first":
        filtered = bandpass(piece, recording.sfreq, settings, recording.name)
        yield from sample_epochs(filtered, onsets, grid.factor * grid.steps)
        return
    whole = round(grid.factor)
    for phase in np.unique(onsets % whole):
        rate = recording.sfreq / whole
        stream = bandpass(piece[:, phase::whole], rate, settings, recording.name)
        rows = np.flatnonzero(onsets % whole == phase)
        for some, values in sample_epochs(stream, (onsets[rows] - phase) // whole, grid.steps):
            yield rows[some], values


def describe(recording: Recording, settings: Preprocessing) -> dict[str, Any]:
    """Return in figures what the preprocessing does to a recording, JSON-ready.

    The filter's are None where the recording came as epochs.
    """
    grid = epoch_grid(recording, settings)
    if recording.cut is not None:
        unknown = dict.fromkeys(("filter_sfreq", "realised_low", "realised_high"))
        return {"source_sfreq": recording.sfreq, "sfreq": grid.sfreq, **unknown}
    rate = recording.sfreq if settings.order == "filter_first" else recording.sfreq / grid.factor
    low, high = realised_band(settings, recording.sfreq, grid.factor)
    return {
        "source_sfreq": recording.sfreq,
        "sfreq": grid.sfreq,
        "filter_sfreq": rate,
        "realised_low": low,
        "realised_high": high,
    }
