"""The samples and marks of a text table, once it is known what its columns are."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.flashes import flash_onsets
from p300.recordings.readers.clock import read_clock, read_counter, read_gaps
from p300.recordings.readers.csv_table import TableHead, read_table, to_numbers
from p300.recordings.readers.table_layouts import TableLayout

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

# Beyond any code of a trigger or a stimulation.
_LARGEST = 1e9
# Seconds; dates are written in milliseconds, and a mark comes before its sample.
_ROUNDING = 1e-3


@dataclass(frozen=True, eq=False)
class SampleTable:
    """What a table of samples holds.

    Parameters
    ----------
    file
        For messages.
    values
        [sample, electrode], in the unit of the file.
    marks
        Columns ``sample`` and ``mark`` (text).
    seconds
        [sample], None without time stamps.
    counter
        [sample], None without a counter; with the title of its column.
    filled
        [sample], where a lost sample was filled in.
    """

    file: Path
    values: Floats
    marks: pd.DataFrame
    seconds: Floats | None
    counter: tuple[str, Floats] | None
    filled: npt.NDArray[np.bool_]

    def clock(self, sfreq: float | None) -> tuple[float, list[int]]:
        """Return the rate and the first samples of stretches in which none is missing.

        Parameters
        ----------
        sfreq
            Rate in Hz where it is known; else the time stamps tell.

        Raises
        ------
        RecordingError
            When the time stamps tell no rate, or another one.

        Warns
        -----
        DataWarning
            Counting the samples that are missing.
        """
        where = str(self.file)
        starts = {0}
        if self.counter is not None:
            name, values = self.counter
            starts |= set(read_counter(values, name, where))
        if self.filled.any():
            edges = np.flatnonzero(np.diff(self.filled.astype(np.int8), prepend=0)).tolist()
            starts |= set(edges)
            warnings.warn(
                f"{where}: {int(self.filled.sum())} samples are marked as lost and filled in; the "
                "recording is divided into segments there",
                DataWarning,
                stacklevel=3,
            )
        if sfreq is None and self.seconds is not None:
            clock = read_clock(self.seconds, where)
            return clock.sfreq, sorted(starts | set(clock.starts))
        if sfreq is None:
            raise RecordingError(f"{where}: no time stamps found; give the option 'sfreq'")
        if self.seconds is not None:
            starts |= set(read_gaps(self.seconds, sfreq, where, noticed=starts))
        return sfreq, sorted(starts)


def read_samples(file: Path, head: TableHead, layout: TableLayout) -> SampleTable:
    """Read the columns of a table that are needed.

    Raises
    ------
    RecordingError
        When it cannot be read, or a field is not what its column needs.
    """
    others = (layout.time, layout.marker, layout.counter, layout.valid, layout.dates)
    wanted = [*layout.eeg, *dict.fromkeys(k for k in others if k is not None)]
    table = read_table(file, head.separator, columns=wanted)
    table = table.set_axis(range(table.shape[1]), axis="columns")
    title = {k: head.titles[number] for k, number in enumerate(wanted)}
    place = {number: k for k, number in enumerate(wanted)}

    def column(number: int | None) -> pd.Series[Any] | None:
        return None if number is None else table[place[number]].rename(title[place[number]])

    sampled = np.ones(len(table), dtype=bool)
    if layout.own_rows:
        sampled = table[list(range(len(layout.eeg)))].notna().any(axis=1).to_numpy()
    if sampled.sum() < 2:
        raise RecordingError(f"{file}: {int(sampled.sum())} samples found, expected a recording")
    eeg = table.loc[sampled, list(range(len(layout.eeg)))].rename(columns=title)
    stamps, marks = column(layout.time), column(layout.marker)
    seconds = None if stamps is None else _read_stamps(stamps, file)
    found = _no_marks() if marks is None else _read_marks(marks, file)
    dates = column(layout.dates)
    if dates is not None and seconds is not None and marks is not None and layout.sfreq:
        found = _read_dated(marks, dates, seconds, layout.sfreq, file)
    elif layout.own_rows:
        found["sample"] = _nearest(found["sample"].to_numpy(), sampled, seconds)
    counter, valid = column(layout.counter), column(layout.valid)
    return SampleTable(
        file=file,
        values=to_numbers(eeg, file).to_numpy(),
        marks=found,
        seconds=None if seconds is None else seconds[sampled],
        counter=None if counter is None else (str(counter.name), _numbers(counter, file)[sampled]),
        filled=np.zeros(sampled.sum(), bool)
        if valid is None
        else _numbers(valid, file)[sampled] == 0,
    )


def _numbers(column: pd.Series[Any], file: Path) -> Floats:
    values: Floats = to_numbers(column.to_frame(), file).to_numpy()[:, 0]
    return values


def _read_stamps(column: pd.Series[Any], file: Path) -> Floats:
    """Return time stamps as numbers; dates as seconds."""
    import pandas as pd

    text = column.astype("string")
    if not text.str.contains(r"\d[-/:]\d", regex=True).any():
        return _numbers(column, file)
    try:
        dates = pd.to_datetime(text, format="ISO8601")
    except ValueError as error:
        raise RecordingError(
            f"{file}: column {column.name!r} holds {text.iloc[0]!r}, expected seconds, or dates "
            "such as 2024-05-31 12:00:00.004; or give the option 'sfreq', and 'time: none'"
        ) from error
    return np.asarray((dates - dates.iloc[0]).dt.total_seconds(), dtype=np.float64)


def _no_marks() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"sample": np.zeros(0, dtype=np.int64), "mark": pd.Series(dtype="str")})


def _read_marks(column: pd.Series[Any], file: Path) -> pd.DataFrame:
    """Return where a number, or a text, begins."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    if (np.isnan(numbers) & column.notna().to_numpy()).any():
        texts = column.astype("string").str.strip().fillna("0").to_numpy(dtype=object)
        begins = np.append(True, texts[1:] != texts[:-1]) & (texts != "0") & (texts != "")
        named = pd.Series(texts[begins], dtype="str")
        return pd.DataFrame({"sample": np.flatnonzero(begins), "mark": named})
    values = np.nan_to_num(numbers, nan=0.0, posinf=np.inf, neginf=-np.inf)
    wrong = ~((np.abs(values) <= _LARGEST) & (values == np.round(values)))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise RecordingError(
            f"{file}: {values[row]:g} found in column {column.name!r}, row {row + 1}; expected "
            "whole numbers as marks are; name another column with the option 'marker'"
        )
    onsets = flash_onsets(values)
    marks = pd.Series([f"{value:.0f}" for value in values[onsets]], dtype="str")
    return pd.DataFrame({"sample": onsets, "mark": marks})


def _read_dated(
    marks: pd.Series[Any], dates: pd.Series[Any], times: Floats, sfreq: float, file: Path
) -> pd.DataFrame:
    """Return marks of rows that hold several, with their seconds (``1:2`` at ``0.5:0.5``)."""
    import pandas as pd

    there = (marks.notna() & dates.notna()).to_numpy()
    names = [name for cell in marks[there] for name in _plain(cell).split(":")]
    said = [date for cell in dates[there] for date in _plain(cell).split(":")]
    if len(names) != len(said):
        raise RecordingError(
            f"{file}: {len(names)} events and {len(said)} dates found, expected one of each"
        )
    seconds = _numbers(pd.Series(said, name=str(dates.name), dtype="str"), file)
    samples = np.searchsorted(times, seconds - 0.5 / sfreq)
    # Those outside stay outside, to be refused by name if they are flashes.
    samples[seconds < times[0] - 0.5 / sfreq] = -1
    return pd.DataFrame({"sample": samples, "mark": pd.Series(names, dtype="str")})


def _plain(value: object) -> str:
    """Return a field as it was written; pandas makes 33285 a fraction where others are empty."""
    return f"{value:.0f}" if isinstance(value, float) and value == round(value) else str(value)


def _nearest(
    rows: npt.NDArray[np.int64], sampled: npt.NDArray[np.bool_], seconds: Floats | None
) -> npt.NDArray[np.int64]:
    """Return the sample nearest to each row that has none of its own; without time, the next."""
    counted: npt.NDArray[np.int64] = np.cumsum(sampled)[rows] - sampled[rows]
    after = np.minimum(counted, int(sampled.sum()) - 1)
    if seconds is None or not len(rows):
        return after
    times, before = seconds[sampled], np.maximum(after - 1, 0)
    to_before, to_after = (np.abs(seconds[rows] - times[k]) for k in (before, after))
    earlier = to_before + _ROUNDING < to_after
    return np.where(earlier & ~sampled[rows], before, after)
