"""An experiment from recordings to report, in one call: score, spell, measure, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from p300.runs import RunFolder, runner
from p300.runs.config import Experiment
from p300.runs.log import logged
from p300.runs.progress import Progress, silent
from p300.speller.run import spell_run

if TYPE_CHECKING:
    from distributed.security import Security

    from p300.runs.executors import Submits


def run_experiment(
    experiment: Experiment,
    run: str | Path,
    *,
    data: str | Path = ".",
    jobs: int = 1,
    cluster: str | None = None,
    security: Security | None = None,
    executor: Submits | None = None,
    progress: Progress = silent,
    verify: bool = False,
) -> Path:
    """Run an experiment into a folder and write its report; what is there already is kept.

    Parameters and errors are those of :func:`evaluate`.

    Returns
    -------
    The report.
    """
    from p300.report import write_report

    run = evaluate(
        experiment,
        run,
        data=data,
        jobs=jobs,
        cluster=cluster,
        security=security,
        executor=executor,
        progress=progress,
        verify=verify,
    )
    report = RunFolder(run).report_file
    return report if report.is_file() else write_report(run, jobs=jobs)


def evaluate(
    experiment: Experiment,
    run: str | Path,
    *,
    data: str | Path = ".",
    jobs: int = 1,
    cluster: str | None = None,
    security: Security | None = None,
    executor: Submits | None = None,
    progress: Progress = silent,
    verify: bool = False,
) -> Path:
    """Evaluate single flashes and the characters they make: scores, characters, metrics.

    What is there already is kept: an interrupted run goes on where it stopped, a finished one
    computes nothing; to ``verify`` it is to read its recordings and compare them. What happens is
    in the folder's log (:mod:`p300.runs.log`). Parameters and errors are those of
    :func:`p300.runs.runner.score_folds`.

    Returns
    -------
    The run folder.
    """
    folder = RunFolder(run)
    if folder.is_finished():
        folder.check_owner(experiment)
        if verify:
            runner.prepare_run(
                experiment, run, data=data, jobs=jobs, progress=progress, verify=True
            )
        return folder.path
    with logged(folder, "evaluation", progress) as told:
        runner.score_folds(
            experiment,
            run,
            data=data,
            jobs=jobs,
            cluster=cluster,
            security=security,
            executor=executor,
            progress=told,
            verify=verify,
        )
        parts = [runner.measure_flashes(folder), spell_run(folder.path, experiment.spelling)]
        metrics = pd.concat([part for part in parts if len(part)], ignore_index=True)
        alignments = {label: method.alignment.name for label, method in experiment.methods.items()}
        folder.write_metrics(metrics.assign(alignment=metrics["detector"].map(alignments)))
    return folder.path
