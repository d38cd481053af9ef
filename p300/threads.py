"""One thread for linear algebra: scores are the same whatever the number of cores, to the last bit.

Small matrices are also slow on several threads: where other processes are at work, learning from a
character takes forty times as long on two as on one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

THREADS = 1
"""Threads of whatever is fitted or scored: one, so that processes do not slow each other down and a
sum is always taken in the same order."""


class OneThread:
    """Makes libraries that are imported already compute with :data:`THREADS`, again and again.

    Torch does from then on; who fits no network has no torch. To look for libraries takes
    milliseconds, a call microseconds.
    """

    def __init__(self) -> None:
        import scipy.linalg  # noqa: F401 - its library of linear algebra is known then
        from threadpoolctl import ThreadpoolController

        if torch := sys.modules.get("torch"):
            torch.set_num_threads(THREADS)
        self._pools = ThreadpoolController()

    def __call__(self) -> AbstractContextManager[object]:
        """Return the context in which they do."""
        limits: AbstractContextManager[object] = self._pools.limit(limits=THREADS)
        return limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with :data:`THREADS` inside the block; see :class:`OneThread`."""
    with OneThread()():
        yield
