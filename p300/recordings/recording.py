"""A recording: the continuous EEG in volts and the table of its flashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import RecordingError
from p300.notebooks import facts_table
from p300.recordings.annotations import (
    SEGMENT_EDGE,
    Stretch,
    add_annotations,
    bad_stretches,
    find_segments,
)
from p300.recordings.checks import check_axes, check_rate, check_recording
from p300.recordings.electrode_names import place_electrodes
from p300.recordings.flashes import tell_flashes
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
    reference
        What the file calls the reference of its electrodes, "" where it does not.
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
    reference: str = ""

    def __repr__(self) -> str:
        return (
            f"<Recording {self.name}: {len(self.raw.ch_names)} electrodes, "
            f"{self.raw.info['sfreq']:g} Hz, {self.raw.n_times / self.raw.info['sfreq']:.0f} s, "
            f"{len(self.flashes)} flashes>"
        )

    def _repr_html_(self) -> str:
        """Return what notebooks show."""
        return facts_table(
            f"Recording {self.name}",
            {
                "signal": f"{len(self.electrodes)} electrodes, {self.sfreq:g} Hz, "
                f"{self.raw.n_times / self.sfreq:.0f} s",
                "electrodes": ", ".join(self.electrodes),
                "bad": ", ".join(map(str, self.raw.info["bads"])),
                "flashes": tell_flashes(self.flashes),
                "layout": "" if self.layout is None else " ".join(self.layout.symbols),
                "source": self.source,
            },
        )

    @classmethod
    def from_mne(
        cls,
        raw: BaseRaw,
        *,
        dataset: str,
        subject: str,
        session: str = "1",
        run: str = "1",
        events: npt.ArrayLike | None = None,
        event_id: Mapping[str, int] | None = None,
        **options: Any,
    ) -> Recording:
        r"""Make a recording of a Raw of MNE, which stays as it is.

        Parameters
        ----------
        raw
            Continuous EEG; other channels are left out. Its annotations are the marks that tell
            flashes, unless ``events`` are given or the option ``stim_channel`` names a channel.
        dataset, subject, session, run
            Where the recording belongs.
        events, event_id
            As MNE has them, [event, 3] and name -> number; a number without a name is its own mark.
        options
            Those of the source ``annotated``: ``target``, ``nontarget``, ``code`` and ``layout``
            (:class:`~p300.recordings.marks.Marks`), ``stim_channel`` and ``mask``
            (:class:`~p300.recordings.readers.triggers.Triggers`), ``rename``, ``drop``, ``montage``
            and ``microvolts_per_unit`` (:class:`~p300.recordings.channels.Channels`).

        Raises
        ------
        RecordingError
            When nobody said which marks are flashes (the message names all there are), or it cannot
            be EEG with flashes.
        """
        from p300.recordings.from_mne import RawOptions, record_raw
        from p300.recordings.places import Place

        place = Place(str(subject), str(session), str(run))
        return record_raw(raw, dataset, place, RawOptions.of(options), events, event_id)

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

        Sources that store every character on its own have one a character, and a recording that
        was stopped and went on has one for each part; filters must not run across their edges.
        """
        return find_segments(self.raw)

    def bad_stretches(self) -> list[Stretch]:
        """Return the stretches that annotations such as ``BAD_movement`` mark, in time order."""
        return bad_stretches(self.raw)


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
    check_axes(data.shape[0], data.shape[1], source)
    check_rate(sfreq, source)
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
    reference: str = "",
) -> Recording:
    """Make a checked :class:`Recording` from a Raw that holds EEG channels in volts.

    Electrodes are named and placed; flashes and segment edges become annotations. Parameters and
    errors as in :func:`build_recording`, ``cut`` and ``reference`` as in :class:`Recording`; names
    of channels tell a reference, too.
    """
    check_axes(len(raw.ch_names), int(raw.n_times), source)
    check_rate(raw.info["sfreq"], source)
    by_names = place_electrodes(raw, source, montage)
    recording = Recording(
        raw=raw,
        flashes=_complete_flashes(flashes, source),
        dataset=dataset,
        subject=_in_utf8(subject), session=_in_utf8(session), run=_in_utf8(run),
        layout=layout,
        source=_in_utf8(source),
        certain=certain,
        cut=cut,
        reference=_in_utf8(reference or by_names),
    )  # fmt: skip
    check_recording(recording)
    _annotate(recording, segment_starts or [])
    return recording


def _in_utf8(text: str) -> str:
    """Write bytes of a file's name that are not UTF-8 as escapes, so that files can store it."""
    return str(text).encode("utf-8", "backslashreplace").decode()


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
    except (OverflowError, TypeError, ValueError) as error:
        raise RecordingError(f"{source}: flash table cannot be read: {error}") from error
    return table.sort_values("sample", kind="stable", ignore_index=True)


def _annotate(recording: Recording, segment_starts: list[int]) -> None:
    """Put flashes and segment edges on the Raw, after whatever annotations it had."""
    flashes, sfreq = recording.flashes, recording.sfreq
    kind = flashes["target"].map({True: "target", False: "nontarget"}).fillna("flash")
    code = flashes["code"].astype("string").radd("/").fillna("")
    told = slice(None if recording.cut is None or recording.cut.holds_flash else 0)
    edges = [start for start in segment_starts if start > 0]
    samples = np.array([*recording.flash_samples()[told], *edges], dtype=np.float64)
    marks = [*(kind + code)[told], *[SEGMENT_EDGE] * len(edges)]
    add_annotations(recording.raw, samples / sfreq, np.zeros(len(samples)), marks)
