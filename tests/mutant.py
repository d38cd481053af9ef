"""A line that carries a promise, and what breaks it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A change that breaks a promise.

    Parameters
    ----------
    promise
        What is no longer true with it.
    file
        Under ``p300/``.
    line, change
        The text there, once in the file, and what takes its place.
    tests
        Those that keep the promise: files, or tests in them.
    """

    promise: str
    file: str
    line: str
    change: str
    tests: tuple[str, ...]
