"""Made targets: what the generator learns from, and what it makes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from studies import make_epochs

from p300.detectors import make_detector
from p300.detectors.training import gan
from p300.detectors.training.gan import Components, Discriminator, Generator, add_made_targets


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(1, 1, amplitude=1e-5, n_characters=6)


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_networks_have_the_parameters_of_their_docstrings():
    assert count(Generator(100)) == 64 * 101 + 100 * 65
    assert count(Discriminator(100)) == 64 * 101 + 65


@pytest.mark.parametrize(("network", "shape"), [(Generator, (16, 30)), (Discriminator, (16,))])
def test_shapes_and_gradients(network, shape):
    torch.manual_seed(0)
    made = network(30)
    output = made(torch.randn(16, 30))
    assert output.shape == shape
    output.square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in made.parameters())


def test_components_are_uncorrelated_and_turn_back_into_windows(epochs):
    windows = torch.from_numpy(epochs.X).flatten(1)
    components = Components.of(windows)
    read = components.read(windows)
    np.testing.assert_allclose(np.cov(read.T, bias=True), np.eye(read.shape[1]), atol=1e-3)
    lost = (components.write(read) - windows).var() / windows.var()
    assert float(lost) < 0.011


def parts_of(epochs):
    validate = np.flatnonzero(epochs.flashes["character"] == 6)
    return np.setdiff1d(np.arange(len(epochs)), validate), validate


def test_classes_become_equal_and_what_was_there_stays(epochs):
    learn, validate = parts_of(epochs)
    X, y, [(more, same)] = add_made_targets(epochs.X, epochs.y, [(learn, validate)], seed=1)
    np.testing.assert_array_equal(same, validate)
    np.testing.assert_array_equal(more[: len(learn)], learn)
    np.testing.assert_array_equal(X[: len(epochs)], epochs.X)
    assert X.dtype == np.float32
    assert y[more].mean() == 0.5
    assert len(X) == len(y) == len(epochs) + len(more) - len(learn)


def test_what_is_held_out_changes_no_made_window(epochs):
    learn, validate = parts_of(epochs)
    other = epochs.X.copy()
    other[validate] = 1e3
    made = [
        add_made_targets(X, epochs.y, [(learn, validate)], seed=1)[0][len(epochs) :]
        for X in (epochs.X, other)
    ]
    assert len(made[0])
    np.testing.assert_array_equal(*made)


def test_no_held_out_epoch_reaches_the_generator(epochs, monkeypatch):
    X, reached = epochs.X.copy(), []
    character = epochs.flashes["character"].to_numpy(dtype=int)
    X[:, 0, 0] = character
    make = gan.make_targets

    def spy(windows, y, n):
        reached.append(windows[:, 0, 0].astype(int))
        return make(windows, y, n)

    monkeypatch.setattr(gan, "make_targets", spy)
    make_detector("gan_augmented", max_passes=1).fit(X, epochs.y, groups=character)
    (seen,) = reached
    # Whole characters are held out, for early stopping and calibration.
    assert 0 < len(set(seen)) < 6
    assert len(seen) == np.isin(character, seen).sum()


def test_made_targets_look_like_targets(epochs):
    torch.manual_seed(0)
    X, y = epochs.X, epochs.y
    made = gan.make_targets(X, y, 400)
    target, other = X[y == 1].mean(axis=0).ravel(), X[y == 0].mean(axis=0).ravel()
    mean = made.mean(axis=0).ravel()
    assert np.corrcoef(mean, target)[0, 1] > 0.85
    assert np.corrcoef(mean, target)[0, 1] > np.corrcoef(mean, other)[0, 1] + 0.3
    assert made.std() == pytest.approx(X[y == 1].std(), rel=0.25)
    assert not np.isclose(made[0], made[1]).all()
