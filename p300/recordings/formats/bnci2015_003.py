"""BNCI Horizon 2020 data set 003-2015: a P300 speller with eight electrodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import RecordingError
from p300.recordings.described import BNCI2015_003
from p300.recordings.flashes import flash_onsets, make_flash_table
from p300.recordings.layout import MATRIX_6X6, Layout
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
from p300.recordings.registry import BNCI_HORIZON, select_subjects

if TYPE_CHECKING:
    import pandas as pd

_SHA256 = {
    "s6.mat": "0a78616d301b1788e9a8c8a43f3aee3cd056f806b3be9a0c809fe85204ddffb3",
    "s7.mat": "acccbcb1af72f8efccfec344fce32e80c0b911df0768a56fe6ea531c5b8f2e41",
    "s8.mat": "8cd781d01b64da2c57fac435a42f8e2dccc2da28905ace10e1f8d46523075972",
}
INFO = replace(
    BNCI2015_003,
    files={f"{BNCI_HORIZON}003-2015/s{k}.mat": _SHA256.get(f"s{k}.mat") for k in range(1, 11)},
    endings=(".mat",),
    contained=True,
)

ELECTRODES = ["Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8"]
SFREQ = 256.0
RUNS = {"1": "train", "2": "test"}
_EXPECTED = "a struct sN (N the subject) with train and test, as in s1.mat to s10.mat"
_N_ROWS = 11  # time, 8 electrodes, flash code, target mark
# Guger and colleagues also flashed single characters: 36 codes. Their order is not documented;
# reading order is assumed.
_SINGLE_CHARACTERS = Layout.single_cell(MATRIX_6X6.symbols)


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by its variables whether a file, or one of a folder, is of this data set."""
    return {} if recognise_mat(path, lambda shapes: bool(_structs(shapes))) else None


def load(path: Path, *, dataset: str, subjects: Sequence[str] | None = None) -> Iterator[Recording]:
    """Yield the training run (1) and the test run (2) of each subject.

    The struct in a file tells the subject, the file's name does not matter. Rows of the array:
    time in s, eight electrodes in uV, flash code (1-6 columns, 7-12 rows, 0 between flashes), and
    1 while the flashed line holds the target. A run whose flash codes are not a full set (subject
    3, training) has its codes unknown: its flashes can be detected but not spelled.

    Parameters
    ----------
    path
        One file, or the folder of ``s1.mat`` to ``s10.mat``.
    dataset
        Name of the data set.
    subjects
        Subjects wanted, "06" or "6"; by default all found.

    Raises
    ------
    RecordingError
        When a file is not of this data set, or its content cannot be a recording.
    """
    files = _files_by_subject(path)
    for subject in select_subjects(list(files), subjects, str(path)):
        file, name = files[subject]
        runs = read_mat(file, [name])[name]
        for run, stored in RUNS.items():
            where = f"{file}: {name}.{stored}"
            found = runs.get(stored) if isinstance(runs, dict) else None
            yield _read_run(numbers(found, where=where), where, dataset, subject, run)


def _files_by_subject(path: Path) -> dict[str, tuple[Path, str]]:
    """Map each subject to its file and struct."""
    files: dict[str, tuple[Path, str]] = {}
    found = find_mat_files(path, holds=lambda shapes: bool(_structs(shapes)), expected=_EXPECTED)
    for file, shapes in found:
        for name in _structs(shapes):
            subject = f"{int(name[1:]):02d}"
            if subject in files:
                raise RecordingError(
                    f"{path}: subject {subject} is in {files[subject][0].name} and in "
                    f"{file.name}, expected one file a subject"
                )
            files[subject] = (file, name)
    return dict(sorted(files.items()))


def _structs(shapes: Shapes) -> list[str]:
    return [name for name in shapes if re.fullmatch(r"s\d+", name)]


def _read_run(
    rows: npt.NDArray[Any], where: str, dataset: str, subject: str, run: str
) -> Recording:
    """Make the recording of one run from its 11 x samples array."""
    check_shape(rows.shape, (_N_ROWS, None), axes=f"[{_N_ROWS} rows, samples]", where=where)
    _check_time(rows[0], where)
    n_samples = rows.shape[1]
    codes = state_vector(rows[9], n_samples, where=f"{where} row 10 (flash code)")
    marks = state_vector(rows[10], n_samples, where=f"{where} row 11 (target mark)")
    layout, flashes = _read_flashes(codes, marks, where)
    return build_recording(
        rows[1:9] * 1e-6,
        ELECTRODES,
        SFREQ,
        flashes,
        dataset=dataset,
        subject=subject,
        run=run,
        layout=layout,
        source=where,
    )


def _check_time(seconds: npt.NDArray[Any], where: str) -> None:
    """Refuse an array whose first row is not time: its rows would be something else."""
    steps = np.diff(seconds)
    if len(steps) == 0 or not np.allclose(steps, 1 / SFREQ, rtol=0, atol=1e-4):
        raise RecordingError(
            f"{where}: the first row should be time in steps of 1/{SFREQ:g} s, "
            f"found {np.array2string(seconds[:4], precision=4)}..."
        )


def _read_flashes(
    codes: npt.NDArray[np.int64], marks: npt.NDArray[np.int64], where: str
) -> tuple[Layout, pd.DataFrame]:
    onsets = flash_onsets(codes)
    shown = set(codes[onsets].tolist())
    single = shown == set(_SINGLE_CHARACTERS.groups)
    layout = _SINGLE_CHARACTERS if single else MATRIX_6X6
    flashes = make_flash_table(
        onsets,
        target=marks[onsets] > 0,
        code=codes[onsets] if shown == set(layout.groups) else None,
        flashes_a_repetition=len(layout.groups),
        where=where,
    )
    return layout, flashes
