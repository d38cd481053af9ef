"""The pages of all detectors and all sources, written from the registries at each build."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from p300.commands.starting_config import SCHEMA_FILE
from p300.detectors import DETECTORS, described_parameters, detector_info
from p300.parameters import Parameter
from p300.recordings import SOURCES, described_options, source_module
from p300.runs.schema import schema_text

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_HEAD = "| parameter | default | range | what it is for |\n|---|---|---|---|\n"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")


def _default(one: Parameter) -> str:
    return "must be said" if one.is_required else f"`{_cell(repr(one.default))}`"


def _table(parameters: Iterable[Parameter]) -> str:
    lines = [
        f"| `{one.name}` | {_default(one)} | {_cell(one.values)} | {_cell(one.sentence)} |"
        for one in parameters
    ]
    return _HEAD + "\n".join(lines) if lines else "It has no parameters."


def detectors_page() -> str:
    """Return the page of detectors: each with its source and its parameters."""
    parts = [
        "# All detectors",
        "As `p300 detectors NAME` prints them. What they are and what they are worth: "
        "[detectors](../detectors.md); which to take: [which detector](../which_detector.md).",
    ]
    for name in DETECTORS:
        info = detector_info(name)
        parts += [f"## `{name}`", f"{info.title}.", info.citation]
        parts.append(_table(described_parameters(name)))
    return "\n\n".join(filter(None, parts)) + "\n"


def sources_page() -> str:
    """Return the page of sources: each with where its files come from and its options."""
    parts = [
        "# All sources of recordings",
        "As `p300 datasets show NAME` prints them. Which reads which format: "
        "[recordings](../recordings.md#formats).",
    ]
    for name in SOURCES:
        module = source_module(name)
        about = {key: text for key, text in vars(module.INFO).items() if isinstance(text, str)}
        parts += [f"## `{name}`", f"{about.pop('title')}."]
        told = (f"| {key} | {_cell(text)} |" for key, text in about.items() if text)
        parts.append("| | |\n|---|---|\n" + "\n".join(told))
        parts.append(_table(described_options(name)))
    return "\n\n".join(parts) + "\n"


def write(app: Sphinx) -> None:
    """Write the pages, where they have changed."""
    folder = Path(app.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    for name, text in {"detectors": detectors_page(), "sources": sources_page()}.items():
        page = folder / f"{name}.md"
        if not page.is_file() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def publish_schema(app: Sphinx, error: Exception | None) -> None:
    """Put the JSON schema of a config beside the pages, for editors."""
    if error is None:
        (Path(app.outdir) / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before anything is read, and the schema at the end."""
    app.connect("builder-inited", write, priority=100)
    app.connect("build-finished", publish_schema)
    return {"parallel_read_safe": True}
