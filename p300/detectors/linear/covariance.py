"""Shrinkage LDA: scikit-learn's, solved without the covariance matrix where epochs are few."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from p300.detectors.linear.moments import ClassMoments, share_of_noise, shrinkage
from p300.detectors.linear.structure import UNSTRUCTURED, Structure
from p300.detectors.splits import Floats, Labels


def ledoit_wolf(residuals: Floats) -> tuple[float, float]:
    """Return how far a covariance is to be shrunk, and towards what.

    Parameters
    ----------
    residuals
        Features about their mean, [epoch, feature].

    Returns
    -------
    As :func:`p300.detectors.linear.moments.shrinkage`.
    """
    n_epochs, n_features = residuals.shape
    # Both matrices of products have the same sum of squares.
    few = n_epochs < n_features
    products = residuals @ residuals.T if few else residuals.T @ residuals
    lengths = np.einsum("ef,ef->e", residuals, residuals)
    power = float(np.vdot(products, products)) / n_epochs**2
    variance = float(lengths.sum()) / residuals.size
    return share_of_noise(power, variance, float(lengths @ lengths), n_epochs, n_features)


def discriminant(
    features: Floats, y: Labels, structure: Structure = UNSTRUCTURED
) -> tuple[Floats, float]:
    """Fit a linear discriminant with Ledoit-Wolf shrinkage; give its weights and threshold.

    It is scikit-learn's ``LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")``: each
    class's covariance is shrunk for itself, on features scaled to variance one in the class, and
    counts by the class's share of the epochs.

    Parameters
    ----------
    features
        [epoch, feature].
    y
        1 for a target, 0 for a non-target, [epoch]; both must occur.
    structure
        Imposed on the covariance once that is shrunk and both classes' are added up.

    Raises
    ------
    DetectorError
        When the features' covariance is singular.
    """
    if structure != UNSTRUCTURED:
        nontarget, target = (EpochGroup(features[y == label]) for label in (0, 1))
        return _fit_groups(nontarget, target, structure)
    residuals = np.empty(features.shape)
    diagonal = np.zeros(features.shape[1])
    means = []
    for label in (0, 1):
        group = features[y == label].astype(np.float64)
        mean = group.mean(axis=0)
        group -= mean
        scale = _scale(group, mean)
        share, variance = ledoit_wolf(group / scale)
        residuals[y == label] = np.sqrt((1 - share) / len(y)) * group
        diagonal += len(group) / len(y) * share * variance * scale**2
        means.append(mean)
    weights = _solve(residuals, diagonal, means[1] - means[0])
    n_targets = np.count_nonzero(y)
    return weights, _intercept(weights, means[0], means[1], n_targets / (len(y) - n_targets))


def discriminant_of(
    moments: ClassMoments, structure: Structure = UNSTRUCTURED
) -> tuple[Floats, float]:
    """Fit the same from sums over the epochs, where these are precise.

    Equal to :func:`discriminant` of the epochs but for rounding.

    Parameters
    ----------
    moments
        Over at least as many epochs as there are features.
    structure
        As of :func:`discriminant`.

    Raises
    ------
    DetectorError
        When the features' covariance is singular.
    """
    return _fit_groups(moments.nontarget, moments.target, structure)


class Group(Protocol):
    """What is known of a class's epochs: their sums (``Moments``), or they are there."""

    @property
    def n(self) -> int:
        """Number of epochs."""

    @property
    def mean(self) -> Floats:
        """Mean of the features, [feature]."""

    @property
    def covariance(self) -> Floats:
        """Covariance of the features about their mean, [feature, feature]."""

    def lengths(self, scale: Floats) -> float:
        """Sum the fourth powers of the lengths of (x - mean) / scale over the epochs."""


class EpochGroup:
    """Epochs that are there, [epoch, feature]; of those that are centred the mean is zero."""

    def __init__(self, features: Floats, *, centred: bool = False) -> None:
        self.n, self.mean = len(features), features.mean(axis=0, dtype=np.float64)
        if centred:
            self.mean = np.zeros_like(self.mean)
        self._residuals = features - self.mean
        self.covariance = self._residuals.T @ self._residuals / self.n

    def lengths(self, scale: Floats) -> float:
        """See :meth:`Group.lengths`."""
        lengths = np.square(self._residuals) @ (1 / np.square(scale))
        return float(lengths @ lengths)


def scaled_shrinkage(group: Group, covariance: Floats) -> tuple[float, float, Floats]:
    """Return how far a class's covariance is to be shrunk, of features scaled to variance one.

    Parameters
    ----------
    group
        The epochs.
    covariance
        Theirs, [feature, feature].

    Returns
    -------
    Of the scaled features, as :func:`p300.detectors.linear.moments.shrinkage`, and the scale,
    [feature].
    """
    scale = _scale_of(np.diagonal(covariance), group.mean, group.n)
    share, variance = shrinkage(covariance / np.outer(scale, scale), group.lengths(scale), group.n)
    return share, variance, scale


def _fit_groups(nontarget: Group, target: Group, structure: Structure) -> tuple[Floats, float]:
    """Fit a discriminant to what is known of each class; give its weights and threshold."""
    n, n_features = nontarget.n + target.n, len(target.mean)
    matrix, diagonal = np.zeros((n_features, n_features)), np.zeros(n_features)
    for group in (nontarget, target):
        covariance = group.covariance
        share, variance, scale = scaled_shrinkage(group, covariance)
        matrix += group.n / n * (1 - share) * covariance
        diagonal += group.n / n * share * variance * scale**2
    matrix[np.diag_indices(n_features)] += diagonal
    weights = structure.solve(matrix, target.mean - nontarget.mean)
    return weights, _intercept(weights, nontarget.mean, target.mean, target.n / nontarget.n)


def _intercept(weights: Floats, nontarget: Floats, target: Floats, odds: float) -> float:
    """Return what makes the scores log-odds, from the class means and the odds of a target."""
    return float(np.log(odds) - weights @ (nontarget + target) / 2)


def _scale(residuals: Floats, mean: Floats) -> Floats:
    """Return the features' standard deviations, 1 for those constant but for rounding."""
    n = len(residuals)
    return _scale_of(np.einsum("ef,ef->f", residuals, residuals) / n, mean, n)


def _scale_of(variance: Floats, mean: Floats, n: int) -> Floats:
    eps = np.finfo(np.float64).eps
    constant = variance <= n * eps * variance + (n * mean * eps) ** 2
    scale: Floats = np.sqrt(np.where(constant, 1.0, variance))
    return scale


def _solve(residuals: Floats, diagonal: Floats, difference: Floats) -> Floats:
    """Solve ``(residuals.T @ residuals + diag(diagonal)) @ weights = difference``."""
    n_epochs, n_features = residuals.shape
    if n_features <= n_epochs or not diagonal.all():
        return _solve_positive(residuals.T @ residuals, diagonal, difference)
    # Woodbury's identity: a system of as many equations as epochs.
    root = np.sqrt(diagonal)
    scaled, target = residuals / root, difference / root
    inner = _solve_positive(scaled @ scaled.T, np.ones(n_epochs), scaled @ target)
    weights: Floats = (target - scaled.T @ inner) / root
    return weights


def _solve_positive(matrix: Floats, diagonal: Floats, right: Floats) -> Floats:
    """Solve ``(matrix + diag(diagonal)) @ x = right``, the sum being positive definite."""
    matrix[np.diag_indices(len(matrix))] += diagonal
    return UNSTRUCTURED.solve(matrix, right)
