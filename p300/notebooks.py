"""What notebooks show of our objects: small tables, in which any text is only text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from p300.errors import printable

LONGEST = 400
"""Letters of a text that are shown."""


def facts_table(title: str, facts: Mapping[str, str]) -> str:
    """Return HTML of a title and of terms with what there is to say about them.

    Parameters
    ----------
    title
        Stands above.
    facts
        Term -> text; terms without text are left out.
    """
    rows = "".join(
        f'<tr><th style="text-align:left">{_shown(term)}</th>'
        f'<td style="text-align:left">{_shown(text)}</td></tr>'
        for term, text in facts.items()
        if text
    )
    return f"<div><b>{_shown(title)}</b><table>{rows}</table></div>"


def rows_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], notes: Iterable[str] = ()
) -> str:
    """Return HTML of a title, a table with a line a row, and notes under it."""
    head = "".join(f"<th>{_shown(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{_shown(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    below = "".join(f"<p>{_shown(note)}</p>" for note in notes)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div><b>{_shown(title)}</b>{table}{below}</div>"


def _shown(text: object) -> str:
    whole = printable(str(text))
    return escape(whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 1]}…")
