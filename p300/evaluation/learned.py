"""What was learned for one fold and serves the next."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Learned = TypeVar("Learned")

KEPT = 16
"""Learned detectors that a process keeps: so many may take turns on the folds of one training set
without being learned again. They are some megabytes each."""


@dataclass
class _Known:
    learned: Any
    seconds: float
    said: list[warnings.WarningMessage]


_LEARNED: dict[str, _Known] = {}
"""The last ones learned in this process, oldest first. Learning takes by far the most time of a
fold, and folds that differ only in what the detector may learn from the tested person share it."""


def learn_once(known_as: str, learn: Callable[[], Learned]) -> tuple[Learned, float]:
    """Give what is learned, and the seconds that it took earlier if it is not learned now.

    Warnings of the learning are given each time.

    Parameters
    ----------
    known_as
        The same for what would be learned alike.
    learn
        Called unless that was learned before in this process and is still kept.
    """
    before = _LEARNED[known_as].seconds if known_as in _LEARNED else 0.0
    if known_as not in _LEARNED:
        _keep(known_as, _attend(learn))
    known = _LEARNED[known_as]
    for one in known.said:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return known.learned, before


def learn_ahead(known_as: list[str], learn_next: Callable[[], Learned]) -> None:
    """Learn what :func:`learn_once` will be asked for, where learning takes turns or goes together.

    Each is taken to have cost the mean of their seconds.

    Parameters
    ----------
    known_as
        At most :data:`KEPT` names.
    learn_next
        Gives what is learned under each name, in their order.
    """
    all_known = [_attend(learn_next) for _ in known_as]
    mean = sum(known.seconds for known in all_known) / len(all_known)
    for name, known in zip(known_as, all_known, strict=True):
        known.seconds = mean
        _keep(name, known)


def _attend(learn: Callable[[], Learned]) -> _Known:
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        learned = learn()
    return _Known(learned, time.perf_counter() - start, said)


def _keep(known_as: str, known: _Known) -> None:
    _LEARNED[known_as] = known
    while len(_LEARNED) > KEPT:
        _LEARNED.pop(next(iter(_LEARNED)))
