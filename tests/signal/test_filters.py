"""Filters: realised bands, no delay; values of a signal between its samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.recordings import build_recording
from p300.signal.filters import bandpass, interpolation_weights, realised_band, sample_epochs
from p300.signal.preprocessing import Preprocessing, cut_epochs, describe


@settings(max_examples=30, deadline=None)
@given(
    frequency=st.floats(0.5, 96.0),
    phase=st.floats(0, 6),
    ratio=st.floats(1.01, 4.0),
    start=st.floats(-20, 20),
)
def test_values_between_samples_are_those_of_the_signal(frequency, phase, ratio, start):
    sfreq, onsets = 240.0, np.array([100, 333, 700])
    offsets = start + ratio * np.arange(20)
    signal = np.sin(2 * np.pi * frequency * np.arange(1000) / sfreq + phase)[None]
    ((rows, values),) = sample_epochs(signal, onsets, offsets)
    times = (onsets[:, None] + offsets) / sfreq
    np.testing.assert_array_equal(rows, [0, 1, 2])
    true = np.sin(2 * np.pi * frequency * times + phase)
    np.testing.assert_allclose(values[:, 0], true, atol=3e-4)


def test_whole_samples_are_taken_as_they_are():
    signal = np.random.default_rng(0).standard_normal((2, 500))
    ((_, values),) = sample_epochs(signal, np.array([50, 71]), np.arange(-3.0, 40.0, 3.0))
    np.testing.assert_array_equal(values[1, :, 0], signal[:, 68])
    np.testing.assert_array_equal(values[0, 1], signal[1, 47:90:3])


def test_many_onsets_come_in_parts_that_make_up_the_whole():
    signal = np.random.default_rng(0).standard_normal((2, 3000)).cumsum(axis=1)
    onsets, offsets = np.arange(2900), np.arange(30) * 1.3
    parts = list(sample_epochs(signal, onsets, offsets))
    assert len(parts) > 5
    assert np.concatenate([rows for rows, _ in parts]).tolist() == list(range(2900))
    one = next(sample_epochs(signal, onsets[2000:2001], offsets))[1]
    np.testing.assert_allclose(np.concatenate([v for _, v in parts])[2000], one[0], atol=1e-12)


def test_onsets_whose_windows_leave_the_signal_are_left_out():
    onsets = np.array([0, 1, 80, 90])
    ((rows, _),) = sample_epochs(np.zeros((1, 100)), onsets, np.array([-0.5, 9.0, 18.5]))
    assert rows.tolist() == [1, 2]


@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5])
def test_a_constant_stays_one(offset):
    _, weights = interpolation_weights(offset + np.arange(5) * 2.1)
    np.testing.assert_allclose(weights.sum(axis=0), 1)


@pytest.mark.parametrize("phase", ["zero", "causal"])
@pytest.mark.parametrize(("low", "high"), [(0.1, 20.0), (0.5, 12.0), (1.0, 30.0)])
def test_minus_3_db_points_on_a_swept_sine(phase, low, high):
    # A slow linear sweep: the amplitude of the output at each moment is the gain there.
    sfreq, seconds = 120.0, 4000.0
    t = np.arange(int(sfreq * seconds)) / sfreq
    top = 45.0
    frequency = top * t / seconds
    sweep = np.sin(2 * np.pi * np.cumsum(frequency) / sfreq)[None]
    filtered = bandpass(sweep, sfreq, Preprocessing(low=low, high=high, phase=phase))
    from scipy.signal import hilbert

    gain = np.abs(hilbert(filtered[0]))
    inside = slice(len(t) // 50, -len(t) // 50)  # the padding at the ends is not the filter
    upper = frequency[inside][np.flatnonzero(gain[inside] > np.sqrt(0.5))[-1]]
    assert upper == pytest.approx(high, rel=0.02)
    # The sweep passes the lower edge too fast to measure there; steady sines do it.
    for ratio, expected in ((0.97, False), (1.03, True)):
        t_low = np.arange(int(sfreq * 40 / low)) / sfreq
        out = bandpass(
            np.sin(2 * np.pi * ratio * low * t_low)[None],
            sfreq,
            Preprocessing(low=low, high=high, phase=phase),
        )[0]
        middle = out[len(out) // 2 : 3 * len(out) // 4]
        assert (np.abs(middle).max() > np.sqrt(0.5)) == expected


def test_realised_band_is_what_was_asked_for():
    for phase in ("zero", "causal"):
        low, high = realised_band(Preprocessing(phase=phase), 120.0)
        assert low == pytest.approx(0.1, abs=0.006)
        assert high == pytest.approx(20.0, rel=0.01)


@pytest.mark.parametrize("order", ["subsample_first", "filter_first"])
def test_the_anti_alias_filter_counts(order):
    narrow = Preprocessing(sfreq=50.0, high=24.0, order=order)
    assert realised_band(narrow, 200.0, 4.0)[1] == pytest.approx(21.0, abs=0.5)
    low, high = realised_band(Preprocessing(order=order), 240.0, 2.0)
    assert low == pytest.approx(0.1, abs=0.006)
    assert high == pytest.approx(20.0, rel=0.01)


def record(signal, sfreq, flashes):
    names = ["Fz", "Cz", "Pz"]
    return build_recording(signal, names, sfreq, flashes, dataset="made", subject="1")


@pytest.mark.parametrize(
    ("source", "options"),
    [
        (240.0, {"low": 0.5}),
        (200.0, {"sfreq": 50.0, "high": 24.0, "low": 0.5}),
        (200.0, {"sfreq": 50.0, "high": 24.0, "low": 0.5, "phase": "causal"}),
        (200.0, {"sfreq": 50.0, "high": 24.0, "low": 0.5, "order": "filter_first"}),
        (130.0, {"sfreq": 120.0, "high": 55.0, "low": 0.5, "order": "filter_first"}),
    ],
)
def test_the_band_that_is_told_is_that_of_the_epochs(source, options):
    """Steady sines just inside and just outside of the band, from recording to epochs."""
    chosen = Preprocessing(tmax=4.0, normaliser="none", **options)
    clock = np.arange(round(60 * source)) / source
    flashes = pd.DataFrame({"sample": [round(30 * source)], "target": pd.NA})
    blank = 1e-5 * np.random.default_rng(0).standard_normal((3, len(clock)))
    told = describe(record(blank, source, flashes), chosen)
    inside = {"realised_low": 1.03, "realised_high": 0.97}
    for edge, ratio in inside.items():
        gains = []
        for frequency in (told[edge] * ratio, told[edge] / ratio):
            sine = 1e-5 * np.sin(2 * np.pi * frequency * clock)
            epochs = cut_epochs(record(np.vstack([sine, blank[1:]]), source, flashes), chosen)
            gains.append(np.abs(epochs.X[0, 0]).max() / 1e-5)
        assert gains[0] > np.sqrt(0.5) > gains[1]


def test_a_zero_phase_filter_does_not_delay():
    t = np.arange(24_000) / 240.0
    sine = np.sin(2 * np.pi * 5.0 * t)[None]
    filtered = bandpass(sine, 240.0, Preprocessing())
    np.testing.assert_allclose(filtered[0, 6000:18_000], sine[0, 6000:18_000], atol=0.01)
