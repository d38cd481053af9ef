"""Text tables of flashes or samples, as many programs write them."""

from __future__ import annotations

import codecs
import csv
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from p300.arguments import repeated
from p300.errors import DataWarning, RecordingError
from p300.recordings.guard import check_regular

if TYPE_CHECKING:
    import pandas as pd

# Far more than any amplifier has channels; a file that has more is no table of samples.
_MOST_COLUMNS = 2000
_LONGEST_LINE = 2**18
_MOST_DIGITS = 300
_SEPARATORS = ("\t", ";", ",")
# Rows by which decimals and a column without a title are found.
_ROWS_LOOKED_AT = 1000
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?|nan|n/a|[+-]?inf", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class TableHead:
    """How a text table is written, as its first lines tell.

    Parameters
    ----------
    titles
        Of the columns, "" for one without; the numbers "1", "2" and so on where the table has no
        row of titles.
    rows
        The first rows, as texts.
    comments
        The lines before the table that begin with ``#`` or ``%``.
    titled
        Whether the table has a row of titles.
    separator, decimal, encoding
        As :func:`pandas.read_csv` takes them.
    n_lines
        Lines before the first row.
    """

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    comments: tuple[str, ...]
    titled: bool
    separator: str
    decimal: str
    encoding: str
    n_lines: int


def read_head(file: Path, separator: str | None = None) -> TableHead:
    """Look at the first lines of a text table.

    Parameters
    ----------
    file
        In UTF-8, or in UTF-16 with a byte order mark.
    separator
        Between columns; by default that of tab, semicolon and comma which divides the titles and
        the first row alike.

    Raises
    ------
    RecordingError
        When it cannot be read.
    """
    check_regular(file)
    with _naming(file, separator):
        encoding = _find_encoding(file)
        with file.open(encoding=encoding) as stream:
            return _look_at(stream, separator, encoding)


def read_table(
    file: Path,
    separator: str | None = None,
    *,
    columns: Sequence[int] | None = None,
    untitled: bool = False,
) -> pd.DataFrame:
    """Read a text table whose first row, after comments (``#``, ``%``), names the columns.

    Decimal commas are read where the separator is none. A first column of whole numbers without a
    title, as pandas and R write names of rows, is left out, and so are empty columns without one.

    Parameters
    ----------
    file, separator
        As for :func:`read_head`.
    columns
        Numbers of those wanted, from 0, in the order wanted; by default all.
    untitled
        Whether rows may have one field more than there are titles: a column with the title "".

    Raises
    ------
    RecordingError
        When it cannot be read, or two columns have one title where all are wanted.

    Warns
    -----
    DataWarning
        When the last row lacks its line break, as that of a table cut short does.
    """
    import pandas as pd

    head = read_head(file, separator)
    titles = list(head.titles)
    if untitled and head.titled and any(len(row) == len(titles) + 1 for row in head.rows):
        titles.append("")
    if columns is None:
        _check_titles(titles, file)
    with _naming(file, separator), file.open(encoding=head.encoding) as stream:
        for _ in range(head.n_lines):
            stream.readline()
        table = pd.read_csv(
            stream,
            header=None,
            names=range(len(titles)),
            index_col=False,
            sep=head.separator,
            decimal=head.decimal,
            na_values=["n/a"],
            skipinitialspace=True,
            low_memory=False,
        )
        _check_digits(table)
        whole = _ends_with_line_break(file)
    if not whole:
        warnings.warn(
            f"{file}: the last row has no line break; if the file was cut short, rows are missing",
            DataWarning,
            stacklevel=2,
        )
    if columns is None:
        every = range(len(titles))
        columns = [k for k in every if not _is_empty_or_index(table, k, titles)]
    return table[[*columns]].set_axis([titles[k] for k in columns], axis="columns")


def to_numbers(table: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Return a table whose columns are numbers, NaN where fields are empty.

    Raises
    ------
    RecordingError
        Naming the first field that is no number, or an infinite one.
    """
    import pandas as pd

    numbers: pd.DataFrame = table.apply(pd.to_numeric, errors="coerce").astype("float64")
    wrong = (numbers.isna() & table.notna()).to_numpy() | np.isinf(numbers.to_numpy())
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        found = table.iloc[row, column]
        raise RecordingError(
            f"{file}: {found if isinstance(found, float) else repr(found)} found in column "
            f"{table.columns[column]!r}, row {row + 1}; expected a number"
        )
    return numbers


@contextmanager
def _naming(file: Path, separator: str | None) -> Iterator[None]:
    """Turn the many ways in which a file can be no table into one error."""
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # Rows with more fields than titles: pandas would leave some out.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield
    except UnicodeDecodeError as error:
        reason = (
            f"byte {error.object[error.start : error.start + 1].hex()} is not {error.encoding}; "
            "save it as UTF-8 (in spreadsheets: 'CSV UTF-8')"
        )
        raise RecordingError(f"{file}: cannot be read as a {_kind(separator)}: {reason}") from error
    except RecordingError:
        raise
    except Exception as error:  # as guarded, with shorter reasons
        reason = " ".join(str(error).split())
        raise RecordingError(f"{file}: cannot be read as a {_kind(separator)}: {reason}") from error


def _kind(separator: str | None) -> str:
    return "TSV table" if separator == "\t" else "CSV table"


def _find_encoding(file: Path) -> str:
    with file.open("rb") as stream:
        begin = stream.read(4)
    if begin in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise ValueError("it is in UTF-32; save it as UTF-8")
    return next(
        (name for mark, name in _BYTE_ORDER_MARKS.items() if begin.startswith(mark)), "utf-8"
    )


def _look_at(stream: TextIO, separator: str | None, encoding: str) -> TableHead:
    comments: list[str] = []
    n_lines, line = 0, ""
    while not line.strip() or line.lstrip()[0] in "#%":
        comments += [line.strip()] if line.strip() else []
        line, n_lines = _next_line(stream), n_lines + 1
        if not line:
            raise ValueError("it has no rows")
    lines: list[str] = []
    while len(lines) < _ROWS_LOOKED_AT and (row := _next_line(stream)):
        lines += [row] if row.strip() else []
    sep = separator or _find_separator(line, *lines[:1])
    first = _split(line, sep)
    if len(first) > _MOST_COLUMNS:
        raise ValueError(f"{len(first)} columns found, expected at most {_MOST_COLUMNS}")
    titled = _are_titles(first)
    rows = [*([] if titled else [first]), *(_split(row, sep) for row in lines)]
    titles = first if titled else [str(number + 1) for number in range(len(first))]
    if not titled and comments:  # as numpy.savetxt writes titles
        named = _split(comments[-1].lstrip("#% "), sep)
        titles = named if len(named) == len(first) > 1 else titles
    fields = [field for row in rows for field in row]
    comma = sep != "," and any(map(_DECIMAL_COMMA.fullmatch, fields))
    return TableHead(
        titles=tuple(titles),
        rows=tuple(map(tuple, rows)),
        comments=tuple(comments),
        titled=titled,
        separator=sep,
        decimal="," if comma and not any(map(_DECIMAL_POINT.fullmatch, fields)) else ".",
        encoding=encoding,
        n_lines=n_lines if titled else n_lines - 1,
    )


def _next_line(stream: TextIO) -> str:
    line = stream.readline(_LONGEST_LINE)
    if len(line) == _LONGEST_LINE:
        raise ValueError(f"a row has {_LONGEST_LINE} characters or more")
    if line.count('"') % 2:
        raise ValueError("a quotation mark without its other one")
    if "\0" in line:
        raise ValueError("it holds zero bytes; if it is text in UTF-16, save it as UTF-8")
    return line


def _find_separator(line: str, *rows: str) -> str:
    """Return the separator that divides titles and the first row alike, else the most frequent."""
    found = [mark for mark in _SEPARATORS if len(_split(line, mark)) > 1]
    alike = [m for m in found if all(len(_split(row, m)) == len(_split(line, m)) for row in rows)]
    return next(iter(alike), max(found, key=line.count, default=","))


def _split(line: str, separator: str) -> list[str]:
    fields = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    return [field.strip() for field in fields]


def _are_titles(fields: Sequence[str]) -> bool:
    """Return whether a row has titles, not values; those may be numbers that count the columns."""
    if [*fields] in ([str(k) for k in range(first, len(fields) + first)] for first in (0, 1)):
        return len(fields) > 1
    numbers = [_NUMBER.fullmatch(field) is not None for field in fields]
    return not numbers or not numbers[0] or 2 * sum(numbers) < len(numbers)


def _check_titles(titles: Sequence[str], file: Path) -> None:
    if twice := repeated(filter(None, titles)):
        raise RecordingError(f"{file}: columns {twice} are there twice, expected each once")


def _is_empty_or_index(table: pd.DataFrame, number: int, titles: Sequence[str]) -> bool:
    if titles[number] == "" and table[number].isna().all():
        return len(table) > 0
    index = number == 0 and len(titles) > 1 and titles[0] in ("", "Unnamed: 0")
    return index and table[number].dtype.kind == "i"


def _check_digits(table: pd.DataFrame) -> None:
    """Refuse numbers that no type holds: pandas makes integers without end of them."""
    for number in range(table.shape[1]):
        column = table.iloc[:, number]
        if column.dtype.kind in "biuf":
            continue
        endless = column.astype("str").str.fullmatch(rf"[+-]?\d{{{_MOST_DIGITS},}}")
        if endless.any():
            row = int(np.flatnonzero(endless)[0])
            digits = len(str(column.iloc[row]))
            raise ValueError(f"a number of {digits} digits in row {row + 1}, column {number + 1}")


def _ends_with_line_break(file: Path) -> bool:
    """Return whether a text ends so, in whatever encoding."""
    with file.open("rb") as stream:
        stream.seek(-min(2, file.stat().st_size), os.SEEK_END)
        return stream.read().strip(b"\0")[-1:] in (b"\n", b"\r")
