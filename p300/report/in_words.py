"""Figures and tables in words and numbers, for those who do not see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from p300.report.page import Table

MOST_ROWS = 24
"""Rows that are read out; a table beside the figure has the others."""

_NOTHING = "–"
_THICK = 1.9


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
    named = [_plain(text) for text in (*titles, *texts)]
    # Numbers alone are those of cells, whose places would be told nowhere.
    name = ", ".join(text for text in named if any(map(str.isalpha, text)))
    ends = [
        f"{_plain(label)} from {_number(low)} to {_number(high)}"
        for label, (low, high) in (
            (ax.get_xlabel(), sorted(ax.get_xlim())),
            (ax.get_ylabel(), sorted(ax.get_ylim())),
        )
        if label
    ]
    said = "; ".join(filter(None, (name, *ends, *_lines_in_words(ax), *_images_in_words(ax))))
    return f"{said}." if said else ""


def _lines_in_words(ax: Axes) -> Iterator[str]:
    """Say of labelled lines, and of the thick one that stands for the thin, where they go."""
    for line in ax.get_lines():
        label, thick = str(line.get_label()), line.get_linewidth() >= _THICK
        x, y = (np.asarray(values) for values in (line.get_xdata(), line.get_ydata()))
        known = np.isfinite(y.astype(float)) if y.dtype.kind in "fiu" else np.zeros(len(y), bool)
        if (label.startswith("_") and not thick) or not known.any():
            continue
        x, y = x[known], y[known]
        name = "thick line" if label.startswith("_") else _plain(label)
        low, high = (
            f"{_number(y[k])} at {_number(x[k]) if x.dtype.kind in 'fiu' else x[k]}"
            for k in (y.argmin(), y.argmax())
        )
        yield f"{name} from {_number(y[0])} to {_number(y[-1])}, least {low}, most {high}"


def _images_in_words(ax: Axes) -> Iterator[str]:
    """Say of maps of numbers where the largest is: row and column by the names at the axes."""
    for image in ax.images:
        masked: np.ma.MaskedArray[Any, Any] = np.ma.asarray(image.get_array(), dtype=float)
        values = masked.filled(np.nan)
        if values.ndim != 2 or not np.isfinite(values).any():
            continue
        row, column = np.unravel_index(int(np.nanargmax(np.abs(values))), values.shape)
        left, right, bottom, top = image.get_extent()
        x = left + (right - left) * (column + 0.5) / values.shape[1]
        y = top + (bottom - top) * (row + 0.5) / values.shape[0]
        names = {
            round(place): text.get_text()
            for place, text in zip(ax.get_yticks(), ax.get_yticklabels(), strict=False)
        }
        at = names.get(round(float(y))) or _number(float(y))
        yield f"largest value {_number(values[row, column])} at {at}, {_number(float(x))}"


def _plain(text: str) -> str:
    return " ".join(text.replace(r"\$", "$").split())


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
