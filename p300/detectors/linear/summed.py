"""What is summed over the epochs of each subject of a study once, and added up for its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from p300.detectors.linear.moments import ClassMoments
from p300.signal.parts import Part, SharedEpochs

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]


class Summed(Protocol):
    """Sums over epochs, which add up."""

    @classmethod
    def added(cls, several: Sequence[Self], /) -> Self:
        """Return the sums over all."""


SumsT = TypeVar("SumsT", bound=Summed)


class SummedBySubject(Generic[SumsT]):
    """Sums over the epochs of each subject of a study, made when they are first asked for.

    Parameters
    ----------
    whole
        The study.
    sum_over
        Sums over the epochs at some positions in it.
    """

    def __init__(self, whole: SharedEpochs, sum_over: Callable[[Index], SumsT]) -> None:
        self._whole, self._sum_over = whole, sum_over
        self._sums: dict[int, SumsT] = {}

    def over(self, rows: Index) -> SumsT | None:
        """Return the sums over the epochs at some positions; None where subjects are not whole."""
        if not self._whole.holds_whole(rows, "subject"):
            return None
        unit = self._whole.units("subject")
        there = np.flatnonzero(np.bincount(unit[rows]))
        each = [self._of(int(one), unit) for one in there]
        return type(each[0]).added(each)

    def _of(self, one: int, unit: npt.NDArray[np.int64]) -> SumsT:
        if one not in self._sums:
            self._sums[one] = self._sum_over(np.flatnonzero(unit == one))
        return self._sums[one]


class SummedFeatures:
    """Features that no fit changes, and sums over the epochs of each subject and class.

    Parameters
    ----------
    whole
        A study.
    read
        Reads the features of epochs, [epoch, feature], each row of that epoch alone.
    """

    def __init__(
        self, whole: SharedEpochs, read: Callable[[npt.NDArray[np.float32]], Floats]
    ) -> None:
        self.features = np.concatenate([read(X) for _, X in whole.part().blocks()])
        self.finite: npt.NDArray[np.bool_] = np.asarray(np.isfinite(self.features).all(axis=1))
        self._sums = SummedBySubject(whole, lambda rows: self._sum_over(whole.part(rows)))

    def over(self, part: Part) -> ClassMoments | None:
        """Return sums over the epochs of a labelled part.

        Returns
        -------
        None where they do not help: where subjects are not whole, a class is missing, epochs are
        fewer than features, or sums about zero are not precise.
        """
        if len(part) < self.features.shape[1]:
            return None
        sums = self._sums.over(part.rows)
        if sums is None or not (sums.nontarget.n and sums.target.n and sums.precise):
            return None
        return sums

    def _sum_over(self, part: Part) -> ClassMoments:
        return ClassMoments.of(self.features[part.rows], part.y)
