"""The page that holds the parts of a report."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from p300.report.hidden_folders import hide_folders
from p300.report.page import Section, slug


def render_page(
    title: str, subtitle: str, sections: Sequence[Section], folders: Sequence[str] = ()
) -> str:
    """Return the HTML page: one file, nothing loaded from elsewhere, no folder of the user named.

    All of it can be read without its script, which sorts tables and unfolds what is printed. The
    page forbids any other script, by the hash of its own.

    Parameters
    ----------
    title, subtitle
        At its head.
    sections
        What it holds.
    folders
        See :func:`p300.report.hidden_folders.hide_folders`.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("p300", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["file_name"] = lambda text: slug(text)[:80].rstrip("-")
    style, script = (
        files("p300.report").joinpath(f"page.{end}").read_text(encoding="utf-8")
        for end in ("css", "js")
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return environment.get_template("report.html").render(
        title=title,
        subtitle=subtitle,
        sections=hide_folders(tuple(sections), folders),
        style=Markup(style),  # noqa: S704 — a file of the package
        script=Markup(script),  # noqa: S704 — a file of the package
        script_hash=digest,
    )
