"""Markdown in which what files told can break nothing: neither a table nor the front matter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from p300.errors import printable

LONGEST = 200
"""Characters of a text that a file told."""

_MARKS = re.compile(r"([\\`*_\[\]#|~!])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "$": "&#36;"}
_LINKS = re.compile(r"(?i):/(?=/)|www\.")


def one_line(text: str) -> str:
    """Return a text as one line that a screen can show, cut where it is too long to read."""
    line = printable(" ".join(str(text).split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def plain(text: str) -> str:
    """Return any text as Markdown that shows it, and does nothing else.

    No mark-up, HTML, link or mention comes of it, and it ends no cell of a table.
    """
    line = "".join(_HTML.get(letter, letter) for letter in one_line(text))
    marked = _MARKS.sub(r"\\\1", line.replace("&#", "\0")).replace("\0", "&#")
    return _LINKS.sub(lambda found: f"{found[0][:-1]}&#{ord(found[0][-1])};", marked)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are texts that files told."""
    lines = [columns, ["---"] * len(columns), *rows]
    cells = [[cell if k == 1 else plain(cell) for cell in line] for k, line in enumerate(lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def front_matter(content: Mapping[str, Any]) -> str:
    """Return YAML between two lines of dashes, as model hubs read it."""
    import yaml

    text = yaml.safe_dump(
        _shown(content), sort_keys=False, allow_unicode=True, default_flow_style=False, width=10**6
    )
    return f"---\n{text}---\n"


def _shown(value: Any) -> Any:
    """Return what is dumped, each text of it as one line."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Mapping):
        return {one_line(key): _shown(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(inner) for inner in value]
    return value
