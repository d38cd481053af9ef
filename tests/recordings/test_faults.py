from __future__ import annotations

import mne
import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import build_recording, finish_recording
from p300.recordings.faults import find_faults, robust_amplitude
from p300.recordings.quality import electrode_quality

NAMES = ["Fz", "Cz", "P3", "Pz", "P4", "Oz"]
SFREQ = 250.0
N = 15_000


def eeg(seed=3, shared=0.5):
    """Noise whose steps are as those of EEG, [electrode, sample], volts; neighbours are alike."""
    random = np.random.default_rng(seed)
    walks = np.cumsum(random.normal(size=(len(NAMES) + 1, N)), axis=1)
    walks -= np.apply_along_axis(np.convolve, 1, walks, np.ones(250) / 250, "same")
    return 1e-6 * (walks[1:] + shared * walks[0])


def faults_of(signal, names=NAMES):
    return find_faults(signal.__getitem__, names, SFREQ).reasons


def record(signal, flashes, names=NAMES):
    return build_recording(
        signal, names, SFREQ, flashes, dataset="made", subject="1", source="file.x"
    )


@pytest.fixture
def flashes():
    import pandas as pd

    k = np.arange(60)
    return pd.DataFrame({"sample": 500 + 100 * k, "target": k % 5 == 0})


def spiked(row):
    constant = np.full_like(row, 2e-5)
    constant[::1000] += 1e-3
    return constant


def stepped(row):
    return np.repeat(row[::500], 500)


def saturated(row):
    return np.clip(row + 3 * row.std(), None, row.max())


def left_at_half_time(row):
    return np.where(np.arange(N) < 0.4 * N, row, row[0])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (np.zeros_like, "flat"),
        (lambda row: row * 1e-9, "flat"),
        (spiked, "constant in 99.8 % of the samples"),
        (stepped, "constant in 99.8 % of the samples"),
        (lambda row: np.repeat(row[::100], 100), "constant in 99 % of the samples"),
        (left_at_half_time, "constant in 60 % of the samples"),
        (lambda row: np.clip(row, None, 1.5 * row.std()), "clipped ("),
        (lambda row: np.clip(row, -0.5 * row.std(), 1e-2), "clipped ("),
        (saturated, "clipped ("),
        (lambda row: row / 1200, "1,200 times quieter than the others"),
        (lambda row: row * 1200, "1,200 times louder than the others"),
    ],
)
def test_electrodes_without_eeg_are_bad_and_say_why(flashes, spoil, reason):
    signal = eeg()
    signal[3] = spoil(signal[3])
    found = faults_of(signal)
    assert list(found) == ["Pz"]
    if "times" not in reason:
        assert found["Pz"].startswith(reason)
    with pytest.warns(DataWarning) as caught:
        recording = record(signal, flashes)
    assert len(caught) == 1
    assert str(caught[0].message).startswith("file.x (made/sub-1/ses-1/run-1): electrodes ['Pz'] ")
    assert found["Pz"] in str(caught[0].message)
    assert recording.raw.info["bads"] == ["Pz"]
    assert electrode_quality(recording).set_index("electrode").loc["Pz", "faults"] == found["Pz"]


def test_electrodes_that_a_file_marks_as_bad_stay_so(flashes):
    signal = eeg()
    signal[3] = 0.0
    raw = mne.io.RawArray(signal, mne.create_info(NAMES, SFREQ, "eeg"), verbose="error")
    raw.info["bads"] = ["Oz"]
    with pytest.warns(DataWarning, match=r"\['Pz'\] are flat; 1 of 6 are treated as bad"):
        recording = finish_recording(raw, flashes, dataset="made", subject="1")
    assert recording.raw.info["bads"] == ["Oz", "Pz"]


@pytest.mark.parametrize("share", [0.01, 0.05])
@pytest.mark.parametrize("sides", [(True, False), (True, True)])
def test_clipping_at_a_low_amplitude_is_named(flashes, share, sides):
    """At rails of 20 µV, at one of them or at both together."""
    signal = eeg()
    middle = signal - np.median(signal, axis=1, keepdims=True)
    ends = np.quantile(np.abs(middle) if all(sides) else middle, 1 - 1.5 * share, axis=1)
    signal = 2e-5 * middle / ends[:, None]
    clipped = np.clip(signal, -2e-5 if all(sides) else None, 2e-5)
    one = np.where(np.arange(len(NAMES))[:, None] == 3, clipped, signal)
    said = f"clipped \\([0-9.]+ % of the samples are exactly {'-20 or ' * all(sides)}20 µV\\)"
    with pytest.warns(DataWarning, match=said):
        assert record(one, flashes).raw.info["bads"] == ["Pz"]
    with pytest.warns(DataWarning, match=r"they are used all the same"):
        assert record(clipped, flashes).raw.info["bads"] == []


@pytest.mark.parametrize("factor", [1 / 700, 1 / 30, 1.0, 15.0])
def test_other_amplitudes_are_no_fault(factor):
    signal = eeg()
    signal[3] *= factor
    assert faults_of(signal) == {}


def test_loud_electrodes_are_named_and_stay(flashes):
    signal = eeg()
    signal[3] *= 100
    with pytest.warns(DataWarning, match=r"\['Pz'\] have up to \d+ times the amplitude"):
        assert record(signal, flashes).raw.info["bads"] == []


@pytest.mark.parametrize("step", [0.1, 1.0, 2.0])
def test_coarse_steps_are_no_fault(step):
    signal = eeg()
    spread = signal.std(axis=1, keepdims=True)
    coarse = np.round(signal / spread / step) * step * spread
    assert faults_of(coarse) == {}
    # In a few seconds the highest step is a larger share of the samples.
    assert faults_of(coarse[:, 5000:5500]) == {}
    # Clipping is seen in them too where it is more than the steps explain.
    coarse[1] = np.minimum(coarse[1], 0.0)
    assert list(faults_of(coarse)) == ["Cz"]


def test_a_few_clipped_samples_and_a_pause_of_all_are_no_fault():
    signal = eeg()
    signal[2] = np.minimum(signal[2], np.sort(signal[2])[-100])
    assert faults_of(signal) == {}
    signal[:, 4000:13000] = 0.0
    assert faults_of(signal) == {}


def test_a_steady_wave_is_no_fault():
    signal = eeg()
    signal[2] = 1e-5 * np.sin(2 * np.pi * np.arange(N) / 60)  # the same peak in each period
    assert faults_of(signal) == {}


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        (lambda row: row, ("", "")),
        (lambda row: row - 3e-4, ("", "")),
        (lambda row: np.float64(row.astype(np.float32)), ("", "")),
        (lambda row: -2.5 * row + 1e-5, (" times -0.4", " times -2.5")),
        (lambda row: 4.0 * np.round(row / 1e-6) * 1e-6, (" times 0.25", " times 4")),
    ],
)
@pytest.mark.parametrize("step", [0.0, 1e-6])
def test_copies_are_both_bad(flashes, copy, said, step):
    signal = eeg()
    if step:
        signal = np.round(signal / step) * step
    signal[4] = copy(signal[2])
    expected = {"P3": f"the same signal as P4{said[0]}", "P4": f"the same signal as P3{said[1]}"}
    assert faults_of(signal) == expected
    with pytest.warns(DataWarning, match="are the same signal as P4"):
        assert record(signal, flashes).raw.info["bads"] == ["P3", "P4"]


def test_three_bridged_electrodes_name_each_other():
    signal = eeg()
    signal[[1, 4]] = signal[2]
    assert faults_of(signal)["P3"] == "the same signal as Cz and P4"


@pytest.mark.parametrize("noise", [0.01, 0.3])
def test_neighbours_are_no_copies(noise):
    signal = eeg()
    signal[4] = signal[2] + noise * 1e-6 * np.random.default_rng(0).normal(size=N)
    signal += 0.01 * np.sin(np.arange(N) / 2000)  # all drift together by millivolts
    assert faults_of(signal) == {}
    assert faults_of(1e-8 * np.round(signal / 1e-8)) == {}


def test_ears_mirror_each_other_where_their_mean_is_the_reference():
    signal = eeg()
    signal[4] = -signal[2]
    assert faults_of(signal, ["Fz", "Cz", "M1", "Pz", "M2", "Oz"]) == {}
    assert list(faults_of(signal)) == ["P3", "P4"]
    signal[4] = signal[2]
    assert list(faults_of(signal, ["Fz", "Cz", "M1", "Pz", "M2", "Oz"])) == ["M1", "M2"]


def test_gains_that_differ_are_told_from_electrodes_that_fell_off():
    gains = np.array([1, 1, 5, 5, 50, 5e4])[:, np.newaxis]
    assert faults_of(eeg(shared=1.0) * gains) == {}
    strange = np.vstack([eeg()[:5], eeg(seed=8, shared=0)[5:]])
    assert list(faults_of(strange * gains)) == ["Oz"]


def test_a_file_without_eeg_is_refused(flashes):
    copies = np.repeat(eeg()[:1], len(NAMES), axis=0)
    with pytest.raises(
        RecordingError,
        match=r"all 6 electrodes hold the same signal as others, expected EEG; is it",
    ):
        record(copies, flashes)
    with pytest.raises(RecordingError, match="all 6 electrodes are flat, expected EEG"):
        record(np.zeros((6, N)), flashes)


def test_where_all_are_clipped_now_and_then_they_are_used(flashes):
    signal = eeg()
    clipped = np.clip(signal, None, 1.5 * signal.std(axis=1, keepdims=True))
    with pytest.warns(DataWarning, match="are clipped .* used all the same, as there are no oth"):
        recording = record(clipped, flashes)
    assert recording.raw.info["bads"] == []


def test_the_amplitude_is_that_of_steps():
    signal = np.random.default_rng(0).normal(size=(2, N))
    signal[1] += np.arange(N)
    assert robust_amplitude(signal) == pytest.approx([np.sqrt(2)] * 2, rel=0.03)
