"""Shrinkage LDA: scikit-learn's, solved without the covariance matrix where epochs are few."""

from __future__ import annotations

import numpy as np

from p300.detectors.splits import Floats, Labels
from p300.errors import DetectorError


def ledoit_wolf(residuals: Floats) -> tuple[float, float]:
    """Give how far a covariance is to be shrunk, and towards what.

    Ledoit & Wolf, J Multivar Anal 88:365-411, 2004, as :func:`sklearn.covariance.ledoit_wolf`.

    Parameters
    ----------
    residuals
        Features about their mean, [epoch, feature].

    Returns
    -------
    The share of equal variances in the shrunk covariance, and that variance: the covariance is
    ``(1 - share) * residuals.T @ residuals / n_epochs + share * variance * identity``.
    """
    n_epochs, n_features = residuals.shape
    # Both matrices of products have the same sum of squares.
    few = n_epochs < n_features
    products = residuals @ residuals.T if few else residuals.T @ residuals
    lengths = np.einsum("ef,ef->e", residuals, residuals)
    variance = lengths.sum() / residuals.size
    power = np.vdot(products, products) / n_epochs**2
    spread = power - n_features * variance**2
    noise = min((lengths @ lengths / n_epochs - power) / n_epochs, spread)
    return (float(noise / spread) if noise > 0 else 0.0), float(variance)


def discriminant(features: Floats, y: Labels) -> tuple[Floats, float]:
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

    Raises
    ------
    DetectorError
        When the features' covariance is singular.
    """
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
    threshold = weights @ (means[0] + means[1]) / 2 - np.log(n_targets / (len(y) - n_targets))
    return weights, -float(threshold)


def _scale(residuals: Floats, mean: Floats) -> Floats:
    """Give the features' standard deviations, 1 for those constant but for rounding."""
    n, eps = len(residuals), np.finfo(np.float64).eps
    variance = np.einsum("ef,ef->f", residuals, residuals) / n
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
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    matrix[np.diag_indices(len(matrix))] += diagonal
    try:
        factor = cho_factor(matrix, lower=True, overwrite_a=True)
    except LinAlgError:
        raise DetectorError(
            f"the covariance of the {len(diagonal)} features is singular; remove electrodes that "
            "are constant or give more training data"
        ) from None
    solution: Floats = cho_solve(factor, right)
    return solution
