"""One thread for linear algebra: scores are the same whatever the number of cores, to the last bit.

Small matrices are also slow on several threads: where other processes are at work, learning from a
character takes forty times as long on two as on one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

THREADS = 1
"""Threads of whatever is fitted or scored: one, so that processes do not slow each other down and a
sum is always taken in the same order."""


class OneThread:
    """Makes libraries that are imported already compute with :data:`THREADS`, again and again.

    To look for them takes milliseconds, a call microseconds.
    """

    def __init__(self) -> None:
        import scipy.linalg  # noqa: F401 - its library of linear algebra is known then
        from threadpoolctl import ThreadpoolController

        self._torch = sys.modules.get("torch")  # who fits no network has none
        self._pools = ThreadpoolController()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Compute so inside the block, and as before behind it."""
        with self._pools.limit(limits=THREADS), self._torch_too():
            yield

    @contextmanager
    def _torch_too(self) -> Iterator[None]:
        if self._torch is None:
            yield
            return
        before = self._torch.get_num_threads()
        self._torch.set_num_threads(THREADS)
        try:
            yield
        finally:
            self._torch.set_num_threads(before)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with :data:`THREADS` inside the block; see :class:`OneThread`."""
    with OneThread()():
        yield
