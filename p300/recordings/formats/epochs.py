"""Epochs that were cut already: MNE's -epo.fif, EEGLAB's epoched .set, X and y in .npz or .mat."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.described import EPOCHS
from p300.recordings.electrode_names import guess_channels
from p300.recordings.epoched import build_epoched
from p300.recordings.guard import check_regular
from p300.recordings.guesses import guess_marks, name_kind
from p300.recordings.marks import NOTHING_SAID, Kinds, Marks, list_marks
from p300.recordings.places import Place, SubjectPattern, place_files, search_folder
from p300.recordings.readers.array_epochs import (
    AS_USUAL,
    Arrays,
    guess_arrays,
    in_microvolts,
    is_epoch_arrays,
    read_epoch_arrays,
    read_labels,
)
from p300.recordings.readers.arrays import holds_arrays
from p300.recordings.readers.eeglab_epochs import is_epoch_set, read_epoch_set
from p300.recordings.readers.epochfile import (
    NUMBERS,
    PLACES,
    StoredEpochs,
    is_epoch_fif,
    read_epoch_fif,
)
from p300.recordings.readers.fif import is_further_part
from p300.recordings.recording import Recording
from p300.recordings.registry import natural_key, select_subjects

if TYPE_CHECKING:
    import pandas as pd

_ENDINGS = (".fif", ".fif.gz", ".set", ".npz", ".mat")

INFO = replace(EPOCHS, folders=True, endings=_ENDINGS, contained=True)

Rows = npt.NDArray[np.int64]

_LABELS: dict[frozenset[str], dict[str, bool | None]] = {
    frozenset({"0", "1"}): {"1": True, "0": False},
    frozenset({"-1", "1"}): {"1": True, "-1": False},
}
"""Labels that say by themselves what a target is."""


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
    channels: Channels = NO_CHANGES,
    marks: Marks = NOTHING_SAID,
    arrays: Arrays = AS_USUAL,
) -> Iterator[Recording]:
    """Yield one recording for each subject, session and run of a file.

    The marks are the events that epochs were cut at, or the values of y; of 0 and 1, or -1 and 1,
    1 is a target.

    Parameters
    ----------
    path
        A file of epochs, or a folder of them.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        Where the files themselves do not tell subjects: a regular expression with the named groups
        subject, session and run that tells them from the paths of the files, below ``path``; the
        last two may be missing.
    channels, marks, arrays
        See :class:`~p300.recordings.channels.Channels`, :class:`~p300.recordings.marks.Marks` and
        :class:`~p300.recordings.readers.array_epochs.Arrays`.

    Raises
    ------
    RecordingError
        When a file cannot be read, holds no epochs, or these cannot be EEG after flashes.
    """
    files = search_folder(path, lambda folder: _find_files(folder, arrays))
    if not files:
        raise RecordingError(f"{path}: no file of epochs in this folder. {INFO.obtain}")
    layout = marks.matrix()
    stored = {file: _open(file, channels, arrays) for file in files}
    for file, parts in _placed(stored, subjects, path, subject).items():
        electrodes, X, bads = stored[file].read(channels)
        for place, rows in parts:
            table = stored[file].table.iloc[rows].reset_index(drop=True)
            shown, flashes = epoch_flashes(table, marks, str(file))
            yield build_epoched(
                X[rows[shown]], electrodes, stored[file].sfreq, stored[file].tmin, flashes,
                onset_sfreq=stored[file].onset_sfreq, dataset=dataset, place=place, bads=bads,
                layout=layout, source=str(file), montage=channels.montage,
            )  # fmt: skip


def _find_files(path: Path, arrays: Arrays, *, tell: bool = True) -> list[Path]:
    """Return the files of epochs in a folder, or the file itself; name the others."""
    if not path.is_dir():
        return [path]
    found = []
    for file in sorted(path.iterdir()):
        if not file.name.lower().endswith(_ENDINGS) or file.is_dir():
            continue
        if file.is_file() and is_further_part(file):
            continue  # MNE reads it with the first part
        if _may_be_one(file, arrays):
            found.append(file)
        elif tell:
            warnings.warn(f"{file}: left out, it holds no epochs", DataWarning, stacklevel=4)
    return found


def _may_be_one(file: Path, arrays: Arrays) -> bool:
    """Return whether a file holds epochs; what cannot be read may, and is tried in earnest."""
    try:
        check_regular(file)
        return _is_one(file, arrays)
    except RecordingError:
        return True


def _is_one(file: Path, arrays: Arrays) -> bool:
    if holds_arrays(file):
        return is_epoch_arrays(file, arrays)
    return is_epoch_fif(file) or is_epoch_set(file)


def _open(file: Path, channels: Channels, arrays: Arrays) -> StoredEpochs:
    """Read all of a file but its signal."""
    if holds_arrays(file):
        stored = read_epoch_arrays(file, channels, arrays)
    elif (given := replace(arrays, onset_interval=None)) != AS_USUAL:
        told = [name for name, value in vars(given).items() if value is not None]
        raise RecordingError(f"{file}: options {told} found, which this format tells itself")
    elif file.suffix.lower() == ".set":
        stored = read_epoch_set(file)
    else:
        stored = read_epoch_fif(file)
    if arrays.onset_interval is None:
        return stored
    if stored.onset_sfreq is not None:
        raise RecordingError(
            f"{file}: option 'onset_interval' found, but the file tells the onsets of its flashes"
        )
    at = np.round(arrays.onset_interval * stored.sfreq * np.arange(len(stored.table)))
    table = stored.table.assign(sample=at.astype(np.int64))
    return replace(stored, table=table, onset_sfreq=stored.sfreq)


def _placed(
    stored: dict[Path, StoredEpochs],
    subjects: Sequence[str] | None,
    path: Path,
    pattern: str | None,
) -> dict[Path, list[tuple[Place, Rows]]]:
    """Return for each file the recordings that it holds: place and positions of the epochs."""
    inside = [file for file, one in stored.items() if "subject" in one.table]
    if inside and pattern is not None:
        raise RecordingError(
            f"{inside[0]}: the file tells a subject for each epoch, so that the option 'subject', "
            "which tells them from names of files, cannot be used"
        )
    if inside and len(inside) < len(stored):
        without = next(file for file in stored if file not in inside)
        raise RecordingError(
            f"{path}: {inside[0].name} tells a subject for each epoch, {without.name} does not; "
            "make them two sources of a data set, or tell subjects in all of them"
        )
    if not inside:
        placed = place_files(stored, subjects, path, pattern)
        return {file: _parts(stored[file].table, place) for file, place in placed}
    parts = {file: _parts(one.table, Place("")) for file, one in stored.items()}
    told = {place.subject for own in parts.values() for place, _ in own}
    wanted = select_subjects(sorted(told, key=natural_key), subjects, str(path))
    return {
        file: [(place, rows) for place, rows in own if place.subject in wanted]
        for file, own in parts.items()
    }


def _parts(table: pd.DataFrame, place: Place) -> list[tuple[Place, Rows]]:
    """Divide the epochs of a file by what its columns tell of subject, session and run."""
    columns = [name for name in PLACES if name in table]
    if not columns:
        return [(place, np.arange(len(table)))]
    labels = table[columns].astype("str").agg(tuple, axis=1)
    return [
        (replace(place, **dict(zip(columns, own, strict=True))), np.flatnonzero(labels == own))
        for own in sorted(set(labels), key=lambda own: [natural_key(label) for label in own])
    ]


def epoch_flashes(table: pd.DataFrame, marks: Marks, where: str) -> tuple[Rows, pd.DataFrame]:
    """Return which epochs are flashes, and their flash table in the same order.

    Raises
    ------
    RecordingError
        When two epochs have one onset, or as :meth:`Marks.flashes`.

    Warns
    -----
    DataWarning
        With the number of epochs whose marks are no flashes.
    """
    known = [name for name in NUMBERS if name in table]
    timed = table if "sample" in table else table.assign(sample=np.arange(len(table)))
    if (twice := timed["sample"].duplicated()).any():
        raise RecordingError(
            f"{where}: {int(twice.sum())} epochs have the onset of another (first at sample "
            f"{timed.loc[twice, 'sample'].iloc[0]}), expected one flash at a time"
        )
    if marks.unknown and "code" in table:
        return np.arange(len(table)), timed[["sample", *known]]
    if "mark" not in table:
        raise RecordingError(
            f"{where}: no labels y found; name them with the option 'variables', or say 'target: "
            "unknown' where nobody knows them"
        )
    flashes = marks.flashes(timed[["sample", "mark"]], where, usual=usual_kinds)
    rows = timed.reset_index().set_index("sample").loc[flashes["sample"], "index"].to_numpy()
    if len(rows) < len(table):
        aside = table.loc[~table.index.isin(rows), "mark"]
        warnings.warn(
            f"{where}: {len(aside)} of {len(table)} epochs are left out, their marks are no "
            f"flashes: {list_marks(aside)}",
            DataWarning,
            stacklevel=3,
        )
    return rows, flashes.assign(**{name: table[name].to_numpy()[rows] for name in known})


def usual_kinds(marks: pd.Series[str]) -> Kinds:
    """Tell targets by labels that say it themselves: 0 and 1, -1 and 1, or words."""
    names = frozenset(str(name) for name in marks.unique())
    if names in _LABELS:
        return _LABELS[names]
    return {name: kind for name in names if (kind := name_kind(name)) is not None}


def recognise(path: Path) -> dict[str, Any] | None:
    """Guess what the first file of epochs does not tell.

    Returns
    -------
    Options ``target`` and ``nontarget``, ``code`` and ``layout`` where labels do not tell kinds by
    themselves, see :func:`~p300.recordings.guesses.guess_marks`; for arrays ``tmin`` 0 where the
    file does not tell it; ``microvolts_per_unit`` 1 where values cannot be volts; ``rename`` and
    ``drop``. None where there are no epochs.
    """
    return _guess(path, AS_USUAL)


def complete(path: Path, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Guess the other options, where it is said how the arrays are called; as :func:`recognise`."""
    return _guess(path, Arrays(variables=given.get("variables")))


def _guess(path: Path, arrays: Arrays) -> dict[str, Any] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files = search_folder(path, lambda folder: _find_files(folder, arrays, tell=False))
        for file in files:
            try:
                return _look_into(file, arrays) if _is_one(file, arrays) else None
            except RecordingError:
                continue
    return None


def _look_into(file: Path, arrays: Arrays) -> dict[str, Any]:
    if holds_arrays(file):
        return guess_arrays(file, arrays) | _guess_labels(read_labels(file, arrays))
    stored = read_epoch_set(file) if file.suffix.lower() == ".set" else read_epoch_fif(file)
    electrodes, X, _ = stored.read(NO_CHANGES)
    unit = {"microvolts_per_unit": 1.0} if in_microvolts(X) else {}
    return _guess_labels(stored.table["mark"]) | guess_channels(electrodes) | unit


def _guess_labels(marks: pd.Series[str]) -> dict[str, Any]:
    told = frozenset(str(name) for name in marks.unique()) in _LABELS
    return {} if told else guess_marks(marks) or {}
