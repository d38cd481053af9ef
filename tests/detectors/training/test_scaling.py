"""The scale of a network's input: of the epochs it learned from, and of no others."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from sklearn.metrics import roc_auc_score
from studies import make_epochs, make_recording

from p300.detectors import load_detector, make_detector, save_detector
from p300.detectors.training.scaling import Scaling
from p300.errors import DetectorError
from p300.signal import epoch_arrays as windows
from p300.signal.alignment import Alignment, align
from p300.signal.preprocessing import Preprocessing, preprocess

pytestmark = pytest.mark.filterwarnings("ignore:.*raise max_passes")

VOLTS = Preprocessing(normaliser="none")


@pytest.fixture(scope="module")
def volts():
    """Two runs in volts, the electrodes of unlike size and off zero."""
    recordings = [make_recording(run=run, amplitude=1e-5, n_characters=5) for run in "12"]
    epochs = preprocess(recordings, VOLTS)
    X = epochs.X * np.array([1, 3, 0.2, 10], dtype=np.float32)[:, None] + np.float32(2e-5)
    return type(epochs)(**{**vars(epochs), "X": X})


def halves(epochs):
    return (epochs.select((epochs.flashes["run"] == run).to_numpy()) for run in "12")


def fitted(name, epochs, X=None, **parameters):
    detector = make_detector(name, seed=1, max_passes=6, **parameters)
    return detector.fit(epochs.X if X is None else X, epochs.y, epochs.units("character"))


def by_hand(X, scaling, picked=slice(None)):
    return (X[:, picked] - scaling.mean[:, None]) / scaling.scale[:, None]


@pytest.mark.parametrize("name", ["cnn1", "stepnet", "mcnn2", "gan_augmented"])
def test_volts_are_told_apart_as_well_as_epochs_scaled_by_hand(volts, name):
    first, second = halves(volts)
    detector = fitted(name, first)
    scaling = detector.scaling_
    scaled = fitted(name, first, by_hand(first.X, scaling))
    assert scaled.scaling_.is_identity
    scores = detector.decision_function(second.X)
    others = scaled.decision_function(by_hand(second.X, scaling))
    np.testing.assert_allclose(scores, others, atol=1e-4 * np.ptp(others))
    assert roc_auc_score(second.y, scores) > 0.8
    features = detector.features(second.X)
    np.testing.assert_allclose(
        features, scaled.features(by_hand(second.X, scaling)), atol=1e-4 * np.ptp(features)
    )


def test_statistics_are_those_of_the_learning_part_alone(volts):
    rng = np.random.default_rng(0)
    character = volts.units("character")
    job = make_detector("cnn1", seed=1).prepare(volts.X, volts.y, character)
    held_out = job.held_out.numpy()
    learned = volts.X[np.setdiff1d(np.arange(len(volts)), held_out)].astype(np.float64)
    np.testing.assert_allclose(job.scaling.mean, learned.mean(axis=(0, 2)), rtol=1e-5)
    np.testing.assert_allclose(job.scaling.scale, learned.std(axis=(0, 2)), rtol=1e-5)
    other = volts.X.copy()
    other[held_out] *= 50 * rng.standard_normal(other[held_out].shape, dtype=np.float32)
    again = make_detector("cnn1", seed=1).prepare(other, volts.y, character)
    np.testing.assert_array_equal(again.scaling.mean, job.scaling.mean)
    np.testing.assert_array_equal(again.scaling.scale, job.scaling.scale)


def test_what_is_scored_changes_no_scale(volts):
    first, second = halves(volts)
    detector = fitted("cnn1", first)
    before = detector.scaling_
    alone = detector.decision_function(second.X[:1])
    detector.decision_function(100 * second.X)
    assert detector.scaling_ is before
    np.testing.assert_allclose(detector.decision_function(second.X)[:1], alone, atol=1e-4)


@pytest.mark.parametrize("method", ["none", "euclidean", "riemannian", "scaling"])
def test_standardised_epochs_stay_as_they_are_after_any_alignment(method):
    epochs = align(make_epochs(2, 1, amplitude=1e-5), Alignment(method))
    scaling = Scaling.learned(epochs.X, np.arange(len(epochs)))
    assert scaling.is_identity
    assert scaling(epochs.X) is epochs.X


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.9, 0.9), st.floats(0.3, 3.0))
def test_standardised_is_within_half_a_deviation_and_a_factor_of_two(mean, scale):
    noise = np.random.default_rng(0).standard_normal((50, 2, 40))
    noise = (noise - noise.mean(axis=(0, 2), keepdims=True)) / noise.std(axis=(0, 2), keepdims=True)
    X = noise.astype(np.float32)
    X[:, 1] = scale * (X[:, 1] + mean)
    inside = abs(mean) < 0.499 and 0.501 < scale < 1.999
    outside = abs(mean) > 0.501 or not 0.499 < scale < 2.001
    scaling = Scaling.learned(X, np.arange(50))
    assert scaling.is_identity or not inside
    assert not scaling.is_identity or not outside
    again = Scaling.learned(scaling(X), np.arange(50))
    assert again.is_identity


@pytest.mark.parametrize("value", [0.0, 3e-5, -1e4])
def test_a_constant_electrode_is_centred_and_not_divided(volts, value):
    X = volts.X.copy()
    X[:, 2] = value
    scaling = Scaling.learned(X, np.arange(len(X)))
    assert scaling.scale[2] == 1
    np.testing.assert_allclose(scaling(X)[:, 2], 0, atol=1e-6 * max(1, abs(value)))
    assert np.isfinite(fitted("cnn1", volts, X).decision_function(X)).all()


def test_a_silent_electrode_beside_standardised_ones_changes_nothing():
    epochs = make_epochs(1, 1)
    epochs.X[:, 1] = 0
    assert Scaling.learned(epochs.X, np.arange(len(epochs))).is_identity


def test_many_epochs_are_read_in_blocks(volts, monkeypatch):
    rows = np.arange(0, len(volts), 2)
    whole = Scaling.learned(volts.X, rows)
    expected = whole(volts.X)
    monkeypatch.setattr(windows, "BLOCK", 7 * volts.X[:1].nbytes)
    blockwise = Scaling.learned(volts.X, rows)
    np.testing.assert_allclose(blockwise.mean, whole.mean, rtol=1e-6)
    np.testing.assert_allclose(blockwise.scale, whole.scale, rtol=1e-6)
    np.testing.assert_array_equal(whole(volts.X), expected)


@pytest.mark.parametrize("name", ["cnn1", "mcnn3", "cnn2b"])
def test_stored_and_loaded_it_scales_the_same(volts, tmp_path, name):
    few = {"cnn2b": {"picks": 2}, "mcnn3": {"n_members": 2}}.get(name, {})
    detector = fitted(name, volts, **few)
    stored = load_detector(save_detector(detector, tmp_path / "d", volts)).detector
    np.testing.assert_array_equal(
        stored.decision_function(volts.X), detector.decision_function(volts.X)
    )


@pytest.mark.parametrize(
    ("array", "value"), [("scale", 0.0), ("scale", np.nan), ("scale", -1.0), ("mean", np.inf)]
)
def test_a_stored_scale_that_is_none_is_refused(volts, tmp_path, array, value):
    folder = save_detector(fitted("cnn1", volts), tmp_path / "d", volts)
    arrays = load_file(folder / "weights.safetensors")
    arrays[f"input.{array}"][1] = value
    save_file(arrays, folder / "weights.safetensors")
    with pytest.raises(DetectorError, match=r"a finite scale above 0|holds NaN or infinite"):
        load_detector(folder)


def test_stored_scales_of_fewer_electrodes_are_refused(volts):
    detector = fitted("cnn1", volts)
    about, arrays = detector.state()
    one = {name: a[:1] if name.startswith("input.") else a for name, a in arrays.items()}
    with pytest.raises(DetectorError, match="scaled at 1 electrodes, 4 read"):
        make_detector("cnn1").restore(about, one)


def test_gradients_and_filters_are_of_the_input_as_given(volts):
    detector = fitted("mcnn3", volts, n_members=2)
    scaling = detector.scaling_
    scaled = fitted("mcnn3", volts, by_hand(volts.X, scaling), n_members=2)
    few = volts.X[:5]
    np.testing.assert_allclose(
        detector.input_gradients(few) * scaling.scale[:, None],
        scaled.input_gradients(by_hand(few, scaling)),
        rtol=1e-2,
        atol=1e-5,
    )
    np.testing.assert_allclose(
        detector.spatial_filters() * scaling.scale, scaled.spatial_filters(), atol=1e-3
    )
    rise = 0.01 * scaling.scale[3]
    up, down = few.copy(), few.copy()
    up[:, 3, 40] += rise
    down[:, 3, 40] -= rise
    slope = (detector.decision_function(up) - detector.decision_function(down)) / (2 * rise)
    np.testing.assert_allclose(detector.input_gradients(few)[:, 3, 40], slope, rtol=0.05, atol=20)


def test_fine_tuning_goes_on_at_the_same_scale(volts):
    first, second = halves(volts)
    detector = fitted("cnn1", first)
    scaling = copy.deepcopy(detector.scaling_)
    scaled = fitted("cnn1", first, by_hand(first.X, scaling))
    detector.fine_tune(10 * second.X, second.y)
    scaled.fine_tune(by_hand(10 * second.X, scaling), second.y)
    np.testing.assert_array_equal(detector.scaling_.scale, scaling.scale)
    scores = detector.decision_function(second.X)
    np.testing.assert_allclose(
        scores, scaled.decision_function(by_hand(second.X, scaling)), atol=1e-3 * np.ptp(scores)
    )


def test_no_electrode_is_chosen_for_its_unit(volts):
    scale = np.array([1e-3, 1, 1, 1e3], dtype=np.float32)[:, None]
    one, other = (fitted("cnn2b", volts, X, picks=2) for X in (volts.X, volts.X * scale))
    np.testing.assert_array_equal(one.picked_, [1, 2])
    np.testing.assert_array_equal(other.picked_, one.picked_)
    assert len(one.detector_.scaling_.mean) == 2
    np.testing.assert_allclose(
        one.detector_.scaling_.scale, one.chooser_.scaling_.scale[one.picked_], rtol=1e-6
    )
