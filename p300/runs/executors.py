"""Workers behind somebody else's executor: Dask's, submitit's, a pool of processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor, as_completed
from typing import Any, Protocol

from p300.errors import ConfigError, RunError

POLLED = 0.5
"""Seconds between two looks at jobs that cannot be waited for."""


class Submits(Protocol):
    """What is taken as an executor: :class:`concurrent.futures.Executor`, and submitit's."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Have a function called; return a future, or a job with ``done`` and ``result``."""


class ExecutorWorkers:
    """The workers of an executor that the caller made, and ends.

    Its workers must be processes that see the run folder and the cache under the same paths.

    Parameters
    ----------
    executor
        What takes calls.

    Raises
    ------
    ConfigError
        For threads, or what takes no calls.
    """

    def __init__(self, executor: Submits) -> None:
        if isinstance(executor, ThreadPoolExecutor):
            raise ConfigError(
                "executor=ThreadPoolExecutor found: folds set the threads and the warnings of "
                "their process, so threads would disturb each other; expected one whose workers "
                "are processes, such as ProcessPoolExecutor, or jobs=1"
            )
        if not callable(getattr(executor, "submit", None)):
            raise ConfigError(
                f"executor={type(executor).__name__} found, expected a concurrent.futures.Executor "
                "or what has its method submit; of a Dask client take client.get_executor()"
            )
        self._executor = executor

    @property
    def at_once(self) -> int:
        """As :attr:`p300.runs.pool.Processes.at_once`; here nobody tells."""
        return 1

    def done(
        self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """Call a function again and again; see :meth:`p300.runs.pool.Processes.done`.

        Raises
        ------
        RunError
            When the executor's workers died: it takes no more calls, and only its owner can make
            another.
        """
        jobs: dict[Any, int] = {}
        try:
            for k, call in enumerate(calls):
                jobs[self._executor.submit(function, *call)] = k
            for job in _as_done(list(jobs)):
                yield jobs[job], job.result()
        except BrokenExecutor as error:
            raise RunError(
                f"the workers of {type(self._executor).__name__} died ({error}); most often memory "
                "runs out. What is done is kept: call again with a new executor"
            ) from error
        finally:
            for job in jobs:
                if not job.done():
                    job.cancel()


def _as_done(jobs: list[Any]) -> Iterator[Any]:
    """Yield jobs as they are done; those of submitit have to be asked."""
    if all(isinstance(job, Future) for job in jobs):
        yield from as_completed(jobs)
        return
    while jobs:
        finished = [job for job in jobs if job.done()]
        yield from finished
        jobs = [job for job in jobs if job not in finished]
        if jobs and not finished:
            time.sleep(POLLED)
