"""Shrinkage LDA: the same numbers as scikit-learn's, whatever the shape."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.covariance
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from p300.detectors.linear.covariance import discriminant, ledoit_wolf
from p300.errors import DetectorError


def draw(seed, n_nontargets, n_targets, n_features, n_sources):
    """Correlated, skewed features of different scales and offsets, and labels in random order."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([0, 1], [n_nontargets, n_targets])).astype(np.uint8)
    sources = rng.standard_exponential((len(y), n_sources))
    features = sources @ rng.standard_normal((n_sources, n_features))
    features += rng.standard_normal(features.shape) + 0.5 * y[:, None]
    return (features + 3) * 10 ** rng.uniform(-2, 2, n_features), y


def assert_equals_scikit_learn(features, y):
    expected = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(features, y)
    weights, intercept = discriminant(features, y)
    scale = np.where(features.std(axis=0) > 0, features.std(axis=0), 1)
    found, wanted = weights * scale, expected.coef_[0] * scale
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6 * np.abs(wanted).max())
    scores = expected.decision_function(features)
    np.testing.assert_allclose(
        features @ weights + intercept, scores, rtol=0, atol=1e-6 * np.abs(scores).max()
    )


shapes = {
    "seed": st.integers(0, 999),
    "n_nontargets": st.integers(6, 80),
    "n_targets": st.integers(2, 40),
    "n_features": st.integers(1, 150),
    "n_sources": st.integers(1, 5),
}


@given(**shapes)
@settings(max_examples=60, deadline=None)
def test_the_discriminant_is_scikit_learns(**shape):
    assert_equals_scikit_learn(*draw(**shape))


@given(**shapes)
@settings(max_examples=30, deadline=None)
def test_the_shrinkage_is_scikit_learns(**shape):
    features, _ = draw(**shape)
    residuals = features - features.mean(axis=0)
    share, variance = ledoit_wolf(residuals)
    shrunk = (1 - share) * residuals.T @ residuals / len(residuals)
    shrunk += share * variance * np.eye(len(shrunk))
    expected = sklearn.covariance.ledoit_wolf(features)[0]
    np.testing.assert_allclose(shrunk, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("n_features", [9, 90])
def test_constant_and_repeated_features_change_nothing_of_that(n_features):
    features, y = draw(0, 40, 10, n_features, 3)
    features[:, 2] = 0.1  # as a mean not exact in binary
    features[:, 3] = 7 * y
    features[:, 5] = features[:, 4]
    assert_equals_scikit_learn(features, y)


def test_epochs_that_do_not_vary_are_refused():
    features, y = np.ones((20, 4)), np.tile([0, 0, 0, 1], 5).astype(np.uint8)
    with pytest.raises(DetectorError, match="covariance of the 4 features is singular"):
        discriminant(features, y)
