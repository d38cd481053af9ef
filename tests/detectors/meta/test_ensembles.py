"""The paper's multi-classifiers: what each member learns from, how members speak as one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import make_epochs

from p300.detectors import make_detector
from p300.detectors.meta.ensembles import Ensemble, member_parts
from p300.detectors.training.network import NetworkDetector, fuse
from p300.errors import DetectorError


def parts_of(name, y, learn, validate, seed=0):
    detector = make_detector(name)
    assert isinstance(detector, Ensemble)
    rng = np.random.default_rng(seed)
    return member_parts(detector.division, detector.n_members, y, learn, validate, rng)


@st.composite
def training_sets(draw):
    """Labels of flashes in the order of time, and a stretch of them set aside."""
    n, start = draw(st.integers(10, 40)), draw(st.integers(0, 9))
    y = np.tile(np.array([0, 1, 0, 0, 0, 0], dtype=np.uint8), n)
    held_out = np.zeros(len(y), dtype=bool)
    held_out[6 * start : 6 * start + 12] = True
    return y, np.flatnonzero(~held_out), np.flatnonzero(held_out)


@settings(max_examples=25, deadline=None)
@given(training_sets(), st.integers(0, 100))
def test_mcnn1_has_all_targets_and_a_disjoint_complete_fifth_of_the_rest(data, seed):
    y, learn, validate = data
    parts = parts_of("mcnn1", y, learn, validate, seed)
    assert len(parts) == 5
    for whole, shares in zip((learn, validate), zip(*parts, strict=True), strict=True):
        targets, others = whole[y[whole] == 1], whole[y[whole] == 0]
        for share in shares:
            np.testing.assert_array_equal(share[y[share] == 1], targets)
            assert abs((y[share] == 0).sum() - len(others) / 5) < 1
        together = np.concatenate([share[y[share] == 0] for share in shares])
        np.testing.assert_array_equal(np.sort(together), others)


@settings(max_examples=25, deadline=None)
@given(training_sets())
def test_mcnn2_has_contiguous_fifths_in_the_order_of_time(data):
    y, learn, validate = data
    parts = parts_of("mcnn2", y, learn, validate)
    assert len(parts) == 5
    np.testing.assert_array_equal(np.concatenate([stretch for stretch, _ in parts]), learn)
    sizes = [len(stretch) for stretch, _ in parts]
    assert max(sizes) - min(sizes) <= 1
    assert all(part is validate for _, part in parts)


def test_mcnn3_learns_thrice_from_everything():
    y = np.tile([1, 0, 0, 0], 10).astype(np.uint8)
    learn, validate = np.arange(30), np.arange(30, 40)
    parts = parts_of("mcnn3", y, learn, validate)
    assert len(parts) == 3
    assert all(part[0] is learn and part[1] is validate for part in parts)


@pytest.mark.parametrize("name", ["mcnn1", "mcnn2"])
def test_too_little_data_for_all_members_is_refused(name):
    y = np.zeros(20, dtype=np.uint8)
    y[[0, 1, 12]] = 1
    n_learn = {"mcnn1": 4, "mcnn2": 12}[name]  # too few non-targets, no targets in late stretches
    with pytest.raises(DetectorError, match=r"of 5 would lack targets or non-targets"):
        parts_of(name, y, np.arange(n_learn), np.arange(12, 20))


def test_fusion_is_the_mean_of_probabilities():
    log_odds = torch.randn(5, 40, dtype=torch.double, generator=torch.manual_seed(0))
    mean = torch.sigmoid(log_odds).mean(dim=0)
    torch.testing.assert_close(torch.sigmoid(fuse(log_odds)), mean)
    torch.testing.assert_close(fuse(log_odds[:1]), log_odds[0])
    assert torch.isfinite(fuse(torch.full((3, 1), 1e4))).all()


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(1, 1, amplitude=1e-5, n_characters=5)


def test_members_start_from_different_weights_and_are_asked_together(epochs):
    detector = make_detector("mcnn3", max_passes=3).fit(epochs.X, epochs.y)
    one = make_detector("cnn1", max_passes=3).fit(epochs.X, epochs.y)
    filters = detector.spatial_filters()
    assert filters.shape == (30, 4)
    # The first member is the CNN-1 of the same seed, the others are not.
    np.testing.assert_array_equal(filters[:10], one.spatial_filters())
    assert not np.allclose(filters[10:20], filters[:10])
    assert not np.allclose(filters[10:20], filters[20:])
    assert detector.temporal_kernels().shape == (30, 5, 13)
    assert detector.n_parameters == 3 * one.n_parameters


def test_history_of_an_ensemble_is_the_members_mean(epochs):
    detector = make_detector("mcnn3", max_passes=2).fit(epochs.X, epochs.y)
    passes, best = detector.history()
    assert best is None
    assert [row["pass"] for row in passes] == [1, 2]
    losses = [member.history_.passes[1]["validation_loss"] for member in detector.members_]
    assert passes[1]["validation_loss"] == pytest.approx(np.mean(losses))


def test_an_ensemble_of_a_script_is_that_of_the_registry(epochs):
    network = NetworkDetector("mcnn3", max_passes=2, seed=4)
    one = Ensemble(network, n_members=2).fit(epochs.X, epochs.y)
    other = make_detector("mcnn3", n_members=2, max_passes=2, seed=4).fit(epochs.X, epochs.y)
    np.testing.assert_array_equal(
        one.decision_function(epochs.X), other.decision_function(epochs.X)
    )
    assert not hasattr(network, "network_")  # the template itself is not fitted


@pytest.mark.parametrize("found", [1, 3])
def test_another_number_of_stored_members_is_refused(epochs, found):
    stored = make_detector("mcnn3", n_members=found, division="time", max_passes=1, patience=1)
    about, arrays = stored.fit(epochs.X, epochs.y).state()
    with pytest.raises((DetectorError, KeyError), match=r"more than 2 members|input\.mean"):
        make_detector("mcnn3", n_members=2).restore(about, arrays)
