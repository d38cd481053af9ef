"""Preprocessing: exact onsets, realised bands, causality, normalising, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from studies import ELECTRODES, make_flashes, make_recording

from p300.errors import ConfigError, DataWarning, EpochsError, PreprocessingError
from p300.recordings import build_recording
from p300.runs.config import parse_experiment
from p300.signal.filters import anti_alias, bandpass
from p300.signal.preprocessing import (
    Preprocessing,
    cut_epochs,
    normalise,
    preprocess,
)

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


def waves(sfreq, seconds, frequencies, phases):
    """The same band-limited signal, whatever the rate that it is recorded at, and three others."""
    t = np.arange(round(sfreq * seconds)) / sfreq
    each = [np.sin(2 * np.pi * f * t + p) for f, p in zip(frequencies, phases, strict=True)]
    others = np.random.default_rng(0).standard_normal((3, len(t)))
    return 1e-5 * np.vstack([np.sum(each, axis=0), others])


@settings(max_examples=15, deadline=None)
@given(
    source=st.sampled_from([125.0, 240.0, 250.0, 256.0, 500.0, 512.0]),
    target=st.sampled_from([100.0, 120.0]),
    frequencies=st.lists(st.floats(4, 10), min_size=1, max_size=3),
    phase=st.floats(0, 6),
    onset=st.integers(2000, 2300),
)
def test_epochs_of_a_signal_do_not_depend_on_the_rate_that_it_was_recorded_at(
    source, target, frequencies, phase, onset
):
    phases = [phase + k for k in range(len(frequencies))]
    options = Preprocessing(
        sfreq=target, order="filter_first", tmin=-0.2, low=0.5, high=30.0, **RAW
    )
    recording = record(waves(source, 40.0, frequencies, phases), [onset, onset + 7], source)
    epochs = cut_epochs(recording, options)
    assert (epochs.sfreq, epochs.X.shape[2], epochs.tmin) == (target, int(0.85 * target), -0.2)
    # What the signal is at exactly these times after the flash, as the band lets it through.
    times = onset / source + epochs.times
    true = 1e-5 * sum(
        np.sin(2 * np.pi * f * times + p) for f, p in zip(frequencies, phases, strict=True)
    )
    # The anti-alias filter, there and back, may change an amplitude by 0.1 dB.
    np.testing.assert_allclose(epochs.X[0, 0], true, atol=0.02 * 1e-5 * len(frequencies))


def test_half_a_sample_would_be_seen():
    one, late = (
        cut_epochs(
            record(waves(250.0, 20.0, [10.0], [phase]), [2000, 2500], 250.0),
            Preprocessing(sfreq=120.0, order="filter_first", **RAW),
        ).X[0, 0]
        for phase in (0.0, 2 * np.pi * 10 * 0.5 / 120)
    )
    assert np.abs(one - late).max() > 2e-6


@pytest.mark.parametrize("order", ["subsample_first", "filter_first"])
def test_a_whole_factor_takes_samples_as_they_are(order):
    recording = record(noise(12_000), [3001, 6002])
    options = Preprocessing(order=order, sfreq=80.0, low=1.0, **RAW)
    epochs = cut_epochs(recording, options)
    smooth = anti_alias(recording.raw.get_data(), 3, "zero")
    if order == "filter_first":
        by_hand = bandpass(smooth, 240.0, options)[:, 3001 : 3001 + 3 * 52 : 3]
    else:
        by_hand = bandpass(smooth[:, 1::3], 80.0, options)[:, 1000 : 1000 + 52]
    np.testing.assert_array_equal(epochs.X[0], by_hand.astype(np.float32))


@pytest.mark.parametrize("sfreq", [100.0, 120.0])
def test_values_between_samples_end_where_the_signal_does(sfreq):
    # A window of .65 s fits from sample 0, and up to .65 s before the end, no further.
    n = 5000
    onsets = [0, n - 1 - 161, n - 1 - 159, n - 1]
    recording = record(noise(n), onsets, 250.0)
    options = Preprocessing(order="filter_first", sfreq=sfreq, **RAW)
    with pytest.warns(DataWarning, match="2 flashes are left out"):
        epochs = cut_epochs(recording, options)
    assert epochs.flashes["sample"].tolist() == onsets[:2]
    assert np.isfinite(epochs.X).all()


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


def test_constant_epochs_become_zero_with_a_warning():
    epochs = preprocess(make_recording(), Preprocessing(**RAW))
    X = epochs.X.copy()
    X[3, 1] = 5e-6
    with pytest.warns(DataWarning, match=r"1 of \d+ epochs x 4 electrodes are constant"):
        normalised = normalise(replace(epochs, X=X), Preprocessing())
    assert (normalised.X[3, 1] == 0).all()


def scaled_study(factor):
    for subject, scale in (("1", 1.0), ("2", factor), ("3", 1.2)):
        signal = scale * 1e-5 * np.random.default_rng(int(subject)).standard_normal((4, 8000))
        yield build_recording(
            signal, ELECTRODES, 240.0, make_flashes(2, 2), dataset="made", subject=subject
        )


@pytest.mark.filterwarnings("ignore:.*is unusual for EEG")
def test_a_subject_in_another_unit_is_named_and_made_harmless():
    with pytest.warns(DataWarning, match="the amplitudes of 3 subjects") as caught:
        odd = preprocess(scaled_study(1e-3))
    said = [str(w.message) for w in caught if "amplitudes of" in str(w.message)]
    assert len(said) == 1
    assert "made/sub-2 (0.0" in said[0]
    assert "sub-1" not in said[0]
    assert "sub-3" not in said[0]
    np.testing.assert_allclose(odd.X, preprocess(scaled_study(1.0)).X, atol=2e-3)


def test_subjects_within_the_usual_range_are_not_named():
    preprocess(scaled_study(0.1))  # warnings are errors


def test_electrodes_are_picked_in_the_order_asked():
    both = preprocess(make_recording(), Preprocessing(electrodes=("Oz", "Cz", "Fz")))
    everything = preprocess(make_recording())
    assert both.electrodes == ("Oz", "Cz", "Fz")
    np.testing.assert_array_equal(both.X, everything.pick(["Oz", "Cz", "Fz"]).X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sfreq": 100.0}, r"240 Hz cannot be subsampled to 100 Hz .* possible are 240, 120"),
        ({"electrodes": ("Fz", "C9")}, r"electrodes \['C9'\] not found, the recording has"),
        ({"reference": ("M1",)}, r"reference \['M1'\] not found"),
        ({"sfreq": 100.0}, "set preprocessing.order to filter_first and phase to zero"),
        ({"sfreq": 100.0, "order": "filter_first", "phase": "causal"}, "by a whole factor"),
        ({"sfreq": 250.0, "order": "filter_first"}, "240 Hz cannot be subsampled to 250 Hz"),
        (
            {"electrodes": ("Fz", "X1"), "missing_electrodes": "interpolate"},
            r"\['X1'\] cannot be interpolated, the 10-05 system has no such names",
        ),
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


def test_recordings_of_different_rates_go_together_at_a_rate_between_samples():
    options = Preprocessing(sfreq=120.0, order="filter_first")
    recordings = [make_recording(f"{k}", sfreq=sfreq) for k, sfreq in enumerate((240, 250, 256))]
    epochs = preprocess(recordings, options)
    assert epochs.X.shape[1:] == (4, 78)
    assert epochs.sfreq == 120


def test_different_rates_are_an_error():
    with pytest.raises(EpochsError, match=r"samples at 120 Hz .* at 125 Hz"):
        preprocess([make_recording("1"), make_recording("2", sfreq=250.0)])


def test_a_fir_filter_longer_than_the_recording_is_warned_of_by_name():
    recording = record(noise(20 * 240), [600, 1201])
    said = r"made/sub-1/ses-1/run-1, a stretch of 20 s: .*distortion is likely.*low higher"
    with pytest.warns(DataWarning, match=said) as caught:
        cut_epochs(recording, Preprocessing(filter="fir"))
    assert len(caught) == 1  # not once for each of the interleaved signals
    cut_epochs(recording, Preprocessing(filter="fir", low=1.0))  # warnings are errors


def test_no_recordings_is_an_error_of_ours():
    with pytest.raises(EpochsError, match="expected at least one recording"):
        preprocess([])


@pytest.mark.parametrize(
    "options",
    [
        {"sfreq": value} for value in (0, -120, float("nan"), float("inf"), 1e12, 1e-300, 40.0)
    ] + [
        {"low": value} for value in (0, -1, float("nan"), float("inf"), 1e-300, 20.0, 1e12)
    ] + [
        {"high": value} for value in (0, -1, float("nan"), float("inf"), 0.1, 1e12)
    ] + [
        {"filter_order": value} for value in (0, -1, 13, 10**9, 2.5, True)
    ] + [
        {"tmin": value} for value in (float("nan"), float("-inf"), -1e18, 0.65, 0.64, 11)
    ] + [
        {"tmax": value} for value in (float("nan"), float("inf"), 1e18, 0.0, 0.005, -1)
    ] + [
        {"tmin": -6, "tmax": 6},
        {"electrodes": ()},
        {"electrodes": ("Cz", "Pz", "Cz")},
        {"reference": ()},
        {"reference": ("M1", "M1")},
        {"order": "first"},
        {"filter": "iir"},
        {"phase": "linear"},
        {"normaliser": "robust"},
        {"missing_electrodes": "interpolate"},
        {"bad_electrodes": "ignore"},
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused_when_they_are_read(options):
    with pytest.raises(ValidationError):
        Preprocessing(**options)
    given = {name: list(v) if isinstance(v, tuple) else v for name, v in options.items()}
    with pytest.raises(ConfigError, match="preprocessing"):
        parse_experiment(yaml.safe_dump({"preprocessing": given}))


def test_the_widest_settings_are_taken():
    wide = Preprocessing(sfreq=250.0, low=0.001, high=124.0, filter_order=12, tmin=-5, tmax=5)
    assert np.isfinite(cut_epochs(record(noise(24_000), [6000, 9000], 1000.0), wide).X).all()
