"""Folds on workers: in this process, in processes of this machine, or on a cluster."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from p300.errors import RunWarning
from p300.runs.cluster import Group, given_up, run_on_cluster
from p300.runs.pool import WorkerKilledError, done_in_processes
from p300.runs.task_groups import groups_of, is_done, run_group
from p300.runs.tasks import Task, shared_epochs

if TYPE_CHECKING:
    from distributed.security import Security

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
    security
        Certificates for a scheduler at ``tls://``, as Dask's own client takes them; by default
        those of Dask's configuration.
    """

    jobs: int = 1
    cluster: str | None = None
    security: Security | None = None


def map_folds(tasks: Sequence[Task], run: Path, workers: Workers) -> Iterator[str]:
    """Run tasks and yield the id of each as it is done, in whatever order.

    On a graphics card networks of several folds learn side by side, and are done together. The
    folds of a worker that was killed are redone.

    Raises
    ------
    ConfigError
        When the cluster needs certificates, or has no use for those given.
    RunError
        When no scheduler answers or trusts the certificates; and naming the folds that ran when
        workers had died :data:`MOST_DEATHS` times in succession.
    P300Error
        What a fold raises; folds that are running then are stopped.
    """
    groups = groups_of(tasks)
    if workers.cluster is not None:
        done = run_on_cluster(groups, run.resolve(), workers.cluster, workers.security)
    elif workers.jobs > 1 and len(groups) > 1:
        done = _in_processes(groups, run, workers.jobs)
    else:
        done = _here(groups, run)
    for group in done:
        yield from (task.id for task in group)


def _here(groups: Sequence[Group], run: Path) -> Iterator[Group]:
    try:
        for group in groups:
            run_group(group, run)
            yield group
    finally:
        shared_epochs.cache_clear()  # this process goes on


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
                raise given_up([task.id for task in running if task is not None]) from None
            warnings.warn(
                "a worker process was killed (most often because memory ran out: take fewer "
                "--jobs); the folds that were running are done again",
                RunWarning,
                stacklevel=2,
            )


def _first_missing(group: Group, run: Path) -> Task | None:
    """Return the task that a worker is at, if it has begun the group; None when all are done."""
    return next((task for task in group if not is_done(task, run)), None)
