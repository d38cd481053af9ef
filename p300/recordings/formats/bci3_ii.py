"""BCI Competition III, data set II: the Wadsworth P300 speller, the data of the paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import RecordingError
from p300.ranges import Positive
from p300.recordings.described import BCI3_II
from p300.recordings.flashes import apply_text, check_codes, flash_onsets, make_flash_table
from p300.recordings.formats.bci2_iib import ELECTRODES, SFREQ
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

if TYPE_CHECKING:
    import pandas as pd

INFO = replace(BCI3_II, endings=(".mat",), contained=True)

TRUE_STRINGS = {
    "A": "WQXPLZCOMRKO97YFZDEZ1DPI9NNVGRQDJCUVRMEUOOOJD2UFYPOO6J7LDGYEGOA5VHNEHBTXOO1TDOILUEE5BFAE"
    "EXAW_K4R3MRU",
    "B": "MERMIROOMUHJPXJOHUVLEORZP3GLOO7AUFDKEFTWEOOALZOP9ROCGZET1Y19EWX65QUYU7NAK_4YCJDVDNGQXODB"
    "EV2B5EFDIDNR",
}
"""Subject -> the characters of the test run, as published after the competition."""

RUNS = {"train": "1", "test": "2"}
_NEEDED = ("Signal", "Flashing", "StimulusCode")
_EXPECTED = (
    "the variables Signal (characters x samples x 64), Flashing and StimulusCode of "
    f"Subject_A_Train.mat and the like. {INFO.obtain}"
)


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by its variables whether a file, or one of a folder, is of this data set."""
    return {} if recognise_mat(path, lambda shapes: set(_NEEDED) <= set(shapes)) else None


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    true_strings: Mapping[str, str] | None = None,
    microvolts_per_unit: Positive = 1.0,
) -> Iterator[Recording]:
    """Yield the training run (1) and the test run (2) of each subject.

    Every character is its own stretch of signal that begins with its first flash; the stretches
    are put one after another, with a segment edge between them that no filter may cross.
    ``TargetChar`` is compared with the targets in ``StimulusType``. The test files have neither:
    their targets follow from the published characters, where their number is that of the file.

    Parameters
    ----------
    path
        One file, or the folder of ``Subject_A_Train.mat`` and the others. Subject and run are
        read from the name, in any case.
    dataset
        Name of the data set.
    subjects
        Subjects wanted, "A" or "B"; by default all found.
    true_strings
        Characters of the test runs by subject; adds to and overrides :data:`TRUE_STRINGS`.
    microvolts_per_unit
        Size of one unit of ``Signal`` in uV. The description does not tell; 1 is assumed.

    Raises
    ------
    RecordingError
        When a file is not of this data set, or its content cannot be a recording.
    """
    texts = {**TRUE_STRINGS, **(true_strings or {})}
    found = find_mat_files(
        path, holds=lambda shapes: set(_NEEDED) <= set(shapes), expected=_EXPECTED
    )
    files: dict[tuple[str, str], Path] = {}
    for file, shapes in found:
        _check_shapes(file, shapes)
        files[_subject_and_run(file)] = file
    available = sorted({subject for subject, _ in files})
    chosen = select_subjects(available, subjects, str(path))
    for subject, run in sorted(files):
        if subject in chosen:
            text = texts.get(subject) if run == RUNS["test"] else None
            yield _read_run(files[subject, run], dataset, subject, run, text, microvolts_per_unit)


def _check_shapes(file: Path, shapes: Shapes) -> None:
    n_electrodes = len(ELECTRODES)
    axes = f"[characters, samples, {n_electrodes} electrodes]"
    check_shape(shapes["Signal"], (None, None, n_electrodes), axes=axes, where=f"{file}: Signal")
    for name in ("Flashing", "StimulusCode", "StimulusType"):
        if name in shapes:
            n_characters, n_samples = shapes["Signal"][:2]
            axes = f"[{n_characters} characters, {n_samples} samples] as Signal has"
            check_shape(shapes[name], (n_characters, n_samples), axes=axes, where=f"{file}: {name}")


def _subject_and_run(file: Path) -> tuple[str, str]:
    named = re.fullmatch(r"subject_([a-z])_(train|test)", file.stem, flags=re.IGNORECASE)
    if named is None:
        raise RecordingError(
            f"{file}: cannot tell the subject and the run from this name, expected "
            "Subject_A_Train.mat, Subject_A_Test.mat and so on"
        )
    return named[1].upper(), RUNS[named[2].lower()]


def _read_run(
    file: Path,
    dataset: str,
    subject: str,
    run: str,
    text: str | None,
    microvolts_per_unit: float,
) -> Recording:
    stored = read_mat(file, ["Flashing", "StimulusCode", "StimulusType", "TargetChar"])
    flashes = _read_flashes(stored, file)
    if "TargetChar" in stored:
        text = "".join(str(part) for part in np.ravel(stored["TargetChar"]))
    elif "StimulusType" in stored:
        text = None  # The file's own marks need no text; it may hold other characters.
    if text is not None:
        flashes = apply_text(flashes, MATRIX_6X6, text, str(file))
    n_characters, n_samples = stored["Flashing"].shape
    return build_recording(
        _read_signal(file, microvolts_per_unit),
        ELECTRODES,
        SFREQ,
        flashes,
        dataset=dataset,
        subject=subject,
        run=run,
        layout=MATRIX_6X6,
        source=str(file),
        segment_starts=[n_samples * k for k in range(n_characters)],
    )


def _read_flashes(stored: Mapping[str, Any], file: Path) -> pd.DataFrame:
    """Make the flash table; samples count over the characters put one after another."""

    def state(name: str) -> npt.NDArray[np.int64]:
        found = numbers(stored[name], where=f"{file}: {name}")
        return state_vector(found, found.size, where=f"{file}: {name}")

    n_samples = stored["Flashing"].shape[1]
    flashing = state("Flashing").reshape(-1, n_samples)
    # Character by character: one that ends within a flash must not hide the first of the next.
    onsets = np.concatenate(
        [flash_onsets(row > 0) + k * n_samples for k, row in enumerate(flashing)]
    )
    flashes = make_flash_table(
        onsets,
        target=state("StimulusType")[onsets] > 0 if "StimulusType" in stored else None,
        code=state("StimulusCode")[onsets],
        character=onsets // n_samples + 1,
        flashes_a_repetition=len(MATRIX_6X6.groups),
        where=str(file),
    )
    check_codes(flashes, MATRIX_6X6, str(file))
    return flashes


def _read_signal(file: Path, microvolts_per_unit: float) -> npt.NDArray[np.float64]:
    """Return the signal as [electrode, sample] in volts, one copy beside the file's own."""
    stored = numbers(read_mat(file, ["Signal"])["Signal"], where=f"{file}: Signal")
    n_characters, n_samples, n_electrodes = stored.shape
    signal = np.empty((n_electrodes, n_characters, n_samples))
    np.multiply(stored.transpose(2, 0, 1), 1e-6 * microvolts_per_unit, out=signal)
    return signal.reshape(n_electrodes, n_characters * n_samples)
