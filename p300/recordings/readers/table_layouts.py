"""How programs lay out their tables of samples, as far as titles and first lines tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from p300.recordings.montage import guess_channels, standard_positions
from p300.recordings.readers.csv_table import TableHead

_FEWEST = 3
"""Electrodes that titles must name before a table is taken for one of samples."""

_TIME = re.compile(r"(time|times|timestamps?|t|seconds?|secs?)([ _]?[(\[]?s(ec)?[)\]]?)?", re.I)
_MARKERS = ("marker", "trigger", "trig", "stim", "event", "annotation", "label", "class", "target")


@dataclass(frozen=True)
class TableLayout:
    """What the columns of a table are; numbers of columns count from 0.

    Parameters
    ----------
    program
        That writes such tables.
    eeg
        The electrodes.
    names
        Of the electrodes, where they are not the titles.
    time
        Time stamps: seconds, milliseconds or dates.
    sfreq
        Rate in Hz, where the table or the device tells.
    marker
        Marks: numbers that are held, or texts.
    counter
        Counts the samples.
    valid
        0 where a sample was lost and filled in.
    dates
        Seconds at which the marks were shown; a row may have several, with ``:`` between them.
    own_rows
        Whether marks stand in rows without a sample.
    """

    program: str
    eeg: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    time: int | None = None
    sfreq: float | None = None
    marker: int | None = None
    counter: int | None = None
    valid: int | None = None
    dates: int | None = None
    own_rows: bool = False


def known_layout(head: TableHead) -> TableLayout | None:
    """Return the layout of a table that a known program wrote, None for others."""
    found = (read(head) for read in (_openbci, _old_openbci, _unicorn, _mind_monitor, _openvibe))
    return next((layout for layout in found if layout is not None), None)


def guess_layout(head: TableHead) -> TableLayout | None:
    """Guess the columns by their titles where three or more name electrodes; else None."""
    time = next((k for k, title in enumerate(head.titles) if _TIME.fullmatch(title)), None)
    marker = _marker_column(head.titles)
    others = [title for k, title in enumerate(head.titles) if title and k not in (time, marker)]
    standard = {name.lower() for name in standard_positions()}
    named = [title for title in others if title.lower() in standard]
    if len(named) < _FEWEST:
        named = list(guess_channels(others).get("rename", {}))
    if len(named) < _FEWEST or len(set(named)) < len(named):
        return None
    return TableLayout(
        "unknown", tuple(map(head.titles.index, named)), time=time, marker=marker
    )  # fmt: skip


def _openbci(head: TableHead) -> TableLayout | None:
    """OpenBCI GUI 5 and later (https://github.com/OpenBCI/OpenBCI_GUI, DataWriterODF.pde).

    Microvolts. The column after ``Timestamp`` is BrainFlow's marker channel, which versions before
    5.2 call ``Other`` as they do other columns.
    """
    eeg = _matching(head, r"EXG Channel \d+")
    time = _where(head, "Timestamp")
    if not eeg or time is None or not _comment(head, r"%OpenBCI Raw"):
        return None
    marker = (
        time + 1 if head.titles[time + 1 : time + 2] in (("Other",), ("Marker Channel",)) else None
    )
    return TableLayout(
        "OpenBCI GUI",
        eeg,
        time=time,
        sfreq=_rate(head),
        marker=marker,
        counter=_where(head, "Sample Index"),
    )


def _old_openbci(head: TableHead) -> TableLayout | None:
    """OpenBCI GUI before 5, without titles (the same repository, DataLogging.pde).

    The sample's index, microvolts, then accelerometer and auxiliary values, which may be a marker,
    the time of day and, in later versions, milliseconds.
    """
    if head.titled and not _comment(head, r"%First Column = SampleIndex"):
        return None
    number = _comment(head, r"%Number of channels = (\d+)")
    if not _comment(head, r"%OpenBCI Raw") or number is None:
        return None
    last = len(head.titles) - 1
    milliseconds = all(re.fullmatch(r"\d{13}", row[-1]) for row in head.rows if len(row) > last)
    return TableLayout(
        "OpenBCI GUI before 5",
        tuple(range(1, 1 + int(number))),
        time=last if milliseconds else None,
        sfreq=_rate(head),
        counter=0,
    )


def _unicorn(head: TableHead) -> TableLayout | None:
    """Unicorn Hybrid Black of g.tec (https://github.com/unicorn-bi/Unicorn-Recorder-Hybrid-Black).

    Microvolts at 250 Hz; which other signals there are is chosen: motion, a counter of samples, an
    indicator that is 0 where one was lost, and the status, which is the value of a trigger.
    """
    eeg = _matching(head, r"EEG ?[1-8]")
    counter = _either(head, "Counter", "CNT")
    valid = _either(head, "Validation Indicator", "VALID")
    motion = _either(head, "Accelerometer X", "ACC X", "ACCX")
    if len(eeg) != 8 or (counter, valid, motion) == (None, None, None):
        return None
    time = next((k for k, title in enumerate(head.titles) if _TIME.fullmatch(title)), None)
    return TableLayout(
        "Unicorn",
        eeg,
        time=time,
        sfreq=250.0,
        marker=_either(head, "STATUS", "TRIG", "Trigger") or _marker_column(head.titles),
        counter=counter,
        valid=valid,
    )


def _mind_monitor(head: TableHead) -> TableLayout | None:
    """Mind Monitor for the Muse (https://mind-monitor.com/FAQ.php, the CSV file).

    Dates, band powers, ``RAW_`` electrodes in microvolts; ``Elements`` stand in rows of their own,
    ``/Marker/1`` for a marker. All samples are there at the recording interval Constant.
    """
    eeg, time = _matching(head, r"RAW_[A-Z]+\d+"), _where(head, "TimeStamp")
    if not eeg or time is None:
        return None
    return TableLayout(
        "Mind Monitor",
        eeg,
        names=tuple(head.titles[k].removeprefix("RAW_") for k in eeg),
        time=time,
        sfreq=256.0,
        marker=_where(head, "Elements"),
        own_rows=True,
    )


def _openvibe(head: TableHead) -> TableLayout | None:
    """OpenViBE 2 and later, CSV File Writer (http://openvibe.inria.fr/csv-file-format-description).

    ``Time:256Hz``, the epoch, channels, then the events of a row: numbers of stimulations, their
    seconds and durations.
    """
    rate = re.fullmatch(r"Time:(\d+(?:\.\d+)?)Hz", head.titles[0])
    events, dates = _where(head, "Event Id"), _where(head, "Event Date")
    if rate is None or events is None or dates is None or head.titles[1:2] != ("Epoch",):
        return None
    return TableLayout(
        "OpenViBE",
        tuple(range(2, events)),
        time=0,
        sfreq=float(rate[1]),
        marker=events,
        dates=dates,
    )


def _marker_column(titles: Iterable[str]) -> int | None:
    words = [title.lower() for title in titles]
    found = (k for word in _MARKERS for k, title in enumerate(words) if word in title)
    return next(found, None)


def _where(head: TableHead, title: str) -> int | None:
    return head.titles.index(title) if head.titles.count(title) == 1 else None


def _either(head: TableHead, *titles: str) -> int | None:
    """Return the column with one of several titles, the first of them that is there."""
    found = (_where(head, title) for title in titles)
    return next((k for k in found if k is not None), None)


def _matching(head: TableHead, pattern: str) -> tuple[int, ...]:
    return tuple(k for k, title in enumerate(head.titles) if re.fullmatch(pattern, title))


def _comment(head: TableHead, pattern: str) -> str | None:
    """Return the first group, or the whole, of what fits in the comments."""
    found = next(filter(None, (re.match(pattern, line) for line in head.comments)), None)
    return None if found is None else found[found.lastindex or 0]


def _rate(head: TableHead) -> float | None:
    found = _comment(head, r"%Sample Rate = (\d+(?:\.\d+)?) ?Hz")
    return None if found is None or float(found) == 0 else float(found)
