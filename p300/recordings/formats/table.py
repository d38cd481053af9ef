"""Any text table with a row a sample: electrodes, a column of marks, and time stamps or a rate."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, Strict

from p300.arguments import ArgumentGroup
from p300.errors import DataWarning, RecordingError
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.described import TABLE
from p300.recordings.electrode_names import guess_channels
from p300.recordings.formats.muse_csv import is_muse
from p300.recordings.formats.openvibe import stimulation_flashes
from p300.recordings.guesses import guess_marks
from p300.recordings.marks import NOTHING_SAID, Marks
from p300.recordings.places import Place, SubjectPattern, place_files, search_folder
from p300.recordings.readable import read_each
from p300.recordings.readers.clock import read_clock
from p300.recordings.readers.csv_table import TableHead, read_head
from p300.recordings.readers.sample_table import SampleTable, read_samples
from p300.recordings.readers.table_layouts import TableLayout, guess_layout, known_layout
from p300.recordings.recording import Recording, build_recording
from p300.recordings.registry import natural_key

if TYPE_CHECKING:
    import pandas as pd

INFO = replace(
    TABLE,
    folders=True,
    endings=(".csv", ".tsv"),
    by_content=(".txt",),
    contained=True,
)

_ENDINGS = (".csv", ".tsv", ".txt")
_UNICORN = ["Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8"]
"""Where the cap of a Unicorn Hybrid Black has its electrodes 1 to 8."""

Column = str | int
Rate = Annotated[float, Strict(), Field(ge=20, le=1e5)]


@dataclass(frozen=True)
class Columns(ArgumentGroup):
    """Options on the columns of a table: titles, or numbers from 1.

    Parameters
    ----------
    eeg
        Columns that are electrodes.
    time
        Column of time stamps: seconds, or dates; milliseconds too where ``sfreq`` is given.
        ``none`` where there are none that can be trusted.
    sfreq
        Sampling rate in Hz; by default as the time stamps tell.
    marker
        Column of marks: numbers (a mark begins where a number begins, 0 is none) or texts.
    counter
        Column that counts the samples, so that lost ones are noticed.
    separator
        What stands between columns, where the titles do not tell.
    """

    eeg: Sequence[Column] | None = None
    time: Column | None = None
    sfreq: Rate | None = None
    marker: Column | None = None
    counter: Column | None = None
    separator: str | None = None

    def known(self, head: TableHead, file: Path) -> TableLayout:
        """Return what is known of the columns, by these options and by who wrote the table.

        Raises
        ------
        RecordingError
            When a column is not there.
        """
        layout = known_layout(head) or TableLayout("unknown")
        if self.eeg is not None:
            layout = replace(layout, eeg=tuple(_find(head, c, file) for c in self.eeg), names=())
        if self.time is not None:
            by_rate = self.time == "none"
            layout = replace(layout, time=None if by_rate else _find(head, self.time, file))
        if self.marker is not None:
            layout = replace(layout, marker=_find(head, self.marker, file))
        if self.counter is not None:
            layout = replace(layout, counter=_find(head, self.counter, file))
        if self.sfreq is not None:
            layout = replace(layout, sfreq=self.sfreq)
        return layout

    def layout(self, head: TableHead, file: Path) -> TableLayout:
        """Return what the columns of a table are; as :meth:`known`.

        Raises
        ------
        RecordingError
            Also when what is known is not enough.
        """
        layout = self.known(head, file)
        lacking = [
            *(["'eeg' (electrodes)"] if not layout.eeg else []),
            *(["'marker' (marks of the flashes)"] if layout.marker is None else []),
            *(["'time' or 'sfreq' (Hz)"] if layout.time is None and not layout.sfreq else []),
        ]
        if lacking:
            raise RecordingError(
                f"{file}: {_describe(head, layout)}; expected to know its columns: say them with "
                f"the options {', '.join(lacking)}, by title or by number from 1"
            )
        return layout


AS_TITLED = Columns()
"""The columns as the program that wrote them calls them."""


def _find(head: TableHead, column: Column, file: Path) -> int:
    """Return the number, from 0, of a column."""
    if isinstance(column, int):
        if not 1 <= column <= len(head.titles):
            raise RecordingError(f"{file}: no column {column}, there are {len(head.titles)}")
        return column - 1
    found = [k for k, title in enumerate(head.titles) if title.lower() == column.lower()]
    if len(found) != 1:
        raise RecordingError(
            f"{file}: {len(found) or 'no'} columns {column!r}, there are {list(head.titles)}; "
            "expected one title, or give its number from 1"
        )
    return found[0]


def _describe(head: TableHead, layout: TableLayout) -> str:
    separator = {",": "commas", ";": "semicolons", "\t": "tabs"}.get(head.separator, head.separator)
    if not head.titled and layout.program == "unknown":
        return (
            f"{len(head.titles)} columns without titles found, separated by {separator}, as "
            "BrainFlow writes them (its board descriptions count columns from 0)"
        )
    if layout.program != "unknown":
        return f"table of {layout.program} with columns {list(head.titles)} found"
    return f"columns {list(head.titles)} found"


def recognise(path: Path) -> dict[str, Any] | None:
    """Guess the columns and marks of a table, or of the first of a folder that may be one.

    Returns
    -------
    Options ``target`` and ``nontarget`` (with ``code`` and ``layout``) as
    :func:`~p300.recordings.guesses.guess_marks` finds them; where no known program wrote the table,
    ``eeg``, ``time`` and ``marker`` by the titles, too. None where fewer than three titles name
    electrodes, and for flash tables and tables that the source ``muse_csv`` reads.
    """
    for file in _files(path):
        try:
            head = read_head(file)
            options = None if is_muse(head) else _guess_columns(head)
        except (RecordingError, OSError):
            continue
        if options is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they are for the one who loads the file
                return options | _guess_rest(file, Columns(**_said(options)), head)
    return None


def _said(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in ("eeg", "time", "marker") if name in options}


def _guess_columns(head: TableHead) -> dict[str, Any] | None:
    layout = known_layout(head)
    if layout is not None:
        return {"electrodes": _UNICORN} if layout.program == "Unicorn" else {}
    layout = guess_layout(head)
    if layout is None:
        return None
    titles = [head.titles[k] for k in layout.eeg]
    options: dict[str, Any] = {"eeg": titles, **guess_channels(titles)}
    for name in ("time", "marker"):
        number = getattr(layout, name)
        if number is not None:
            options[name] = head.titles[number]
    return options


def _guess_rest(file: Path, columns: Columns, head: TableHead) -> dict[str, Any]:
    """Guess which marks are flashes, and the rate where stamps are in milliseconds."""
    try:
        layout = columns.known(head, file)
        samples = read_samples(file, head, layout)
        found = None if layout.dates is not None else guess_marks(samples.marks["mark"])
    except RecordingError:
        return {}
    rate = {}
    if samples.seconds is not None and layout.sfreq is None:
        steps = np.diff(samples.seconds)
        if 0.5 < np.median(steps) < 50:
            try:
                rate = {"sfreq": read_clock(samples.seconds / 1000, str(file)).sfreq}
            except RecordingError:
                rate = {}
    return (found or {}) | rate


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
    columns: Columns = AS_TITLED,
    channels: Channels = NO_CHANGES,
    marks: Marks = NOTHING_SAID,
) -> Iterator[Recording]:
    """Yield one recording a file.

    Values are microvolts, unless ``microvolts_per_unit`` says otherwise. Samples that are missing,
    by the counter or the time stamps, divide a recording into segments. In tables of OpenViBE its
    stimulations are the marks, read as the source ``openvibe`` does where the options do not say
    otherwise.

    Parameters
    ----------
    path
        A table, or a folder of tables.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        Regular expression with the named groups subject, session and run that tells them from the
        paths of the files, below ``path``; the last two may be missing. By default the files or
        their names tell.
    columns, channels, marks
        See :class:`Columns`, :class:`~p300.recordings.channels.Channels` and
        :class:`~p300.recordings.marks.Marks`.

    Raises
    ------
    RecordingError
        When no file can be read, it is not known what its columns are, or its content cannot be a
        recording.

    Warns
    -----
    DataWarning
        Naming each file that is left out, with the reason.
    """
    files = [path] if path.is_file() else _known_files(path, columns)

    def read(file: Path, place: Place) -> Recording:
        return _read_file(file, dataset, place, columns, channels, marks)

    yield from read_each(place_files(files, subjects, path, subject), path, read)


def _files(path: Path) -> list[Path]:
    """Return the tables of a folder, or the one that is named itself."""
    files = path.iterdir() if path.is_dir() else [path]
    found = [f for f in files if f.name.lower().endswith(_ENDINGS) and f.is_file()]
    return sorted(found, key=lambda file: natural_key(file.name))


def _known_files(path: Path, columns: Columns) -> list[Path]:
    """Return the tables of a folder whose columns are known; name the others."""
    reasons: dict[Path, str] = {}
    known = []
    for file in search_folder(path, _files):
        try:
            columns.layout(read_head(file, columns.separator), file)
        except RecordingError as error:
            reasons[file] = str(error)
        else:
            known.append(file)
    if not known:
        raise RecordingError(next(iter(reasons.values()), f"{path}: no tables here. {INFO.obtain}"))
    for file, reason in reasons.items():
        text = reason.removeprefix(f"{file}: ")
        warnings.warn(f"{file}: left out: {text}", DataWarning, stacklevel=3)
    return known


def _read_file(
    file: Path,
    dataset: str,
    place: Place,
    columns: Columns,
    channels: Channels,
    marks: Marks,
) -> Recording:
    head = read_head(file, columns.separator)
    layout = columns.layout(head, file)
    titles = [head.titles[k] for k in layout.eeg]
    named = channels.choose(titles, file)
    if layout.names and channels.electrodes is None:
        own = dict(zip(titles, layout.names, strict=True))
        named = {title: own[title] if name == title else name for title, name in named.items()}
    chosen = [titles.index(title) for title in named]
    samples = read_samples(
        file, head, replace(layout, eeg=tuple(layout.eeg[k] for k in chosen), names=())
    )
    sfreq, starts = samples.clock(layout.sfreq)
    flashes = _read_flashes(samples, layout, marks, sfreq)
    matrix = marks.matrix(columns_first=layout.dates is None)
    return build_recording(
        channels.volts(samples.values.T),
        list(named.values()),
        sfreq,
        flashes,
        dataset=dataset,
        **asdict(place),
        layout=matrix,
        source=str(file),
        segment_starts=starts,
        montage=channels.montage,
    )


def _read_flashes(
    samples: SampleTable, layout: TableLayout, marks: Marks, sfreq: float
) -> pd.DataFrame:
    names: pd.Series[str] = samples.marks["mark"]
    if layout.dates is None or not names.str.fullmatch("[0-9]{1,9}").all():
        return marks.flashes(samples.marks, str(samples.file))
    codes = np.array([int(name) for name in names], dtype=np.int64)
    places = samples.marks["sample"].to_numpy(dtype=np.int64)
    return stimulation_flashes(places, codes, marks, sfreq, str(samples.file))
