"""Folds on workers: in this process, in processes of this machine, or on a cluster."""

from __future__ import annotations

import signal
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

from p300.errors import ConfigError, RunError, RunWarning
from p300.evaluation.folds import Task, run_task

MOST_DEATHS = 3
"""Workers that may die over the same fold before the run is given up."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


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


def is_done(task: Task, run: Path) -> bool:
    """Tell whether a fold is scored."""
    return (run / "scores" / f"{task.id}.parquet").is_file()


def map_folds(tasks: Sequence[Task], run: Path, workers: Workers) -> Iterator[str]:
    """Run tasks and yield the id of each as it is done, in whatever order.

    The folds of a worker that was killed are redone.

    Raises
    ------
    RunError
        Naming the folds over which workers died :data:`MOST_DEATHS` times.
    P300Error
        What a fold raises; folds that are running then are stopped.
    """
    if workers.cluster is not None:
        yield from _on_cluster(tasks, run.resolve(), workers.cluster)
    elif workers.jobs > 1 and len(tasks) > 1:
        yield from _in_processes(tasks, run, workers.jobs)
    else:
        for task in tasks:
            run_task(task, run)
            yield task.id


def _in_processes(tasks: Sequence[Task], run: Path, jobs: int) -> Iterator[str]:
    """Run tasks in processes of this machine; start new ones where some were killed."""
    from joblib.externals.loky import BrokenProcessPool

    deaths: Counter[str] = Counter()
    while tasks:
        try:
            for done in _in_pool(tasks, run, min(jobs, len(tasks))):
                tasks = [task for task in tasks if task.id != done]
                yield done
        except BrokenProcessPool:
            # Tasks are taken in order: the first ones were running. All is lost with one process.
            deaths.update(task.id for task in tasks[:jobs] if not is_done(task, run))
            lost = [name for name, times in deaths.items() if times >= MOST_DEATHS]
            if lost:
                raise _given_up(lost) from None
            warnings.warn(
                "a worker process was killed (most often because memory ran out: take fewer "
                "--jobs); the folds that were running are done again",
                RunWarning,
                stacklevel=2,
            )


def _in_pool(tasks: Sequence[Task], run: Path, jobs: int) -> Iterator[str]:
    from joblib.externals.loky import ProcessPoolExecutor

    # Loky ends and replaces workers whose memory has grown by 300 MB, between two folds.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
    pool = ProcessPoolExecutor(jobs, initializer=_leave_interrupts, env=ONE_THREAD)
    try:
        futures = {pool.submit(_run_unless_done, task, run): task.id for task in tasks}
        for future in as_completed(futures):
            future.result()
            yield futures[future]
    except BaseException:  # also Ctrl-C: no fold goes on alone
        pool.shutdown(kill_workers=True)
        raise
    pool.shutdown()


def _leave_interrupts() -> None:
    """Leave Ctrl-C, which reaches all processes of a terminal, to the process that maps."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _on_cluster(tasks: Sequence[Task], run: Path, address: str) -> Iterator[str]:
    """Run tasks on Dask workers; Dask itself gives the folds of a dead worker to others."""
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
            client.submit(_run_unless_done, task, run, pure=False, key=f"{run}/{task.id}"): task.id
            for task in tasks
        }
        try:
            for future in as_they_complete(list(futures)):
                future.result()
                yield futures[future]
        except KilledWorker as error:
            raise _given_up([futures[future]]) from error
        finally:
            client.cancel(list(futures))


def _run_unless_done(task: Task, run: Path) -> None:
    """Run a task, unless a worker died between having done it and having said so."""
    if not is_done(task, run):
        run_task(task, run)


def _given_up(lost: Sequence[str]) -> RunError:
    return RunError(
        f"workers were killed again and again over fold {', '.join(lost)}; most often memory runs "
        "out: take fewer --jobs, or workers with more memory. What is done is kept"
    )
