"""A linear readout that can be updated: what was known before counts as so many epochs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Strength:
    """How much what was known before counts.

    Parameters
    ----------
    targets
        Target epochs that the known class means stand for; non-target epochs in the proportion
        in which they are flashed.
    epochs
        Epochs that the known covariance stands for.
    """

    targets: float
    epochs: float


STRENGTHS = tuple(
    Strength(targets, epochs) for targets in (30.0, 100.0, 300.0) for epochs in (1e3, 3e3)
)
"""Strengths tried on training subjects: from about one character's targets to ten characters'."""


@dataclass(frozen=True, eq=False)
class Readout:
    """Two normal classes with a common covariance: the linear discriminant that can be updated.

    Parameters
    ----------
    nontarget, target
        Class means, [feature].
    covariance
        Within the classes, [feature, feature].
    """

    nontarget: Floats
    target: Floats
    covariance: Floats

    def __call__(self, features: Floats) -> Floats:
        """Return the log-likelihood ratios (nats) of target to non-target, [epoch]."""
        middle = self._weights @ (self.target + self.nontarget) / 2
        ratios: Floats = features @ self._weights - middle
        return ratios

    @cached_property
    def _weights(self) -> Floats:
        weights = np.linalg.solve(self.covariance, self.target - self.nontarget)
        return np.asarray(weights, dtype=np.float64)

    def updated(
        self,
        features: Floats,
        probability: Floats,
        strength: Strength,
        moment: Floats | None = None,
    ) -> Readout:
        """Return the readout after more epochs.

        Parameters
        ----------
        features
            [epoch, feature].
        probability
            Of a target, [epoch]; 0 or 1 where labels are known.
        strength
            What this readout counts for against them.
        moment
            features.T @ features, where it is known already.
        """
        scatter = features.T @ features if moment is None else moment.copy()
        means = self.means(features, probability, strength)
        for new, total, n in means:
            # The scatter about the new mean, from the moment about zero.
            both = np.array([new, total])
            scatter += both.T @ np.array([[n, -1.0], [-1.0, 0.0]]) @ both
        n = strength.epochs
        covariance = (n * self.covariance + scatter) / (n + len(features))
        return Readout(means[0][0], means[1][0], covariance)

    def means(
        self, features: Floats, probability: Floats, strength: Strength
    ) -> list[tuple[Floats, Floats, float]]:
        """Return each class's mean after more epochs, their sum and their number."""
        share = max(float(probability.mean()), 1e-6)
        found = []
        for mean, p, known in (
            (self.nontarget, 1 - probability, strength.targets * (1 - share) / share),
            (self.target, probability, strength.targets),
        ):
            total, n = p @ features, float(p.sum())
            found.append(((known * mean + total) / (known + n), total, n))
        return found


@dataclass(frozen=True, eq=False)
class Update:
    """What a readout would say after more epochs, for one guess of their labels after another.

    Of the scatter only a matrix of rank four depends on the labels, that of the two means. The rest
    is decomposed once, and a guess costs five solutions of triangular systems (Woodbury's
    identity).

    Parameters
    ----------
    known, features, strength, moment
        As of :meth:`Readout.updated`.
    """

    known: Readout
    features: Floats
    strength: Strength
    moment: Floats

    def ratios(self, probability: Floats) -> Floats:
        """Return what :meth:`Readout.updated` would give for the features, [epoch]."""
        from scipy.linalg import cho_solve

        (nontarget, a, n), (target, b, m) = self.known.means(
            self.features, probability, self.strength
        )
        changing = np.column_stack([nontarget, a, target, b])
        # The inverse of its weights [[n, -1], [-1, 0]] of mean and sum, class by class.
        inner = np.array([[0.0, -1, 0, 0], [-1, -n, 0, 0], [0, 0, 0, -1], [0, 0, -1, -m]])
        solved = cho_solve(self._factor, np.column_stack([changing, target - nontarget]))
        fixed, direct = solved[:, :4], solved[:, 4]
        weights = direct - fixed @ np.linalg.solve(inner + changing.T @ fixed, changing.T @ direct)
        weights *= self.strength.epochs + len(self.features)
        ratios: Floats = self.features @ weights - weights @ (target + nontarget) / 2
        return ratios

    @cached_property
    def _factor(self) -> tuple[Floats, bool]:
        from scipy.linalg import cho_factor

        fixed = self.strength.epochs * self.known.covariance + self.moment
        factor: tuple[Floats, bool] = cho_factor(fixed, lower=True, overwrite_a=True)
        return factor


def fit_readout(features: Floats, y: npt.ArrayLike) -> Readout:
    """Fit class means and a shrunk covariance (Ledoit & Wolf 2004) to labelled epochs.

    Parameters
    ----------
    features
        [epoch, feature].
    y
        1 for a target, 0 for a non-target, [epoch]; both must occur.
    """
    from sklearn.covariance import ledoit_wolf

    labels = np.asarray(y).astype(bool)
    nontarget, target = features[~labels].mean(axis=0), features[labels].mean(axis=0)
    covariance, _ = ledoit_wolf(features - np.where(labels[:, None], target, nontarget))
    return Readout(nontarget, target, covariance)
