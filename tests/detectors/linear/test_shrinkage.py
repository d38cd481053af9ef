"""Shrinkage LDA: the same numbers as scikit-learn's, whatever the shape."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.covariance
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from p300.adaptation.readout import fit_readout, readout_of
from p300.detectors.linear.covariance import discriminant, discriminant_of, ledoit_wolf
from p300.detectors.linear.moments import MOST_EXACT, ClassMoments
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


def halves(features, y):
    """Sums over the epochs, of two halves with both classes added up."""
    first = np.arange(len(y)) < len(y) // 2
    return ClassMoments.added(
        [ClassMoments.of(features[rows], y[rows]) for rows in (first, ~first)]
    )


@given(st.integers(0, 999), st.integers(20, 80), st.integers(8, 40), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_sums_of_parts_give_the_discriminant_of_all(seed, n_nontargets, n_targets, n_features):
    features, y = draw(seed, n_nontargets, n_targets, n_features, 3)
    features -= features.mean(axis=0)
    sums = halves(features, y)
    assume(sums.precise)  # a few targets may lie far from zero by chance
    (weights, intercept), (expected, threshold) = discriminant_of(sums), discriminant(features, y)
    found, wanted = features @ weights + intercept, features @ expected + threshold
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-8 * np.abs(wanted).max())
    known, expected = readout_of(sums), fit_readout(features, y)
    for name in ("nontarget", "target", "covariance"):
        wanted = getattr(expected, name)
        error = 1e-10 * np.abs(wanted).max()
        np.testing.assert_allclose(getattr(known, name), wanted, rtol=0, atol=error)


def test_sums_of_very_many_features_are_near_enough():
    features, y = draw(3, 700, 300, MOST_EXACT + 20, 5)
    features -= features.mean(axis=0)
    sums, (weights, _) = halves(features, y), discriminant(features, y)
    assert sums.target.powers.dtype == np.float32
    found, _ = discriminant_of(sums)
    np.testing.assert_allclose(found, weights, rtol=0, atol=1e-4 * np.abs(weights).max())


def test_sums_about_zero_say_where_they_are_not_precise():
    features, y = draw(4, 60, 40, 5, 2)
    features -= features.mean(axis=0)
    assert halves(features, y).precise
    features[:, 2] += 30 * features[:, 2].std()
    assert not halves(features, y).precise
    features[:, 2] = 0
    assert halves(features, y).precise
    features[:, 2] = 0.1
    assert not halves(features, y).precise


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
