"""What is told of a run while it goes on."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done and how much there is (0: not known)."""


def silent(stage: str, done: int, total: int) -> None:
    """Report no progress."""
