"""A finished run folder becomes one HTML file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from p300.report.page import Picture, Section, render_page
from p300.report.run_results import RunResults, read_run
from p300.report.sections import comparison, letters, network, paper
from p300.report.sections import detection as parts
from p300.report.sections.family_tree import by_year
from p300.report.sections.few_characters import calibration_curve
from p300.runs import RunFolder

SECTIONS: tuple[Callable[[RunResults], Section | None], ...] = (
    parts.summary,
    calibration_curve,
    parts.method,
    parts.subjects,
    by_year,
    comparison.compared,
    parts.roc,
    parts.calibration,
    letters.characters,
    letters.bit_rates,
    letters.errors,
    letters.spelled_text,
    paper.paper,
    parts.responses,
    parts.patterns,
    network.network,
    parts.training,
    parts.recordings,
    parts.warnings_raised,
    parts.reproducibility,
)
"""What a report tells, in this order; a new topic is one function and one line here. A function
gives None where the run has nothing to do with its topic."""


def write_report(run: Path, *, jobs: int = 1) -> Path:
    """Write the report of a finished run and the figures in it.

    Everything is computed from the files in the folder, no model is needed. The page holds its
    images and styles itself; the figures are also in ``figures/`` as PNG. Each file is written
    under a temporary name, then renamed.

    Parameters
    ----------
    run
        A finished run folder; see :func:`p300.report.run_results.read_run`.
    jobs
        Processes that draw.

    Returns
    -------
    The path of ``report.html``.

    Raises
    ------
    RunError
        When the folder is not a finished run or a file in it is damaged.
    """
    from joblib import Parallel, delayed

    results = read_run(Path(run))
    made = Parallel(jobs)(delayed(make)(results) for make in SECTIONS)
    sections = [section for section in made if section is not None]
    created = str(results.manifest.get("created", ""))
    version = results.manifest.get("p300", "")
    page = render_page(results.name, f"p300 {version} · {created[:16].replace('T', ' ')}", sections)
    blocks = (block for section in sections for block in section.blocks)
    figures = {block.name: block.png for block in blocks if isinstance(block, Picture)}
    folder = RunFolder(run)
    folder.write_report(page, figures)
    return folder.report_file
