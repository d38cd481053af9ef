"""A command that is told to stop: by Ctrl-C, or by a batch system or container (SIGTERM)."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE = 8.0
"""Seconds within which a command that was terminated has to end by itself."""

INTERRUPTED, TERMINATED = 130, 143
"""Exit statuses, as shells give them for these signals."""


class Terminated(KeyboardInterrupt):
    """The process was told to end (SIGTERM); everything stops as with Ctrl-C."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise :class:`Terminated` in a block when the process is told to end.

    A library that computes on without a look at signals is given :data:`GRACE` seconds.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is told of signals
        return
    usual = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


def _stop(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough
    last = threading.Timer(GRACE, os._exit, (TERMINATED,))
    last.daemon = True
    last.start()
    raise Terminated
