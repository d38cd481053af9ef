"""Processes of this machine that work for this one, and end when it does."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from typing import Any

from p300.errors import RunError
from p300.showing import show_plainly

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class WorkerKilledError(RunError):
    """A worker process was killed, and with it all that others were at."""


def done_in_processes(
    function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], jobs: int
) -> Iterator[tuple[int, Any]]:
    """Call a function in processes with one thread each; all that uses processes does it here.

    The processes end with this one, however it ends: on an error, on Ctrl-C, when it is told to
    stop and when it is killed.

    Parameters
    ----------
    function
        Of a module.
    calls
        The arguments of each call, which are started in this order.
    jobs
        Processes.

    Yields
    ------
    The position of a call and its result, as it is done.

    Raises
    ------
    WorkerKilledError
        When a process was killed: all is lost with one, and which one it was is not told.
    """
    from joblib.externals.loky import BrokenProcessPool, ProcessPoolExecutor

    # Loky ends and replaces workers whose memory has grown by 300 MB, between two calls.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
    processes = min(jobs, len(calls))
    pool = ProcessPoolExecutor(
        processes, initializer=_serve, initargs=(os.getpid(),), env=ONE_THREAD
    )
    waiting = iter(enumerate(calls))
    running: dict[Any, int] = {}
    try:
        while True:
            # No more are handed over than run: loky's thread stumbles over calls that wait for a
            # process when it is told to kill them, and says so in a traceback.
            with _signals_kept_from_children():
                for k, call in itertools.islice(waiting, processes - len(running)):
                    running[pool.submit(function, *call)] = k
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    except BrokenProcessPool as error:
        pool.shutdown(kill_workers=True)
        raise WorkerKilledError("a worker process was killed") from error
    except BaseException:  # also Ctrl-C: no process goes on alone
        pool.shutdown(kill_workers=True)
        raise
    pool.shutdown()


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
