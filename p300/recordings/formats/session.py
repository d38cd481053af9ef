"""Sessions of ``p300 online``: an XDF file with the EEG as it came and the flashes as placed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError

from p300.errors import DataWarning, RecordingError
from p300.json_text import parse_json
from p300.recordings.channels import NO_CHANGES
from p300.recordings.damage import DAMAGED, GIVEN_UP, mark_characters
from p300.recordings.described import SESSION
from p300.recordings.layout import Layout
from p300.recordings.measured_offset import MeasuredOffset
from p300.recordings.places import SubjectPattern, place_files, search_folder
from p300.recordings.readers.xdffile import XdfStream, read_stream_headers, read_streams
from p300.recordings.readers.xdfsignal import describe_channels, read_volts
from p300.recordings.recording import Recording, build_recording
from p300.recordings.registry import files_ending

INFO = replace(SESSION, folders=True, endings=(".xdf",), contained=True)

MARKERS, NOTES = "Markers", "p300 notes"
"""Kinds of the streams beside the EEG."""

_Count = Annotated[int, Strict(), Field(ge=0)]


class SessionNote(BaseModel):
    """The first note: what is shown; ``offset``: seconds that flashes come after their markers.

    ``measured`` is what that offset comes from; None where it was told without a record.
    """

    model_config = ConfigDict(extra="forbid")
    note: Literal["session"] = "session"
    layout: dict[str, Any]
    offset: float = 0.0
    measured: MeasuredOffset | None = None


class FlashNote(BaseModel):
    """A flash that was scored, and its sample from the first one of the file."""

    model_config = ConfigDict(extra="forbid")
    note: Literal["flash"] = "flash"
    sample: _Count
    code: _Count
    character: _Count
    repetition: _Count
    target: Annotated[bool, Strict()] | None = None


class SegmentNote(BaseModel):
    """The EEG does not go on at a sample: filters start anew."""

    model_config = ConfigDict(extra="forbid")
    note: Literal["segment"] = "segment"
    sample: _Count


class DamageNote(BaseModel):
    """Something of a character was lost, so that nothing was learned from it.

    It was spelled by what was left, unless it was ended in the middle.
    """

    model_config = ConfigDict(extra="forbid")
    note: Literal["damaged"] = "damaged"
    character: _Count
    spelled: bool = True


class _Note(BaseModel):
    """Any note; others than those above are for people."""

    one: Annotated[SessionNote | FlashNote | SegmentNote | DamageNote, Field(discriminator="note")]


def recognise(path: Path) -> dict[str, Any] | None:
    """Return no options for a session, or a folder of them; None for others."""
    return {} if any(map(_is_session, files_ending(path, ".xdf"))) else None


def _is_session(file: Path) -> bool:
    try:
        return any(stream.kind == NOTES for stream in read_stream_headers(file))
    except (RecordingError, OSError):
        return False


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
) -> Iterator[Recording]:
    """Yield one recording a session, with the flashes at the samples that they had online.

    Electrodes that hold no EEG stay what they are, because online nobody knew; they are named.

    Parameters
    ----------
    path
        One ``.xdf`` file, or a folder of them.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        Regular expression with the named groups subject, session and run that tells them from the
        paths of the files, below ``path``; the last two may be missing. By default the files or
        their names tell.

    Raises
    ------
    RecordingError
        When a file is damaged or no session.
    """
    files = [path]  # whatever it is called
    if path.is_dir():
        files = search_folder(path, lambda folder: files_ending(folder, ".xdf"))
    if not files:
        raise RecordingError(f"{path}: no .xdf files here. {INFO.obtain}")
    for file, place in place_files(files, subjects, path, subject):
        yield _read(file, dataset, asdict(place))


def _read(file: Path, dataset: str, place: dict[str, Any]) -> Recording:
    import pandas as pd

    streams = read_stream_headers(file)
    eeg, notes = (_only(streams, kind, file) for kind in ("EEG", NOTES))
    signal, said = read_streams(file, [eeg, notes])
    told = _notes([str(row[0]) for row in said["time_series"]], file)
    flashes = pd.DataFrame(
        [one.model_dump(exclude={"note"}) for one in told if isinstance(one, FlashNote)],
        columns=["sample", "code", "character", "repetition", "target"],
    )
    target = flashes["target"].astype("boolean")
    if target.notna().all() and not target.any():
        _warn(f"{file}: none of {len(flashes)} flashes is a target; targets are taken as unknown")
    if target.isna().any() or not target.any():
        flashes["target"] = None
    layouts = [one.layout for one in told if isinstance(one, SessionNote)]
    volts, electrodes = read_volts(signal, NO_CHANGES, file)
    if (broken := ~np.isfinite(volts)).any():  # a segment of their own, without flashes
        _warn(f"{file}: {int(broken.sum())} NaN or infinite samples, which were no EEG, are zero")
        volts[broken] = 0.0
    recording = build_recording(
        volts, electrodes, eeg.sfreq, flashes, dataset=dataset,
        layout=Layout.from_dict(layouts[0]) if layouts else None, source=str(file),
        segment_starts=[one.sample for one in told if isinstance(one, SegmentNote)], **place,
    )  # fmt: skip
    lost = [one for one in told if isinstance(one, DamageNote)]
    mark_characters(recording, [one.character for one in lost], DAMAGED)
    mark_characters(recording, [one.character for one in lost if not one.spelled], GIVEN_UP)
    if bad := list(recording.raw.info["bads"]):
        _warn(f"{file}: electrodes {bad} hold no EEG; they are used as they are, as online")
        recording.raw.info["bads"] = []
    return recording


def read_channel(
    file: Path, label: str
) -> tuple[npt.NDArray[np.float64], float, npt.NDArray[np.int64]]:
    """Return a channel of a session as it came, of any type, such as a photodiode.

    Returns
    -------
    Its values [sample], its rate in Hz, and the samples of the flashes [flash].

    Raises
    ------
    RecordingError
        When there is no such channel.
    """
    streams = read_stream_headers(file)
    eeg, notes = (_only(streams, kind, file) for kind in ("EEG", NOTES))
    signal, said = read_streams(file, [eeg, notes])
    values = np.asarray(signal["time_series"], dtype=np.float64)
    labels = [channel.label for channel in describe_channels(signal, values.shape[1])]
    if label not in labels:
        raise RecordingError(f"{file}: no channel {label!r} found, there are {labels}")
    told = _notes([str(row[0]) for row in said["time_series"]], file)
    samples = [one.sample for one in told if isinstance(one, FlashNote)]
    return values[:, labels.index(label)], eeg.sfreq, np.array(samples, dtype=np.int64)


def read_session_note(file: Path) -> tuple[str, SessionNote]:
    """Return the name of a session's stream of EEG, and its first note.

    Raises
    ------
    RecordingError
        When it is no session, or has no such note.
    """
    streams = read_stream_headers(file)
    eeg, notes = (_only(streams, kind, file) for kind in ("EEG", NOTES))
    (said,) = read_streams(file, [notes])
    for one in _notes([str(row[0]) for row in said["time_series"]], file):
        if isinstance(one, SessionNote):
            return eeg.name, one
    raise RecordingError(f"{file}: no note of a session's beginning found, expected one")


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=4)


def _only(streams: Sequence[XdfStream], kind: str, file: Path) -> XdfStream:
    found = [stream for stream in streams if stream.kind == kind and stream.n_samples]
    if len(found) != 1:
        listed = "; ".join(map(str, streams)) or "none"
        raise RecordingError(
            f"{file}: streams {listed} found, expected one of type {kind!r} with samples; a "
            "recording of another program is read by the source xdf"
        )
    return found[0]


def _notes(
    texts: Sequence[str], file: Path
) -> list[SessionNote | FlashNote | SegmentNote | DamageNote]:
    kinds = {model.model_fields["note"].default for model in
             (SessionNote, FlashNote, SegmentNote, DamageNote)}  # fmt: skip
    found = []
    for text in texts:
        try:
            content = parse_json(text.encode())
            if isinstance(content, dict) and content.get("note") in kinds:
                found.append(_Note.model_validate({"one": content}).one)
        except (ValidationError, ValueError) as error:
            raise RecordingError(f"{file}: note {text[:80]!r} not read: {error}") from error
    return found
