"""A linear readout that can be updated: what was known before counts as so many windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Strength:
    """How much what was known before counts.

    Parameters
    ----------
    targets
        Target windows that the known class means stand for; non-target windows in the proportion
        in which they are flashed.
    windows
        Windows that the known covariance stands for.
    """

    targets: float
    windows: float


STRENGTHS = tuple(
    Strength(targets, windows) for targets in (30.0, 100.0, 300.0) for windows in (1e3, 3e3)
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
        """Give the log-likelihood ratios (nats) of target to non-target, [epoch]."""
        difference = self.target - self.nontarget
        weights = np.linalg.solve(self.covariance, difference)
        ratios: Floats = features @ weights - weights @ (self.target + self.nontarget) / 2
        return ratios

    def updated(
        self,
        features: Floats,
        probability: Floats,
        strength: Strength,
        moment: Floats | None = None,
    ) -> Readout:
        """Give the readout after more windows.

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
        share = max(float(probability.mean()), 1e-6)
        scatter = features.T @ features if moment is None else moment.copy()
        means = []
        for mean, p, known in (
            (self.nontarget, 1 - probability, strength.targets * (1 - share) / share),
            (self.target, probability, strength.targets),
        ):
            total, n = p @ features, p.sum()
            new = (known * mean + total) / (known + n)
            # The scatter about the new mean, from the moment about zero.
            scatter += n * np.outer(new, new) - np.outer(new, total) - np.outer(total, new)
            means.append(new)
        n = strength.windows
        covariance = (n * self.covariance + scatter) / (n + len(features))
        return Readout(means[0], means[1], covariance)


def fit_readout(features: Floats, y: npt.ArrayLike) -> Readout:
    """Fit class means and a shrunk covariance (Ledoit & Wolf 2004) to labelled windows.

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
