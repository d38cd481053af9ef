"""Processes of this machine that work for this one, and end when it does."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from p300.errors import RunError
from p300.showing import show_plainly

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class WorkerKilledError(RunError):
    """A worker was killed; ``call`` is the position of what it was at, where that is known.

    Where it is not, all is lost that workers were at.
    """

    call: int | None = None


class Processes:
    """Processes with one thread each; all that uses processes does it here.

    They are started when they are first needed, serve one call after another, and end with this
    process, however it ends: on an error, on Ctrl-C, when it is told to stop and when it is killed.

    Parameters
    ----------
    jobs
        How many; 1 is this process itself.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._pool: Any = None

    @property
    def at_once(self) -> int:
        """How many calls run at once, the first of those that are not done."""
        return self.jobs

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(kill=kind is not None)

    def done(
        self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """Call a function again and again.

        Parameters
        ----------
        function
            Of a module.
        calls
            The arguments of each call, which are started in this order. The next are asked for when
            a process is free.

        Yields
        ------
        The position of a call and its result, as it is done.

        Raises
        ------
        WorkerKilledError
            When a process was killed: all is lost with one, and which one it was is not told. New
            ones are started when they are needed again.
        """
        if self.jobs == 1:
            yield from ((k, function(*call)) for k, call in enumerate(calls))
            return
        from joblib.externals.loky import BrokenProcessPool

        # Loky ends and replaces workers whose memory has grown by 300 MB, between two calls. Each
        # time: who started the processes may have put the filters back since.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were", UserWarning)
        waiting, running = iter(enumerate(calls)), dict[Any, int]()
        try:
            while True:
                # No more are handed over than run: loky's thread stumbles over calls that wait for
                # a process when it is told to kill them, and says so in a traceback.
                for k, call in itertools.islice(waiting, self.jobs - len(running)):
                    running[self._submit(function, call)] = k
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        except BrokenProcessPool as error:
            self._end(kill=True)
            raise WorkerKilledError("a worker process was killed") from error
        except BaseException:  # also Ctrl-C: no process goes on alone
            self._end(kill=True)
            raise

    def _submit(self, function: Callable[..., Any], call: tuple[Any, ...]) -> Any:
        with _signals_kept_from_children():
            if self._pool is None:
                self._pool = _started(self.jobs)
            return self._pool.submit(function, *call)

    def _end(self, *, kill: bool) -> None:
        if self._pool is not None:
            self._pool.shutdown(kill_workers=kill)
            self._pool = None


def done_in_processes(
    function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], jobs: int
) -> Iterator[tuple[int, Any]]:
    """Call a function in processes that end with the last call; see :meth:`Processes.done`."""
    with Processes(min(jobs, len(calls))) as processes:
        yield from processes.done(function, calls)


def _started(jobs: int) -> Any:
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(jobs, initializer=_serve, initargs=(os.getpid(),), env=ONE_THREAD)


@contextmanager
def _signals_kept_from_children() -> Iterator[None]:
    """Leave Ctrl-C and the request to end to this process, which stops its workers.

    Processes that are started meanwhile, and the threads that start others later, are not told of
    these signals, not even while they import.
    """
    if not hasattr(signal, "pthread_sigmask"):  # not on Windows
        yield
        return
    usual = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, usual)


def _serve(parent: int) -> None:
    """Set up a worker: one way of warnings, and no life of its own when its parent has died."""
    show_plainly()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
