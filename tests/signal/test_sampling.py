"""Rates that are meant to be the same, and which flashes have an epoch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import make_recording

from p300.errors import DataWarning, EpochsError, PreprocessingError
from p300.signal.epochs import concatenate
from p300.signal.preprocessing import Preprocessing, cut_epochs, kept_flashes, preprocess
from p300.signal.sampling import epoch_grid, nominal_rate, same_rate, subsampling_factor


@pytest.mark.parametrize(
    ("rate", "factor", "sfreq"),
    [
        (240.0, 2, 120.0),
        (239.99999, 2, 120.0),
        (float(np.float32(239.99998)), 2, 120.0),
        (1e6 / 4167, 2, 120.0),  # an interval in whole microseconds
        (359.99999, 3, 120.0),
        (599.9998, 5, 120.0),
        (511.99997, 4, 128.0),
        (1e6 / 3906, 2, 128.0),
        (119.99999, 1, 120.0),
        (102.4, 1, 102.4),
        (239.9, 1, 239.9),
    ],
)
def test_a_rate_that_is_off_by_rounding_is_subsampled_as_the_one_meant(rate, factor, sfreq):
    recording = make_recording(sfreq=rate)
    grid = epoch_grid(recording, Preprocessing())
    assert (grid.factor, grid.sfreq) == (factor, sfreq)
    assert grid.n_times == int(0.65 * sfreq + 1e-9)


def test_a_rate_asked_for_is_reached_from_one_off_by_rounding():
    assert subsampling_factor(239.99999, Preprocessing(sfreq=80.0), "here") == 3
    assert subsampling_factor(119.999, Preprocessing(sfreq=120.0), "here") == 1
    with pytest.raises(PreprocessingError, match="by a whole factor"):
        subsampling_factor(239.9, Preprocessing(sfreq=80.0), "here")


def test_recordings_whose_rates_differ_by_rounding_go_together():
    recordings = [make_recording("1"), make_recording("2", sfreq=239.99999)]
    epochs = preprocess(recordings)
    assert epochs.sfreq == 120.0
    assert epochs.X.shape[1:] == (4, 78)


def test_epochs_whose_rates_differ_by_rounding_get_one():
    one, other = (preprocess(make_recording(subject)) for subject in "12")
    joined = concatenate([replace(one, sfreq=102.4), replace(other, sfreq=102.40001)])
    assert joined.sfreq == 102.4
    with pytest.raises(EpochsError, match=r"at 102.4 Hz .* at 102.6 Hz"):
        concatenate([replace(one, sfreq=102.4), replace(other, sfreq=102.6)])


def test_the_tolerance_is_narrower_than_what_rates_differ_by():
    assert same_rate(240.0, 1e6 / 4167)
    assert not same_rate(120.0, 120.1)
    assert nominal_rate(102.4) == 102.4


@settings(max_examples=30, deadline=None)
@given(
    tmin=st.floats(-0.5, 0.2),
    length=st.floats(0.1, 1.5),
    sfreq=st.sampled_from([None, 80.0, 100.0]),
    start=st.integers(1000, 3000),
)
@pytest.mark.filterwarnings("ignore:.*flashes are left out")
def test_the_flashes_that_are_counted_are_those_that_are_cut(tmin, length, sfreq, start):
    order = "subsample_first" if sfreq is None else "filter_first"
    chosen = Preprocessing(tmin=tmin, tmax=tmin + length, sfreq=sfreq, order=order)
    recording = make_recording(n_characters=2, repetitions=2)
    edge = int(recording.flashes["sample"].iloc[0])
    whole = recording.raw
    cut = replace(recording, raw=whole.copy().crop(0, (edge + start) / recording.sfreq))
    cut = replace(cut, flashes=recording.flashes[recording.flashes["sample"] < cut.raw.n_times])
    epochs, grid = cut_epochs(cut, chosen), epoch_grid(cut, chosen)
    counted = kept_flashes(cut, chosen)
    assert epochs.flashes["sample"].tolist() == counted["sample"].tolist()
    assert (epochs.duration, epochs.tmin) == (grid.seconds, grid.tmin)
    last = round(grid.factor * (grid.first + grid.n_times - 1))
    inside = cut.flashes["sample"] + last <= cut.raw.n_times - 1
    assert set(counted["sample"]) <= set(cut.flashes.loc[inside, "sample"])


def test_an_epoch_of_a_few_samples_is_refused_by_name():
    slow = make_recording(sfreq=60.0)
    with pytest.raises(PreprocessingError, match="has 2 samples at 60 Hz, expected at least 4"):
        epoch_grid(slow, Preprocessing(tmax=0.04))


def test_a_band_above_nyquist_is_refused_by_name():
    with pytest.raises(PreprocessingError, match="39 Hz is too low for a band up to 20 Hz"):
        preprocess(make_recording(sfreq=39.0))


def test_flashes_beyond_the_signal_are_warned_of():
    recording = make_recording()
    with pytest.warns(DataWarning, match="flashes are left out, their epoch of 0 to 3 s"):
        assert len(kept_flashes(recording, Preprocessing(tmax=3.0))) < len(recording.flashes)
