"""Any recording that MNE reads, with its flashes in a CSV table beside it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from p300.arguments import repeated
from p300.errors import DataWarning, RecordingError
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.described import FLASH_TABLE
from p300.recordings.flashes import number_flashes
from p300.recordings.guard import guarded
from p300.recordings.layout import guess_rows
from p300.recordings.marks import NOTHING_SAID, Marks
from p300.recordings.onsets import check_seconds, onset_samples
from p300.recordings.places import SubjectPattern, file_stem, place_files, search_folder
from p300.recordings.readers.cntfile import DataFormat
from p300.recordings.readers.csv_table import read_head, read_table
from p300.recordings.readers.edf_times import place_onsets
from p300.recordings.readers.mnefile import (
    RECORDINGS,
    find_recordings,
    guess_eeg,
    is_recording,
    open_recording,
    record_file,
)
from p300.recordings.recording import Recording

if TYPE_CHECKING:
    import pandas as pd

INFO = replace(FLASH_TABLE, folders=True, endings=RECORDINGS, contained=True)

_WORDS = {
    **dict.fromkeys(["1", "true", "target"], True),
    **dict.fromkeys(["0", "-1", "false", "nontarget"], False),
}
# -1 is a non-target, but only where nothing else could be: beside 0 it may be "no flash".
_PLAIN = ({"0", "false", "nontarget", "1", "true", "target"}, {"1", "-1"})
_NUMBERS = ("code", "character", "repetition")
_LARGEST = 1_000_000


def recognise(path: Path) -> dict[str, Any] | None:
    """Return whether a recording, or one of a folder, has a flash table.

    The matrix is guessed from the codes, electrodes from names of channels that are not plain.

    Returns
    -------
    Options; also where no table can be used (see :func:`table_problem`), so that whoever loads the
    recording is told why.
    """
    import pandas as pd

    spoilt = None
    for file in filter(is_recording, find_recordings(path)):
        table = _table_beside(file)
        if table is None:
            continue
        try:
            columns = _read_columns(table)
        except RecordingError:
            spoilt = spoilt or (file if _is_meant(table) else None)
            continue
        codes = columns.get("code", pd.Series(dtype=float))
        rows = guess_rows(pd.to_numeric(codes, errors="coerce").dropna())
        return _guess_channels(file) | ({} if rows is None else {"layout": rows})
    return None if spoilt is None else _guess_channels(spoilt)


def table_problem(path: Path) -> str | None:
    """Return why the table beside a recording, or beside one of a folder, cannot be read.

    None where there is no table, or nothing speaks against it; targets and onsets are compared with
    the recording when that is loaded.
    """
    for file in filter(is_recording, find_recordings(path)):
        table = _table_beside(file)
        try:
            if table is not None:
                _read_targets(_read_columns(table)["target"], table)
        except RecordingError as error:
            return str(error)
    return None


def _is_meant(table: Path) -> bool:
    """Return whether a table that cannot be used was meant as one of flashes."""
    if table.name.lower().endswith(("_flashes.csv", "_flashes.tsv")):
        return True
    try:
        titles = {title.lower() for title in read_head(table).titles}
    except RecordingError:
        return False
    return not titles.isdisjoint({"target", "sample", "onset"})


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
    channels: Channels = NO_CHANGES,
    marks: Marks = NOTHING_SAID,
    data_format: DataFormat | None = None,
) -> Iterator[Recording]:
    """Yield one recording a file.

    Columns of the table: ``sample`` (from 0, the first sample of the file) or ``onset`` (seconds
    from the first sample), ``target`` (1, true or target; 0, false or nontarget; or 1 and -1; empty
    throughout where unknown) and, if known, ``code``, ``character`` and ``repetition``, which are
    numbers from 1. Columns may be separated by commas, semicolons (with decimal commas, too) or
    tabs, rows may be in any order.

    Parameters
    ----------
    path
        A recording, or a folder of recordings.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        Regular expression with the named groups subject, session and run that tells them from the
        paths of the files, below ``path``; the last two may be missing. By default the files or
        their names tell.
    flashes
        The table of a single recording, where it lies elsewhere.
    channels, marks
        See :class:`~p300.recordings.channels.Channels` and :class:`~p300.recordings.marks.Marks`;
        the marks are what the column ``target`` holds, where the options name them: other rows
        are left aside. With ``target: unknown`` no such column is needed.
    data_format
        Type of the samples of a Neuroscan ``.cnt`` file, where the file leaves it open.

    Raises
    ------
    RecordingError
        When a recording or a table cannot be read, or the content cannot be a recording.
    """
    tables = _find_tables(path, flashes)
    layout = marks.matrix()
    for file, place in place_files(tables, subjects, path, subject):
        opened = open_recording(file, data_format=data_format)
        raw = channels.keep_eeg(opened, file)
        shown = _read_table(tables[file], file, marks, raw.info["sfreq"], int(raw.n_times))
        yield record_file(raw, shown, layout, file, dataset, place, channels.montage)


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
    stem = file_stem(file)
    names = (f"{stem}_flashes.csv", f"{stem}_flashes.tsv", f"{stem}.csv")
    places = [file.with_name(name) for name in names if name != file.name]
    return next((place for place in places if place.is_file()), None)


def _read_table(
    file: Path, recording: Path, marks: Marks, sfreq: float, n_times: int
) -> pd.DataFrame:
    table = _read_columns(file, with_targets=not marks.unknown)
    if "sample" not in table:
        table = place_onsets(table, recording)
    told = _tell(table, marks, file)
    table = table.loc[told.index]
    known = {name: _read_numbers(table[name], file) for name in _NUMBERS if name in table}
    if "code" in told:
        known["code"] = told["code"]
    samples = onset_samples(table, sfreq, str(file))
    if "sample" not in table:
        check_seconds(table["onset"], n_times / sfreq, file)
    return number_flashes(
        table[[]].assign(sample=samples, target=told["target"], **known), str(file)
    )


def _tell(table: pd.DataFrame, marks: Marks, file: Path) -> pd.DataFrame:
    """Return targets and, where the options tell them, codes of the rows that are flashes."""
    if marks.unknown and marks.code is None:
        return table[[]].assign(target=None)
    if not marks.named and marks.code is None:
        return table[[]].assign(target=_read_targets(table["target"], file))
    words = table["target"].astype("str").str.strip().str.replace(r"\.0+$", "", regex=True)
    told = marks.tell(words, str(file))
    return told if marks.code is not None else told[["target"]]


def _read_columns(file: Path, *, with_targets: bool = True) -> pd.DataFrame:
    """Read a flash table as it is; its columns in lower case."""
    table = read_table(file)
    titles = [str(title).lower() for title in table.columns]
    lacking = with_targets and "target" not in titles
    if lacking or not {"sample", "onset"} & set(titles) or repeated(titles):
        raise RecordingError(
            f"{file}: columns {list(table.columns)} found, expected 'target' among them, 'sample' "
            "or 'onset', and each once; without targets say 'target: unknown'"
        )
    table.columns = table.columns.str.lower()
    return table


def _read_numbers(column: pd.Series[Any], file: Path) -> pd.Series[Any]:
    """Return codes, characters or repetitions, which are whole numbers or empty."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = column.notna() & ~((numbers == numbers.round()) & (numbers.abs() <= _LARGEST))
    if not wrong.any():
        return numbers
    row = int(np.flatnonzero(wrong)[0])
    reason = {
        "character": "number the characters of the text 1, 2, 3 and so on: two equal letters in a "
        "row, such as LL in HELLO, could not be told from one",
        "code": "number the flashed rows and columns, or symbols, 1, 2, 3 and so on",
        "repetition": "number them 1, 2, 3 and so on",
    }
    raise RecordingError(
        f"{file}: {column.tolist()[row]!r} found in column {column.name!r}, row {row + 1}; "
        f"expected a whole number: {reason[str(column.name)]}"
    )


def _read_targets(column: pd.Series[Any], file: Path) -> pd.Series[Any]:
    """Return which flashes are targets, where what the column holds leaves no doubt."""
    words = column.astype("string").str.strip().str.lower().str.replace(r"\.0+$", "", regex=True)
    words = words.str.replace(r"(?<=non)[-_ ]", "", regex=True)
    counts = words.value_counts()
    if not any(set(counts.index) <= plain for plain in _PLAIN) or set(counts.index) == {"-1"}:
        listed = ", ".join(f"{word!r} ({n})" for word, n in counts.head(8).items())
        raise RecordingError(
            f"{file}: column 'target' holds {listed}; expected 1 and 0, true and false, target and "
            "nontarget, or 1 and -1 (never a target) and nothing else: say with the options "
            "'target' and 'nontarget' which of them are which; rows of others are left aside"
        )
    return words.map(_WORDS)
