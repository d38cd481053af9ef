"""Recordings of the Muse headband as CSV, in the layout of NeuroTechX's EEG notebooks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.guard import check_regular
from p300.recordings.places import Place, SubjectPattern, place_files, read_folders
from p300.recordings.readers.csv_table import read_table
from p300.recordings.recording import Recording, build_recording
from p300.recordings.registry import SourceInfo, natural_key

if TYPE_CHECKING:
    import pandas as pd

INFO = SourceInfo(
    title="Muse headband: CSV files with a marker column, as EEG notebooks write them",
    subjects="from the folders subject1/session1; each file is a run, in the order of the names",
    electrodes="TP9 AF7 AF8 TP10",
    sfreq="as the time stamps tell, usually 256 Hz",
    licence="your own; the recordings of EEG notebooks: BSD-3-Clause",
    citation=(
        "Krigolson OE, Williams CC, Norton A, Hassall CD, Colino FL (2017). Choosing MUSE: "
        "validation of a low-cost, portable EEG system for ERP research. Frontiers in "
        "Neuroscience 11:109. doi:10.3389/fnins.2017.00109"
    ),
    obtain=(
        "Put the .csv files of a visual oddball into folders subject1/session1 and so on. Columns "
        "timestamps (s), TP9, AF7, AF8, TP10 (uV) and Marker (1 non-target, 2 target, 0 between)"
    ),
    endings=(".csv",),
)

ELECTRODES = ["TP9", "AF7", "AF8", "TP10"]
_TIME, _MARKER = "timestamps", "Marker"
_COLUMNS = [_TIME, *ELECTRODES, _MARKER]
_NONTARGET, _TARGET = 1, 2
# A step of more than this many samples is a gap; time stamps are rounded or jitter a little.
_GAP = 1.6
_RATES = (32.0, 1e4)


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by the first line whether a file, or one below a folder, is of this format."""
    return {} if any(map(_has_columns, _csv_files(path))) else None


def _has_columns(file: Path) -> bool:
    try:
        check_regular(file)
        with file.open("rb") as stream:
            first = stream.readline(1000).decode("utf-8", errors="replace")
    except (RecordingError, OSError):
        return False
    return set(_COLUMNS) <= {name.strip() for name in first.split(",")}


def _csv_files(path: Path) -> list[Path]:
    """Return the CSV files of a subject's folder, of all subjects' folders, or of one folder."""
    if not path.is_dir():
        return [path] if path.suffix.lower() == ".csv" else []
    files = [*path.glob("*"), *path.glob("*/*"), *path.glob("*/*/*")]
    found = [file for file in files if file.suffix.lower() == ".csv" and not file.is_dir()]
    return sorted(found, key=lambda file: natural_key(str(file)))


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
) -> Iterator[Recording]:
    """Yield one recording a file.

    A flash begins where ``Marker`` becomes 1 (non-target) or 2 (target). Missing samples, which the
    time stamps tell, divide a recording into segments. The auxiliary channel is left out. Files
    with other columns are left out with a warning.

    Parameters
    ----------
    path
        A file, or a folder with the files of one session, one subject or all subjects. Subject and
        session are the numbers in the names of the folders (``subject1/session1``), "1" without.
        A subject without a number is called as the first folder below ``path`` that is no session,
        with a warning.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        A :data:`~p300.recordings.places.SubjectPattern`: a regular expression with the named groups
        subject, session and run that tells them from the paths of the files, below ``path``.

    Raises
    ------
    RecordingError
        When a file cannot be read, or its content cannot be a recording.
    """
    files = [path] if path.is_file() else _csv_files(path)
    known = [file for file in files if path.is_file() or _has_columns(file)]
    if not known:
        names = [file.name for file in files][:5]
        raise RecordingError(f"{path}: no files with {_COLUMNS} ({names} found). {INFO.obtain}")
    for file in sorted(set(files) - set(known)):
        warnings.warn(
            f"{file}: left out, its columns are not {_COLUMNS}", DataWarning, stacklevel=2
        )
    for file, place in place_files(known, subjects, path, subject, read_folders):
        yield _read_run(file, dataset, place)


def _read_run(file: Path, dataset: str, place: Place) -> Recording:
    table = _read_table(file)
    sfreq, starts = _read_clock(table[_TIME].to_numpy(), str(file))
    return build_recording(
        table[ELECTRODES].to_numpy().T * 1e-6,
        ELECTRODES,
        sfreq,
        _read_flashes(table[_MARKER].to_numpy(), file),
        dataset=dataset,
        **asdict(place),
        source=str(file),
        segment_starts=starts,
    )


def _read_table(file: Path) -> pd.DataFrame:
    """Read the needed columns as numbers."""
    import pandas as pd

    table = read_table(file)
    table.columns = table.columns.str.strip()
    wrong = [name for name in _COLUMNS if list(table.columns).count(name) != 1]
    if wrong:
        raise RecordingError(
            f"{file}: columns {list(table.columns)} found, {wrong} are missing or there twice; "
            f"expected {_COLUMNS}"
        )
    if len(table) < 2:
        raise RecordingError(f"{file}: {len(table)} samples found, expected a recording")
    numbers: pd.DataFrame = table[_COLUMNS].apply(pd.to_numeric, errors="coerce")
    words = numbers.isna() & table[_COLUMNS].notna()
    if words.to_numpy().any():
        row, column = np.argwhere(words.to_numpy())[0]
        raise RecordingError(
            f"{file}: {table[_COLUMNS].iloc[row, column]!r} found in column {_COLUMNS[column]!r}, "
            f"row {row + 1}; expected a number"
        )
    return numbers.astype("float64")


def _read_clock(seconds: npt.NDArray[np.float64], where: str) -> tuple[float, list[int]]:
    """Return the sampling rate that time stamps tell, and the first samples after gaps."""
    steps = np.diff(seconds)
    wrong = ~((steps > 0) & (steps < np.inf))  # NaN too
    if wrong.any():
        raise RecordingError(
            f"{where}: the time stamps do not rise at {int(wrong.sum())} samples, first after row "
            f"{int(np.flatnonzero(wrong)[0]) + 1}; expected seconds in rising order"
        )
    usual = steps[steps < _GAP * np.median(steps)]
    rate = float(1 / usual.mean())
    if not _RATES[0] <= rate <= _RATES[1]:
        raise RecordingError(
            f"{where}: time stamps in steps of {usual.mean():g} found, a rate of {rate:g} Hz; "
            "expected seconds"
        )
    sfreq = float(round(rate))
    gaps = np.flatnonzero(steps >= _GAP / sfreq + 1e-3)
    if len(gaps):
        lost = round(float((steps[gaps] * sfreq - 1).sum()))
        warnings.warn(
            f"{where}: about {lost} samples are missing in {len(gaps)} gaps; the recording is "
            "divided into segments there",
            DataWarning,
            stacklevel=4,
        )
    return sfreq, [0, *(gaps + 1).tolist()]


def _read_flashes(marker: npt.NDArray[np.float64], file: Path) -> pd.DataFrame:
    import pandas as pd

    foreign = sorted(set(marker.tolist()) - {0.0, float(_NONTARGET), float(_TARGET)})
    if foreign or np.isnan(marker).any():
        raise RecordingError(
            f"{file}: column {_MARKER!r} holds {foreign[:5]}, expected {_NONTARGET} (non-target), "
            f"{_TARGET} (target) and 0 between flashes"
        )
    onsets = np.flatnonzero((marker > 0) & (marker != np.append(0, marker[:-1])))
    return pd.DataFrame({"sample": onsets, "target": marker[onsets] == _TARGET})
