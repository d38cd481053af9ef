"""Sums over epochs from which a discriminant is fitted, and which add up over subjects.

A discriminant with Ledoit-Wolf shrinkage needs of its training epochs their number, sum, second
moment, and the mean fourth power of their lengths after scaling and centring. All of these follow
from sums over epochs that are known before scale and centre are: what a study of many subjects has
in common is summed once a subject, and a fold adds up what it learns from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from p300.signal.kept import Arrays

Floats = npt.NDArray[np.float64]
Sums = npt.NDArray[np.floating]

MOST_EXACT = 256
"""Features up to which sums of third and fourth powers are kept in double precision. They decide
on the shrinkage alone, and of more features they would fill the memory."""

_SUMS = ("total", "products", "cubes", "powers")

FARTHEST = 9.0
"""Squared mean of a feature, in its variances, up to which sums about zero are precise enough."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over epochs of one class; q are the squares of their features x.

    Parameters
    ----------
    n
        Number of epochs.
    total
        Sum of x, [feature].
    products
        Sum of x x', [feature, feature]; its diagonal is the sum of q.
    cubes
        Sum of q x', [feature, feature].
    powers
        Sum of q q', [feature, feature].
    """

    n: int
    total: Floats
    products: Floats
    cubes: Sums
    powers: Sums

    @classmethod
    def of(cls, features: Floats, most_exact: float = MOST_EXACT) -> Moments:
        """Sum over epochs, [epoch, feature]; of more features third and fourth powers in single."""
        exact = features.shape[1] <= most_exact
        x = features if exact else features.astype(np.float32)
        q = x**2
        return cls(
            len(features), features.sum(axis=0), features.T @ features, q.T @ x, q.T @ q
        )  # fmt: skip

    @classmethod
    def added(cls, several: Sequence[Moments]) -> Moments:
        """Return the sums over all, one at least."""
        return cls(
            sum(one.n for one in several),
            _added([one.total for one in several]),
            _added([one.products for one in several]),
            _added([one.cubes for one in several]),
            _added([one.powers for one in several]),
        )

    def arrays(self) -> Arrays:
        """Return what they consist of, by the names of the parameters."""
        return {"n": np.array(self.n), **{name: getattr(self, name) for name in _SUMS}}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Moments:
        """Return the sums that :meth:`arrays` gave.

        Raises
        ------
        LookupError, ValueError
            When they are other arrays.
        """
        total, *squares = (arrays[name] for name in _SUMS)
        n = len(total)
        return cls(arrays["n"].item(), total, *(array.reshape(n, n) for array in squares))

    @property
    def mean(self) -> Floats:
        """Mean of the features, [feature]."""
        return self.total / self.n

    @property
    def covariance(self) -> Floats:
        """Covariance of the features about their mean, [feature, feature]."""
        mean = self.mean
        covariance: Floats = self.products / self.n - np.outer(mean, mean)
        return covariance

    @property
    def precise(self) -> bool:
        """Whether the features' means are so near zero that sums about zero do as well."""
        squared, power = self.mean**2, np.diagonal(self.products) / self.n
        return bool(np.all(squared <= FARTHEST * (power - squared)))

    def lengths(self, scale: Floats | float = 1.0) -> float:
        """Sum the fourth powers of the lengths of (x - mean) / scale over the epochs.

        Parameters
        ----------
        scale
            Of the features, [feature].
        """
        mean, weights = self.mean, np.ones_like(self.total) / np.square(scale)
        pull = weights * mean
        offset = float(mean @ pull)
        return float(
            weights @ self.powers @ weights
            + 4 * pull @ self.products @ pull
            + self.n * offset**2
            - 4 * weights @ self.cubes @ pull
            + 2 * offset * np.diagonal(self.products) @ weights
            - 4 * offset * self.total @ pull
        )


@dataclass(frozen=True, eq=False)
class ClassMoments:
    """Sums over the non-targets and over the targets of some epochs."""

    nontarget: Moments
    target: Moments

    @classmethod
    def added(cls, several: Sequence[ClassMoments]) -> ClassMoments:
        """Return the sums over all, one at least."""
        return cls(
            Moments.added([one.nontarget for one in several]),
            Moments.added([one.target for one in several]),
        )

    def arrays(self) -> Arrays:
        """Return what both consist of."""
        return {
            f"{name}.{key}": array
            for name, sums in (("nontarget", self.nontarget), ("target", self.target))
            for key, array in sums.arrays().items()
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> ClassMoments:
        """Return the sums that :meth:`arrays` gave."""

        def of(name: str) -> Moments:
            return Moments.from_arrays({key: arrays[f"{name}.{key}"] for key in ("n", *_SUMS)})

        return cls(of("nontarget"), of("target"))

    @property
    def n(self) -> int:
        """Number of epochs."""
        return self.nontarget.n + self.target.n

    @property
    def precise(self) -> bool:
        """Whether both are; see :attr:`Moments.precise`."""
        return self.nontarget.precise and self.target.precise

    @classmethod
    def of(cls, features: Floats, y: npt.NDArray[np.integer]) -> ClassMoments:
        """Sum over labelled epochs, [epoch, feature]."""
        return cls(Moments.of(features[y == 0]), Moments.of(features[y == 1]))


def _added(arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    total = arrays[0].copy()
    for array in arrays[1:]:
        total += array
    return total


def shrinkage(covariance: Floats, lengths: float, n: int) -> tuple[float, float]:
    """Return how far a covariance is to be shrunk, and towards what.

    Ledoit & Wolf, J Multivar Anal 88:365-411, 2004, as :func:`sklearn.covariance.ledoit_wolf`.

    Parameters
    ----------
    covariance
        Of the residuals, [feature, feature].
    lengths
        Sum over the epochs of the fourth power of a residual's length.
    n
        Number of epochs.

    Returns
    -------
    The share of equal variances in the shrunk covariance, and that variance: the shrunk covariance
    is ``(1 - share) * covariance + share * variance * identity``.
    """
    n_features = len(covariance)
    variance = float(np.trace(covariance)) / n_features
    return share_of_noise(float(np.vdot(covariance, covariance)), variance, lengths, n, n_features)


def share_of_noise(
    power: float, variance: float, lengths: float, n: int, n_features: int
) -> tuple[float, float]:
    """Return as :func:`shrinkage`, from the covariance's sum of squares and mean variance."""
    spread = power - n_features * variance**2
    noise = min((lengths / n - power) / n, spread)
    return (noise / spread if noise > 0 else 0.0), variance
