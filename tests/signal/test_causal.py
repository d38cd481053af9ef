"""What is filtered and cut causally does not depend on the pieces in which the signal comes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.errors import PreprocessingError
from p300.recordings.recording import build_recording
from p300.signal.causal import CausalFilters, EpochCutter
from p300.signal.filters import anti_alias, bandpass
from p300.signal.preprocessing import Preprocessing, preprocess
from p300.signal.sampling import epoch_grid

ELECTRODES = ["Fz", "Cz", "Pz", "Oz"]


def recorded(sfreq=256.0, seconds=6.0, n_flashes=8):
    import pandas as pd

    random = np.random.default_rng(3)
    signal = 1e-5 * random.standard_normal((len(ELECTRODES), round(sfreq * seconds))) + 4e-3
    samples = np.sort(random.choice(round(sfreq * (seconds - 1)), n_flashes, replace=False))
    flashes = pd.DataFrame({"sample": samples, "target": np.arange(n_flashes) % 4 == 0})
    return build_recording(signal, ELECTRODES, sfreq, flashes, dataset="d", subject="1")


def pieces(signal, sizes):
    at = 0
    while at < signal.shape[1]:
        for size in sizes:
            yield signal[:, at : at + size]
            at += size


def cut_in_pieces(recording, chosen, sizes):
    grid = epoch_grid(recording, chosen)
    cutter = EpochCutter(recording.sfreq, grid, chosen, seconds=1.0)
    waiting, epochs = recording.flashes["sample"].tolist(), []
    for piece in pieces(recording.raw.get_data(), sizes):
        cutter.push(piece)
        while waiting and cutter.ends(waiting[0]) < cutter.n_samples:
            assert cutter.holds(waiting[0])
            epochs.append(cutter.epoch(waiting.pop(0)))
    return np.concatenate(epochs)


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 64), min_size=1, max_size=5),
    order=st.sampled_from(["subsample_first", "filter_first"]),
    sfreq=st.sampled_from([128.0, 256.0, 512.0]),
    normaliser=st.sampled_from(["window_zscore", "none"]),
)
def test_epochs_of_pieces_are_those_of_the_recording_bit_for_bit(sizes, order, sfreq, normaliser):
    chosen = Preprocessing(phase="causal", order=order, normaliser=normaliser)
    recording = recorded(sfreq)
    whole = preprocess(recording, chosen).X
    np.testing.assert_array_equal(cut_in_pieces(recording, chosen, sizes), whole)


@pytest.mark.parametrize("order", ["subsample_first", "filter_first"])
def test_each_interleaved_signal_is_filtered_as_one_by_itself(order):
    chosen = Preprocessing(phase="causal", order=order)
    signal = recorded(512.0).raw.get_data()
    found = CausalFilters(512.0, 4.0, chosen)(signal)
    smooth = anti_alias(signal, 4.0, "causal")
    for k in range(4):
        own = smooth[:, k::4]
        expected = bandpass(own, 128.0, chosen) if order == "subsample_first" else None
        if expected is None:
            expected = bandpass(smooth, 512.0, chosen)[:, k::4]
        np.testing.assert_array_equal(found[:, k::4], expected)


def test_epochs_that_begin_before_the_flash_are_held():
    chosen = Preprocessing(phase="causal", tmin=-0.2, tmax=0.5)
    recording = recorded()
    recording.flashes["sample"] += 100
    whole = preprocess(recording, chosen).X
    np.testing.assert_array_equal(cut_in_pieces(recording, chosen, [7]), whole)


def test_the_signal_of_long_ago_is_let_go_of():
    chosen, recording = Preprocessing(phase="causal"), recorded(seconds=30.0)
    cutter = EpochCutter(256.0, epoch_grid(recording, chosen), chosen, seconds=1.0)
    for piece in pieces(recording.raw.get_data(), [16]):
        cutter.push(piece)
    assert not cutter.holds(100)
    assert cutter.holds(cutter.n_samples - 400)


def test_filters_that_need_the_whole_recording_are_refused():
    for chosen in (Preprocessing(), Preprocessing(phase="causal", filter="fir")):
        grid = epoch_grid(recorded(), chosen)
        with pytest.raises(PreprocessingError, match="expected phase: causal"):
            EpochCutter(256.0, grid, chosen, seconds=1.0)
