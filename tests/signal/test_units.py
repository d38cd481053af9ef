"""Units of epochs, and which epochs share samples with those of other units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import make_epochs

from p300.detectors.splits import held_out_parts, validation_split
from p300.signal.epochs import Epochs
from p300.signal.units import touched_units


def without_characters(epochs: Epochs) -> Epochs:
    return replace(epochs, flashes=epochs.flashes.assign(character=pd.NA))


def overlap(epochs: Epochs, some, others) -> bool:
    """Whether epochs at some positions share samples with those at others."""
    runs, onset = epochs.units("run"), epochs.flashes["onset"].to_numpy()
    near = np.abs(onset[some][:, None] - onset[others]) < epochs.duration - 1e-9
    return bool((near & (runs[some][:, None] == runs[others])).any())


def test_characters_apart_are_plain_groups():
    epochs = make_epochs(2, 1)
    for level in ("character", "run", "subject"):
        np.testing.assert_array_equal(epochs.groups(level), epochs.units(level))


def test_stretches_without_a_gap_name_their_neighbours():
    epochs = without_characters(make_epochs(1, 1, n_characters=4))
    groups, units = epochs.groups("character"), epochs.units("character")
    assert groups.shape == (len(epochs), 2)
    np.testing.assert_array_equal(groups[:, 0], units)
    onset = epochs.flashes["onset"].to_numpy()
    for row in range(len(epochs)):
        near = units[np.abs(onset - onset[row]) < epochs.duration - 1e-9]
        assert set(near) == set(groups[row])
    assert epochs.groups("run").ndim == 1


def test_characters_closer_than_an_epoch_share_samples_too():
    epochs = make_epochs(1, 1)
    flashes = epochs.flashes.assign(onset=0.175 * np.arange(len(epochs)))
    close = replace(epochs, flashes=flashes)
    assert close.groups("character").shape == (len(epochs), 2)


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 60),
    window=st.floats(0.1, 5.0),
    n_parts=st.integers(2, 5),
)
def test_what_is_held_out_shares_no_sample_with_what_is_learned(seed, n, window, n_parts):
    rng = np.random.default_rng(seed)
    runs = rng.integers(0, 3, n)
    onsets = np.round(rng.uniform(0, 40, n), 2)
    units = runs * 1000 + (onsets // rng.uniform(1, 12)).astype(np.int64)
    groups = touched_units(units, runs, onsets, window)
    own = groups if groups.ndim == 1 else groups[:, 0]
    np.testing.assert_array_equal(own, units)
    parts = held_out_parts(n, groups, n_parts)
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(n))
    for rest, held in parts:
        near = np.abs(onsets[rest][:, None] - onsets[held]) < window - 1e-5
        assert not (near & (runs[rest][:, None] == runs[held])).any()
        # And nothing is left out without a reason.
        for row in np.setdiff1d(np.arange(n), [*rest, *held]):
            touched = units[(np.abs(onsets - onsets[row]) < window) & (runs == runs[row])]
            assert np.isin(touched, units[held]).any()


def test_validation_leaves_out_what_touches_it():
    epochs = without_characters(make_epochs(1, 2, n_characters=8))
    y, groups = epochs.y, epochs.groups("character")
    learn, validate = validation_split(y, groups, 0.15, np.random.default_rng(0))
    assert not overlap(epochs, learn, validate)
    left_out = len(epochs) - len(learn) - len(validate)
    assert 0 < left_out < 0.1 * len(epochs)
    # Whole stretches of a run are validated on, and by their numbers alone it would leak.
    assert not set(groups[learn, 0]) & set(groups[validate, 0])
    plain = validation_split(y, groups[:, 0], 0.15, np.random.default_rng(0))
    np.testing.assert_array_equal(plain[1], validate)
    assert overlap(epochs, *plain)


def test_no_epochs_have_no_groups():
    epochs = make_epochs(1, 1)
    assert len(epochs.select(np.arange(0)).groups("character")) == 0
