"""Folds on workers: in this process, in others of this machine, on a cluster, by an executor."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from p300.adaptation.registry import ADAPTATIONS
from p300.detectors.catalogue import DETECTORS
from p300.errors import ConfigError, RunError, RunWarning
from p300.recordings.registry import SOURCES
from p300.runs.cluster import ClusterWorkers
from p300.runs.config import Experiment
from p300.runs.derived import Share, derive_share, derived_folder, shares_of
from p300.runs.executors import ExecutorWorkers, Submits
from p300.runs.pool import Processes, WorkerKilledError
from p300.runs.progress import Progress, silent
from p300.runs.task_groups import Group, groups_of, is_done, run_group
from p300.runs.tasks import Task, shared_epochs

if TYPE_CHECKING:
    from distributed.security import Security

Several = Processes | ClusterWorkers | ExecutorWorkers

MOST_DEATHS = 3
"""Times that workers may die one after the other, nothing being done in between, before the run is
given up."""


@dataclass(frozen=True)
class Workers:
    """Who prepares epochs and fits the folds; the scores are the same whoever does.

    As a context: the processes end with it.

    Parameters
    ----------
    jobs
        Processes of this machine, each with one thread; 1 is this process.
    cluster
        Address of a Dask scheduler, whose workers fit the folds instead. They must see the run
        folder and the cache under the same paths.
    security
        Certificates for a scheduler at ``tls://``, as Dask's own client takes them; by default
        those of Dask's configuration.
    executor
        Takes the folds instead: any :class:`concurrent.futures.Executor` whose workers are
        processes (``ProcessPoolExecutor``, Dask's ``client.get_executor()``), or submitit's. It
        stays the caller's to end.

    Raises
    ------
    ConfigError
        For an executor of threads, or a cluster and an executor together.

    Attributes
    ----------
    processes : those of this machine
    """

    jobs: int = 1
    cluster: str | None = None
    security: Security | None = None
    executor: Submits | None = None
    processes: Processes = field(init=False)

    def __post_init__(self) -> None:
        if self.executor is not None:
            if self.cluster is not None:
                raise ConfigError("a cluster and an executor found, expected one of them")
            ExecutorWorkers(self.executor)  # refused before the recordings are read
        object.__setattr__(self, "processes", Processes(self.jobs))

    @property
    def described(self) -> str | int:
        """What the manifest says of them."""
        if self.executor is not None:
            return type(self.executor).__name__
        return self.cluster or self.jobs

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: Any) -> None:
        self.processes.__exit__(*failed)


def check_reachable(experiment: Experiment, workers: Workers) -> None:
    """Refuse workers that cannot import what an experiment takes.

    Raises
    ------
    ConfigError
        Naming a detector, an adaptation or a source that this session has registered, where other
        processes are to use it.
    """
    if workers.described == 1:
        return
    methods = experiment.methods.values()
    sources = (one.source for some in experiment.datasets.values() for one in some)
    for registry, names in (
        (DETECTORS, [method.name for method in methods]),
        (ADAPTATIONS, [method.adaptation.name for method in methods]),
        (SOURCES, list(sources)),
    ):
        for name in filter(registry.is_of_session, names):
            raise ConfigError(
                f"{registry.what} {name!r} is registered in this session only: other processes "
                f"(jobs, cluster or executor: {workers.described} found) cannot import it. Take "
                "jobs=1, or put it into a package with an entry point (docs/plugins.md)"
            )


def map_folds(
    tasks: Sequence[Task], run: Path, workers: Workers, progress: Progress = silent
) -> Iterator[str]:
    """Run tasks and yield the id of each as it is done, in whatever order.

    What they share of subjects is derived first, a subject at a time. On a graphics card networks
    of several folds learn side by side, and are done together. What a worker was at that was killed
    is done again.

    Parameters
    ----------
    tasks
        Not done yet.
    run
        The run folder.
    workers
        Who runs them.
    progress
        Called as subjects are dealt with.

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
        with ClusterWorkers(workers.cluster, workers.security) as cluster:
            yield from _on(cluster, groups, run.resolve(), progress)
    elif workers.executor is not None:
        yield from _on(ExecutorWorkers(workers.executor), groups, run.resolve(), progress)
    elif workers.jobs > 1 and len(groups) > 1:
        yield from _on(workers.processes, groups, run, progress)
    else:
        yield from _here(groups, run)


def _here(groups: Sequence[Group], run: Path) -> Iterator[str]:
    try:
        for group in groups:
            run_group(group, run)
            yield from (task.id for task in group)
    finally:
        shared_epochs.cache_clear()  # this process goes on


def _on(several: Several, groups: Sequence[Group], run: Path, progress: Progress) -> Iterator[str]:
    """Run groups on several workers; first what they share."""
    with derived_folder(run) as derived:
        shares = shares_of([task for group in groups for task in group])
        done = _done(several, derive_share, [(share, derived) for share in shares], _whom)
        for n, _ in enumerate(done, start=1):
            progress("summing", n, len(shares))
        calls = [(group, run, derived) for group in groups]
        for k in _done(several, run_group, calls, _running):
            yield from (task.id for task in groups[k])


def _done(
    several: Several,
    function: Callable[..., object],
    calls: Sequence[tuple[Any, ...]],
    name: Callable[..., str],
) -> Iterator[int]:
    """Call a function on workers, again where some were killed; yield positions as they are done.

    ``name`` tells of a call what it is at, "" if it has not begun.
    """
    missing, deaths = list(range(len(calls))), 0
    before: tuple[int, list[str]] | None = None
    while missing:
        begun = missing
        try:
            for k, _ in several.done(function, [calls[each] for each in begun]):
                missing = [each for each in missing if each != begun[k]]
                yield begun[k]
        except WorkerKilledError as error:
            # Calls are taken in order: the first missing were running.
            lost = missing if error.call is None else [begun[error.call]]
            running = [name(*calls[each]) for each in lost[: several.at_once]]
            now = len(missing), running
            deaths, before = deaths + 1 if now == before else 1, now
            if deaths == MOST_DEATHS or error.call is not None:
                raise _given_up(running) from error
            warnings.warn(
                "a worker process was killed (most often because memory ran out: take fewer "
                "--jobs); what was running is done again",
                RunWarning,
                stacklevel=2,
            )


def _running(group: Group, run: Path, _: Path) -> str:
    """Name the fold that a worker is at, if it has begun the group; "" when all are done."""
    return next((f"fold {task.id}" for task in group if not is_done(task, run)), "")


def _whom(share: Share, _: Path) -> str:
    return f"subject {share.subject} of {share.epochs}"


def _given_up(running: Sequence[str]) -> RunError:
    return RunError(
        f"workers were killed again and again over {', '.join(filter(None, running))}; most often "
        "memory runs out: take fewer --jobs, or workers with more memory. What is done is kept"
    )
