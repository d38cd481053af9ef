"""Closed-form detectors: linear readouts, shrinkage, and electrodes that depend on one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import oas
from sklearn.metrics import roc_auc_score
from studies import make_epochs

from p300.detectors import make_detector
from p300.detectors.linear.signal_sums import SignalSums
from p300.detectors.linear.xdawn import response_covariances, target_response, xdawn_filters
from p300.errors import DetectorError
from p300.signal.parts import SharedEpochs, part_of

LINEAR = ("slda", "xdawn_lda", "xdawn_ts")
CLOSED_FORM = (*LINEAR, "erpcov_mdm")


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(1, 2, amplitude=1e-5, n_characters=5)


def fitted(name, epochs, **parameters):
    detector = make_detector(name, **parameters)
    return detector.fit(epochs.X, epochs.y, groups=epochs.units("character"))


@pytest.mark.parametrize("name", LINEAR)
def test_raw_scores_are_linear_in_the_features(name, epochs):
    detector = fitted(name, epochs)
    features, (weights, intercept) = detector.features(epochs.X), detector.readout()
    assert features.dtype == np.float64
    assert features.shape == (len(epochs), len(weights))
    scores = detector.calibration_(features @ weights + intercept)
    np.testing.assert_allclose(scores, detector.decision_function(epochs.X), rtol=1e-12)


def test_distances_to_means_have_no_linear_readout(epochs):
    detector = fitted("erpcov_mdm", epochs)
    assert detector.features(epochs.X) is None
    assert detector.readout() is None


@pytest.mark.parametrize("name", CLOSED_FORM)
def test_an_average_reference_is_survived(name, epochs):
    referenced = replace(epochs, X=epochs.X - epochs.X.mean(axis=1, keepdims=True))
    first, second = (referenced.select(referenced.flashes["run"] == run) for run in "12")
    scores = fitted(name, first).decision_function(second.X)
    assert np.isfinite(scores).all()
    assert roc_auc_score(second.y, scores) > 0.8


@pytest.mark.parametrize("name", CLOSED_FORM)
def test_units_change_nothing(name, epochs):
    volts = replace(epochs, X=(epochs.X * 1e-6).astype(np.float32))
    scores = fitted(name, volts).decision_function(volts.X)
    np.testing.assert_allclose(scores, fitted(name, epochs).decision_function(epochs.X), atol=0.02)


def test_the_first_filter_finds_the_electrodes_of_the_response(epochs):
    filters = xdawn_filters(SignalSums.of(epochs.X, epochs.y), 2)
    assert filters.shape == (2, 4)
    assert set(np.argsort(np.abs(filters[0]))[-2:]) == {1, 2}  # where the study puts it
    filtered = filters @ epochs.X
    np.testing.assert_allclose(filtered.std(axis=(0, 2)), 1, atol=0.01)


@given(n_signals=st.integers(1, 6), n_samples=st.integers(10, 60), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_covariances_are_shrunk_as_scikit_learn_does(n_signals, n_samples, seed):
    rng = np.random.default_rng(seed)
    signals = rng.standard_normal((3, n_signals, n_samples))
    response = 0.3 * rng.standard_normal((2, n_samples))
    found = response_covariances(signals, response)
    for window, covariance in zip(signals, found, strict=True):
        expected = oas(np.concatenate([response, window]).T)[0]
        np.testing.assert_allclose(covariance, expected, rtol=1e-9, atol=1e-12)


def test_the_response_is_as_large_as_a_window():
    signals = np.random.default_rng(0).standard_normal((200, 3, 40))
    response = target_response(signals, np.tile([1, 0], 100).astype(np.uint8))
    assert response.std() == pytest.approx(signals.std())


@pytest.mark.parametrize("name", ["xdawn_lda", "xdawn_ts", "erpcov_mdm"])
def test_the_defaults_fit_three_electrodes(name):
    few = make_epochs(1, 2).pick(["Fz", "Cz", "Pz"])
    detector = make_detector(name).fit(few.X, few.y, groups=few.units("character"))
    assert np.isfinite(detector.decision_function(few.X)).all()


@given(st.integers(0, 99), st.floats(-1e6, 1e6))
@settings(max_examples=25, deadline=None)
def test_sums_over_signals_add_up_to_those_over_all(seed, offset):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((30, 3, 20)) @ rng.standard_normal((20, 20))
    X[:, 1] += offset
    y = rng.permutation(np.repeat([0, 1], [20, 10]))
    cut = int(rng.integers(1, 29))
    sums = SignalSums.of(X[:cut], y[:cut]) + SignalSums.of(X[cut:], y[cut:])
    expected = np.cov(X.transpose(1, 0, 2).reshape(3, -1))
    np.testing.assert_allclose(sums.covariance, expected, rtol=1e-9, atol=1e-9 * expected.max())
    np.testing.assert_allclose(sums.response, X[y == 1].mean(axis=0), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["xdawn_lda", "xdawn_ts"])
def test_a_part_of_a_study_is_fitted_as_its_epochs_alone(name, monkeypatch):
    study, summed, sum_of = make_epochs(3, 1, n_characters=4, repetitions=4), [], SignalSums.over

    def counting(pieces):
        summed.append(True)
        return sum_of(pieces)

    whole, subject = SharedEpochs(study), study.flashes["subject"]
    wanted = (("12", "subject", 0), ("13", "subject", 0), ("1", "character", 40))
    for names, level, skipped in wanted:
        part = whole.part(np.flatnonzero(subject.isin(list(names)).to_numpy())[skipped:])
        with monkeypatch.context() as patched:
            patched.setattr(SignalSums, "over", counting)
            fitted = make_detector(name).fit_part(part, level)
        plain = make_detector(name).fit(part.X, part.y, groups=part.groups(level))
        scores = [one.decision_function(study.X) for one in (fitted, plain)]
        np.testing.assert_allclose(*scores, atol=1e-6)
        if level == "subject":  # each of them once, for all fits of both parts
            assert len(summed) == len(set("12") | set(names))


@pytest.mark.parametrize("name", CLOSED_FORM)
def test_parts_that_cannot_be_fitted_are_refused_as_ever(name):
    study = make_epochs(2, 1, n_characters=4, repetitions=2)
    spoilt = study.X.copy()
    spoilt[3, 0, 0] = np.inf
    with pytest.raises(DetectorError, match="NaN or infinite"):
        make_detector(name).fit_part(part_of(replace(study, X=spoilt)), "subject")
    with pytest.raises(DetectorError, match="training epochs are non-targets"):
        make_detector(name).fit_part(part_of(study).select(study.y == 0), "subject")
