"""Tables and paragraphs as wide as the terminal: names wrap, numbers never do.

Where the columns of a table do not fit even so, each row becomes a block with a line a column.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from p300.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

PIPED = 200
"""Columns where nobody says how many there are: whole lines instead of folded ones."""

_WIDEST = 100
"""Columns of a paragraph: longer lines are hard to read."""

_LONGEST = 20
"""Letters of a word that is never split; longer ones are addresses."""

_BETWEEN, _INSIDE = " " * 3, " " * 4
"""Between two columns on a line of a block, and before the further lines of one."""

_BREAK = re.compile(r"(?<=\s)(?=\S)|(?<=[_/])(?=[^\W\d_])")
"""Between words, and within names before a word that follows ``_`` or ``/``."""

_NUMBER = re.compile(r"[-+−±<>≤≥~]*\s?\.?\d|–?$")


def output() -> Console:
    """Return standard output as wide as its terminal, or as COLUMNS says."""
    from rich.console import Console

    told = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(width=None if told else PIPED, highlight=False)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of text in columns; brackets and colons in it are no markup."""
    console = output()
    cells = [[printable(cell) for cell in row] for row in rows]
    for gap in (2, 1):
        widths = _widths(columns, cells, console.width - gap * (len(columns) - 1))
        if widths is not None:
            _print_columns(console, widths, gap, columns, cells)
            return
    _print_blocks(console, columns, cells)


def wrapped(text: str, indent: str = "", first: str | None = None) -> str:
    """Return a paragraph folded between words to the width of the terminal.

    Parameters
    ----------
    text
        On one line.
    indent
        Before every line.
    first
        Before the first one instead.
    """
    width = min(output().width, _WIDEST)
    return _fold(text, width, indent, indent if first is None else first)


def _fold(text: str, width: int, indent: str, first: str) -> str:
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _widths(columns: Sequence[str], cells: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return the width of each column, the widest narrowed first; None where they do not fit."""
    found, least = [], []
    for k, name in enumerate(columns):
        column = [row[k] for row in cells]
        pieces = [_length(piece.rstrip()) for cell in (name, *column) for piece in _pieces(cell)]
        piece = min(max(pieces, default=0), _LONGEST)
        longest = max(map(_length, column), default=0)
        found.append(max(longest, _length(name)))
        least.append(max(longest, piece) if _are_numbers(column) else piece)
    while sum(found) > room:
        wide = [k for k in range(len(found)) if found[k] > least[k]]
        if not wide:
            return None
        found[max(wide, key=lambda k: found[k])] -= 1
    return found


def _pieces(text: str) -> list[str]:
    """Return what may stand on lines of its own: words, and parts of names."""
    return _BREAK.split(text)


def _folded(text: str, width: int) -> str:
    """Return a cell with a line break wherever it is full."""
    lines = [""]
    for piece in _pieces(text):
        if lines[-1] and _length((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def _print_columns(
    console: Console,
    widths: Sequence[int],
    gap: int,
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
) -> None:
    from rich.table import Column, Table
    from rich.text import Text

    def fitted(row: Sequence[str]) -> list[Text]:
        return [Text(_folded(cell, width)) for cell, width in zip(row, widths, strict=True)]

    headers = [
        Column(name, width=width, overflow="fold")
        for name, width in zip(fitted(columns), widths, strict=True)
    ]
    table = Table(*headers, box=None, header_style="bold", pad_edge=False, padding=(0, gap, 0, 0))
    for row in cells:
        table.add_row(*fitted(row))
    console.print(table)


def _are_numbers(column: Sequence[str]) -> bool:
    """Whether all cells are numbers, with intervals and units, or stand for none."""
    return all(_NUMBER.match(cell) for cell in column)


def _length(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _print_blocks(console: Console, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print each row as its first cell and, below it, what the other columns say."""
    from rich.text import Text

    for row in cells:
        lines: list[str] = []
        for name, cell in zip(columns[1:], row[1:], strict=True):
            if not cell:
                continue
            beside = f"{_BETWEEN}{name}: {cell}"
            if lines and _length(lines[-1] + beside) <= console.width:
                lines[-1] += beside
            else:
                lines.append(_paragraph(name, cell, console.width))
        said = Text("\n").join([Text(row[0], "bold"), *map(Text, lines)])
        console.print(said, soft_wrap=True)


def _paragraph(name: str, cell: str, width: int) -> str:
    """Return what one column says, folded between words; a number stays in one piece."""
    fits = _length(_INSIDE + cell) <= width
    whole = cell.replace(" ", "\xa0") if fits and _NUMBER.match(cell) else cell
    return _fold(f"{name}: {whole}", width, _INSIDE, "  ").replace("\xa0", " ")
