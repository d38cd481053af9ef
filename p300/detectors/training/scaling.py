"""The scale of a network's input: statistics of the epochs that it learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from p300.detectors.splits import EpochArray, Index
from p300.errors import DetectorError
from p300.signal.epoch_arrays import blocks, empty_epochs

MOST_OFF = 2.0
"""Epochs count as standardised where every electrode's standard deviation is between 1/2 and 2,
and its mean within half of that from 0. Epochs that were z-scored one by one are, after any
alignment too: .8 to 1.6 on recordings of BNCI 2015-003 and g.tec."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """(X - mean) / scale, electrode by electrode.

    Parameters
    ----------
    mean, scale
        In the unit of X, float32 [electrode].

    Raises
    ------
    DetectorError
        When a number is not finite, or a scale not above 0.
    """

    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        alike = self.mean.ndim == 1 and self.mean.shape == self.scale.shape
        if not (alike and np.isfinite([self.mean, self.scale]).all() and (self.scale > 0).all()):
            raise DetectorError(
                f"input scaled by means {self.mean} and scales {self.scale}, expected a finite "
                "mean and a finite scale above 0 for each electrode"
            )

    @classmethod
    def learned(cls, X: EpochArray, rows: Index) -> Self:
        """Return the scaling by the means and standard deviations of some epochs.

        Epochs that are standardised already (:data:`MOST_OFF`) stay exactly as they are, by mean 0
        and scale 1. A constant electrode is centred only.

        Parameters
        ----------
        X
            [epoch, electrode, time].
        rows
            Positions of the epochs to learn from.
        """
        parts = [rows[block] for block in blocks(X)]
        mean = sum(X[part].mean(axis=2, dtype=np.float64).sum(axis=0) for part in parts) / len(rows)
        deviation = np.sqrt(sum(_squares(X[part], mean) for part in parts) / len(rows))
        single = np.finfo(np.float32)
        constant = deviation <= np.maximum(single.eps * np.abs(mean), single.tiny)
        scale = np.where(constant, 1.0, deviation)
        off = np.maximum(np.maximum(scale, 1 / scale), MOST_OFF * 2 * np.abs(mean) / scale)
        if (off <= MOST_OFF).all():
            mean, scale = np.zeros_like(mean), np.ones_like(scale)
        return cls(mean.astype(np.float32), scale.astype(np.float32))

    @property
    def is_identity(self) -> bool:
        """Whether epochs stay as they are."""
        return not self.mean.any() and bool((self.scale == 1).all())

    def __call__(self, X: EpochArray) -> EpochArray:
        """Return scaled epochs, [epoch, electrode, time]; X itself where they stay as they are."""
        if self.is_identity:
            return X
        scaled = empty_epochs(*X.shape)
        for block in blocks(X):
            scaled[block] = (X[block] - self.mean[:, None]) / self.scale[:, None]
        return scaled


def _squares(X: EpochArray, mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the sum over epochs of the mean square around a mean, [electrode]."""
    centred = X - mean.astype(np.float32)[:, None]
    of_epochs = np.einsum("net,net->ne", centred, centred) / X.shape[2]  # no copy of the squares
    total: npt.NDArray[np.float64] = of_epochs.sum(axis=0, dtype=np.float64)
    return total
