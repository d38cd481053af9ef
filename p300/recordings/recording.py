"""A recording: the continuous EEG in volts and the table of its flashes."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.electrode_names import place_electrodes
from p300.recordings.guard import guarded
from p300.recordings.layout import Layout
from p300.recordings.montage import Position, raw_positions

if TYPE_CHECKING:
    import pandas as pd
    from mne.io import BaseRaw

    from p300.recordings.epoched import Cut

FLASH_COLUMNS = {
    "sample": "int64",
    "target": "boolean",
    "code": "Int64",
    "character": "Int64",
    "repetition": "Int64",
}
"""Columns of a flash table and their types; all but ``sample`` may be NA where unknown."""

SEGMENT_EDGE = "EDGE boundary"
"""MNE's annotation where two stretches of signal that do not belong together meet."""

# EEG in volts: scalp noise floor about 1e-7, ordinary EEG 1e-5, a loose electrode 1e-3.
# One published subject is stored in units 1000 times smaller, hence the generous lower bound.
_IMPOSSIBLE_VOLTS = (1e-10, 2e-2)
_UNUSUAL_VOLTS = (5e-8, 2e-4)

# Hz; slower ones cannot show a P300.
_POSSIBLE_RATES = (20.0, 1e5)

# Beyond any amplifier, and far from where numbers overflow.
_MOST_VOLTS = 1e6

LOUD = 20
"""An electrode with more than this many times the median amplitude deserves a warning."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Continuous EEG with the flashes that were shown.

    Parameters
    ----------
    raw
        The signal: EEG channels only, in volts, named and placed as
        :func:`p300.recordings.electrode_names.read_electrodes` tells; flashes are also annotations
        on it, so that MNE's own plots show them.
    flashes
        One row a flash in time order, columns :data:`FLASH_COLUMNS`. ``sample`` counts from the
        first sample of ``raw``; ``code`` is the flash code of ``layout``; ``character`` and
        ``repetition`` count from 1.
    dataset, subject, session, run
        Where the recording belongs.
    certain
        Whether the subject is told by the files or confirmed by the user; False where it is a guess
        from names.
    layout
        The stimulus matrix, None where it is unknown.
    source
        The file or folder read, or a description for generated data.
    cut
        How the epochs were cut, where the recording came as epochs: then ``raw`` holds these one
        after another in the order of ``flashes``, each a segment.
    """

    raw: BaseRaw
    flashes: pd.DataFrame
    dataset: str
    subject: str
    session: str = "1"
    run: str = "1"
    layout: Layout | None = None
    source: str = ""
    certain: bool = True
    cut: Cut | None = None

    def __repr__(self) -> str:
        return (
            f"<Recording {self.name}: {len(self.raw.ch_names)} electrodes, "
            f"{self.raw.info['sfreq']:g} Hz, {self.raw.n_times / self.raw.info['sfreq']:.0f} s, "
            f"{len(self.flashes)} flashes>"
        )

    @property
    def name(self) -> str:
        """Data set, subject, session and run in one word, as messages use it."""
        return f"{self.dataset}/sub-{self.subject}/ses-{self.session}/run-{self.run}"

    @property
    def electrodes(self) -> list[str]:
        """Names of the EEG electrodes, in the order of the rows of the signal."""
        return list(self.raw.ch_names)

    @property
    def positions(self) -> dict[str, Position]:
        """Electrode -> x, y, z in head coordinates, in metres; of those whose place is known."""
        return raw_positions(self.raw)

    @property
    def sfreq(self) -> float:
        """Sampling rate in Hz."""
        return float(self.raw.info["sfreq"])

    @property
    def onset_sfreq(self) -> float | None:
        """Rate in Hz at which ``flashes["sample"]`` counts; None where that is the order alone."""
        return self.sfreq if self.cut is None else self.cut.onset_sfreq

    @property
    def onsets(self) -> npt.NDArray[np.float64]:
        """Seconds from the start of the recording to each flash, [flash]; NaN where unknown."""
        return self.flashes["sample"].to_numpy() / (self.onset_sfreq or np.nan)

    def flash_samples(self) -> npt.NDArray[np.int64]:
        """Return the sample of ``raw`` at which each flash is, [flash]; its epoch may be beside."""
        if self.cut is None:
            return self.flashes["sample"].to_numpy(dtype=np.int64)
        return self.cut.n_times * np.arange(len(self.flashes)) - self.cut.first

    def segments(self) -> list[tuple[int, int]]:
        """Return the stretches of continuous signal as (first, last + 1) samples.

        Sources that store every character on its own have one a character; filters must not run
        across their edges.
        """
        edges = [
            round((onset - self.raw.first_time) * self.sfreq)
            for onset, text in zip(
                self.raw.annotations.onset, self.raw.annotations.description, strict=True
            )
            if text == SEGMENT_EDGE
        ]
        bounds = [0, *sorted(edges), int(self.raw.n_times)]
        return [(a, b) for a, b in itertools.pairwise(bounds) if b > a]


def build_recording(
    signal: npt.ArrayLike,
    electrodes: list[str],
    sfreq: float,
    flashes: pd.DataFrame,
    *,
    dataset: str,
    subject: str,
    session: str = "1",
    run: str = "1",
    certain: bool = True,
    layout: Layout | None = None,
    source: str = "",
    segment_starts: list[int] | None = None,
    montage: str | None = None,
) -> Recording:
    """Make a checked :class:`Recording` from an array.

    Parameters
    ----------
    signal
        [electrode, sample], in volts.
    electrodes
        Names of the rows.
    sfreq
        Sampling rate in Hz.
    flashes
        Flash table; see :class:`Recording`. Missing columns are filled with NA.
    segment_starts
        First samples of stretches that do not continue what is before them.
    montage
        Whose names they are, see :func:`p300.recordings.electrode_names.read_electrodes`.

    Raises
    ------
    RecordingError
        When anything in it cannot be a recording; see :func:`check_recording`.
    """
    import mne

    data = np.ascontiguousarray(signal, dtype=np.float64)
    if data.ndim != 2 or data.shape[0] != len(electrodes):
        raise RecordingError(
            f"{source}: signal of shape {data.shape} found, expected "
            f"[{len(electrodes)} electrodes, samples]"
        )
    _check_axes(data.shape[0], data.shape[1], source)
    _check_rate(sfreq, source)
    info = mne.create_info(list(electrodes), sfreq, "eeg", verbose="error")
    raw = mne.io.RawArray(data, info, copy="auto", verbose="error")
    return finish_recording(
        raw, flashes, dataset=dataset, subject=subject, session=session, run=run, certain=certain,
        layout=layout, source=source, segment_starts=segment_starts, montage=montage,
    )  # fmt: skip


def finish_recording(
    raw: BaseRaw,
    flashes: pd.DataFrame,
    *,
    dataset: str,
    subject: str,
    session: str = "1",
    run: str = "1",
    certain: bool = True,
    layout: Layout | None = None,
    source: str = "",
    segment_starts: list[int] | None = None,
    montage: str | None = None,
    cut: Cut | None = None,
) -> Recording:
    """Make a checked :class:`Recording` from a Raw that holds EEG channels in volts.

    Electrodes are named and placed; flashes and segment edges become annotations. Parameters and
    errors as in :func:`build_recording`, ``cut`` as in :class:`Recording`.
    """
    _check_axes(len(raw.ch_names), int(raw.n_times), source)
    _check_rate(raw.info["sfreq"], source)
    place_electrodes(raw, source, montage)
    recording = Recording(
        raw=raw,
        flashes=_complete_flashes(flashes, source),
        dataset=dataset,
        subject=_in_utf8(subject), session=_in_utf8(session), run=_in_utf8(run),
        layout=layout,
        source=_in_utf8(source),
        certain=certain,
        cut=cut,
    )  # fmt: skip
    check_recording(recording)
    _annotate(recording, segment_starts or [])
    return recording


def _check_rate(sfreq: float, source: str) -> None:
    low, high = _POSSIBLE_RATES
    if not low <= sfreq <= high:
        raise RecordingError(
            f"{source}: sampling rate {sfreq} Hz found, expected {low:g} to {high:g}"
        )


def _in_utf8(text: str) -> str:
    """Write bytes of a file's name that are not UTF-8 as escapes, so that files can store it."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def _check_axes(n_electrodes: int, n_samples: int, source: str) -> None:
    if n_electrodes > n_samples:
        raise RecordingError(
            f"{source}: {n_electrodes} electrodes but only {n_samples} samples; "
            "the axes look swapped"
        )


def _complete_flashes(flashes: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return a flash table all columns in their types, sorted by time."""
    if "sample" not in flashes.columns:
        raise RecordingError(
            f"{source}: flash table with columns {list(flashes.columns)} found, "
            "expected at least 'sample'"
        )
    table = flashes.reindex(columns=list(FLASH_COLUMNS))
    try:
        # The nullable type first: it refuses fractions, int64 would cut them off.
        table = table.astype({**FLASH_COLUMNS, "sample": "Int64"}).astype(FLASH_COLUMNS)
    except (TypeError, ValueError) as error:
        raise RecordingError(f"{source}: flash table cannot be read: {error}") from error
    return table.sort_values("sample", kind="stable", ignore_index=True)


def _annotate(recording: Recording, segment_starts: list[int]) -> None:
    """Put flashes and segment edges on the Raw, after whatever annotations it had."""
    import mne

    raw, flashes, sfreq = recording.raw, recording.flashes, recording.sfreq
    there, first = raw.annotations.copy(), raw.first_time
    if there.orig_time is None:
        # MNE gives them from the time 0 of the Raw, but takes them from its first sample.
        there.onset -= first
        first = 0.0
    kind = flashes["target"].map({True: "target", False: "nontarget"}).fillna("flash")
    code = flashes["code"].astype("string").radd("/").fillna("")
    edges = np.array([start for start in segment_starts if start > 0], dtype=np.float64)
    told = slice(None if recording.cut is None or recording.cut.holds_flash else 0)
    marks = mne.Annotations(
        onset=np.concatenate([recording.flash_samples()[told] / sfreq, edges / sfreq]) + first,
        duration=0.0,
        description=[*(kind + code)[told], *[SEGMENT_EDGE] * len(edges)],
        orig_time=there.orig_time,
    )
    raw.set_annotations(there + marks, verbose="error")


def check_recording(recording: Recording) -> None:
    """Refuse what cannot be EEG with flashes, warn of what deserves a look.

    Flat electrodes are put into ``raw.info["bads"]``; preprocessing decides what happens to them.

    Raises
    ------
    RecordingError
        No flashes; flashes outside the signal or twice at one sample; flashes of which only some
        carry a target mark, or none is a target; NaN or infinite samples; amplitudes that cannot
        be volts.
    """
    _check_flashes(recording)
    where = f"{recording.source} ({recording.name})"
    data = guarded(recording.raw.get_data, recording.source)
    broken = ~np.isfinite(data)
    if broken.any():
        names = [recording.electrodes[k] for k in np.flatnonzero(broken.any(axis=1))]
        raise RecordingError(
            f"{where}: {int(broken.sum())} NaN or infinite samples found in {names}, first at "
            f"sample {int(np.flatnonzero(broken.any(axis=0))[0])}; cut or interpolate them first"
        )
    largest = max(float(data.max()), -float(data.min()))
    if largest > _MOST_VOLTS:
        raise RecordingError(
            f"{where}: a sample of {largest:.2g} V found, which cannot be EEG in volts; check the "
            "units, microvolts must be multiplied by 1e-6"
        )
    amplitude = robust_amplitude(data)
    # Only rounding noise moves: a dead amplifier input or a disconnected electrode.
    if not (amplitude > 0).any():
        raise RecordingError(f"{where}: all {len(amplitude)} electrodes are flat, expected EEG")
    flat = amplitude <= 1e-6 * np.median(amplitude[amplitude > 0])
    if flat.any():
        names = [recording.electrodes[k] for k in np.flatnonzero(flat)]
        recording.raw.info["bads"] = sorted({*recording.raw.info["bads"], *names})
        warnings.warn(f"{where}: electrodes {names} are flat", DataWarning, stacklevel=4)
    typical = float(np.median(amplitude[~flat]))
    loud = amplitude > LOUD * typical
    if loud.any():
        names = [recording.electrodes[k] for k in np.flatnonzero(loud)]
        warnings.warn(
            f"{where}: electrodes {names} have up to {amplitude.max() / typical:.0f} times the "
            "amplitude of the others; a loose electrode, or another unit?",
            DataWarning,
            stacklevel=4,
        )
    _check_units(typical, where)


def robust_amplitude(data: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Amplitude of each electrode that drifts and steps do not inflate.

    Parameters
    ----------
    data
        [electrode, sample], in volts.

    Returns
    -------
    [electrode], volts: 1.4826 times the median absolute deviation of the first difference; about
    a fifth of the standard deviation of ordinary EEG at 256 Hz.
    """
    # Electrode by electrode: a recording can have hundreds of megabytes.
    return np.array([_typical_step(np.diff(row)) for row in data])


def _typical_step(steps: npt.NDArray[np.float64]) -> float:
    if len(steps) == 0:
        return 0.0
    spread = 1.4826 * float(np.median(np.abs(steps - np.median(steps))))
    # Coarsely quantised signals step rarely; their median step is zero but they are not flat.
    return spread if spread > 0 else float(steps.std())


def _check_flashes(recording: Recording) -> None:
    where = f"{recording.source} ({recording.name})"
    flashes, n_times = recording.flashes, int(recording.raw.n_times)
    if len(flashes) == 0:
        raise RecordingError(f"{where}: no flashes found, expected one row a flash")
    if recording.cut is not None:
        n_times = np.iinfo(np.int64).max  # flashes count in the recording that was cut
    outside = flashes.loc[(flashes["sample"] < 0) | (flashes["sample"] >= n_times), "sample"]
    if len(outside):
        raise RecordingError(
            f"{where}: {len(outside)} flashes lie outside the signal (first at sample "
            f"{outside.iloc[0]} of {n_times}); is the flash table from another file or rate?"
        )
    twice = flashes["sample"].duplicated()
    if twice.any():
        raise RecordingError(
            f"{where}: {int(twice.sum())} flashes share a sample with another flash (first at "
            f"sample {flashes.loc[twice, 'sample'].iloc[0]}), expected one flash at a time"
        )
    known = flashes["target"].notna()
    if known.any() and not known.all():
        raise RecordingError(
            f"{where}: {int((~known).sum())} of {len(flashes)} flashes lack a target mark; "
            "expected all of them or none"
        )
    if known.all() and not flashes["target"].any():
        raise RecordingError(f"{where}: none of {len(flashes)} flashes is a target")
    if known.all() and flashes["target"].all():
        raise RecordingError(f"{where}: all {len(flashes)} flashes are targets")


def _check_units(amplitude: float, where: str) -> None:
    low, high = _IMPOSSIBLE_VOLTS
    if not low <= amplitude <= high:
        raise RecordingError(
            f"{where}: sample-to-sample amplitude of {amplitude:.2g} V cannot be EEG in volts "
            f"(expected {_UNUSUAL_VOLTS[0]:g} to {_UNUSUAL_VOLTS[1]:g}); check the units, "
            "microvolts must be multiplied by 1e-6"
        )
    low, high = _UNUSUAL_VOLTS
    if not low <= amplitude <= high:
        warnings.warn(
            f"{where}: sample-to-sample amplitude of {amplitude:.2g} V is unusual for EEG "
            f"({low:g} to {high:g}); the unit of the source may be another",
            DataWarning,
            stacklevel=5,
        )
