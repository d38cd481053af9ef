"""Any recording that MNE reads, with its flashes in a CSV table beside it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from p300.errors import DataWarning, RecordingError
from p300.recordings.flashes import onset_samples
from p300.recordings.guard import guarded
from p300.recordings.layout import Layout, guess_rows
from p300.recordings.places import SubjectPattern, file_stem, place_files, search_folder
from p300.recordings.readers.csv_table import read_table
from p300.recordings.readers.mnefile import (
    RECORDINGS,
    find_recordings,
    guess_eeg,
    is_recording,
    keep_eeg,
    open_recording,
    record_file,
)
from p300.recordings.recording import Recording
from p300.recordings.registry import SourceInfo

if TYPE_CHECKING:
    import pandas as pd

INFO = SourceInfo(
    title="Flash table: any recording that MNE reads, with a CSV table of its flashes",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="as in the recording; standard 10-05 names, or named with the option 'rename'",
    sfreq="as in the recording",
    licence="your own",
    citation=(
        "Gramfort A, Luessi M, Larson E, Engemann DA, Strohmeier D, Brodbeck C, Goj R, Jas M, "
        "Brooks T, Parkkonen L, Haemaelaeinen M (2013). MEG and EEG data analysis with "
        "MNE-Python. Frontiers in Neuroscience 7:267. doi:10.3389/fnins.2013.00267"
    ),
    obtain=(
        "Put a table NAME_flashes.csv (or NAME.csv) beside each recording NAME.edf, .vhdr, .fif "
        "and so on. One row a flash; columns sample or onset (seconds), target (1 or 0) and, if "
        "known, code, character and repetition"
    ),
    folders=True,
    endings=RECORDINGS,
)

_TARGET = {
    **dict.fromkeys(["1", "1.0", "true", "target"], True),
    **dict.fromkeys(["0", "0.0", "false", "nontarget"], False),
}


def recognise(path: Path) -> dict[str, Any] | None:
    """Return whether a recording, or one of a folder, has a flash table.

    The matrix is guessed from the codes, electrodes from names of channels that are not plain.
    """
    import pandas as pd

    for file in filter(is_recording, find_recordings(path)):
        table = _table_beside(file)
        try:
            columns = pd.DataFrame() if table is None else _read_columns(table)
        except RecordingError:
            continue
        if not columns.columns.intersection(["sample", "onset"]).empty:
            codes = columns.get("code", pd.Series(dtype=float))
            rows = guess_rows(pd.to_numeric(codes, errors="coerce").dropna())
            return _guess_channels(file) | ({} if rows is None else {"layout": rows})
    return None


def _guess_channels(file: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MNE finds odd is for the one who loads the file
        try:
            return guarded(lambda: guess_eeg(open_recording(file)), file)
        except RecordingError:
            return {}


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
    flashes: str | None = None,
    rename: Mapping[str, str] | None = None,
    drop: Sequence[str] | None = None,
    layout: Sequence[str | Sequence[str]] | None = None,
) -> Iterator[Recording]:
    """Yield one recording a file.

    Columns of the table: ``sample`` (from 0, the first sample of the file) or ``onset`` (seconds
    from the first sample), ``target`` (1, true or target; 0, false or nontarget; empty throughout
    where unknown) and, if known, ``code``, ``character`` and ``repetition``.

    Parameters
    ----------
    path
        A recording, or a folder of recordings.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        A :data:`~p300.recordings.places.SubjectPattern`: a regular expression with the named groups
        subject, session and run that tells them from the paths of the files, below ``path``.
    flashes
        The table of a single recording, where it lies elsewhere.
    rename
        Channel name in the file -> electrode name.
    drop
        Channels of the file that are no EEG.
    layout
        Rows of the stimulus matrix, such as ``["ABCDEF", ...]``, whose columns have the flash
        codes 1 to n and whose rows the codes after them; None where it is unknown.

    Raises
    ------
    RecordingError
        When a recording or a table cannot be read, or the content cannot be a recording.
    """
    tables = _find_tables(path, flashes)
    matrix = None if layout is None else Layout.row_column(layout)
    for file, place in place_files(tables, subjects, path, subject):
        raw = keep_eeg(open_recording(file), file, rename, drop or [])
        shown = _read_table(tables[file], raw.info["sfreq"])
        yield record_file(raw, shown, matrix, file, dataset, place)


def _find_tables(path: Path, flashes: str | None) -> dict[Path, Path]:
    """Map each recording to its table."""
    if not path.exists():
        raise RecordingError(f"{path}: no such file or folder. {INFO.obtain}")
    if not path.is_dir():
        table = Path(flashes) if flashes is not None else _table_beside(path)
        if table is None or not table.is_file():
            wanted = table or path.with_name(f"{file_stem(path)}_flashes.csv")
            raise RecordingError(f"{path}: no flash table {wanted}. {INFO.obtain}")
        return {path: table}
    if flashes is not None:
        raise RecordingError(
            f"{path}: option 'flashes' names one table, expected one recording, not a folder"
        )
    files = search_folder(path, find_recordings)
    found = {file: table for file in files if (table := _table_beside(file)) is not None}
    if not found:
        names = [file.name for file in files]
        raise RecordingError(f"{path}: no recording with a table ({names} found). {INFO.obtain}")
    for file in files:
        if file not in found:
            warnings.warn(f"{file}: left out, it has no flash table", DataWarning, stacklevel=3)
    return found


def _table_beside(file: Path) -> Path | None:
    names = (f"{file_stem(file)}_flashes.csv", f"{file_stem(file)}.csv")
    places = [file.with_name(name) for name in names if name != file.name]
    return next((place for place in places if place.is_file()), None)


def _read_table(file: Path, sfreq: float) -> pd.DataFrame:
    table = _read_columns(file)
    known = [name for name in ("code", "character", "repetition") if name in table]
    return table[known].assign(
        sample=onset_samples(table, sfreq, str(file)), target=_read_targets(table["target"], file)
    )


def _read_columns(file: Path) -> pd.DataFrame:
    """Read a flash table as it is; its columns in lower case."""
    table = read_table(file)
    table.columns = table.columns.str.strip().str.lower()
    if "target" not in table:
        raise RecordingError(
            f"{file}: columns {list(table.columns)} found, expected 'target' among them"
        )
    return table


def _read_targets(column: pd.Series[Any], file: Path) -> pd.Series[Any]:
    words = column.astype("string").str.strip().str.lower().str.replace(r"[-_ ]", "", regex=True)
    target = words.map(_TARGET)
    foreign = words[target.isna() & words.notna()]
    if len(foreign):
        raise RecordingError(
            f"{file}: {foreign.iloc[0]!r} found in column 'target', row "
            f"{int(np.asarray(foreign.index)[0]) + 1}; expected 1 or 0, true or false, target or "
            "nontarget"
        )
    return target
