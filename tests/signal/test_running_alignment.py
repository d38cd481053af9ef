"""A reference that goes on: all epochs count, and neither memory nor time grow with them."""

import pickle

import numpy as np
import pytest

from p300.signal.domain_covariance import epoch_covariances, reference, whitener
from p300.signal.running_alignment import EXACT, Running

METHODS = ("euclidean", "riemannian", "scaling")
N_SAMPLES = 30


def drawn(n_epochs, n_electrodes=6, seed=0):
    """Epochs of changing size, a few of them with artefacts; their electrodes are mixed."""
    mixing = np.random.default_rng(0).normal(size=(n_electrodes, n_electrodes))
    rng = np.random.default_rng(seed)
    size = np.exp(0.5 * rng.normal(size=(n_epochs, 1, 1)))
    size[rng.random(n_epochs) < 0.03] *= 100
    white = rng.normal(size=(n_epochs, n_electrodes, N_SAMPLES))
    return (size * (mixing @ white)).astype(np.float32)


def running_over(method, X):
    running = Running(method)
    for epoch in X:
        running.see(epoch[None])
    return running


def apart(one, other):
    return np.abs(one - other).max() / np.abs(other).max()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_epochs", [EXACT - 20, EXACT + 1, 2000])
def test_it_is_the_reference_of_all_epochs(method, n_epochs):
    X = drawn(n_epochs)
    exact = whitener(reference(epoch_covariances(X), N_SAMPLES, method))
    assert apart(running_over(method, X).mixing, exact) < 0.02


@pytest.mark.parametrize("method", METHODS)
def test_what_comes_after_counts_like_what_came_before(method):
    later = drawn(9 * EXACT, seed=1) * np.array([0.1, 0.1, 0.1, 0.2, 0.2, 0.05])[:, None]
    X = np.concatenate([drawn(EXACT), later.astype(np.float32)])
    exact = whitener(reference(epoch_covariances(X), N_SAMPLES, method))
    first = whitener(reference(epoch_covariances(X[:EXACT]), N_SAMPLES, method))
    found = running_over(method, X).mixing
    assert apart(found, exact) < 0.3 * apart(first, exact)


@pytest.mark.parametrize(
    ("method", "lengths"),
    [
        ("euclidean", (2 * EXACT, 20 * EXACT)),
        ("riemannian", (2 * EXACT, 12 * EXACT)),
        ("scaling", (4200, 8400)),
    ],
)
def test_its_memory_does_not_grow(method, lengths):
    before, after = (len(pickle.dumps(running_over(method, drawn(n, 3)))) for n in lengths)
    assert (after - before) / (lengths[1] - lengths[0]) < 10  # bytes; a covariance has 72


@pytest.mark.parametrize("method", METHODS)
def test_flat_epochs_tell_nothing(method):
    X = drawn(2 * EXACT)
    with_flat = np.insert(X, [0, 5, EXACT, EXACT + 9], 0, axis=0)
    found, plain = running_over(method, with_flat), running_over(method, X)
    assert apart(found.mixing, plain.mixing) < 0.02
    flat = running_over(method, np.zeros((3, 2, N_SAMPLES), np.float32))
    np.testing.assert_array_equal(flat.mixing, np.eye(2))


@pytest.mark.parametrize("method", METHODS)
def test_epochs_known_at_the_start_are_taken_at_once(method):
    X = drawn(2 * EXACT)
    exact = whitener(reference(epoch_covariances(X), N_SAMPLES, method))
    known = Running(method, X)
    np.testing.assert_array_equal(known.mixing, exact.astype(np.float32))
    known.see(X[:1])
    np.testing.assert_array_equal(known.mixing, exact.astype(np.float32))  # not yet a tenth more
