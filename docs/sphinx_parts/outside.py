"""Links of the pages that lead out of docs/: on the site they lead to its own pages."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
INSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
    "examples": "gallery/index.rst",
    "examples/plugin": "example_plugin.md",
    "reports/reference": "results.md",
}
"""What the repository has outside of docs/ -> the page of the site."""

_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:)([^)#\s]+)(#[^)\s]*)?\)")


def led_inside(text: str, page: Path) -> str:
    """Return a page's text with its links to the repository led to pages of the site.

    What the site does not have keeps its words and loses its link.
    """

    def lead(found: re.Match[str]) -> str:
        image, words, target, anchor = found.groups(default="")
        place = Path(os.path.normpath(page / ".." / target))
        known = INSIDE.get(place.relative_to(ROOT).as_posix())
        if place.parent == ROOT / "examples" and place.match("plot_*.py"):
            known = f"gallery/{place.stem}.rst"
        if known is not None:
            target = known
        elif place.is_relative_to(DOCS) or image:
            target = Path(os.path.relpath(place, DOCS)).as_posix()
        else:
            return words
        return f"{image}[{words}]({target}{anchor})"

    return _LINK.sub(lead, text)


def read_page(app: Sphinx, docname: str, content: list[str]) -> None:
    """Lead the links of a page of ours inside."""
    page = Path(app.env.doc2path(docname))
    if page.suffix == ".md" and page.parent == DOCS:
        content[0] = led_inside(content[0], page)


def read_included(app: Sphinx, path: Path, parent: str, content: list[str]) -> None:  # noqa: ARG001
    """Do the same for a page of the repository that one of the site's includes."""
    content[0] = led_inside(content[0], DOCS / path)


def setup(app: Sphinx) -> dict[str, bool]:
    """Follow what is read."""
    app.connect("source-read", read_page)
    app.connect("include-read", read_included)
    return {"parallel_read_safe": True}
