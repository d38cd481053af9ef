"""Parts of a study's epochs, and what is derived of all of them once instead of for each part."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from functools import cache, cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.signal.epoch_arrays import BLOCK, blocks, gather_epochs
from p300.signal.epochs import Epochs
from p300.signal.flash_rows import FlashRows
from p300.signal.kept import Arrays, Kept

Index = npt.NDArray[np.intp]
Result = TypeVar("Result")


class Mixing:
    """How the electrodes of each domain are mixed; see :mod:`p300.signal.alignment`.

    Parameters
    ----------
    domain
        Number of each epoch's, [epoch].
    matrix_of
        Returns that of a domain, float32 [electrode, electrode]; called once for each.
    """

    def __init__(
        self, domain: npt.NDArray[np.int64], matrix_of: Callable[[int], npt.NDArray[np.float32]]
    ) -> None:
        self._domain, self._matrix_of = domain, cache(matrix_of)

    def mix(self, X: npt.NDArray[np.float32], rows: Index) -> None:
        """Mix the electrodes of epochs, whose positions are given, in place."""
        domain = self._domain[rows]
        for one in np.unique(domain):
            own = np.flatnonzero(domain == one)
            X[own] = self._matrix_of(int(one)) @ X[own]


class SharedEpochs:
    """Epochs that many parts are cut from, each for a fold or a fit within one.

    What is computed of each epoch by itself, or of each subject, is computed here once.

    Parameters
    ----------
    epochs
        Those of a study, or of whatever is learned from as a whole.
    mixing
        How their electrodes are mixed as they are read: what is aligned takes no room of its own.
    kept
        Where arrays are that other processes have derived of the same.
    """

    def __init__(
        self, epochs: Epochs, mixing: Mixing | None = None, kept: Kept | None = None
    ) -> None:
        self.epochs, self._mixing, self.kept = epochs, mixing, kept
        self._derived: dict[Hashable, Any] = {}

    def once(self, name: Hashable, derive: Callable[[Epochs], Result]) -> Result:
        """Return what is derived of the epochs, the same object each time.

        Parameters
        ----------
        name
            The same for what would be derived alike. What is derived of one epoch, or one unit,
            must not depend on the others: some of them are tested.
        derive
            Called the first time.
        """
        if name not in self._derived:
            self._derived[name] = derive(self.epochs)
        found: Result = self._derived[name]
        return found

    def kept_once(
        self, name: str, derive: Callable[[], Arrays], use: Callable[[Arrays], Result]
    ) -> Result:
        """Return what is made of arrays that some process derives of a domain or a subject.

        Parameters are those of :meth:`p300.signal.kept.Kept.once`.
        """
        return use(derive()) if self.kept is None else self.kept.once(name, derive, use)

    def read(self, rows: Index) -> npt.NDArray[np.float32]:
        """Return X of the epochs at some positions, [epoch, electrode, time]."""
        X = gather_epochs(self.epochs.X, rows)
        if self._mixing is not None:
            self._mixing.mix(X, rows)
        return X

    def units(self, level: str) -> npt.NDArray[np.int64]:
        """Return the units of the epochs, see :meth:`~p300.signal.flash_rows.FlashRows.units`."""
        return self.once(("units", level), lambda epochs: epochs.units(level))

    def holds_whole(self, rows: Index, level: str) -> bool:
        """Return whether some epochs, positions once each, are all of each unit among them."""
        unit = self.units(level)
        counts, sizes = np.bincount(unit[rows], minlength=len(unit)), np.bincount(unit)
        there = np.flatnonzero(counts)
        return bool((counts[there] == sizes[there]).all())

    def part(self, rows: Index | None = None) -> Part:
        """Return the epochs at the given positions, by default all."""
        return Part(self, np.arange(len(self.epochs)) if rows is None else rows)


class Part(FlashRows):
    """Some epochs of a study. Their signals are gathered when they are asked for.

    Parameters
    ----------
    whole
        The study.
    rows
        Positions in it.
    """

    def __init__(self, whole: SharedEpochs, rows: Index) -> None:
        self.whole = whole
        self.rows = rows

    @cached_property
    def flashes(self) -> pd.DataFrame:  # type: ignore[override]  # read when it is asked for
        """One row an epoch."""
        return self.whole.epochs.flashes.iloc[self.rows].reset_index(drop=True)

    @cached_property
    def X(self) -> npt.NDArray[np.float32]:  # noqa: N802  # as it is called everywhere
        """float32 [epoch, electrode, time]."""
        return self.whole.read(self.rows)

    def blocks(self) -> Iterator[tuple[slice, npt.NDArray[np.float32]]]:
        """Yield which epochs of the part come next and their X, without room for all at once."""
        X = self.whole.epochs.X
        step = max(1, BLOCK // max(1, X[:1].nbytes))
        for start in range(0, len(self), step):
            block = slice(start, start + step)
            yield block, self.whole.read(self.rows[block])

    @property
    def finite(self) -> bool:
        """Whether all values of X are."""
        return bool(self.whole.once("finite", _finite)[self.rows].all())

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of epochs, electrodes and samples."""
        n_electrodes, n_samples = self.whole.epochs.X.shape[1:]
        return len(self.rows), n_electrodes, n_samples

    @property
    def duration(self) -> float:
        """Length of an epoch in seconds."""
        return self.whole.epochs.duration

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def y(self) -> npt.NDArray[np.uint8]:
        """As :attr:`FlashRows.y`."""
        target = self.whole.once("target", _targets)[self.rows]
        return super().y if np.isnan(target).any() else target.astype(np.uint8)

    def units(self, level: str) -> npt.NDArray[np.int64]:
        """As :meth:`FlashRows.units`."""
        _, first, unit = np.unique(
            self.whole.units(level)[self.rows], return_index=True, return_inverse=True
        )
        number = np.empty(len(first), dtype=np.int64)
        number[np.argsort(first)] = np.arange(len(first))
        return number[unit]

    def select(self, rows: npt.ArrayLike) -> Part:
        """Return the epochs at the given positions in this part, or where a mask is true."""
        return Part(self.whole, self.rows[np.asarray(rows)])

    def gathered(self) -> Epochs:
        """Return the part as epochs of its own."""
        return replace(self.whole.epochs, X=self.X, flashes=self.flashes)


def _finite(epochs: Epochs) -> npt.NDArray[np.bool_]:
    """Return whether all values of an epoch are finite, [epoch]."""
    finite = [np.isfinite(epochs.X[block]).all(axis=(1, 2)) for block in blocks(epochs.X)]
    return np.concatenate([np.empty(0, dtype=bool), *finite])


def _targets(epochs: Epochs) -> npt.NDArray[np.float64]:
    """Return 1 for a target, 0 for a non-target, NaN where nobody knows, [epoch]."""
    return epochs.flashes["target"].to_numpy(dtype=np.float64, na_value=np.nan)


def part_of(epochs: Epochs) -> Part:
    """Return all of some epochs as a part, of a whole of their own."""
    return SharedEpochs(epochs).part()
