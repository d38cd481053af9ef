"""Several fits of one detector: one after another, or side by side on a graphics card."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy.typing as npt

from p300.detectors.base import Detector
from p300.detectors.device import chosen_device
from p300.detectors.validation import Labels, Windows
from p300.errors import TrainingWarning

if TYPE_CHECKING:
    from p300.detectors.lessons import Lesson

MOST_TOGETHER = 1024**3
"""Bytes of training windows up to which fits share a graphics card. While they are laid out they
take three times as much in memory, and twice as much on the card."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A detector to be fitted.

    Parameters
    ----------
    detector
        Fitted in place.
    X, y, groups
        As of :meth:`p300.detectors.base.Detector.fit`.
    """

    detector: Detector
    X: Windows
    y: Labels
    groups: npt.ArrayLike | None


def fit_each(fits: Iterable[Fit]) -> Iterator[Fit]:
    """Do fits that differ in their seed and epochs only, and give them in order.

    On the processor each is fitted, and its epochs are asked for, when its turn comes. On a
    graphics card networks learn side by side, as one batched model, as many as have
    :data:`MOST_TOGETHER` bytes of windows. Their scores are those of networks fitted alone, but for
    rounding and for what dropout draws.

    Raises
    ------
    DetectorError
        As :meth:`p300.detectors.base.Detector.fit`.
    """
    # A fit is let go before the next one's windows are asked for.
    if learns_side_by_side():
        for batch in _batches(fits):
            yield from _fit_side_by_side(batch) if len(batch) > 1 else _fit_in_turn(batch)
            del batch
    else:
        yield from _fit_in_turn(fits)


def _fit_in_turn(fits: Iterable[Fit]) -> Iterator[Fit]:
    for fit in fits:
        fit.detector.fit(fit.X, fit.y, groups=fit.groups)
        yield fit
        del fit


def learns_side_by_side() -> bool:
    """Tell whether networks learn faster together: everywhere but on the processor."""
    return chosen_device() != "cpu"


def _batches(fits: Iterable[Fit]) -> Iterator[list[Fit]]:
    """Yield networks' fits together as far as their windows have room, others alone."""
    # Imported here: torch takes seconds.
    from p300.detectors.network import NetworkDetector

    batch, size = list[Fit](), 0
    for fit in fits:
        joins = isinstance(fit.detector, NetworkDetector) and size + fit.X.nbytes <= MOST_TOGETHER
        if batch and not joins:
            yield batch
            batch, size = [], 0
        batch.append(fit)
        size += fit.X.nbytes
        del fit
    if batch:
        yield batch


def _fit_side_by_side(fits: list[Fit]) -> Iterator[Fit]:
    """Fit networks; warnings of a fit are given when it is."""
    from p300.detectors.lessons import teach
    from p300.detectors.network import NetworkDetector

    courses = [
        fit.detector.fitting(fit.X, fit.y, fit.groups)
        for fit in fits
        if isinstance(fit.detector, NetworkDetector)
    ]
    said: list[list[warnings.WarningMessage]] = [[] for _ in fits]
    while lessons := [
        lesson
        for course, own in zip(courses, said, strict=True)
        if (lesson := _next(course, own)) is not None
    ]:
        teach(lessons)
    while fits:
        for one in said.pop(0):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        yield fits.pop(0)


def _next(course: Iterator[Lesson], said: list[warnings.WarningMessage]) -> Lesson | None:
    """Give the next lesson of a fit, None when it is fitted; note its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TrainingWarning)
        lesson = next(course, None)
    said += caught
    return lesson
