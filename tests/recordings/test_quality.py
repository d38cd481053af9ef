from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from p300.recordings import build_recording, summarise_recording
from p300.recordings.flashes import count_characters
from p300.recordings.quality import describe_flashing, electrode_quality, line_noise, spectrum

SFREQ = 250.0
SECONDS = 60
CLOCK = np.arange(int(SECONDS * SFREQ)) / SFREQ
NAMES = ["Fz", "Cz", "Pz", "Oz", "P3", "P4"]


def noise():
    return 1e-5 * np.random.default_rng(4).normal(size=(len(NAMES), len(CLOCK)))


def flash_table(samples=None):
    samples = 500 + 50 * np.arange(240) if samples is None else np.asarray(samples)
    return pd.DataFrame({"sample": samples, "target": np.arange(len(samples)) % 6 == 0})


def record(signal, flashes=None):
    return build_recording(
        signal, NAMES, SFREQ, flash_table() if flashes is None else flashes,
        dataset="made", subject="1", source="made",
    )  # fmt: skip


def quality(signal):
    return electrode_quality(record(signal)).set_index("electrode")


def test_a_good_recording_has_no_faults():
    table = quality(noise())
    assert (table["faults"] == "").all()
    assert table["placed"].all()
    # White noise of 10 uV up to 125 Hz has this part between 1 and 30 Hz.
    np.testing.assert_allclose(table["amplitude"], 1e-5 * np.sqrt(29 / 125), rtol=0.05)
    assert (table["drift"] < 2e-6).all()
    assert (table[["line_50", "line_60"]].abs() < 4).all(axis=None)


@pytest.mark.parametrize("frequency", [50, 60])
def test_the_mains_stand_out_where_they_are(frequency):
    signal = noise()
    signal[2] += 1e-5 * np.sin(2 * np.pi * frequency * CLOCK)
    table = quality(signal)
    other = 110 - frequency
    assert table.loc["Pz", f"line_{frequency}"] > 15
    assert table.loc["Pz", f"line_{other}"] < 4
    assert table.loc["Cz", f"line_{frequency}"] < 4


def mains_of(signal, sfreq=SFREQ):
    return line_noise(*spectrum(signal, sfreq), 50.0)


def test_ten_times_the_amplitude_of_the_mains_is_twenty_decibels():
    wave, background = np.sin(2 * np.pi * 50 * CLOCK), np.random.default_rng(0).normal(size=15000)
    low, high = (mains_of(a * wave + background) for a in (3.0, 30.0))
    assert high - low == pytest.approx(20, abs=1)


def test_a_notch_filter_shows_and_low_rates_and_flat_signals_tell_nothing():
    from scipy.signal import filtfilt, iirnotch

    assert mains_of(filtfilt(*iirnotch(50, 20, SFREQ), noise()[0])) < -3
    assert np.isnan(mains_of(noise()[0], sfreq=100.0))
    assert np.isnan(mains_of(np.zeros(5000)))


def test_the_mains_do_not_make_an_electrode_loud():
    signal = noise()
    signal[2] += 1e-4 * np.sin(2 * np.pi * 50 * CLOCK)
    assert (quality(signal)["faults"] == "").all()


def test_faults_are_named():
    signal = noise()
    signal[1] *= 10
    signal[3] += 3e-3 * np.sin(2 * np.pi * 0.02 * CLOCK)
    signal[5] *= 5e-3
    faults = quality(signal)["faults"]
    assert faults["Cz"].startswith("loud")
    assert faults["Oz"] == "drifting"
    assert faults["P4"] == "quiet"
    assert (faults[["Fz", "Pz", "P3"]] == "").all()


@pytest.mark.filterwarnings("ignore:.*are flat")
def test_marks_of_the_source_are_kept():
    signal = noise()
    recording = record(signal)
    recording.raw.info["bads"] = ["Pz"]
    table = electrode_quality(recording).set_index("electrode")
    assert table.loc["Pz", "faults"] == "marked bad"
    signal[0] = 0.0
    assert quality(signal).loc["Fz", "faults"] == "flat"


def test_steady_flashes():
    flashing = describe_flashing(record(noise()))
    assert flashing.usual == pytest.approx(0.2)
    assert (flashing.n_flashes, flashing.n_targets) == (240, 40)
    assert flashing.target_share == pytest.approx(1 / 6)
    assert not flashing.irregular.any()
    assert len(flashing.pauses) == 0
    assert np.isnan(flashing.usual_pause)
    assert (flashing.n_characters, flashing.n_repetitions, flashing.codes) == (0, 0, ())


def test_lost_and_doubled_flashes_and_pauses_are_told_apart():
    samples = 500 + 50 * np.arange(100)
    samples[50:] += 1000  # a pause of 4.2 s
    samples = np.delete(samples, 20)  # lost: 400 ms
    samples = np.insert(samples, 81, samples[80] + 10)  # doubled: 40 ms after, 160 ms before
    flashing = describe_flashing(record(noise(), flash_table(samples)))
    assert np.flatnonzero(flashing.irregular).tolist() == [19, 80]
    assert flashing.pauses.tolist() == [pytest.approx(4.2)]
    assert flashing.usual_pause == pytest.approx(4.2)
    assert len(flashing.inside) == len(samples) - 2


def test_two_lost_flashes_are_no_pause_to_anyone():
    samples = np.delete(500 + 50 * np.arange(100), [20, 21])  # three times the usual interval
    recording = record(noise(), flash_table(samples))
    assert len(describe_flashing(recording).pauses) == 0
    assert count_characters(samples).max() == 1
    assert summarise_recording(recording)["onset_interval_range_ms"] == [200.0, 600.0]


def test_unknown_targets_and_a_single_flash():
    table = flash_table([500]).drop(columns="target")
    flashing = describe_flashing(record(noise(), table))
    assert flashing.n_targets is None
    assert flashing.target_share is None
    assert np.isnan(flashing.usual)
    assert len(flashing.inside) == len(flashing.pauses) == len(flashing.irregular) == 0


@pytest.mark.parametrize(
    ("shape", "stretch", "sfreq"),
    [((1000,), None, 128.0), ((3, 7001), None, 250.0), ((900,), 90, 100.0), ((77,), 7, 100.0),
     ((300,), None, 100.0), ((2, 55), None, 250.0)],
)  # fmt: skip
def test_the_spectrum_is_welchs(shape: tuple[int, ...], stretch: int | None, sfreq: float) -> None:
    from scipy.signal import welch

    signal = 3 + np.random.default_rng(0).normal(size=shape)
    length = stretch or min(shape[-1], round(4 * sfreq))
    overlap = 0 if stretch else None
    expected = welch(signal, sfreq, nperseg=length, noverlap=overlap, average="median")
    for mine, scipys in zip(spectrum(signal, sfreq, stretch), expected, strict=True):
        np.testing.assert_allclose(mine, scipys, rtol=1e-9, atol=1e-12)


def test_a_single_sample_has_no_power() -> None:
    assert spectrum(np.ones(1), 100.0)[1].tolist() == [0.0]
