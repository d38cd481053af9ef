"""A run: recordings to epochs, folds to scores, scores to metrics; resumable at every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from p300.columns import FOLD
from p300.detectors.device import chosen_device
from p300.errors import RunError
from p300.evaluation.metrics import summarise_scores, tabulate_subjects
from p300.runs import RunFolder
from p300.runs.config import Experiment
from p300.runs.log import LOGGER, logged
from p300.runs.manifest import warn_of_versions
from p300.runs.plan import plan
from p300.runs.preparation import keep_prepared, prepare
from p300.runs.progress import Progress, silent
from p300.runs.task_groups import is_done
from p300.runs.tasks import Task
from p300.runs.workers import Workers, check_reachable, map_folds

if TYPE_CHECKING:
    from distributed.security import Security

    from p300.runs.executors import Submits


def score_folds(
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
    """Fit and score all folds of an experiment into a folder: epochs, then the score table.

    What is there already is kept: an interrupted run goes on where it stopped. The folder is
    claimed when the recordings have been read and the folds planned, so that a mistake in a path
    leaves nothing behind.

    Parameters
    ----------
    experiment
        What to run.
    run
        The run folder.
    data
        Folder that the sources' paths are seen from.
    jobs
        Worker processes, each with one thread; 1 is this process.
    cluster
        Address of a Dask scheduler whose workers fit the folds instead; see
        :class:`p300.runs.workers.Workers`.
    security
        Certificates for a scheduler at ``tls://``: a ``distributed.Security``, as Dask's own client
        takes it. By default those of Dask's configuration.
    executor
        Takes the folds instead: any ``concurrent.futures.Executor`` whose workers are processes,
        Dask's or submitit's; see :class:`p300.runs.workers.Workers`.
    progress
        Called as the run proceeds.
    verify
        Read all recordings, those too whose files are as they were when they were read last.

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
    folder = RunFolder(run)
    folder.check_owner(experiment)
    with Workers(jobs, cluster, security, executor) as workers:
        check_reachable(experiment, workers)
        prepared = prepare(
            experiment,
            data=Path(data),
            progress=progress,
            verify=verify,
            processes=workers.processes,
        )
        tasks = plan(experiment, prepared.folders)
        _check_names(tasks)
        folder.claim(experiment)
        keep_prepared(experiment, prepared, folder.path)
        _run_tasks(tasks, folder, workers, progress)
    folder.join_scores([task.id for task in tasks])
    return folder.path


def prepare_run(
    experiment: Experiment,
    run: str | Path,
    *,
    data: str | Path,
    jobs: int = 1,
    progress: Progress = silent,
    verify: bool = False,
) -> dict[str, Path]:
    """Preprocess the recordings of an experiment and claim its run folder.

    Parameters and errors are those of :func:`score_folds`.

    Returns
    -------
    Data set -> folder of its epochs; see :class:`p300.runs.preparation.Prepared`.
    """
    folder = RunFolder(run)
    folder.check_owner(experiment)
    with logged(folder, "preparation", progress) as told, Workers(jobs) as workers:
        check_reachable(experiment, workers)
        prepared = prepare(
            experiment,
            data=Path(data),
            progress=told,
            verify=verify,
            processes=workers.processes,
        )
        folder.claim(experiment)
        keep_prepared(experiment, prepared, folder.path)
    return prepared.folders


def _check_names(tasks: Sequence[Task]) -> None:
    """Refuse folds with one name: the files of one would be taken for those of the other."""
    names = Counter(task.id for task in tasks)
    twice = next((task for task in tasks if names[task.id] > 1), None)
    if twice is not None:
        raise RunError(
            f"{names[twice.id]} folds are named {twice.id}; name each value in an option of the "
            f"protocol {twice.protocol} once, or rename the data set or the detector"
        )


def _run_tasks(
    tasks: Sequence[Task], folder: RunFolder, workers: Workers, progress: Progress
) -> None:
    """Run what is not done yet; the manifest then tells where and by how many."""
    missing = [task for task in tasks if not is_done(task, folder.path)]
    if missing:
        folder.add_to_manifest(device=chosen_device(), jobs=workers.described)
    done = len(tasks) - len(missing)
    progress("fitting", done, len(tasks))
    for fold in map_folds(missing, folder.path, workers, progress):
        done += 1
        LOGGER.info("fitted %s", fold)
        progress("fitting", done, len(tasks))


def measure_flashes(folder: RunFolder) -> pd.DataFrame:
    """Measure the detection of single flashes, and the time of a fit, from a run's files.

    Returns
    -------
    Columns of :data:`p300.columns.METRIC_ROWS`.

    Warns
    -----
    RunWarning
        When fits were made with different versions of a package.
    """
    scores, fits = folder.scores(), folder.fits()
    warn_of_versions(fits, folder.path)
    subjects = scores[[*FOLD, "subject"]].drop_duplicates()
    timed = pd.DataFrame(fits)[[*FOLD, "fit_seconds"]].astype({"calibration_characters": "str"})
    seconds = tabulate_subjects(
        timed.merge(subjects), lambda fold: {"fit_seconds": fold["fit_seconds"].mean()}
    )
    return pd.concat([summarise_scores(scores), seconds], ignore_index=True)
