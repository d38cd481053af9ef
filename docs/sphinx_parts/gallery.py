"""The gallery: examples run where nothing lies about, and their figures become pictures."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from matplotlib.figure import Figure
from sphinx.errors import SphinxError
from sphinx_gallery.scrapers import figure_rst

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent.parent
BUILD = DOCS / "_build"
EXAMPLES = BUILD / "examples"
"""Copies of the examples, which run here and leave here what they write."""

REPORTS = BUILD / "reports"
"""Reports that examples have written, for the site to show."""

SOURCES = {
    file.name: file
    for pattern in ("plot_*.py", "*.rst")
    for file in (DOCS.parent / "examples").glob(pattern)
}
SECONDS = 60.0
"""An example may take so much of a processor: 30 s, and twice that on a machine that others use."""

ORDER = (
    "first_report",
    "own_edf",
    "bids",
    "mne_epochs",
    "moabb",
    "what_the_network_sees",
    "alignment",
    "covariance",
    "new_person",
    "dynamic_stopping",
    "letters",
    "paper",
    "comparing",
    "leak",
    "own_detector",
)

_shown: WeakSet[Figure] = WeakSet()
_seconds: dict[str, float] = {}
_pictures: dict[str, int] = {}
_filters: list[Any] = []


def gallery_settings(examples: Path) -> dict[str, Any]:
    """Return the settings of sphinx-gallery, with the examples copied to where they run."""
    examples.mkdir(parents=True, exist_ok=True)
    REPORTS.mkdir(parents=True, exist_ok=True)
    clear(examples)
    for name, file in SOURCES.items():
        copy = examples / name
        if not copy.is_file() or copy.read_bytes() != file.read_bytes():
            shutil.copyfile(file, copy)
    return {
        "examples_dirs": str(examples),
        "gallery_dirs": "gallery",
        "filename_pattern": "plot_",
        "within_subsection_order": "sphinx_parts.gallery.by_order",
        "image_scrapers": ("sphinx_parts.gallery.figures", "sphinx_parts.gallery.reports"),
        "reset_modules": ("sphinx_parts.gallery.fresh",),
        "reset_modules_order": "both",
        "capture_repr": ("_repr_html_",),
        "ignore_repr_types": r"Figure",
        "backreferences_dir": "generated/backreferences",
        "doc_module": ("p300",),
        "remove_config_comments": True,
        "show_memory": False,
        "show_signature": False,
        "download_all_examples": False,
        "plot_gallery": "True",
    }


def by_order(file: str) -> int:
    """Return an example's place in the gallery."""
    return ORDER.index(Path(file).stem.removeprefix("plot_"))


def figures(block: Any, known: dict[str, Any], settings: Any, **_: Any) -> str:  # noqa: ARG001
    """Return the pictures of the figures that a cell has made; no pyplot knows them."""
    new = [
        value
        for value in known["example_globals"].values()
        if isinstance(value, Figure) and value not in _shown
    ]
    paths = []
    for figure in dict.fromkeys(new):
        _shown.add(figure)
        path = next(known["image_path_iterator"])
        figure.savefig(path, dpi=110)
        paths.append(path)
    example = Path(known["src_file"]).name
    _pictures[example] = _pictures.get(example, 0) + len(paths)
    return str(figure_rst(paths, settings["src_dir"]))


def reports(block: Any, known: dict[str, Any], settings: Any, **_: Any) -> str:  # noqa: ARG001
    """Return a frame with the report that a cell has written, where its last line is its path."""
    path = known["example_globals"].get("report")
    cell = block[1] if isinstance(block, tuple) else block.content
    if not isinstance(path, Path) or cell.strip().splitlines()[-1] != "report":
        return ""
    page = REPORTS / f"{path.resolve().parent.name}.html"
    shutil.copyfile(path, page)
    return (
        f"\n.. raw:: html\n\n    <p><a href='../{page.name}'>Open the report on its own</a></p>"
        f"\n    <iframe class='report' src='../{page.name}' title='The report'></iframe>\n\n"
    )


def fresh(settings: Any, file: str, when: str) -> None:  # noqa: ARG001
    """Make warnings errors in an example; afterwards clear away its files and note its time."""
    example = Path(file).name
    if when == "before":
        _filters[:] = warnings.filters
        warnings.simplefilter("error")
        # As in the tests: inside libraries, nothing this project could change.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="joblib.*")
        warnings.filterwarnings("ignore", category=PendingDeprecationWarning)
        _seconds[example] = -_processor()
        return
    _seconds[example] += _processor()
    warnings.filters[:] = _filters
    clear(EXAMPLES)


def clear(examples: Path) -> None:
    """Remove all that is no example: a folder with a README is a gallery to sphinx-gallery."""
    for path in examples.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in SOURCES:
            path.unlink()


def _processor() -> float:
    """Return the seconds of a processor that this process and its children have taken."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def check(app: Sphinx, error: Exception | None) -> None:  # noqa: ARG001
    """Refuse an example without a picture, and one that takes too long."""
    if error is not None:
        return
    bare = sorted(name for name in _seconds if not _pictures.get(name))
    slow = sorted(name for name, seconds in _seconds.items() if seconds > SECONDS)
    if bare or slow:
        raise SphinxError(f"examples without a picture: {bare}; above {SECONDS:g} s: {slow}")
    for name, seconds in sorted(_seconds.items()):
        print(f"{name}: {seconds:.1f} s of a processor, {_pictures[name]} pictures")


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the check to a build."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": False}
