"""Folds on workers: in this process, in processes of this machine, or on a cluster."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from p300.errors import ConfigError, RunError, RunWarning
from p300.runs.pool import WorkerKilledError, done_in_processes
from p300.runs.task_groups import groups_of, is_done, run_group
from p300.runs.tasks import Task

MOST_DEATHS = 3
"""Times that workers may die one after the other, no fold being done in between, before the run is
given up."""


@dataclass(frozen=True)
class Workers:
    """Who fits the folds; the scores are the same whoever does.

    Parameters
    ----------
    jobs
        Processes of this machine, each with one thread; 1 is this process.
    cluster
        Address of a Dask scheduler, whose workers do it instead. They must see the run folder and
        the cache under the same paths.
    """

    jobs: int = 1
    cluster: str | None = None


def map_folds(tasks: Sequence[Task], run: Path, workers: Workers) -> Iterator[str]:
    """Run tasks and yield the id of each as it is done, in whatever order.

    On a graphics card networks of several folds learn side by side, and are done together. The
    folds of a worker that was killed are redone.

    Raises
    ------
    RunError
        Naming the folds that ran when workers had died :data:`MOST_DEATHS` times in succession.
    P300Error
        What a fold raises; folds that are running then are stopped.
    """
    groups = groups_of(tasks)
    if workers.cluster is not None:
        done = _on_cluster(groups, run.resolve(), workers.cluster)
    elif workers.jobs > 1 and len(groups) > 1:
        done = _in_processes(groups, run, workers.jobs)
    else:
        done = _here(groups, run)
    for group in done:
        yield from (task.id for task in group)


Group = tuple[Task, ...]


def _here(groups: Sequence[Group], run: Path) -> Iterator[Group]:
    for group in groups:
        run_group(group, run)
        yield group


def _in_processes(groups: Sequence[Group], run: Path, jobs: int) -> Iterator[Group]:
    """Run groups in processes of this machine; start new ones where some were killed."""
    deaths, missing_before = 0, -1
    while groups:
        try:
            begun = groups
            for k, _ in done_in_processes(run_group, [(group, run) for group in begun], jobs):
                groups = [group for group in groups if group is not begun[k]]
                yield begun[k]
        except WorkerKilledError:
            missing = sum(not is_done(task, run) for group in groups for task in group)
            deaths = deaths + 1 if missing == missing_before else 1
            missing_before = missing
            if deaths == MOST_DEATHS:
                # Groups are taken in order, and the tasks of each: the first missing were running.
                running = [_first_missing(group, run) for group in groups[:jobs]]
                raise _given_up([task.id for task in running if task is not None]) from None
            warnings.warn(
                "a worker process was killed (most often because memory ran out: take fewer "
                "--jobs); the folds that were running are done again",
                RunWarning,
                stacklevel=2,
            )


def _first_missing(group: Group, run: Path) -> Task | None:
    """Return the task that a worker is at, if it has begun the group; None when all are done."""
    return next((task for task in group if not is_done(task, run)), None)


def _on_cluster(groups: Sequence[Group], run: Path, address: str) -> Iterator[Group]:
    """Run groups on Dask workers; Dask itself gives those of a dead worker to others."""
    try:
        from distributed import Client, KilledWorker
        from distributed import as_completed as as_they_complete
    except ImportError as error:
        raise ConfigError(
            f"--cluster {address}: Dask is not installed; pip install 'p300[cluster]'"
        ) from error
    try:
        client = Client(address)
    except (OSError, ValueError) as error:
        raise RunError(f"--cluster {address}: no Dask scheduler answers there: {error}") from error
    with client:
        threads = client.nthreads()
        if any(n != 1 for n in threads.values()):
            raise RunError(
                f"--cluster {address}: workers with {sorted(set(threads.values()))} threads found, "
                "expected one each; start them with --nthreads 1"
            )
        futures = {
            client.submit(run_group, group, run, pure=False, key=f"{run}/{group[0].id}"): group
            for group in groups
        }
        try:
            for future in as_they_complete(list(futures)):
                future.result()
                yield futures[future]
        except KilledWorker as error:
            raise _given_up(
                [task.id for task in futures[future] if not is_done(task, run)]
            ) from error
        finally:
            client.cancel(list(futures))


def _given_up(lost: Sequence[str]) -> RunError:
    return RunError(
        f"workers were killed again and again over fold {', '.join(lost)}; most often memory runs "
        "out: take fewer --jobs, or workers with more memory. What is done is kept"
    )
