"""What was learned for one fold and serves the next."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from p300.errors import TrainingWarning

Result = TypeVar("Result")


@dataclass
class _Known:
    result: Any
    seconds: float
    said: list[warnings.WarningMessage]


class SharedFits:
    """What the folds of one group have learned, by name.

    Learning takes by far the most time of a fold, and folds that differ only in what the detector
    may learn from the tested subject share it.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def once(self, name: str, learn: Callable[[], Result]) -> tuple[Result, float]:
        """Return what is learned, and the seconds that it took earlier if it is not learned now.

        Warnings of the learning are given each time.

        Parameters
        ----------
        name
            The same for what would be learned alike.
        learn
            Called the first time.
        """
        before = self._known[name].seconds if name in self._known else 0.0
        if name not in self._known:
            self._known[name] = _attend(learn)
        known = self._known[name]
        for one in known.said:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        return known.result, before

    def ahead(self, names: Sequence[str], learn_next: Callable[[], object]) -> None:
        """Learn what :meth:`once` will be asked for, where all are learned together.

        Each is taken to have cost the mean of their seconds.

        Parameters
        ----------
        names
            Of what is learned.
        learn_next
            Gives one after the other, in their order.
        """
        found = {name: _attend(learn_next) for name in names}
        mean = sum(known.seconds for known in found.values()) / len(found)
        for known in found.values():
            known.seconds = mean
        self._known |= found


def _attend(learn: Callable[[], object]) -> _Known:
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", TrainingWarning)
        result = learn()
    return _Known(result, time.perf_counter() - start, said)
