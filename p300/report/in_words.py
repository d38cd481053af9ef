"""Figures and tables in words and numbers, for those who do not see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from p300.report.page import Table

MOST_ROWS = 24
"""Rows that are read out; a table beside the figure has the others."""

_NOTHING = "–"


def tables_in_words(tables: Iterable[Table], most: int = MOST_ROWS) -> str:
    """Return what tables hold, one clause a row: its name, then its columns and cells."""
    said: list[str] = []
    for table in tables:
        clauses, named = [], ""
        for row in table.rows:
            if row.style == "head":
                clauses.append(f"{row.cells[0]}:")
                continue
            texts, numbers = row.cells[: table.n_text], row.cells[table.n_text :]
            named = texts[0] or named
            columns = table.columns[table.n_text :]
            cells = [f"{c} {v}" for c, v in zip(columns, numbers, strict=False) if v != _NOTHING]
            name = " ".join((named, *texts[1:])).strip()
            clauses.append(f"{name}: {', '.join(cells)};" if cells else f"{name};")
        more = f" and {len(clauses) - most} rows more" if len(clauses) > most else ""
        caption = f"{table.caption}. " if table.caption else ""
        said.append(f"{caption}{' '.join(clauses[:most]).rstrip(';')}{more}.")
    return " ".join(said)


def figure_in_words(figure: Figure) -> str:
    """Return what stands in a figure: of each panel its titles, texts and labelled lines."""
    return " ".join(filter(None, map(_axes_in_words, figure.axes)))


def _axes_in_words(ax: Axes) -> str:
    if not ax.get_visible() or not ax.axison:
        return ""
    titles = [ax.get_title(loc=place) for place in ("left", "center", "right")]
    texts = [text.get_text() for text in ax.texts if text.get_visible()]
    name = ", ".join(filter(None, (_plain(text) for text in (*titles, *texts))))
    ends = [
        f"{_plain(label)} from {_number(low)} to {_number(high)}"
        for label, (low, high) in (
            (ax.get_xlabel(), sorted(ax.get_xlim())),
            (ax.get_ylabel(), sorted(ax.get_ylim())),
        )
        if label
    ]
    lines = []
    for line in ax.get_lines():
        label, y = str(line.get_label()), np.asarray(line.get_ydata(), dtype=float)
        y = y[np.isfinite(y)]
        if not label.startswith("_") and len(y):
            lines.append(
                f"{_plain(label)} from {_number(y[0])} to {_number(y[-1])}, least "
                f"{_number(y.min())}, most {_number(y.max())}"
            )
    said = "; ".join(filter(None, (name, *ends, *lines)))
    return f"{said}." if said else ""


def _plain(text: str) -> str:
    return " ".join(text.replace(r"\$", "$").split())


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
