"""What a page holds to be saved: tables as CSV, files as addresses."""

from __future__ import annotations

import base64
import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from p300.report.page import Table

_NOTHING = ("–", "-", "")
_NUMBER = r"[+-]?[\d,]*\.?\d+"
_VALUE = re.compile(rf"(?:< )?({_NUMBER})( %)?")
_RANGE = re.compile(rf"(?:({_NUMBER}) \()?({_NUMBER})(?:–| to )({_NUMBER})\)?")
_FORMULA = re.compile(r"[=+@\t\r-].")


def data_uri(kind: str, content: bytes) -> str:
    """Return content as an address, for links and images that need no other file."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def table_csv(table: Table) -> str:
    """Write a table as CSV for programs.

    Numbers have a plain minus and no thousands separators, what is missing is empty, and where a
    column holds intervals, as ``0.81 (0.75–0.86)`` or alone, these are columns ``low`` and ``high``
    of their own. The head of a group of rows is the first column. A text that a spreadsheet would
    take for a formula has an apostrophe before it.
    """
    heads, rows = _rows(table)
    columns: list[list[str]] = [["Group", *heads]] if any(heads) else []
    for k, name in enumerate(table.columns):
        cells = [row[k] if k < len(row) else "" for row in rows]
        if k < table.n_text:
            columns.append([_text(name), *map(_text, cells)])
        else:
            columns += _numbers(_text(name), [cell.replace("−", "-") for cell in cells])
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(zip(*columns, strict=True))
    return written.getvalue()


def _rows(table: Table) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return all rows but heads, and of each the head that it stands under."""
    heads, rows, head = [], [], ""
    for row in table.rows:
        if row.style == "head":
            head = _text(row.cells[0])
        else:
            heads.append(head)
            rows.append(row.cells)
    return heads, rows


def _text(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _numbers(name: str, cells: list[str]) -> list[list[str]]:
    """Return the columns that a column of numbers becomes: itself, or with low and high."""
    ranges = [_RANGE.fullmatch(cell) for cell in cells]
    single = [_VALUE.fullmatch(cell) for cell in cells]
    known = [k for k, cell in enumerate(cells) if cell not in _NOTHING]
    if any(ranges) and all(ranges[k] or single[k] for k in known):
        groups = [found.groups("") if found else () for found in ranges]
        values = [g[0] if g else _plain(cell) for g, cell in zip(groups, cells, strict=True)]
        ends = [[_plain(g[end]) if g else "" for g in groups] for end in (1, 2)]
        return [
            [name, *map(_plain, values)], [f"{name} low", *ends[0]], [f"{name} high", *ends[1]],
        ]  # fmt: skip
    percent = [k for k in known if (found := single[k]) and found[2]]
    if percent and percent == known:
        return [[name if "%" in name else f"{name} (%)", *(_plain(c.rstrip(" %")) for c in cells)]]
    return [[name, *map(_plain, cells)]]


def _plain(cell: str) -> str:
    """Write a number for programs; of what is none, the text."""
    if cell in _NOTHING:
        return ""
    if re.fullmatch(_NUMBER, cell):
        return cell.replace(",", "")
    return cell if re.match(_NUMBER, cell) else _text(cell)
