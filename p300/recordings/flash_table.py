"""Any recording that MNE reads, with its flashes in a CSV table beside it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from p300.errors import DataWarning, RecordingError
from p300.recordings.flashes import check_codes, onset_samples
from p300.recordings.layout import Layout
from p300.recordings.mnefile import read_eeg, remove_flash_annotations
from p300.recordings.recording import Recording, finish_recording
from p300.recordings.registry import SourceInfo, select_subjects

if TYPE_CHECKING:
    from mne.io import BaseRaw

INFO = SourceInfo(
    title="Flash table: any recording that MNE reads, with a CSV table of its flashes",
    subjects="from the file names: sub-01_ses-1_run-2, or the whole name",
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
)

# The files that stand for a recording in a folder; others (.eeg, .vmrk, .fdt) belong to these.
_RECORDINGS = (
    ".bdf", ".cnt", ".edf", ".fif", ".fif.gz", ".gdf", ".lay", ".mff", ".nxe", ".set", ".vhdr",
)  # fmt: skip
_TARGET = {
    **dict.fromkeys(["1", "1.0", "true", "target"], True),
    **dict.fromkeys(["0", "0.0", "false", "nontarget"], False),
}


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
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
    places = {file: _place(file) for file in tables}
    for file, place in places.items():
        others = [other.name for other in places if places[other] == place and other != file]
        if others:
            raise RecordingError(
                f"{path}: {file.name} and {others[0]} are both subject, session and run {place}"
            )
    available = sorted({subject for subject, _, _ in places.values()})
    chosen = select_subjects(available, subjects, str(path))
    matrix = None if layout is None else Layout.row_column(layout)
    for file in sorted(tables, key=lambda f: places[f]):
        subject, session, run = places[file]
        if subject not in chosen:
            continue
        raw = _read_signal(file, rename or {}, drop or [])
        shown = _read_table(tables[file], raw.info["sfreq"])
        remove_flash_annotations(raw, shown["sample"].to_numpy())
        recording = finish_recording(
            raw,
            shown,
            dataset=dataset,
            subject=subject,
            session=session,
            run=run,
            layout=matrix,
            source=str(file),
        )
        if matrix is not None:
            check_codes(recording.flashes, matrix, str(tables[file]))
        yield recording


def _find_tables(path: Path, flashes: str | None) -> dict[Path, Path]:
    """Map each recording to its table."""
    if not path.exists():
        raise RecordingError(f"{path}: no such file or folder. {INFO.obtain}")
    if not path.is_dir():
        table = Path(flashes) if flashes is not None else _table_beside(path)
        if table is None or not table.is_file():
            wanted = table or path.with_name(f"{_stem(path)}_flashes.csv")
            raise RecordingError(f"{path}: no flash table {wanted}. {INFO.obtain}")
        return {path: table}
    if flashes is not None:
        raise RecordingError(
            f"{path}: option 'flashes' names one table, expected one recording, not a folder"
        )
    files = sorted(p for p in path.iterdir() if p.name.lower().endswith(_RECORDINGS))
    found = {file: table for file in files if (table := _table_beside(file)) is not None}
    if not found:
        names = [file.name for file in files]
        raise RecordingError(f"{path}: no recording with a table ({names} found). {INFO.obtain}")
    for file in files:
        if file not in found:
            warnings.warn(f"{file}: left out, it has no flash table", DataWarning, stacklevel=3)
    return found


def _table_beside(file: Path) -> Path | None:
    names = (f"{_stem(file)}_flashes.csv", f"{_stem(file)}.csv")
    places = [file.with_name(name) for name in names if name != file.name]
    return next((place for place in places if place.is_file()), None)


def _stem(file: Path) -> str:
    return re.sub(r"\.fif\.gz$|\.[^.]*$", "", file.name, flags=re.IGNORECASE)


def _place(file: Path) -> tuple[str, str, str]:
    """Tell subject, session and run from a file's name."""
    entities = dict(re.findall(r"(?:^|_)(sub|ses|run)-([A-Za-z0-9]+)", file.name))
    return entities.get("sub", _stem(file)), entities.get("ses", "1"), entities.get("run", "1")


def _read_signal(file: Path, rename: Mapping[str, str], drop: Sequence[str]) -> BaseRaw:
    """Open a recording; what is dropped or renamed must be there."""
    import mne

    def read() -> BaseRaw:
        return mne.io.read_raw(file, verbose="warning").drop_channels(list(drop))

    raw = read_eeg(read, file)
    missing = [name for name in rename if name not in raw.ch_names]
    if missing:
        raise RecordingError(
            f"{file}: no channels {missing} to rename, there are {list(raw.ch_names)}"
        )
    return raw.rename_channels(dict(rename), verbose="error")


def _read_table(file: Path, sfreq: float) -> pd.DataFrame:
    try:
        table = pd.read_csv(file, skipinitialspace=True, na_values=["n/a"])
    except (ValueError, OSError) as error:
        raise RecordingError(f"{file}: cannot be read as a CSV table: {error}") from error
    table.columns = table.columns.str.strip().str.lower()
    if "target" not in table:
        raise RecordingError(
            f"{file}: columns {list(table.columns)} found, expected 'target' among them"
        )
    known = [name for name in ("code", "character", "repetition") if name in table]
    return table[known].assign(
        sample=onset_samples(table, sfreq, str(file)), target=_read_targets(table["target"], file)
    )


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
