"""What the network sees: patterns, kernels by frequency, saliency."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from studies import make_epochs

from p300.detectors import make_detector
from p300.detectors.patterns import (
    frequency_response,
    inspect_detector,
    saliency,
    spatial_patterns,
)
from p300.signal.parts import part_of


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(1, 1, amplitude=1e-5, n_characters=5)


@pytest.fixture(scope="module")
def mcnn(epochs):
    return make_detector("mcnn3", max_passes=8, n_members=2).fit(epochs.X, epochs.y)


def test_a_pattern_shows_where_the_source_is_not_where_the_weights_are(epochs):
    rng = np.random.default_rng(0)
    source, noise = rng.standard_normal((2, 200, 50))
    # Electrode 0 holds source and noise, electrode 1 the noise alone: the filter subtracts it.
    X = np.stack([source + noise, noise], axis=1)
    shown = replace(epochs.select(np.arange(200)), X=X.astype(np.float32), electrodes=("A", "B"))
    (pattern,) = spatial_patterns(np.array([[1.0, -1.0]]), part_of(shown))
    assert pattern == pytest.approx([1, 0], abs=0.05)


def test_a_kernel_that_oscillates_passes_its_own_frequency():
    time = np.arange(26) / 120
    kernels = np.stack([np.cos(2 * np.pi * 15 * time), np.ones(26)])
    frequencies, gain = frequency_response(kernels, sfreq=120)
    assert gain.shape == (2, len(frequencies))
    assert frequencies[[0, -1]].tolist() == [0, 60]
    assert frequencies[gain.argmax(axis=1)] == pytest.approx([15, 0], abs=1)
    assert gain[1, 0] == pytest.approx(26)


def test_gradients_are_those_of_the_calibrated_log_odds(epochs, mcnn):
    one, rise = epochs.X[7:8], 1e-2
    gradient = mcnn.input_gradients(one)[0]
    assert gradient.shape == one.shape[1:]
    for electrode, sample in ((0, 0), (1, 36), (2, 77)):
        up, down = one.copy(), one.copy()
        up[0, electrode, sample] += rise
        down[0, electrode, sample] -= rise
        slope = (mcnn.decision_function(up) - mcnn.decision_function(down)) / (2 * rise)
        assert gradient[electrode, sample] == pytest.approx(slope[0], rel=0.02, abs=1e-4)


def test_saliency_averages_over_targets_and_finds_the_response(epochs, mcnn):
    found = saliency(mcnn, part_of(epochs))
    expected = mcnn.input_gradients(epochs.X[epochs.y == 1]).mean(axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    # The response is at Cz and Pz (1, 2) around 300 ms.
    strength = np.abs(found)
    assert strength[1:3].mean() > 1.3 * strength[[0, 3]].mean()
    assert found[1:3, 30:43].mean() > 0


@pytest.mark.parametrize(("picks", "seen"), [(None, [0, 1, 2, 3]), (2, [1, 2])])
def test_inspection_is_ready_for_json(epochs, picks, seen):
    detector = make_detector("cnn2b", max_passes=8, picks=picks).fit(epochs.X, epochs.y)
    found = json.loads(json.dumps(inspect_detector(detector, part_of(epochs), epochs.sfreq)))
    shapes = {key: np.shape(value) for key, value in found.items()}
    assert shapes == {
        "sfreq": (),
        "spatial_filters": (10, 4),
        "spatial_patterns": (10, 4),
        "temporal_kernels": (10, 5, 13),
        "saliency": (4, 78),
    }
    filters = detector.spatial_filters()
    np.testing.assert_allclose(found["spatial_filters"], filters, rtol=1e-4)
    assert np.flatnonzero(np.any(found["saliency"], axis=1)).tolist() == seen


def test_a_detector_without_layers_shows_none(epochs):
    detector = make_detector("slda").fit(epochs.X, epochs.y)
    found = inspect_detector(detector, part_of(epochs), epochs.sfreq)
    assert found.pop("sfreq") == 120
    assert set(found.values()) == {None}
