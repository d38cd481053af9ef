"""Single layers: the weights are those of the features as given; sparse codes are sparse."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from studies import make_epochs

from p300.detectors import make_detector
from p300.detectors.linear.single_layer import standardised_weights


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(1, 2, amplitude=1e-5, n_characters=5)


def fitted(epochs, name, **parameters):
    detector = make_detector(name, **parameters)
    return detector.fit(epochs.X, epochs.y, groups=epochs.units("character"))


def test_the_unit_of_a_feature_does_not_matter():
    rng = np.random.default_rng(0)
    features, y = rng.standard_normal((200, 5)), rng.integers(0, 2, 200).astype(np.uint8)
    units = np.array([1, 1e-6, 1e3, 1, 5])
    weights, intercept = standardised_weights(LogisticRegression(), features, y)
    others, other = standardised_weights(LogisticRegression(), features * units + 7, y)
    np.testing.assert_allclose(
        features @ weights + intercept, (features * units + 7) @ others + other, atol=1e-3
    )


@pytest.mark.parametrize("name", ["perceptron", "logistic", "slda"])
def test_a_weight_for_each_mean_and_a_threshold(epochs, name):
    detector = fitted(epochs, name)
    assert detector.n_parameters == 4 * 16 + 1
    assert detector.coef_.shape == (4, 16)
    assert fitted(epochs, name, n_windows=10).n_parameters == 4 * 10 + 1


def test_dearer_codes_are_sparser(epochs):
    cheap, dear = (
        (fitted(epochs, "sparse_coding", n_atoms=16, alpha=a).features(epochs.X) != 0).mean()
        for a in (0.2, 1.0)
    )
    assert 0 < dear < cheap < 1


def test_sparse_coding_counts_whitening_dictionary_and_regression(epochs):
    detector = fitted(epochs, "sparse_coding", n_atoms=16)
    n_kept, n_means = detector.whitening_.shape
    assert n_means == 4 * 8
    assert detector.n_parameters == n_means + n_kept * n_means + 16 * n_kept + 16 + 1
