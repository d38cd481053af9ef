"""What every campaign yields, and the bounds that what it tries has to keep."""

from __future__ import annotations

import resource
import signal
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from p300.errors import P300Error

MIB = 2**20
LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Tried:
    """What came of one try.

    Parameters
    ----------
    number
        Of the try: with the seed it says what is tried, whatever came before.
    what
        Is tried.
    outcome
        ``worked``, ``refused``, ``left out: WHY`` or what went wrong.
    """

    number: int
    what: str
    outcome: str

    @property
    def held(self) -> bool:
        return self.outcome in ("worked", "refused")

    @property
    def left_out(self) -> bool:
        return self.outcome.startswith("left out: ")


Campaign = Callable[[Path, int, Iterable[int]], Iterator[Tried]]
"""Takes an empty folder, the seed and the numbers of the tries, which may have no end."""


class OutOfTime(BaseException):
    """No handler of errors takes it for one."""


@contextmanager
def bounds(seconds: int, memory: int) -> Iterator[None]:
    """Let the block have so much time, and so many bytes beyond what the process has."""

    def stop(*_: object) -> None:
        raise OutOfTime

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory, hard))
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def outcome_of(use: Callable[[], Any], *, seconds: int, memory: int) -> str:
    """Do something within bounds; the numbers that it gives must be finite."""
    try:
        with bounds(seconds, memory), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            numbers = np.asarray(use(), dtype=np.float64)
    except P300Error as error:
        return _manners(error)
    except OutOfTime:
        return f"more than {seconds} s"
    except Exception as error:
        where = [Path(frame.filename).name for frame in traceback.extract_tb(error.__traceback__)]
        return f"{type(error).__name__} in {' < '.join(reversed(where[-4:]))}: {str(error)[:200]}"
    return "worked" if np.isfinite(numbers).all() else "not finite"


def _manners(error: BaseException) -> str:
    """Refuse messages that nobody can read, and errors that come from memory that ran out."""
    message = str(error)
    if (
        not ((message and message.isprintable()) or "\n" in message)
        or len(message) > LONGEST_MESSAGE
    ):
        return f"message {message[:80]!r}"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return f"out of memory: {message[:120]}"
        cause = cause.__cause__ or cause.__context__
    return "refused"
