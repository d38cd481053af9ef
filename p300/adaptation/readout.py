"""A linear readout that can be updated: what was known before counts as so many epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from p300.detectors.linear.covariance import ledoit_wolf
from p300.detectors.linear.moments import ClassMoments, shrinkage
from p300.detectors.linear.structure import UNSTRUCTURED, Structure

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
        Within the classes, [feature, feature], as it was estimated.
    structure
        What is known of it besides. It is imposed when weights are solved for, so that the
        covariance goes on adding up.
    """

    nontarget: Floats
    target: Floats
    covariance: Floats
    structure: Structure = UNSTRUCTURED

    def __call__(self, features: Floats) -> Floats:
        """Return the log-likelihood ratios (nats) of target to non-target, [epoch]."""
        weights, middle = self.line
        ratios: Floats = features @ weights - middle
        return ratios

    @cached_property
    def _weights(self) -> Floats:
        covariance = self.structure.imposed(self.covariance)
        weights = np.linalg.solve(covariance, self.target - self.nontarget)
        return np.asarray(weights, dtype=np.float64)

    @property
    def line(self) -> tuple[Floats, float]:
        """Weights of the features, [feature], and what is subtracted from their sum."""
        return self._weights, float(self._weights @ (self.target + self.nontarget) / 2)

    def updated(
        self, features: Floats, probability: Floats, strength: Strength, seen: Seen | None = None
    ) -> Readout:
        """Return the readout after more epochs.

        Parameters
        ----------
        features
            [epoch, feature]; or sums over epochs of one probability, [sum, feature].
        probability
            Of a target, [epoch]; 0 or 1 where labels are known.
        strength
            What this readout counts for against them.
        seen
            Where features are sums: of how many epochs each, and their second moment.
        """
        seen = Seen.of(features) if seen is None else seen
        told = _Told.of(self, features, probability[None], seen, [strength])
        scatter = seen.moment.copy()
        for mean, total, n in (
            (told.nontarget[0], told.nontargets[0], told.n_nontargets[0]),
            (told.target[0], told.targets[0], told.n_targets[0]),
        ):
            # The scatter about the new mean, from the moment about zero.
            both = np.array([mean, total])
            scatter += both.T @ np.array([[n, -1.0], [-1.0, 0.0]]) @ both
        n = strength.epochs
        covariance = (n * self.covariance + scatter) / (n + seen.n)
        return Readout(told.nontarget[0], told.target[0], covariance, self.structure)


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of epochs whatever their labels are.

    Parameters
    ----------
    counts
        Number of epochs in each sum of features, [sum].
    moment
        Sum over the epochs of features times features', [feature, feature].
    """

    counts: Floats
    moment: Floats

    @classmethod
    def of(cls, features: Floats) -> Seen:
        """Of epochs one by one, [epoch, feature]."""
        return cls(np.ones(len(features)), features.T @ features)

    @property
    def n(self) -> float:
        """Number of epochs."""
        return float(self.counts.sum())


@dataclass(frozen=True, eq=False)
class _Told:
    """What guesses of the labels say of the classes, by strength: sums, counts, new means."""

    targets: Floats
    nontargets: Floats
    n_targets: Floats
    n_nontargets: Floats
    target: Floats
    nontarget: Floats

    @classmethod
    def of(
        cls,
        known: Readout,
        features: Floats,
        probability: Floats,
        seen: Seen,
        strengths: Sequence[Strength],
    ) -> _Told:
        targets, n_targets = probability @ features, probability @ seen.counts
        nontargets, n_nontargets = features.sum(axis=0) - targets, seen.n - n_targets
        share = np.maximum(n_targets / seen.n, 1e-6)
        pull = np.array([strength.targets for strength in strengths])
        other = pull * (1 - share) / share
        return cls(
            targets,
            nontargets,
            n_targets,
            n_nontargets,
            (np.outer(pull, known.target) + targets) / (pull + n_targets)[:, None],
            (np.outer(other, known.nontarget) + nontargets) / (other + n_nontargets)[:, None],
        )


class Update:
    """What a readout would say after more epochs, for one guess of their labels after another.

    Of the scatter only a matrix of rank four depends on the labels, that of the two means. The rest
    is decomposed once, and a guess costs five solutions of triangular systems (Woodbury's
    identity). Strengths whose covariance counts alike share the decomposition. A structure leaves
    no rank that is small: with one, a guess costs a decomposition of its own.

    Parameters
    ----------
    known
        Where it starts from.
    features, seen
        As of :meth:`Readout.updated`.
    strengths
        Of one number of ``epochs``.
    """

    def __init__(
        self, known: Readout, features: Floats, seen: Seen, strengths: Sequence[Strength]
    ) -> None:
        from scipy.linalg import cho_factor

        self._known, self._features, self._seen, self._strengths = known, features, seen, strengths
        (self._epochs,) = {strength.epochs for strength in strengths}
        self._fixed = self._epochs * known.covariance + seen.moment
        if known.structure == UNSTRUCTURED:
            self._factor = cho_factor(self._fixed, lower=True, overwrite_a=True)

    def lines(self, probability: Floats, which: Sequence[int]) -> tuple[Floats, Floats]:
        """Return what :meth:`Readout.updated` would give, as :attr:`Readout.line`.

        Parameters
        ----------
        probability
            Of a target, [strength, epoch] or [strength, sum].
        which
            Positions of these strengths.

        Returns
        -------
        Weights, [strength, feature], and what is subtracted, [strength].
        """
        strengths = [self._strengths[k] for k in which]
        told = _Told.of(self._known, self._features, probability, self._seen, strengths)
        changing = np.stack(
            [told.nontarget, told.nontargets, told.target, told.targets,
             told.target - told.nontarget], axis=1,
        )  # fmt: skip
        solve = self._woodbury if self._known.structure == UNSTRUCTURED else self._one_by_one
        weights = solve(changing, told)
        weights *= self._epochs + self._seen.n
        middles = (told.nontarget + told.target) / 2
        return weights, np.einsum("sf,sf->s", weights, middles)

    def _one_by_one(self, changing: Floats, told: _Told) -> Floats:
        """Return the weights but for their size, [strength, feature], one strength at a time."""
        weights = np.empty((len(changing), changing.shape[2]))
        counts = zip(told.n_nontargets, told.n_targets, strict=True)
        for k, (rows, (n_nontargets, n_targets)) in enumerate(zip(changing, counts, strict=True)):
            scatter = self._fixed.copy()
            for both, n in ((rows[:2], n_nontargets), (rows[2:4], n_targets)):
                scatter += both.T @ np.array([[n, -1.0], [-1.0, 0.0]]) @ both
            weights[k] = self._known.structure.solve(scatter, rows[4])
        return weights

    def _woodbury(self, changing: Floats, told: _Told) -> Floats:
        """Return the same, of all strengths at once."""
        solved = self._solved(changing.reshape(-1, changing.shape[2])).reshape(changing.shape)
        # The inverse of the weights [[n, -1], [-1, 0]] of mean and sum, class by class.
        inner = np.zeros((len(changing), 4, 4))
        inner[:, [0, 1, 2, 3], [1, 0, 3, 2]] = -1
        inner[:, 1, 1], inner[:, 3, 3] = -told.n_nontargets, -told.n_targets
        across = changing[:, :4] @ solved.transpose(0, 2, 1)
        small = np.linalg.solve(inner + across[..., :4], across[..., 4:])
        weights: Floats = solved[:, 4] - (small.transpose(0, 2, 1) @ solved[:, :4])[:, 0]
        return weights

    def _solved(self, rows: Floats) -> Floats:
        """Return the solution for each row, [row, feature]."""
        from scipy.linalg.lapack import dpotrs

        # LAPACK's own: SciPy's cho_solve takes several times as long for so few rows.
        factor, lower = self._factor
        solution: Floats = dpotrs(factor, rows.T, lower=lower)[0].T
        return solution


def fit_readout(features: Floats, y: npt.ArrayLike, structure: Structure = UNSTRUCTURED) -> Readout:
    """Fit class means and a shrunk covariance (Ledoit & Wolf 2004) to labelled epochs.

    Parameters
    ----------
    features
        [epoch, feature].
    y
        1 for a target, 0 for a non-target, [epoch]; both must occur.
    structure
        What is known of the covariance.
    """
    labels = np.asarray(y).astype(bool)
    nontarget, target = features[~labels].mean(axis=0), features[labels].mean(axis=0)
    residuals = np.asarray(features - np.where(labels[:, None], target, nontarget))
    share, variance = ledoit_wolf(residuals)
    covariance = residuals.T @ residuals / len(labels)
    return Readout(nontarget, target, _shrunk(covariance, share, variance), structure)


def readout_of(moments: ClassMoments, structure: Structure = UNSTRUCTURED) -> Readout:
    """Fit the same from sums over the epochs, where these are precise."""
    groups = (moments.nontarget, moments.target)
    covariance = np.sum([group.n / moments.n * group.covariance for group in groups], axis=0)
    lengths = sum(group.lengths() for group in groups)
    share, variance = shrinkage(covariance, lengths, moments.n)
    shrunk = _shrunk(covariance, share, variance)
    return Readout(groups[0].mean, groups[1].mean, shrunk, structure)


def _shrunk(covariance: Floats, share: float, variance: float) -> Floats:
    shrunk: Floats = (1 - share) * covariance + share * variance * np.eye(len(covariance))
    return shrunk
