"""CSV recordings of the Muse headband and others, as muse-lsl and NeuroTechX's EEG notebooks write.

muse-lsl (https://github.com/alexandrebarachant/muse-lsl, record.py) names the columns timestamps,
the channels, and Marker0; EEG-ExPy (https://github.com/NeuroTechX/EEG-ExPy, devices/eeg.py) names
the last one Marker, stim (headsets through BrainFlow) or not at all, and begins with a marker 99.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.described import MUSE_CSV
from p300.recordings.flashes import flash_onsets
from p300.recordings.marks import NOTHING_SAID, Kinds, Marks, MarksNotToldError
from p300.recordings.places import (
    Place,
    SubjectPattern,
    Told,
    file_stem,
    place_files,
    read_entities,
    read_folders,
)
from p300.recordings.readable import read_each
from p300.recordings.readers.clock import read_clock
from p300.recordings.readers.csv_table import TableHead, read_head, read_table, to_numbers
from p300.recordings.recording import Recording, build_recording
from p300.recordings.registry import natural_key

if TYPE_CHECKING:
    import pandas as pd

INFO = replace(MUSE_CSV, endings=(".csv",), contained=True)

ELECTRODES = ["TP9", "AF7", "AF8", "TP10"]
_TIME = "timestamps"
_COLUMNS = "'timestamps', electrodes and a marker ('Marker', 'Marker0', 'stim' or no title)"
_MARKER = re.compile(r"marker\d*|stim", re.IGNORECASE)
_BESIDE = re.compile(r"(^|[^a-z])aux([^a-z]|$)", re.IGNORECASE)
_ELECTRODE = re.compile(r"(fp|af|ft|fc|tp|cp|po|[fctpoi])(z|\d{1,2})", re.IGNORECASE)
_NONTARGET, _TARGET, _START = "1", "2", "99"
_USUAL: Kinds = {_TARGET: True, _NONTARGET: False}


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by the first lines whether a file, or one below a folder, is of this format."""
    return {} if any(map(_is_known, _csv_files(path))) else None


def _is_known(file: Path) -> bool:
    try:
        return is_muse(read_head(file))
    except (RecordingError, OSError):
        return False


def _foreign(file: Path) -> str:
    """Return in words why a file is not of this format."""
    try:
        return f"columns {list(read_head(file).titles)} found, expected {_COLUMNS}"
    except RecordingError as error:
        return str(error).removeprefix(f"{file}: ")


def is_muse(head: TableHead) -> bool:
    """Return whether a table has time stamps, a marker column and electrodes besides."""
    columns = _with_marker(head)
    named = [title for title in columns if _is_channel(title)]
    known = [title for title in named if _ELECTRODE.fullmatch(title)]
    marked = any(_MARKER.fullmatch(title) for title in columns) or columns[-1] == ""
    return _TIME in columns and marked and 2 * len(known) > len(named)


def _with_marker(head: TableHead) -> list[str]:
    """Return the titles, "" for a marker column that has none."""
    longer = head.titled and any(len(row) == len(head.titles) + 1 for row in head.rows)
    return [*head.titles, *([""] if longer else [])]


def _is_channel(title: str) -> bool:
    return not (title in ("", _TIME) or _MARKER.fullmatch(title) or _BESIDE.search(title))


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
    channels: Channels = NO_CHANGES,
    marks: Marks = NOTHING_SAID,
    marker: str | None = None,
) -> Iterator[Recording]:
    """Yield one recording a file.

    A flash begins where the marker becomes 1 (non-target) or 2 (target); a marker 99, with which
    EEG notebooks begin, is left out. Missing samples, which the time stamps tell, divide a
    recording into segments. Auxiliary channels are left out.

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
        Regular expression with the named groups subject, session and run that tells them from the
        paths of the files, below ``path``; the last two may be missing. By default the files or
        their names tell.
    channels, marks
        See :class:`~p300.recordings.channels.Channels` and :class:`~p300.recordings.marks.Marks`.
        The values of the marker column are the marks.
    marker
        Title of the marker column, where a file has several.

    Raises
    ------
    RecordingError
        When no file can be read, or the content of none can be a recording.

    Warns
    -----
    DataWarning
        Naming each file that is left out, with the reason.
    """
    files = _csv_files(path)
    if not files and not path.is_file():
        raise RecordingError(f"{path}: no .csv files here. {INFO.obtain}")
    known = [file for file in files if file == path or _is_known(file)]
    if not known and path.is_dir():
        raise RecordingError(
            f"{path}: {[file.name for file in files[:5]]} found, none with {_COLUMNS}; "
            f"{_foreign(files[0])}. {INFO.obtain}"
        )
    for file in sorted(set(files) - set(known)):
        reason = _foreign(file)
        warnings.warn(f"{file}: left out: {reason}", DataWarning, stacklevel=2)

    def read(file: Path, place: Place) -> Recording:
        return _read_run(file, dataset, place, channels, marks, marker)

    places = place_files(known or [path], subjects, path, subject, _place_reader(known))
    yield from read_each(places, path, read)


def _place_reader(files: Sequence[Path]) -> Callable[[Path, Path], Told | None]:
    """Return what tells places: names such as sub-01, else folders; names that differ by words.

    Programs name files by the time; where the words are the same they are runs of one subject.
    """
    alike = len({re.sub(r"[\W\d_]+", "", file_stem(file).lower()) for file in files}) < 2

    def read(file: Path, path: Path) -> Told | None:
        told = read_entities(file, path) or read_folders(file, path)
        return told or (Told("1") if alike else None)

    return read


def _read_run(
    file: Path, dataset: str, place: Place, channels: Channels, marks: Marks, marker: str | None
) -> Recording:
    table = read_table(file, untitled=True)
    named = [str(title) for title in table.columns]
    marked = _choose_marker(table, marker, file)
    if _TIME not in named or marked is None:
        raise RecordingError(
            f"{file}: columns {named} found, expected {_COLUMNS}; other tables are read with the "
            "source table"
        )
    if len(table) < 2:
        raise RecordingError(f"{file}: {len(table)} samples found, expected a recording")
    chosen = channels.choose([title for title in named if _is_channel(title)], file)
    numbers = to_numbers(table[[_TIME, *chosen, marked]], file)
    clock = read_clock(numbers[_TIME].to_numpy(), str(file))
    return build_recording(
        channels.volts(numbers[list(chosen)].to_numpy().T),
        list(chosen.values()),
        clock.sfreq,
        _read_flashes(numbers[marked].to_numpy(), marked, marks, file),
        dataset=dataset,
        **asdict(place),
        layout=marks.matrix(),
        source=str(file),
        segment_starts=clock.starts,
        montage=channels.montage,
    )


def _choose_marker(table: pd.DataFrame, marker: str | None, file: Path) -> str | None:
    """Return the title of the marker column, None where there is none."""
    titles = [str(title) for title in table.columns]
    if marker is not None:
        if marker not in titles:
            raise RecordingError(f"{file}: no column {marker!r}, there are {titles}")
        return marker
    found = [title for title in titles if _MARKER.fullmatch(title)]
    used = [title for title in found if set(table[title].dropna()) - {0}]
    if len(used) > 1:
        raise RecordingError(
            f"{file}: marker columns {used} found, expected one; name it with the option 'marker'"
        )
    return next(iter(used or found), "" if "" in titles else None)


def _read_flashes(
    marker: npt.NDArray[np.float64], title: str, marks: Marks, file: Path
) -> pd.DataFrame:
    import pandas as pd

    known = np.flatnonzero(~np.isnan(marker))
    # Programs that add the marker column with the first marker leave it out before.
    values = np.where(np.arange(len(marker)) < (known[0] if len(known) else 0), 0, marker)
    if not len(known) or (values != np.round(values)).any():  # NaN too
        row = int(np.flatnonzero(values != np.round(values))[0]) + 1 if len(known) else 1
        raise RecordingError(
            f"{file}: column {title!r} holds {values[row - 1]:g} in row {row}, expected whole "
            f"numbers: {_NONTARGET} (non-target), {_TARGET} (target) and 0 between flashes"
        )
    onsets = flash_onsets(values)
    shown = pd.DataFrame({"sample": onsets, "mark": [f"{value:.0f}" for value in values[onsets]]})
    there = {mark: _USUAL[mark] for mark in shown["mark"].unique() if mark in _USUAL}
    kinds = marks.kinds(shown["mark"].unique(), str(file)) if marks.named else there
    others = sorted(set(shown["mark"]) - {*kinds, _START}, key=float)
    if others and not (marks.named or marks.unknown):
        raise MarksNotToldError(
            f"{file}: column {title!r} holds {', '.join(others[:5])}, expected {_NONTARGET} "
            f"(non-target), {_TARGET} (target) and 0 between flashes; name its values with the "
            "options 'target' and 'nontarget'",
            shown["mark"],
        )
    left_out = shown.loc[~shown["mark"].isin(list(kinds)), "mark"]
    if len(left_out) and not marks.unknown:
        listed = ", ".join(f"{name} ({n})" for name, n in left_out.value_counts().items())
        warnings.warn(
            f"{file}: markers that are no flashes are left out: {listed}", DataWarning, stacklevel=4
        )
    return marks.flashes(shown, str(file), usual=lambda _: there)
