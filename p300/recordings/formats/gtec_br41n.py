"""The P300 speller files of the g.tec BR41N.IO hackathons."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from p300.errors import RecordingError
from p300.recordings.described import GTEC_BR41N
from p300.recordings.flashes import flash_onsets, make_flash_table
from p300.recordings.places import Place, SubjectPattern, Told, place_files, read_entities
from p300.recordings.readers.matfile import (
    Shapes,
    check_shape,
    find_mat_files,
    numbers,
    read_mat,
    recognise_mat,
    state_vector,
)
from p300.recordings.recording import Recording, build_recording

INFO = replace(GTEC_BR41N, endings=(".mat",), contained=True)

ELECTRODES = ["Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8"]
# Two targets in each block of 16 flashes, without exception in the files at hand; blocks of 8
# hold none, one or two.
FLASHES_A_REPETITION = 16
_VARIABLES = ("y", "trig", "fs")
_EXPECTED = "y (samples x 8), trig and fs, as in S1.mat to S5.mat"


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by its variables whether a file, or one of a folder, is of this data set."""
    return {} if recognise_mat(path, _holds) else None


def _holds(shapes: Shapes) -> bool:
    return set(_VARIABLES) <= set(shapes) and shapes["y"][1:] == (len(ELECTRODES),)


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
) -> Iterator[Recording]:
    """Yield one recording a file.

    ``y`` holds samples x 8 in uV. ``trig`` goes from 0 to 1 (target) or -1 (non-target) when a
    flash begins and is held a while. Which symbols flashed is not stored, so that characters
    cannot be spelled; pauses tell where one ends. The order of the electrodes is the one that
    users of the files report; the files do not name them.

    Parameters
    ----------
    path
        One file, or the folder of ``S1.mat`` to ``S5.mat``. The number in a file's name is the
        subject.
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
        When a file is not of this data set, or its content cannot be a recording.
    """
    found = find_mat_files(
        path, holds=lambda shapes: set(_VARIABLES) <= set(shapes), expected=_EXPECTED
    )
    for file, shapes in found:
        check_shape(shapes["y"], (None, 8), axes="[samples, 8 electrodes]", where=f"{file}: y")
    for file, place in place_files((f for f, _ in found), subjects, path, subject, _read_name):
        yield _read_file(file, dataset, place)


def _read_name(file: Path, path: Path) -> Told | None:
    numbered = re.fullmatch(r"s0*(\d+)", file.stem, flags=re.IGNORECASE)
    return Told(numbered[1], run="1") if numbered else read_entities(file, path)


def _read_file(file: Path, dataset: str, place: Place) -> Recording:
    stored = read_mat(file, _VARIABLES)
    signal = numbers(stored["y"], where=f"{file}: y")
    rate = numbers(stored["fs"], where=f"{file}: fs")
    if rate.size != 1:
        raise RecordingError(f"{file}: fs has shape {rate.shape}, expected one number")
    marks = state_vector(stored["trig"], len(signal), where=f"{file}: trig")
    if not set(np.unique(marks)) <= {-1, 0, 1}:
        raise RecordingError(
            f"{file}: trig holds {np.unique(marks)[:5].tolist()}..., expected 1, -1 and 0"
        )
    onsets = flash_onsets(marks)
    flashes = make_flash_table(
        onsets,
        target=marks[onsets] > 0,
        code=None,
        flashes_a_repetition=FLASHES_A_REPETITION,
        where=str(file),
    )
    return build_recording(
        signal.T * 1e-6,
        ELECTRODES,
        float(rate.item()),
        flashes,
        dataset=dataset,
        **asdict(place),
        source=str(file),
    )
