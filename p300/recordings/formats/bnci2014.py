"""The MATLAB layout of the P300 data sets 008-2014 and 009-2014 of BNCI Horizon 2020.

``data`` is one struct (008) or a cell array of structs, one a session (009). Its fields, as the
description of 008-2014 tells: ``channels``, ``X`` [sample, electrode], ``y`` (1 while a non-target
is lit, 2 a target, 0 between), ``y_stim`` (flash code while lit), ``trial`` (first sample of each
character, from 1), ``classes`` and ``classes_stim`` (what the values of ``y`` and ``y_stim`` mean).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.flashes import check_codes, flash_onsets, make_flash_table
from p300.recordings.layout import MATRIX_6X6, Layout
from p300.recordings.readers.matfile import (
    Shapes,
    check_shape,
    find_mat_files,
    mat_shapes,
    numbers,
    read_mat,
    state_vector,
    texts,
)
from p300.recordings.recording import Recording, build_recording

if TYPE_CHECKING:
    import pandas as pd

SFREQ = 256.0
_FIELDS = ("channels", "X", "y", "y_stim", "trial")
_NONTARGET, _TARGET = 1, 2
# A flash is lit for 32 samples; one that begins so much before its trial still belongs to it.
_LIT = 32


def find_files(path: Path, expected: str) -> dict[str, Path]:
    """Map each subject to its file; ``A01.mat`` and ``A01S.mat`` are subject 01.

    Raises
    ------
    RecordingError
        When there are no such files, or two of one subject.
    """
    files: dict[str, Path] = {}
    for file, _ in find_mat_files(path, holds=_holds_data, expected=expected):
        numbered = re.fullmatch(r"a(\d+)s?", file.stem, flags=re.IGNORECASE)
        subject = f"{int(numbered[1]):02d}" if numbered else file.stem
        if subject in files:
            raise RecordingError(
                f"{path}: {files[subject].name} and {file.name} are both subject {subject}, "
                "expected one file a subject"
            )
        files[subject] = file
    return dict(sorted(files.items()))


def recognise_runs(path: Path, electrodes: Sequence[str]) -> bool:
    """Tell whether a file, or the first of a folder that can be, has these electrodes."""
    files = sorted(path.glob("*")) if path.is_dir() else [path]
    for file in files:
        try:
            if file.suffix.lower() == ".mat" and _holds_data(mat_shapes(file)):
                runs = read_runs(file)
                return {*texts(runs[0]["channels"], where=str(file))} == {*electrodes}
        except (RecordingError, OSError):
            continue
    return False


def _holds_data(shapes: Shapes) -> bool:
    return "data" in shapes and 1 in shapes["data"]


def read_runs(file: Path) -> list[dict[str, Any]]:
    """Give the structs of a file, one a session.

    Raises
    ------
    RecordingError
        When the file holds something else.
    """
    stored = read_mat(file, ["data"])["data"]
    runs = stored if isinstance(stored, list) else [stored]
    for run in runs:
        if not isinstance(run, dict) or not set(_FIELDS) <= set(run):
            found = list(run) if isinstance(run, dict) else type(run).__name__
            raise RecordingError(
                f"{file}: data holds {found}, expected structs with {', '.join(_FIELDS)}"
            )
    return runs


def read_run(
    run: dict[str, Any],
    where: str,
    electrodes: Sequence[str],
    *,
    dataset: str,
    subject: str,
    session: str = "1",
    microvolts_per_unit: float = 1.0,
) -> Recording:
    """Make the recording of one struct.

    Parameters
    ----------
    run
        Fields as in the description of the module.
    where
        File and session, for messages.
    electrodes
        Electrodes of the data set, in any order.
    microvolts_per_unit
        Size of one unit of ``X`` in uV.

    Raises
    ------
    RecordingError
        When a field is not what it should be, or the content cannot be a recording.
    """
    names = texts(run["channels"], where=f"{where}: channels")
    if {*names} != {*electrodes} or len(names) != len(electrodes):
        raise RecordingError(
            f"{where}: electrodes {names} found, expected {list(electrodes)}; is it another data "
            "set?"
        )
    signal = numbers(run["X"], where=f"{where}: X")
    axes = f"[samples, {len(names)} electrodes]"
    check_shape(signal.shape, (None, len(names)), axes=axes, where=f"{where}: X")
    layout = _layout(run, where)
    return build_recording(
        signal.T * (1e-6 * microvolts_per_unit),
        names,
        SFREQ,
        _read_flashes(run, len(signal), layout, where),
        dataset=dataset,
        subject=subject,
        session=session,
        layout=layout,
        source=where,
    )


def _read_flashes(
    run: dict[str, Any], n_samples: int, layout: Layout | None, where: str
) -> pd.DataFrame:
    def state(name: str) -> npt.NDArray[np.int64]:
        return state_vector(run[name], n_samples, where=f"{where}: {name}")

    codes, kinds = state("y_stim"), state("y")
    onsets = flash_onsets(codes)
    odd = set(kinds[onsets].tolist()) - {_NONTARGET, _TARGET}
    if odd:
        raise RecordingError(
            f"{where}: y is {sorted(odd)} at flashes, expected {_NONTARGET} (non-target) or "
            f"{_TARGET} (target)"
        )
    starts = numbers(run["trial"], where=f"{where}: trial").ravel().astype(np.int64) - 1
    character = np.searchsorted(np.sort(starts) - _LIT, onsets, side="right")
    if (character == 0).any():
        raise RecordingError(
            f"{where}: {int((character == 0).sum())} flashes before the first trial, which begins "
            f"at sample {starts.min()}; expected every flash in a trial"
        )
    flashes = make_flash_table(
        onsets,
        target=kinds[onsets] == _TARGET,
        code=codes[onsets],
        character=character,
        flashes_a_repetition=len(MATRIX_6X6.groups),
        where=where,
    )
    check_codes(flashes, layout or MATRIX_6X6, where)
    return flashes


def _layout(run: dict[str, Any], where: str) -> Layout | None:
    """Give the matrix, with rows or columns first as ``classes_stim`` says.

    The letters are those of the usual 6x6 matrix: the files do not hold them. Which row and which
    column is right does not depend on them.
    """
    named = texts(run["classes_stim"], where=where) if "classes_stim" in run else []
    kinds = [re.match(r"(row|col)\D*(\d+)$", name, flags=re.IGNORECASE) for name in named]
    order = [(found[1].lower(), int(found[2])) for found in kinds if found is not None]
    rows, columns = ([(kind, k) for k in range(1, 7)] for kind in ("row", "col"))
    if order not in (rows + columns, columns + rows):
        warnings.warn(
            f"{where}: classes_stim {named} does not tell rows and columns apart, expected Row1 to "
            "Row6 and Col1 to Col6; flashes can be detected but not spelled",
            DataWarning,
            stacklevel=3,
        )
        return None
    matrix = np.reshape(MATRIX_6X6.symbols, (6, 6)).tolist()
    return Layout.row_column(matrix, columns_first=order[0] == ("col", 1))
