"""What xDAWN needs of its training epochs: sums over their signals, which add up over subjects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import reduce
from operator import add

import numpy as np
import numpy.typing as npt

from p300.detectors.linear.summed import SummedBySubject
from p300.signal.epoch_arrays import blocks
from p300.signal.kept import Arrays
from p300.signal.parts import Part

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SignalSums:
    """Sums over the samples of epochs, and over the epochs of targets.

    Parameters
    ----------
    n_samples
        Number of samples of all epochs.
    mean
        Of the samples, [electrode].
    scatter
        Sum of products of the samples about their mean, [electrode, electrode].
    n_targets
        Number of target epochs.
    targets
        Sum of target epochs, [electrode, time].
    """

    n_samples: int
    mean: Floats
    scatter: Floats
    n_targets: int
    targets: Floats

    @classmethod
    def of(cls, X: npt.NDArray[np.floating], y: npt.NDArray[np.integer]) -> SignalSums:
        """Sum over epochs, [epoch, electrode, time]."""
        return cls.over((X[block], y[block]) for block in blocks(X))

    @classmethod
    def over(
        cls, pieces: Iterable[tuple[npt.NDArray[np.floating], npt.NDArray[np.integer]]]
    ) -> SignalSums:
        """Sum over epochs and labels given piece by piece."""
        return reduce(add, (cls._of_piece(X, y) for X, y in pieces))

    @classmethod
    def _of_piece(cls, X: npt.NDArray[np.floating], y: npt.NDArray[np.integer]) -> SignalSums:
        signal = X.transpose(1, 0, 2).reshape(X.shape[1], -1).astype(np.float64)
        mean = signal.mean(axis=1)
        signal -= mean[:, None]
        targets = X[y == 1].sum(axis=0, dtype=np.float64)
        return cls(signal.shape[1], mean, signal @ signal.T, int((y == 1).sum()), targets)

    def arrays(self) -> Arrays:
        """Return what they consist of, by the names of the parameters."""
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> SignalSums:
        """Return the sums that :meth:`arrays` gave.

        Raises
        ------
        LookupError, ValueError
            When they are other arrays.
        """
        mean = arrays["mean"]
        return cls(
            n_samples=arrays["n_samples"].item(),
            mean=mean,
            scatter=arrays["scatter"].reshape(len(mean), len(mean)),
            n_targets=arrays["n_targets"].item(),
            targets=arrays["targets"].reshape(len(mean), -1),
        )

    @classmethod
    def added(cls, several: Sequence[SignalSums]) -> SignalSums:
        """Return the sums over all, one at least."""
        return reduce(add, several)

    def __add__(self, other: SignalSums) -> SignalSums:
        n_samples, apart = self.n_samples + other.n_samples, other.mean - self.mean
        between = self.n_samples * other.n_samples / n_samples * np.outer(apart, apart)
        return SignalSums(
            n_samples,
            self.mean + other.n_samples / n_samples * apart,
            self.scatter + other.scatter + between,
            self.n_targets + other.n_targets,
            self.targets + other.targets,
        )

    @property
    def covariance(self) -> Floats:
        """Covariance of the electrodes over all samples, [electrode, electrode]."""
        return self.scatter / (self.n_samples - 1)

    @property
    def response(self) -> Floats:
        """Mean target epoch, [electrode, time]."""
        return self.targets / self.n_targets


def sums_over(part: Part) -> SignalSums:
    """Sum over a labelled part of a study, over whole subjects once for all parts."""
    whole, name = part.whole, "signal-sums"
    summed: SummedBySubject[SignalSums] = whole.once(
        name,
        lambda _: SummedBySubject(whole, SignalSums, name, lambda rows: _sum(whole.part(rows))),
    )
    return summed.over(part.rows) or _sum(part)


def _sum(part: Part) -> SignalSums:
    y = part.y
    return SignalSums.over((X, y[block]) for block, X in part.blocks())


def filtered(filters: Floats, part: Part) -> Floats:
    """Return a part's epochs filtered in space, [epoch, filter, time]."""
    signals = np.empty((len(part), len(filters), part.shape[2]))
    for block, X in part.blocks():
        signals[block] = filters @ X
    return signals
