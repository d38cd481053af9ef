"""The block-Toeplitz covariance: by its formulas, its solver, and shrinkage LDA with it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn.covariance
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from studies import make_epochs

from p300.detectors import BlockToeplitzCovariance, load_detector, make_detector, save_detector
from p300.detectors.linear.covariance import discriminant, discriminant_of
from p300.detectors.linear.moments import ClassMoments
from p300.detectors.linear.toeplitz import MOST_DENSE, BlockToeplitz, solve_block_toeplitz
from p300.errors import DetectorError
from p300.signal.parts import SharedEpochs

shapes = {
    "seed": st.integers(0, 999),
    "n_electrodes": st.integers(1, 6),
    "n_times": st.integers(1, 12),
}


def draw_covariance(seed, n_electrodes, n_times, rank=None):
    """Any covariance at all, of electrodes in volts and in microvolts: nothing stationary in it."""
    rng = np.random.default_rng(seed)
    n_features = n_electrodes * n_times
    scale = np.repeat(10 ** rng.uniform(-6, 0, n_electrodes), n_times)
    draws = scale * rng.standard_normal((rank or n_features + 5, n_features))
    return draws.T @ draws / len(draws)


def by_hand(covariance, n_electrodes, n_times):
    """The formulas of the paper, block by block, electrode by electrode."""
    found = np.zeros_like(covariance)
    for one in range(n_electrodes):
        for other in range(n_electrodes):
            for lag in range(n_times):
                places = [
                    covariance[one * n_times + t, other * n_times + t + lag]
                    for t in range(n_times - lag)
                ]
                value = np.mean(places) * (n_times - lag) / n_times
                for t in range(n_times - lag):
                    found[one * n_times + t, other * n_times + t + lag] = value
                    found[other * n_times + t + lag, one * n_times + t] = value
    return found


def assert_near(found, wanted, tolerance):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * np.abs(wanted).max())


@given(**shapes)
@settings(max_examples=60, deadline=None)
def test_it_is_what_a_plain_loop_gives(seed, n_electrodes, n_times):
    covariance = draw_covariance(seed, n_electrodes, n_times)
    found = BlockToeplitz(n_electrodes, n_times).imposed(covariance)
    scale = np.sqrt(np.diagonal(found))
    wanted = by_hand(covariance, n_electrodes, n_times)
    np.testing.assert_allclose(
        *(one / np.outer(scale, scale) for one in (found, wanted)), atol=1e-12
    )
    np.testing.assert_array_equal(found, found.T)


@given(**shapes, rank=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_it_is_positive_however_few_the_epochs(seed, n_electrodes, n_times, rank):
    covariance = draw_covariance(seed, n_electrodes, n_times, rank)
    found = BlockToeplitz(n_electrodes, n_times).imposed(covariance)
    scale = np.sqrt(np.diagonal(found))
    assert np.linalg.eigvalsh(found / np.outer(scale, scale)).min() > -1e-12


@given(st.integers(0, 999), st.integers(1, 5), st.integers(2, 12))
@settings(max_examples=30, deadline=None)
def test_a_stationary_covariance_keeps_its_shape(seed, n_electrodes, n_times):
    structure = BlockToeplitz(n_electrodes, n_times)
    once = structure.lags(draw_covariance(seed, n_electrodes, n_times))
    taper = (n_times - np.arange(n_times)) / n_times
    assert_near(structure.lags(structure.assembled(once)), once * taper[:, None, None], 1e-12)


@given(**shapes, n_right=st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_solver_is_numpys(seed, n_electrodes, n_times, n_right):
    covariance = draw_covariance(seed, n_electrodes, n_times)
    structure = BlockToeplitz(n_electrodes, n_times)
    whole = structure.imposed(covariance)
    scale = np.sqrt(np.diagonal(whole))
    right = np.random.default_rng(seed).standard_normal((len(whole), n_right)) * scale[:, None]
    wanted = np.linalg.solve(whole / np.outer(scale, scale), right / scale[:, None])
    found = structure.solve(covariance.copy(), right) * scale[:, None]
    assert_near(found, wanted, 1e-8)
    one = structure.solve(covariance.copy(), right[:, 0]) * scale
    assert_near(one, wanted[:, 0], 1e-8)
    by_time = right.reshape(n_electrodes, n_times, n_right).transpose(1, 0, 2)
    blocks = solve_block_toeplitz(structure.lags(covariance), by_time).transpose(1, 0, 2)
    assert_near(blocks.reshape(right.shape) * scale[:, None], wanted, 1e-8)


def test_the_solver_is_numpys_for_many_electrodes_and_times():
    n_electrodes, n_times = 32, 20
    assert n_electrodes * n_times > MOST_DENSE
    structure = BlockToeplitz(n_electrodes, n_times)
    rng = np.random.default_rng(0)
    # Slow, strongly correlated noise, as EEG is.
    draws = np.cumsum(rng.standard_normal((400, n_electrodes, n_times)), axis=2)
    draws = (rng.standard_normal((n_electrodes, n_electrodes)) @ draws).reshape(400, -1)
    covariance = draws.T @ draws / 400
    covariance[np.diag_indices(len(covariance))] += 1e-3 * np.trace(covariance) / len(covariance)
    right = rng.standard_normal(len(covariance))
    wanted = np.linalg.solve(structure.imposed(covariance), right)
    assert_near(structure.solve(covariance, right), wanted, 1e-8)


@pytest.mark.parametrize("lags", [np.zeros((3, 2, 2)), np.ones((3, 2, 2)), -np.ones((1, 1, 1))])
def test_what_is_not_positive_definite_is_refused(lags):
    with pytest.raises(DetectorError, match="features is singular; remove electrodes"):
        solve_block_toeplitz(lags, np.ones((*lags.shape[:2], 1)))


def draw_classes(seed, n_nontargets, n_targets, n_electrodes, n_times):
    """Features, and labels in random order, of noise that lasts over times."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([0, 1], [n_nontargets, n_targets])).astype(np.uint8)
    noise = rng.standard_normal((len(y), n_electrodes, n_times + 3))
    noise = sum(noise[:, :, k : k + n_times] for k in range(4))
    mixed = rng.standard_normal((n_electrodes, n_electrodes)) @ noise
    features = mixed.reshape(len(y), -1) + 0.5 * y[:, None]
    return features * np.repeat(10 ** rng.uniform(-6, 0, n_electrodes), n_times), y


@given(st.integers(0, 999), st.integers(8, 60), st.integers(4, 40), st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_of_one_time_it_is_shrinkage_lda(seed, n_nontargets, n_targets, n_electrodes):
    features, y = draw_classes(seed, n_nontargets, n_targets, n_electrodes, 1)
    found, threshold = discriminant(features, y, BlockToeplitz(n_electrodes, 1))
    wanted, expected = discriminant(features, y)
    scale = features.std(axis=0)
    assert_near(found * scale, wanted * scale, 1e-8)
    assert threshold == pytest.approx(expected, rel=1e-8)


@given(
    st.integers(0, 999), st.integers(40, 90), st.integers(30, 60), st.integers(1, 4),
    st.integers(1, 6),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_the_discriminant_follows_the_formulas_and_from_sums_too(
    seed, n_nontargets, n_targets, n_electrodes, n_times
):
    features, y = draw_classes(seed, n_nontargets, n_targets, n_electrodes, n_times)
    covariance, means = 0, []
    for label in (0, 1):
        group = features[y == label]
        scaler = StandardScaler().fit(group)
        shrunk = sklearn.covariance.ledoit_wolf(scaler.transform(group))[0]
        covariance += np.mean(y == label) * shrunk * np.outer(scaler.scale_, scaler.scale_)
        means.append(group.mean(axis=0))
    whole, scale = by_hand(covariance, n_electrodes, n_times), features.std(axis=0)
    difference = (means[1] - means[0]) / scale
    wanted = np.linalg.solve(whole / np.outer(scale, scale), difference)
    structure = BlockToeplitz(n_electrodes, n_times)
    found, threshold = discriminant(features, y, structure)
    assert_near(found * scale, wanted, 1e-8)
    moments = ClassMoments.added(
        [ClassMoments.of(features[half], y[half]) for half in (slice(0, 35), slice(35, None))]
    )
    summed, expected = discriminant_of(moments, structure)
    assert_near(summed * scale, found * scale, 1e-10)
    assert expected == pytest.approx(threshold, abs=1e-10 * np.abs(found @ features.T).max())


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(3, 2, amplitude=4e-6, n_characters=4, repetitions=5)


def toeplitz(n_windows=13, **parameters):
    return make_detector("slda", n_windows=n_windows, covariance="toeplitz", **parameters)


def test_a_fit_from_sums_is_the_plain_fit(epochs):
    subject = epochs.units("subject")
    rows = np.flatnonzero(subject < 2)
    part = SharedEpochs(epochs).part(rows)
    fitted = toeplitz().fit_part(part, "subject")
    assert fitted.sums_of(part) is not None
    plain = toeplitz().fit(epochs.X[rows], epochs.y[rows], groups=subject[rows])
    scores = [one.decision_function(epochs.X) for one in (fitted, plain)]
    np.testing.assert_allclose(*scores, atol=1e-10)
    other = make_detector("slda", n_windows=13).fit_part(part, "subject")
    assert np.abs(fitted.coef_ - other.coef_).max() > 1e-3 * np.abs(other.coef_).max()


def test_it_is_stored_and_scores_the_same(epochs, tmp_path):
    detector = toeplitz(26).fit(epochs.X, epochs.y, groups=epochs.units("character"))
    assert "toeplitz" in detector.learns_like
    stored = load_detector(save_detector(detector, tmp_path / "d", epochs)).detector
    assert stored.parameters() == {"n_windows": 26, "covariance": "toeplitz", "n_folds": 5}
    np.testing.assert_array_equal(
        stored.decision_function(epochs.X), detector.decision_function(epochs.X)
    )


def test_with_few_epochs_it_finds_more_than_shrinkage_alone():
    study = make_epochs(6, 2, amplitude=2.5e-6, n_characters=4, repetitions=10)
    subject, run = study.units("subject"), study.flashes["run"].to_numpy()
    gains = []
    for one in range(6):
        first = np.flatnonzero((subject == one) & (run == "1"))[:240]
        second = (subject == one) & (run == "2")
        aucs = []
        for covariance in ("shrinkage", "toeplitz"):
            detector = make_detector("slda", n_windows=26, covariance=covariance)
            detector.fit(study.X[first], study.y[first])
            scores = detector.decision_function(study.X[second])
            aucs.append(roc_auc_score(study.y[second], scores))
        gains.append(aucs[1] - aucs[0])
    assert np.mean(gains) > 0


class TestForOthers:
    def test_follows_scikit_learns_contract(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check_estimator(BlockToeplitzCovariance())

    def test_of_one_time_it_is_ledoit_wolf_of_scaled_features(self):
        X = draw_classes(0, 50, 20, 7, 1)[0]
        scaler = StandardScaler().fit(X)
        expected = sklearn.covariance.LedoitWolf().fit(scaler.transform(X))
        found = BlockToeplitzCovariance(n_times=1).fit(X)
        scale = np.outer(scaler.scale_, scaler.scale_)
        np.testing.assert_allclose(found.covariance_, expected.covariance_ * scale, rtol=1e-9)
        assert found.shrinkage_ == pytest.approx(expected.shrinkage_)
        np.testing.assert_allclose(found.location_, X.mean(axis=0))

    def test_the_precision_is_the_inverse(self):
        X = draw_classes(1, 50, 20, 4, 6)[0]
        found = BlockToeplitzCovariance(n_times=6).fit(X)
        np.testing.assert_allclose(found.covariance_ @ found.precision_, np.eye(24), atol=1e-8)
        np.testing.assert_array_equal(found.covariance_[1:6, 7:12], found.covariance_[:5, 6:11])
        assert np.isfinite(found.score(X))
        unstored = BlockToeplitzCovariance(n_times=6, store_precision=False).fit(X)
        assert unstored.precision_ is None

    def test_a_mean_that_is_zero_is_not_subtracted(self):
        X = draw_classes(2, 50, 20, 3, 4)[0]
        centred = X - X.mean(axis=0)
        found = BlockToeplitzCovariance(n_times=4, assume_centered=True).fit(centred)
        expected = BlockToeplitzCovariance(n_times=4).fit(X)
        np.testing.assert_allclose(found.covariance_, expected.covariance_, rtol=1e-9)
        assert not found.location_.any()

    @pytest.mark.parametrize(
        ("n_times", "message"),
        [(5, "n_times: 5 found, but 12 features"), (0, "n_times"), (True, "n_times")],
    )
    def test_times_that_do_not_fit_are_refused(self, n_times, message):
        with pytest.raises(DetectorError, match=message):
            BlockToeplitzCovariance(n_times=n_times).fit(np.random.default_rng(0).random((9, 12)))
