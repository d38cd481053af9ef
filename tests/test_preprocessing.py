"""Preprocessing: exact onsets, realised bands, causality, normalising, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import ELECTRODES, make_flashes, make_recording

from p300.errors import DataWarning, EpochsError, PreprocessingError
from p300.preprocessing import (
    Preprocessing,
    bandpass,
    cut_epochs,
    normalise,
    preprocess,
    realised_band,
)
from p300.recordings import build_recording

RAW = {"normaliser": "none"}


def record(signal, onsets, sfreq=240.0, segment_starts=None):
    flashes = pd.DataFrame({"sample": onsets, "target": [True, False] * (len(onsets) // 2)})
    return build_recording(
        signal, ELECTRODES, sfreq, flashes, dataset="made", subject="1", source="made",
        segment_starts=segment_starts,
    )  # fmt: skip


def noise(n_samples, seed=0):
    return 1e-5 * np.random.default_rng(seed).standard_normal((4, n_samples))


@pytest.mark.parametrize("order", ["subsample_first", "filter_first"])
def test_the_papers_window_is_78_samples_at_120_hz(order):
    epochs = preprocess(make_recording(), Preprocessing(order=order))
    assert epochs.X.shape[1:] == (4, 78)
    assert epochs.X.dtype == np.float32
    assert epochs.sfreq == 120
    assert epochs.times[0] == 0
    assert len(epochs) == len(epochs.y) == len(epochs.flashes)


@pytest.mark.parametrize(
    ("source", "target"), [(240.0, 120.0), (256.0, 128.0), (250.0, 125.0), (512.0, 128.0)]
)
def test_default_rate_is_the_lowest_not_below_the_papers(source, target):
    assert preprocess(make_recording(sfreq=source)).sfreq == target


@pytest.mark.parametrize("order", ["subsample_first", "filter_first"])
@pytest.mark.parametrize("shift", [0, 1, 2])
def test_onsets_are_never_rounded_to_the_subsampled_grid(order, shift):
    # The same signal moved by any number of source samples must give the same epoch.
    onset, long = 6001, noise(12_000)
    moved = np.roll(long, shift, axis=1)
    # A lower edge of 1 Hz: at 0.1 Hz the ends of the signal are still felt after 25 s.
    options = Preprocessing(order=order, sfreq=80.0, low=1.0, **RAW)
    one = cut_epochs(record(long, [onset, onset + 300]), options)
    other = cut_epochs(record(moved, [onset + shift, onset + 300 + shift]), options)
    np.testing.assert_allclose(one.X, other.X, atol=1e-9)  # a sample off gives 1e-6


def test_a_pulse_at_the_onset_lands_on_the_first_sample_to_a_sample():
    time = np.arange(12_000)
    pulse = 1e-3 * np.exp(-0.5 * ((time - 6003) / 8.0) ** 2)  # centred on an odd sample
    epochs = cut_epochs(
        record(pulse + 0.1 * noise(12_000), [6003 - 24, 6003]),
        Preprocessing(tmin=-0.1, **RAW),
    )
    assert epochs.times[epochs.X[1, 0].argmax()] == pytest.approx(0.0, abs=1e-9)
    assert epochs.times[epochs.X[0, 0].argmax()] == pytest.approx(24 / 240, abs=1e-9)


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


@pytest.mark.parametrize("kind", ["butterworth", "fir"])
@pytest.mark.parametrize("order", ["subsample_first", "filter_first"])
def test_a_causal_filter_uses_no_future_sample(kind, order):
    signal, last = noise(20_000), 12_000
    changed = signal.copy()
    changed[:, last + 1 :] += 1e-4
    options = Preprocessing(phase="causal", filter=kind, order=order, low=0.5, **RAW)
    onsets = [last - 156, last - 155]  # the last sample of their windows is not after `last`
    before = cut_epochs(record(signal, onsets), options)
    after = cut_epochs(record(changed, onsets), options)
    np.testing.assert_allclose(before.X, after.X, atol=1e-13)
    later = cut_epochs(record(changed, [last, last + 1]), options)
    assert not np.allclose(later.X, cut_epochs(record(signal, [last, last + 1]), options).X)


def test_a_zero_phase_filter_does_not_delay():
    t = np.arange(24_000) / 240.0
    sine = np.sin(2 * np.pi * 5.0 * t)[None]
    filtered = bandpass(sine, 240.0, Preprocessing())
    np.testing.assert_allclose(filtered[0, 6000:18_000], sine[0, 6000:18_000], atol=0.01)


@pytest.mark.parametrize("phase", ["zero", "causal"])
def test_a_large_offset_leaves_no_transient(phase):
    flat = noise(6000)
    options = Preprocessing(phase=phase, **RAW)
    plain = cut_epochs(record(flat, [300, 600]), options)
    shifted = cut_epochs(record(flat + 0.05, [300, 600]), options)
    np.testing.assert_allclose(plain.X, shifted.X, atol=1e-7)


def test_filters_do_not_run_across_segment_edges():
    left, right = noise(4800, 1), noise(4800, 2)
    both = np.concatenate([left, right + 3e-3], axis=1)
    options = Preprocessing(**RAW)
    joined = cut_epochs(record(both, [1200, 6000], segment_starts=[4800]), options)
    alone = cut_epochs(record(right + 3e-3, [1200, 2400]), options)
    np.testing.assert_allclose(joined.X[1], alone.X[0], atol=1e-12)


def test_flashes_too_close_to_the_end_are_left_out_by_name():
    recording = record(noise(2400), [600, 2399])
    with pytest.warns(DataWarning, match="1 flashes are left out"):
        epochs = cut_epochs(recording, Preprocessing())
    assert epochs.flashes["sample"].tolist() == [600]


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.01, 10), offset=st.floats(-1e-3, 1e-3))
def test_z_scores_do_not_depend_on_scale_and_offset(scale, offset):
    plain = record(noise(4800), [1200, 2400])
    changed = record(noise(4800) * scale + offset, [1200, 2400])
    a, b = preprocess(plain), preprocess(changed)
    np.testing.assert_allclose(a.X, b.X, atol=2e-3)
    np.testing.assert_allclose(a.X.mean(axis=2), 0, atol=1e-5)
    np.testing.assert_allclose(a.X.std(axis=2), 1, atol=1e-4)


def test_constant_windows_become_zero_with_a_warning():
    from dataclasses import replace

    epochs = preprocess(make_recording(), Preprocessing(**RAW))
    X = epochs.X.copy()
    X[3, 1] = 5e-6
    with pytest.warns(DataWarning, match="1 windows .* constant"):
        normalised = normalise(replace(epochs, X=X), Preprocessing())
    assert (normalised.X[3, 1] == 0).all()


def test_average_reference_sums_to_zero():
    epochs = preprocess(make_recording(), Preprocessing(reference="average", **RAW))
    np.testing.assert_allclose(epochs.X.sum(axis=1), 0, atol=1e-10)


def test_electrodes_are_picked_in_the_order_asked():
    both = preprocess(make_recording(), Preprocessing(electrodes=("Oz", "Cz", "Fz")))
    everything = preprocess(make_recording())
    assert both.electrodes == ("Oz", "Cz", "Fz")
    np.testing.assert_array_equal(both.X, everything.pick(["Oz", "Cz", "Fz"]).X)


def flat_recording():
    names = ["Fz", "Cz", "C3", "C4", "Pz", "Oz"]
    flashes = make_flashes(2, 2)
    signal = 1e-5 * np.random.default_rng(1).standard_normal((6, 8000))
    signal[1] = 0.0
    with pytest.warns(DataWarning, match=r"\['Cz'\] are flat"):
        return build_recording(signal, names, 240.0, flashes, dataset="made", subject="1")


@pytest.mark.parametrize(("choice", "n"), [("drop", 5), ("interpolate", 6), ("keep", 6)])
def test_flat_electrodes_are_treated_as_set(choice, n):
    epochs = cut_epochs(flat_recording(), Preprocessing(bad_electrodes=choice, **RAW))
    assert len(epochs.electrodes) == n
    if choice != "drop":
        assert (epochs.X[:, 1].std() > 0) == (choice == "interpolate")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sfreq": 100.0}, r"240 Hz cannot be subsampled to 100 Hz .* possible are 240, 120"),
        ({"sfreq": 30.0}, "30 Hz is too low for a band up to 20 Hz"),
        ({"electrodes": ("Fz", "C9")}, r"electrodes \['C9'\] not found, the recording has"),
        ({"reference": ("M1",)}, r"reference \['M1'\] not found"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options, message):
    with pytest.raises(PreprocessingError, match=message):
        preprocess(make_recording(), Preprocessing(**options))


def test_subjects_with_different_electrodes_use_the_common_ones_and_say_which():
    one, other = make_recording("1"), make_recording("2", electrodes=["Fz", "Pz", "Cz", "O1"])
    with pytest.warns(DataWarning, match=r"common ones \(Fz, Cz, Pz\) are used, not O1, Oz"):
        epochs = preprocess([one, other])
    assert epochs.electrodes == ("Fz", "Cz", "Pz")
    np.testing.assert_allclose(epochs.select(epochs.flashes["subject"] == "2").X[:, 2],
                               preprocess(other).X[:, 1])  # fmt: skip


def test_fewer_than_three_common_electrodes_is_an_error():
    one, other = make_recording("1"), make_recording("2", electrodes=["Fz", "Pz", "C3", "C4"])
    with pytest.raises(EpochsError, match="only 2 electrodes"):
        preprocess([one, other])


def test_different_rates_are_an_error():
    with pytest.raises(EpochsError, match=r"samples at 120 Hz .* at 125 Hz"):
        preprocess([make_recording("1"), make_recording("2", sfreq=250.0)])
