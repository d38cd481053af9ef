"""A run: recordings to epochs, folds to scores, scores to figures; resumable at every step."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from p300.config import Experiment, load_experiment
from p300.detectors.device import chosen_device
from p300.errors import RunError
from p300.evaluation.groups import is_done
from p300.evaluation.manifest import warn_of_versions
from p300.evaluation.metrics import summarise_scores, tabulate_subjects
from p300.evaluation.plan import plan
from p300.evaluation.preparation import Progress, prepare, silent
from p300.evaluation.tasks import Task
from p300.evaluation.workers import Workers, map_folds
from p300.files import finished_files, read_json, write_json, written_whole


def evaluate(
    experiment: Experiment,
    run: str | Path,
    *,
    data: str | Path = ".",
    jobs: int = 1,
    cluster: str | None = None,
    progress: Progress = silent,
) -> Path:
    """Run an experiment into a folder: epochs, score table, metrics.

    What is there already is kept: an interrupted run goes on where it stopped, a finished one
    computes nothing.

    Parameters
    ----------
    experiment
        What to run.
    run
        The run folder.
    data
        Folder that the sources' paths are seen from.
    jobs
        Worker processes, each with one thread.
    cluster
        Address of a Dask scheduler whose workers fit the folds instead; see
        :class:`p300.evaluation.workers.Workers`.
    progress
        Called as the run proceeds.

    Returns
    -------
    The run folder.

    Raises
    ------
    RunError
        When the folder belongs to another experiment, its data have changed, or workers are killed
        again and again.
    P300Error
        Whatever the recordings, settings or detectors raise.
    """
    run = Path(run)
    claim_folder(experiment, run)
    if is_evaluated(run):
        return run
    prepared = prepare(experiment, run, data=Path(data), progress=progress)
    tasks = plan(experiment, prepared)
    _check_names(tasks)
    _run_tasks(tasks, run, Workers(jobs, cluster), progress)
    scores = pd.concat(
        [pd.read_parquet(run / "scores" / f"{task.id}.parquet") for task in tasks],
        ignore_index=True,
    )
    with written_whole(run / "scores.parquet") as temporary:
        scores.to_parquet(temporary, index=False)
    write_metrics(experiment, run)
    return run


def is_evaluated(run: Path) -> bool:
    """Tell whether the scores and metrics of a run are complete."""
    return (run / "metrics.json").is_file() and (run / "scores.parquet").is_file()


def claim_folder(experiment: Experiment, run: Path) -> None:
    """Make a run folder, or check that an existing one belongs to the experiment.

    Raises
    ------
    RunError
        When it belongs to another experiment or is not a run folder.
    """
    config = run / "config.yaml"
    if not config.exists():
        if run.exists() and (not run.is_dir() or any(run.iterdir())):
            raise RunError(
                f"{run}: exists but is not a run folder (it has no config.yaml); name another "
                "folder with --out"
            )
        with written_whole(config) as temporary:
            temporary.write_text(experiment.to_yaml(), encoding="utf-8")
        return
    there = load_experiment(config)
    if there != experiment:
        mine, theirs = experiment.model_dump(mode="json"), there.model_dump(mode="json")
        different = [key for key in mine if mine[key] != theirs[key]]
        raise RunError(
            f"{run}: this run folder belongs to another config (different: "
            f"{', '.join(different)}); name another folder with --out, or remove this one"
        )


def _check_names(tasks: list[Task]) -> None:
    """Refuse folds with one name: the files of one would be taken for those of the other."""
    names = Counter(task.id for task in tasks)
    twice = next((task for task in tasks if names[task.id] > 1), None)
    if twice is not None:
        raise RunError(
            f"{names[twice.id]} folds are named {twice.id}; name each value in an option of the "
            f"protocol {twice.protocol} once, or rename the data set or the detector"
        )


def _run_tasks(tasks: list[Task], run: Path, workers: Workers, progress: Progress) -> None:
    """Run what is not done yet; the manifest then tells where and by how many."""
    missing = [task for task in tasks if not is_done(task, run)]
    if missing:
        manifest, jobs = run / "manifest.json", workers.cluster or workers.jobs
        about = {**read_json(manifest), "device": chosen_device(), "jobs": jobs}
        write_json(manifest, about)
    done = len(tasks) - len(missing)
    progress("fitting", done, len(tasks))
    for _ in map_folds(missing, run, workers):
        done += 1
        progress("fitting", done, len(tasks))


def write_metrics(experiment: Experiment, run: Path) -> None:
    """Compute ``metrics.json``, less the letters, from a run's score table and fits.

    Warns
    -----
    RunWarning
        When fits were made with different versions of a package.
    """
    scores = pd.read_parquet(run / "scores.parquet")
    stored = [read_json(path) for path in finished_files(run / "fits", ".json")]
    warn_of_versions(stored, run)
    fits = pd.DataFrame(stored)
    keys = ["dataset", "protocol", "fold", "detector", "seed"]
    subjects = scores[[*keys, "subject"]].drop_duplicates()
    timed = fits[[*keys, "fit_seconds"]].merge(subjects)
    seconds = tabulate_subjects(timed, lambda fold: {"fit_seconds": fold["fit_seconds"].mean()})
    rows = pd.concat([summarise_scores(scores), seconds], ignore_index=True)
    write_json(run / "metrics.json", {"rows": plain_rows(experiment, rows)})


def plain_rows(experiment: Experiment, metrics: pd.DataFrame) -> list[dict[str, Any]]:
    """Give rows of metrics JSON-ready, with their alignment, and None for what is missing."""
    alignment = metrics["detector"].map(lambda label: experiment.methods[label].alignment.name)
    table = metrics.assign(alignment=alignment)
    return table.astype(object).where(table.notna(), None).to_dict("records")  # type: ignore[return-value]
