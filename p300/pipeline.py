"""An experiment from recordings to report, in one call: evaluate, spell, report."""

from __future__ import annotations

from pathlib import Path

from p300.config import Experiment
from p300.evaluation import runner
from p300.evaluation.preparation import Progress, silent
from p300.files import read_json, write_json
from p300.speller import spell_run


def run_experiment(
    experiment: Experiment,
    run: str | Path,
    *,
    data: str | Path = ".",
    jobs: int = 1,
    cluster: str | None = None,
    progress: Progress = silent,
) -> Path:
    """Run an experiment into a folder and write its report; what is there already is kept.

    Parameters and errors are those of :func:`evaluate`.

    Returns
    -------
    The report.
    """
    from p300.reporting import write_report

    run = evaluate(experiment, run, data=data, jobs=jobs, cluster=cluster, progress=progress)
    report = run / "report.html"
    return report if report.is_file() else write_report(run, jobs=jobs)


def evaluate(
    experiment: Experiment,
    run: str | Path,
    *,
    data: str | Path = ".",
    jobs: int = 1,
    cluster: str | None = None,
    progress: Progress = silent,
) -> Path:
    """Evaluate single flashes, then spell the characters they make.

    Parameters and errors are those of :func:`p300.evaluation.runner.evaluate`.

    Returns
    -------
    The run folder, with ``scores.parquet``, ``characters.parquet`` and ``metrics.json``.
    """
    run = runner.evaluate(experiment, run, data=data, jobs=jobs, cluster=cluster, progress=progress)
    metrics = run / "metrics.json"
    about = read_json(metrics)
    # Metrics know whether letters are among them: whoever computes them anew leaves letters out.
    if about.get("spelled") and (run / "characters.parquet").is_file():
        return run
    spelled = spell_run(run, experiment.spelling)
    letters = set(spelled["metric"])
    kept = [row for row in about["rows"] if row["metric"] not in letters]
    rows = kept + runner.plain_rows(experiment, spelled)
    write_json(metrics, {"spelled": True, "rows": rows})
    return run
