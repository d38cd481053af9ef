"""What is summed over the epochs of each subject of a study once, and added up for its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from p300.detectors.linear.moments import ClassMoments
from p300.signal.kept import Arrays
from p300.signal.parts import Part, SharedEpochs

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]


class Summed(Protocol):
    """Sums over epochs, which add up."""

    @classmethod
    def added(cls, several: Sequence[Self], /) -> Self:
        """Return the sums over all."""

    def arrays(self) -> Arrays:
        """Return what they consist of."""

    @classmethod
    def from_arrays(cls, arrays: Arrays, /) -> Self:
        """Return sums that consist of some arrays."""


SumsT = TypeVar("SumsT", bound=Summed)


class SummedBySubject(Generic[SumsT]):
    """Sums over the epochs of each subject of a study, made when they are first asked for.

    Parameters
    ----------
    whole
        The study.
    kind
        Class of the sums.
    name
        The same for sums of the same.
    sum_over
        Sums over the epochs at some positions in the study.
    """

    def __init__(
        self,
        whole: SharedEpochs,
        kind: type[SumsT],
        name: str,
        sum_over: Callable[[Index], SumsT],
    ) -> None:
        self._whole, self._kind, self._name, self._sum_over = whole, kind, name, sum_over
        self._sums: dict[int, SumsT] = {}

    def over(self, rows: Index) -> SumsT | None:
        """Return the sums over the epochs at some positions; None where subjects are not whole."""
        if not self._whole.holds_whole(rows, "subject"):
            return None
        unit = self._whole.units("subject")
        there = np.flatnonzero(np.bincount(unit[rows]))
        return self._kind.added([self._of(int(one), unit) for one in there])

    def _of(self, one: int, unit: npt.NDArray[np.int64]) -> SumsT:
        if one not in self._sums:
            own = np.flatnonzero(unit == one)
            self._sums[one] = self._whole.kept_once(
                f"{self._name}-{one}",
                lambda: self._sum_over(own).arrays(),
                self._kind.from_arrays,
            )
        return self._sums[one]


class SummedFeatures:
    """Features that no fit changes, and sums over the epochs of each subject and class.

    Parameters
    ----------
    whole
        A study.
    name
        The same for features that are read alike.
    read
        Reads the features of epochs, [epoch, feature], each row of that epoch alone.
    """

    def __init__(
        self,
        whole: SharedEpochs,
        name: str,
        read: Callable[[npt.NDArray[np.float32]], Floats],
    ) -> None:
        self._whole, self._name, self._read = whole, name, read
        n, *shape = whole.epochs.X.shape
        self._features = np.empty((n, read(np.zeros((1, *shape), np.float32)).shape[1]))
        self._finite = np.zeros(n, dtype=bool)
        self._there: set[int] = set()
        self._sums = SummedBySubject(
            whole,
            ClassMoments,
            f"{name}-sums",
            lambda rows: ClassMoments.of(self.of(rows), whole.part(rows).y),
        )

    def of(self, rows: Index) -> Floats:
        """Return the features of the epochs at some positions, [epoch, feature]."""
        self._complete(rows)
        features: Floats = self._features[rows]
        return features

    def weighed(self, rows: Index, weights: Floats) -> Floats:
        """Return ``of(rows) @ weights`` without room for the features, [epoch]."""
        self._complete(rows)
        unit = self._whole.units("subject")
        scores = np.empty(len(unit))
        for one in np.flatnonzero(np.bincount(unit[rows])):
            own = np.flatnonzero(unit == one)
            first, last = int(own[0]), int(own[-1]) + 1
            if last - first == len(own):  # a stretch, which is not copied
                np.matmul(self._features[first:last], weights, out=scores[first:last])
            else:
                scores[own] = self._features[own] @ weights
        chosen: Floats = scores[rows]
        return chosen

    def finite(self, rows: Index) -> bool:
        """Return whether all features of the epochs at some positions are finite."""
        self._complete(rows)
        return bool(self._finite[rows].all())

    def _complete(self, rows: Index) -> None:
        """Read the features of all subjects who some epochs are of."""
        unit = self._whole.units("subject")
        there = {int(one) for one in np.flatnonzero(np.bincount(unit[rows]))}
        for one in sorted(there - self._there):
            own = np.flatnonzero(unit == one)
            read, take = partial(self._read_all, own), partial(self._take, own)
            self._whole.kept_once(f"{self._name}-{one}", read, take)
            self._there.add(one)

    def _read_all(self, rows: Index) -> Arrays:
        read = [self._read(X) for _, X in self._whole.part(rows).blocks()]
        return {"features": np.concatenate(read)}

    def _take(self, rows: Index, arrays: Arrays) -> None:
        self._features[rows] = arrays["features"]
        self._finite[rows] = np.isfinite(arrays["features"]).all(axis=1)

    def share(self, rows: Index) -> None:
        """Derive all that there is of the subjects who some epochs are of, and who are whole."""
        self._complete(rows)
        self._sums.over(rows)

    def over(self, part: Part) -> ClassMoments | None:
        """Return sums over the epochs of a labelled part.

        Returns
        -------
        None where they do not help: where subjects are not whole, a class is missing, epochs are
        fewer than features, or sums about zero are not precise.
        """
        if len(part) < self._features.shape[1]:
            return None
        sums = self._sums.over(part.rows)
        if sums is None or not (sums.nontarget.n and sums.target.n and sums.precise):
            return None
        return sums
