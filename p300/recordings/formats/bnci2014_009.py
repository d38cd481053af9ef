"""BNCI Horizon 2020 data set 009-2014: a P300 speller over three sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from p300.ranges import Positive
from p300.recordings.described import BNCI2014_009
from p300.recordings.formats.bnci2014 import find_files, read_run, read_runs, recognise_runs
from p300.recordings.recording import Recording
from p300.recordings.registry import BNCI_HORIZON, select_subjects

INFO = replace(
    BNCI2014_009,
    files={f"{BNCI_HORIZON}009-2014/A{k:02d}S.mat": None for k in range(1, 11)},
    endings=(".mat",),
    contained=True,
)

ELECTRODES = [
    "Fz", "FCz", "Cz", "CPz", "Pz", "Oz", "F3", "F4",
    "C3", "C4", "CP3", "CP4", "P3", "P4", "PO7", "PO8",
]  # fmt: skip

MICROVOLTS_PER_UNIT = 0.1
"""The stored values are ten times too large for uV: https://github.com/NeuroTechX/moabb/issues/275."""

_EXPECTED = "a cell array 'data' of structs with X, y, y_stim and trial, as in A01S.mat to A10S.mat"


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by its electrodes whether a file, or one of a folder, is of this data set."""
    return {} if recognise_runs(path, ELECTRODES) else None


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    microvolts_per_unit: Positive = MICROVOLTS_PER_UNIT,
) -> Iterator[Recording]:
    """Yield one recording a session.

    Characters are the trials of the file, eight repetitions of twelve flashes each. Files of the
    second interface, GeoSpell, in which the eyes do not move to the letters, are another data set:
    keep them in another folder.

    Parameters
    ----------
    path
        One file, or the folder of ``A01S.mat`` to ``A10S.mat``. The number in the name is the
        subject.
    dataset
        Name of the data set.
    subjects
        Subjects wanted, "03" or "3"; by default all found.
    microvolts_per_unit
        Size of one unit of ``X`` in uV.

    Raises
    ------
    RecordingError
        When a file is not of this data set, or its content cannot be a recording.
    """
    files = find_files(path, _EXPECTED)
    for subject in select_subjects(list(files), subjects, str(path)):
        for number, run in enumerate(read_runs(files[subject]), start=1):
            yield read_run(
                run,
                f"{files[subject]}: data {number}",
                ELECTRODES,
                dataset=dataset,
                subject=subject,
                session=str(number),
                microvolts_per_unit=microvolts_per_unit,
            )
