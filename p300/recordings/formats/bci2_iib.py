"""BCI Competition II (2003), data set IIb: the Wadsworth P300 speller, one subject."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.ranges import Positive
from p300.recordings.described import BCI2_IIB
from p300.recordings.flashes import apply_text, check_codes, flash_onsets, make_flash_table
from p300.recordings.layout import MATRIX_6X6
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
from p300.recordings.registry import select_subjects

INFO = replace(BCI2_IIB, endings=(".mat",), contained=True)

# fmt: off
ELECTRODES = [
    "FC5", "FC3", "FC1", "FCz", "FC2", "FC4", "FC6", "C5", "C3", "C1", "Cz", "C2",
    "C4", "C6", "CP5", "CP3", "CP1", "CPz", "CP2", "CP4", "CP6", "Fp1", "Fpz", "Fp2",
    "AF7", "AF3", "AFz", "AF4", "AF8", "F7", "F5", "F3", "F1", "Fz", "F2", "F4",
    "F6", "F8", "FT7", "FT8", "T7", "T8", "T9", "T10", "TP7", "TP8", "P7", "P5",
    "P3", "P1", "Pz", "P2", "P4", "P6", "P8", "PO7", "PO3", "POz", "PO4", "PO8",
    "O1", "Oz", "O2", "Iz",
]
# fmt: on
"""The electrodes of the Wadsworth P300 recordings, in the order of the files."""

SFREQ = 240.0

# fmt: off
WORDS = {
    "10/1": "CAT", "10/2": "DOG", "10/3": "FISH", "10/4": "WATER", "10/5": "BOWL",
    "11/1": "HAT", "11/2": "HAT", "11/3": "GLOVE", "11/4": "SHOES", "11/5": "FISH", "11/6": "RAT",
    "12/1": "FOOD", "12/2": "MOOT", "12/3": "HAM", "12/4": "PIE", "12/5": "CAKE", "12/6": "TUNA",
    "12/7": "ZYGOT", "12/8": "4567",
}
# fmt: on
"""Session/run -> the word that the subject spelled; session 12 as published after the contest."""

MICROVOLTS_PER_UNIT = 20e6 / 2**16 / 20e3
"""0.0153: a 16-bit range of 20 V behind an amplifier of gain 20,000. An assumption, see load."""

_NEEDED = ("signal", "Flashing", "StimulusCode")
_MOST_RUNS = 1000
_EXPECTED = "the variables signal (samples x 64), Flashing and StimulusCode"


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by its variables whether a file, or one of a folder, is of this data set."""
    return {} if recognise_mat(path, _holds) else None


def _holds(shapes: Shapes) -> bool:
    # BCI2000's own converter gives any montage these names; here it is 64 electrodes.
    return set(_NEEDED) <= set(shapes) and shapes["signal"][1:] == (len(ELECTRODES),)


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    words: Mapping[str, str] | None = None,
    microvolts_per_unit: Positive = MICROVOLTS_PER_UNIT,
) -> Iterator[Recording]:
    """Yield one recording a run, in the order of sessions and runs.

    A flash begins where ``Flashing`` rises; ``StimulusCode`` (1-6 columns, 7-12 rows) and
    ``StimulusType`` (1 = target) belong to it. The test session has no ``StimulusType``: there
    the targets follow from the published word. Where both are known they are compared.

    Signals are integers of the converter, and no published description that the authors of this
    loader know gives their size in volts. All values are multiples of 16, as of a 12-bit
    converter stored in 16 bits. The default assumes +-10 V over 16 bits behind a gain of 20,000;
    with it blinks at Fpz reach 90-170 uV, the band 0.5-20 Hz at Cz has 5-7 uV and the P300 at Cz
    3-5 uV, all ordinary. Detectors that normalise do not depend on it.

    Parameters
    ----------
    path
        One file, or a folder of them. The digits of a name such as ``AAS010R01`` are session and
        run; a file named otherwise is session 1 and takes its run from ``runnr``.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; there is only "1".
    words
        Words spelled, by "session/run" such as ``{"12/1": "FOOD"}``; adds to and overrides
        :data:`WORDS`.
    microvolts_per_unit
        Size of one unit of ``signal`` in uV.

    Raises
    ------
    RecordingError
        When a file is not of this data set, or its content cannot be a recording.
    """
    spelled = {**WORDS, **(words or {})}
    found = find_mat_files(
        path, holds=lambda shapes: set(_NEEDED) <= set(shapes), expected=_EXPECTED
    )
    files: dict[tuple[int, int], Path] = {}
    for file, shapes in found:
        axes = f"[samples, {len(ELECTRODES)} electrodes]"
        check_shape(shapes["signal"], (None, len(ELECTRODES)), axes=axes, where=f"{file}: signal")
        place = _session_and_run(file)
        if place in files:
            raise RecordingError(
                f"{path}: {files[place].name} and {file.name} are both session {place[0]}, "
                f"run {place[1]}; expected one file a run"
            )
        files[place] = file
    select_subjects(["1"], subjects, str(path))
    for session, run in sorted(files):
        word = spelled.get(f"{session}/{run}")
        file = files[session, run]
        yield _read_run(file, dataset, session, run, word, microvolts_per_unit)


def _session_and_run(file: Path) -> tuple[int, int]:
    """Describe session and run from the file's name, which BCI2000 gave, or from ``runnr``."""
    named = re.search(r"(\d{3})R(\d{2})", file.stem, flags=re.IGNORECASE)
    stored = read_mat(file, ["runnr"]).get("runnr")
    counted = None if stored is None else _run_number(stored, f"{file}: runnr")
    if named is None:
        return 1, counted or 1
    session, run = int(named[1]), int(named[2])
    if counted is not None and counted != run:
        warnings.warn(
            f"{file}: runnr is {counted}, the name says run {run}; the name is used",
            DataWarning,
            stacklevel=3,
        )
    return session, run


def _run_number(stored: Any, where: str) -> int:
    found = numbers(stored, where=where).astype(np.float64).reshape(-1)[:1]
    if not (len(found) and 0 <= found[0] < _MOST_RUNS):
        raise RecordingError(
            f"{where} is {found.tolist()}, expected a number from 0 to {_MOST_RUNS - 1}"
        )
    return int(found[0])


def _read_run(
    file: Path,
    dataset: str,
    session: int,
    run: int,
    word: str | None,
    microvolts_per_unit: float,
) -> Recording:
    stored = read_mat(file, [*_NEEDED, "StimulusType"])
    signal = numbers(stored["signal"], where=f"{file}: signal")

    def state(name: str) -> npt.NDArray[np.int64]:
        return state_vector(stored[name], len(signal), where=f"{file}: {name}")

    onsets = flash_onsets(state("Flashing") > 0)
    flashes = make_flash_table(
        onsets,
        target=state("StimulusType")[onsets] > 0 if "StimulusType" in stored else None,
        code=state("StimulusCode")[onsets],
        flashes_a_repetition=len(MATRIX_6X6.groups),
        where=str(file),
    )
    check_codes(flashes, MATRIX_6X6, str(file))
    if word is not None:
        flashes = apply_text(flashes, MATRIX_6X6, word, str(file))
    return build_recording(
        signal.T * (1e-6 * microvolts_per_unit),
        ELECTRODES,
        SFREQ,
        flashes,
        dataset=dataset,
        subject="1",
        session=str(session),
        run=str(run),
        layout=MATRIX_6X6,
        source=str(file),
    )
