"""The P3Speller of BCI2000, or an oddball of its StimulusPresentation, in BCI2000's files."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.described import BCI2000
from p300.recordings.flashes import apply_text, flash_onsets, make_flash_table, spelled_text
from p300.recordings.layout import Layout
from p300.recordings.marks import NOTHING_SAID, Marks
from p300.recordings.places import (
    Place,
    SubjectPattern,
    Told,
    place_files,
    read_entities,
    search_folder,
)
from p300.recordings.readers.bci2000file import Bci2000Header, read_header, read_samples
from p300.recordings.recording import Recording, build_recording
from p300.recordings.registry import files_ending

if TYPE_CHECKING:
    import pandas as pd

INFO = replace(BCI2000, folders=True, endings=(".dat",), contained=True)

_NEEDED = "StimulusCode"
_STATES = (_NEEDED, "StimulusType", "Flashing", "PhaseInSequence")
_IN_SEQUENCE = 2  # PhaseInSequence while flashes are shown
_OF_A_MATRIX = ("TargetDefinitions", "NumMatrixRows", "NumMatrixColumns")
_FEWEST_CODES = 3  # one row and two columns


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by its header whether a file, or one of a folder, is of this format."""
    return {} if any(_has_flashes(file) for file in files_ending(path, ".dat")) else None


def _has_flashes(file: Path) -> bool:
    try:
        return _NEEDED in read_header(file).states
    except (RecordingError, OSError):
        return False


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
    channels: Channels = NO_CHANGES,
    marks: Marks = NOTHING_SAID,
) -> Iterator[Recording]:
    """Yield one recording a file, in the order of subjects, sessions and runs.

    A flash begins where the state ``StimulusCode`` rises; ``StimulusType`` tells targets. The
    matrix comes from ``TargetDefinitions``, ``NumMatrixRows`` and ``NumMatrixColumns``: rows have
    the codes 1 to n, columns those after them. Files of early versions count the columns first;
    ``TextToSpell`` tells which; without a text to copy rows are taken to come first, with a
    warning. Where the file marks no targets they follow from the text; rows are then taken to
    come first too, with a warning. Characters and repetitions are unknown, with a warning, where
    the file is no speller's: most sequences (``PhaseInSequence``) hold a single flash, there are
    fewer than three codes, or no parameters of a matrix.

    Parameters
    ----------
    path
        One ``.dat`` file, or a folder of them.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        Regular expression with the named groups subject, session and run that tells them from the
        paths of the files, below ``path``; the last two may be missing. By default the files or
        their names tell.
    channels
        See :class:`~p300.recordings.channels.Channels`; without names in the file the channels are
        EEG1, EEG2 and so on.
    marks
        See :class:`~p300.recordings.marks.Marks`; the marks are the values of ``StimulusCode``. A
        ``layout`` takes the place of the file's matrix.

    Raises
    ------
    RecordingError
        When a file cannot be read, or its content cannot be a recording.
    """
    files = [path]  # whatever it is called
    if path.is_dir():
        files = search_folder(path, lambda folder: files_ending(folder, ".dat"))
    if not files:
        raise RecordingError(f"{path}: no .dat files here. {INFO.obtain}")
    headers = {file: read_header(file) for file in files}

    def read(file: Path, path: Path) -> Told | None:
        return read_entities(file, path) or _told(headers[file])

    for file, place in place_files(files, subjects, path, subject, read):
        yield _read_run(headers[file], dataset, place, channels, marks)


def _told(header: Bci2000Header) -> Told | None:
    """Return the place that the parameters of a file tell."""
    subject = header.value("SubjectName")
    session = header.value("SubjectSession").lstrip("0")
    run = header.value("SubjectRun").lstrip("0")
    return Told(subject, session or "1", run or "1") if subject else None


def _read_run(
    header: Bci2000Header,
    dataset: str,
    place: Place,
    channels: Channels,
    marks: Marks,
) -> Recording:
    where = str(header.file)
    if _NEEDED not in header.states:
        raise RecordingError(
            f"{where}: states {sorted(header.states)} found, expected {_NEEDED} among them; is "
            "this a recording of the P3Speller or StimulusPresentation?"
        )
    if header.n_left:
        _warn(f"{where}: the last sample is cut short ({header.n_left} bytes) and left out")
    own = header.values("ChannelNames")
    if len(set(own)) != header.n_channels:
        own = [f"EEG{k + 1}" for k in range(header.n_channels)]
    names = channels.choose(own, where)
    signal, states = read_samples(header, _STATES)
    flashes, layout = _read_flashes(header, states, marks)
    return build_recording(
        channels.volts(signal[[own.index(name) for name in names]], unit=1.0),
        list(names.values()),
        header.sfreq(),
        flashes,
        dataset=dataset,
        **asdict(place),
        layout=layout,
        source=where,
        montage=channels.montage,
    )


def _read_flashes(
    header: Bci2000Header, states: Mapping[str, npt.NDArray[np.int64]], marks: Marks
) -> tuple[pd.DataFrame, Layout | None]:
    import pandas as pd

    codes = states[_NEEDED]
    if "Flashing" in states:
        codes = np.where(states["Flashing"] > 0, codes, 0)
    onsets = flash_onsets(codes)
    if not len(onsets):
        raise RecordingError(f"{header.file}: no flashes, {_NEEDED} is 0 throughout")
    onsets, known = _tell_flashes(states, codes, onsets, marks, str(header.file))
    character = None
    if "PhaseInSequence" in states:
        shown = states["PhaseInSequence"] == _IN_SEQUENCE
        started = np.cumsum(shown & ~np.append(False, shown[:-1]))[onsets]
        character = np.unique(started, return_inverse=True)[1] + 1
    if reason := _no_speller(header, known["code"], character):
        _warn(
            f"{header.file}: {reason}: taken for an oddball, in which a flash is no character; "
            "characters, repetitions and the layout are unknown"
            + (
                ""
                if known["target"] is not None
                else ", and no targets are marked (StimulusType is 0); name them by their "
                "StimulusCode with the options 'target' and 'nontarget'"
            )
        )
        return pd.DataFrame({"sample": onsets, **known}), None
    flashes = make_flash_table(
        onsets,
        **known,
        flashes_a_repetition=len(np.unique(known["code"])),
        where=str(header.file),
        character=character,
    )
    rows = marks.rows() or _matrix(header)
    if rows is None:
        return flashes, None
    return _apply_layout(header, flashes, rows, copied=not marks.unknown)


def _tell_flashes(
    states: Mapping[str, npt.NDArray[np.int64]],
    codes: npt.NDArray[np.int64],
    onsets: npt.NDArray[np.int64],
    marks: Marks,
    where: str,
) -> tuple[npt.NDArray[np.int64], dict[str, Any]]:
    """Return the onsets of flashes with their targets, None where they are unknown, and codes."""
    import pandas as pd

    if marks.named or marks.code is not None:
        attended = states.get("StimulusType", np.zeros_like(codes))[onsets] > 0
        by_code = dict(zip(codes[onsets].tolist(), attended.tolist(), strict=True))
        told = marks.tell(
            pd.Series(codes[onsets].astype(str), dtype="str"),
            where,
            usual=lambda names: {str(name): by_code[int(name)] for name in names.unique()},
        )
        onsets = onsets[told.index]
        return onsets, {
            "target": None if marks.unknown else told["target"].to_numpy(dtype=bool),
            "code": codes[onsets] if marks.code is None else told["code"].to_numpy(dtype=np.int64),
        }
    # In free spelling BCI2000 knows no target and marks none.
    kinds = states.get("StimulusType", np.zeros_like(codes))[onsets]
    target = kinds > 0 if kinds.any() and not marks.unknown else None
    return onsets, {"target": target, "code": codes[onsets]}


def _no_speller(
    header: Bci2000Header,
    codes: npt.NDArray[np.int64],
    character: npt.NDArray[np.int64] | None,
) -> str:
    """Say why flashes cannot be those of a matrix, nothing where they can."""
    n_codes = len(np.unique(codes))
    if n_codes < _FEWEST_CODES:
        return f"{n_codes} flash codes found, a matrix has {_FEWEST_CODES} at least"
    if not set(_OF_A_MATRIX) & set(header.parameters):
        return f"none of the parameters {', '.join(_OF_A_MATRIX)} of a speller found"
    sizes = np.bincount(character)[1:] if character is not None else np.zeros(0)
    single = int((sizes == 1).sum())
    if 2 * single > len(sizes):
        return f"{single} of {len(sizes)} sequences hold a single flash"
    return ""


def _apply_layout(
    header: Bci2000Header, flashes: pd.DataFrame, rows: Sequence[Sequence[str]], *, copied: bool
) -> tuple[pd.DataFrame, Layout | None]:
    """Bring codes and matrix together, and targets with the text that was to be copied, if any."""
    where = str(header.file)
    text = header.value("TextToSpell")
    layouts = [Layout.row_column(rows, columns_first=first) for first in (False, True)]
    layout = next((m for m in layouts if spelled_text(flashes, m) == text), layouts[0])
    if not set(flashes["code"]) <= set(layout.groups):
        _warn(
            f"{where}: flash codes up to {flashes['code'].max()} found, a matrix of {len(rows)} x "
            f"{len(rows[0])} has {len(layout.groups)}; the layout is taken as unknown"
        )
        return flashes, None
    copied = copied and header.value("InterpretMode") != "1"  # 1 is free spelling
    if not (text and copied and set(text) <= set(layout.symbols)):
        _warn(
            f"{where}: no text to copy, in symbols of the matrix, tells whether the codes of rows "
            "or of columns come first; those of rows are taken to. If a version of BCI2000 that "
            "counts columns first wrote this file, letters are wrong"
        )
        return flashes, layout
    labelled = apply_text(flashes, layout, text, where)
    if flashes["target"].isna().any() and labelled["target"].notna().all():
        _warn(
            f"{where}: no targets are marked; they are taken from the text {text!r}, with the "
            "codes of rows before those of columns. If a version of BCI2000 that counts columns "
            "first wrote this file, they are wrong"
        )
    return labelled, layout


def _matrix(header: Bci2000Header) -> list[list[str]] | None:
    """Return the rows of the speller's matrix, None where there is not just one."""
    sizes = [header.values(name) for name in ("NumMatrixRows", "NumMatrixColumns")]
    targets = [row[0] for row in header.rows("TargetDefinitions") if row]
    n_rows, n_columns = (
        int(size[0]) if len(size) == 1 and re.fullmatch("[0-9]{1,4}", size[0]) else 0
        for size in sizes
    )
    symbols = targets[: n_rows * n_columns]
    if not symbols or len(set(symbols)) != n_rows * n_columns:
        _warn(
            f"{header.file}: {len(targets)} targets in {sizes[0]} rows and {sizes[1]} columns "
            "found, expected one matrix full of different symbols; the layout is taken as unknown"
        )
        return None
    return [symbols[k : k + n_columns] for k in range(0, len(symbols), n_columns)]


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=3)
