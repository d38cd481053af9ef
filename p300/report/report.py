"""A finished run folder becomes one HTML file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from p300.errors import RunError, RunWarning
from p300.lazy import imported
from p300.plugins import Registry
from p300.report.page import Picture, Section, Source
from p300.report.rendering import render_page
from p300.report.run_results import RunResults, read_run
from p300.runs import RunFolder
from p300.runs.log import logged
from p300.runs.pool import WorkerKilledError, done_in_processes
from p300.runs.progress import silent

SECTIONS = (
    "detection:summary",
    "few_characters:calibration_curve",
    "detection:method",
    "methods:what_is_what",
    "detection:subjects",
    "family_tree:by_year",
    "comparison:compared",
    "detection:roc",
    "detection:calibration",
    "letters:characters",
    "letters:bit_rates",
    "letters:errors",
    "letters:spelled_text",
    "published:beside_published",
    "paper:paper",
    "responses:responses",
    "detection:patterns",
    "network:network",
    "detection:training",
    "limitations:limitations",
    "detection:recordings",
    "detection:warnings_raised",
    "methods:to_paste",
    "methods:cited",
    "detection:reproducibility",
)
"""What a report tells, in this order: file and function under ``sections/``. A new topic is one
function and one line here. A function takes the results of a run and returns its section, None
where the run has nothing to do with its topic."""

Tells = Callable[[RunResults], Section | None]


def _read(_: str, loaded: object) -> Tells:
    """Check the function of a plug-in."""
    if not callable(loaded):
        raise TypeError(f"{loaded!r} found, expected a function of RunResults")
    tells: Tells = loaded
    return tells


FURTHER_SECTIONS: Registry[Tells] = Registry("section", "p300.report_sections", {}, _read, RunError)
"""Sections of plug-ins (:mod:`p300.plugins`), which come last."""


_PANELS = 8
"""Combinations of data set, protocol and detector that take about as long to draw as a process
takes to start."""


def write_report(run: Path, *, jobs: int | None = 1) -> Path:
    """Write the report of a finished run and the figures in it.

    Everything is computed from the files in the folder, no model is needed. The page holds its
    images and styles itself; the figures are also in ``figures/`` as PNG and PDF, the text of the
    methods in ``methods/``. Each file is written under a temporary name, then renamed.

    Parameters
    ----------
    run
        A finished run folder; see :func:`p300.report.run_results.read_run`.
    jobs
        Processes that draw, at most: no more are started than save time. None for one a core.

    Returns
    -------
    The path of ``report.html``.

    Raises
    ------
    RunError
        When the folder is not a finished run or a file in it is damaged.
    """
    folder = RunFolder(run)
    with logged(folder, "report", silent):
        _write(folder, jobs or os.cpu_count() or 1)
    return folder.report_file


def _write(folder: RunFolder, jobs: int) -> None:
    results = read_run(folder.path)
    made = _sections(results, _worth_starting(results, jobs))
    sections = [section for section in [*made, *_further(results)] if section is not None]
    created = str(results.manifest.get("created", ""))
    version = results.manifest.get("p300", "")
    subtitle = f"p300 {version} · {created[:16].replace('T', ' ')}"
    page = render_page(results.name, subtitle, sections, results.private_folders)
    blocks = [block for section in sections for block in section.blocks]
    pictures = [block for block in blocks if isinstance(block, Picture)]
    sources = [block for block in blocks if isinstance(block, Source)]
    folder.write_texts({source.filename: source.text for source in sources if source.filename})
    folder.write_report(
        page,
        {one.name: one.png for one in pictures},
        {one.name: one.pdf for one in pictures if one.pdf},
    )


def _worth_starting(results: RunResults, most: int) -> int:
    panels = len(results.metrics[["dataset", "protocol", "detector"]].drop_duplicates())
    return min(most, 1 + panels // _PANELS)


def _sections(results: RunResults, jobs: int) -> list[Section | None]:
    """Make all sections, in processes where there are several."""
    made: dict[int, Section | None] = {}
    if jobs > 1:
        try:
            calls = [(place, results) for place in SECTIONS]
            made.update(done_in_processes(_section, calls, jobs))
        except WorkerKilledError as error:
            warnings.warn(
                f"{error} (most often because memory ran out: take fewer --jobs); what is missing "
                "of the report is made without others",
                RunWarning,
                stacklevel=3,
            )
    return [made[k] if k in made else _section(place, results) for k, place in enumerate(SECTIONS)]


def _further(results: RunResults) -> Iterator[Section | None]:
    """Make the sections of plug-ins, in this process: a session's are in no other."""
    for name, tells in FURTHER_SECTIONS.items():
        try:
            made = tells(results)
            if not isinstance(made, Section | None):
                raise TypeError(f"{made!r} found, expected a Section or None")
        except Exception as error:  # noqa: BLE001 — of a plug-in
            FURTHER_SECTIONS.leave_out(name, error)
        else:
            yield made


def _section(place: str, results: RunResults) -> Section | None:
    found: Section | None = imported(f"p300.report.sections.{place}")(results)
    return found
