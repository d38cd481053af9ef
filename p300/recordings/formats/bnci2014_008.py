"""BNCI Horizon 2020 data set 008-2014: a P300 speller used by people with ALS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from p300.errors import RecordingError
from p300.recordings.described import BNCI2014_008
from p300.recordings.formats.bnci2014 import find_files, read_run, read_runs, recognise_runs
from p300.recordings.recording import Recording
from p300.recordings.registry import BNCI_HORIZON, select_subjects

INFO = replace(
    BNCI2014_008,
    files={f"{BNCI_HORIZON}008-2014/A{k:02d}.mat": None for k in range(1, 9)},
    endings=(".mat",),
    contained=True,
)

ELECTRODES = ["Fz", "Cz", "Pz", "Oz", "P3", "P4", "PO7", "PO8"]
_EXPECTED = "a struct 'data' with X, y, y_stim and trial, as in A01.mat to A08.mat"


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by its electrodes whether a file, or one of a folder, is of this data set."""
    return {} if recognise_runs(path, ELECTRODES) else None


def load(path: Path, *, dataset: str, subjects: Sequence[str] | None = None) -> Iterator[Recording]:
    """Yield one recording a subject.

    ``X`` is in uV. Characters are the trials of the file, ten repetitions of twelve flashes each.

    Parameters
    ----------
    path
        One file, or the folder of ``A01.mat`` to ``A08.mat``. The number in a name is the subject.
    dataset
        Name of the data set.
    subjects
        Subjects wanted, "03" or "3"; by default all found.

    Raises
    ------
    RecordingError
        When a file is not of this data set, or its content cannot be a recording.
    """
    files = find_files(path, _EXPECTED)
    for subject in select_subjects(list(files), subjects, str(path)):
        runs = read_runs(files[subject])
        where = f"{files[subject]}: data"
        if len(runs) != 1:
            raise RecordingError(f"{where} holds {len(runs)} structs, expected {_EXPECTED}")
        yield read_run(runs[0], where, ELECTRODES, dataset=dataset, subject=subject)
