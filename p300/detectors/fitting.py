"""Several fits of one detector: one after another, or side by side on a graphics card."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from p300.detectors.device import chosen_device
from p300.errors import TrainingWarning
from p300.signal.parts import Part

if TYPE_CHECKING:
    from p300.detectors.base import Detector
    from p300.detectors.meta.picked_electrodes import HeaviestElectrodes, NamedElectrodes
    from p300.detectors.training.trained import TrainedDetector

    Trainable = TrainedDetector | NamedElectrodes | HeaviestElectrodes

Result = TypeVar("Result")

MOST_TOGETHER = 1024**3
"""Bytes of training epochs up to which fits share a graphics card. While they are laid out they
take three times as much in memory, and twice as much on the card."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A detector to be fitted.

    Parameters
    ----------
    detector
        Fitted in place.
    part, level, calibrated
        As of :meth:`p300.detectors.base.Detector.fit_part`.
    """

    detector: Detector
    part: Part
    level: str
    calibrated: bool = True

    def make(self) -> None:
        """Fit the detector."""
        self.detector.fit_part(self.part, self.level, calibrated=self.calibrated)

    @property
    def n_bytes(self) -> int:
        """Bytes of the epochs' signals."""
        return 4 * math.prod(self.part.shape)


def fit_each(fits: Iterable[Fit]) -> Iterator[Fit]:
    """Do fits that differ in their seed and epochs only, and yield them in order.

    On the processor each is fitted, and its epochs are asked for, when its turn comes. On a
    graphics card networks are trained as one batched model, as many fits as have
    :data:`MOST_TOGETHER` bytes of epochs. Their scores are those of networks fitted alone, but for
    rounding and for what dropout draws.

    Raises
    ------
    DetectorError
        As :meth:`p300.detectors.base.Detector.fit`.
    """
    # No name is kept of a fit that is done: its epochs can go before the next one's are read.
    if not trains_together():
        for fit in fits:
            fit.make()
            yield fit
            del fit
        return
    for batch in _batches(fits):
        noted = _fit_together(batch)
        while batch:
            for warning in noted.pop(0):
                warnings.warn_explicit(
                    warning.message, warning.category, warning.filename, warning.lineno
                )
            yield batch.pop(0)


def trains_together() -> bool:
    """Return whether networks are trained faster together: everywhere but on the processor."""
    return chosen_device() != "cpu"


def is_trainable(detector: Detector) -> TypeGuard[Trainable]:
    """Return whether a detector, or what it makes of one on named electrodes, has training jobs."""
    # Imported here: torch takes seconds.
    from p300.detectors.meta.picked_electrodes import HeaviestElectrodes, NamedElectrodes
    from p300.detectors.training.trained import TrainedDetector

    inner = detector.detector if isinstance(detector, NamedElectrodes) else detector
    return isinstance(inner, TrainedDetector | HeaviestElectrodes)


def _batches(fits: Iterable[Fit]) -> Iterator[list[Fit]]:
    """Yield networks' fits together as far as their epochs have room, others alone."""
    batch, size = list[Fit](), 0
    for fit in fits:
        if batch and not (is_trainable(fit.detector) and size + fit.n_bytes <= MOST_TOGETHER):
            yield batch
            batch, size = [], 0
        batch.append(fit)
        size += fit.n_bytes
        del fit
    if batch:
        yield batch


def _fit_together(fits: Sequence[Fit]) -> list[list[warnings.WarningMessage]]:
    """Fit detectors of one kind by training their jobs together; return the warnings of each."""
    from p300.detectors.meta.picked_electrodes import HeaviestElectrodes
    from p300.detectors.training import train

    noted: list[list[warnings.WarningMessage]] = [[] for _ in fits]
    detectors = [fit.detector for fit in fits if is_trainable(fit.detector)]
    if not detectors:
        for fit in fits:
            fit.make()
        return noted
    data = [(fit.part.X, fit.part.y, fit.part.groups(fit.level)) for fit in fits]
    each = list(zip(noted, detectors, data, strict=True))
    jobs = [_noting(said, one.prepare, *its) for said, one, its in each]
    train(jobs)
    if isinstance(detectors[0], HeaviestElectrodes):
        choosing, jobs = jobs, []
        for (said, one, its), job in zip(each, choosing, strict=True):
            assert isinstance(one, HeaviestElectrodes)  # all are of one kind
            jobs.append(_noting(said, one.choose, job, *its))
        train(jobs)
    for (said, one, _), job in zip(each, jobs, strict=True):
        _noting(said, one.finish, job)
    return noted


def _noting(
    said: list[warnings.WarningMessage], function: Callable[..., Result], *arguments: Any
) -> Result:
    """Call a function; note its warnings instead of giving them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TrainingWarning)
        result = function(*arguments)
    said += caught
    return result
