"""Averages, and the signed r squared that is computed from them alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from studies import make_epochs, make_recording

from p300.columns import AVERAGES, EPOCH_IMAGES
from p300.signal.averages import (
    MOST_LINES,
    average_epochs,
    best_electrodes,
    image_targets,
    mean_over_subjects,
    pool_averages,
    subject_r_squared,
)
from p300.signal.epochs import Epochs, concatenate
from p300.signal.preprocessing import Preprocessing, preprocess
from p300.signal.separability import signed_r_squared

VOLTS = Preprocessing(normaliser="none")


@pytest.fixture(scope="module")
def one() -> Epochs:
    return preprocess(make_recording(amplitude=2e-5), VOLTS)


@pytest.fixture(scope="module")
def averages() -> pd.DataFrame:
    return average_epochs(planted("1", 10, 0, 2.0))


@pytest.fixture(scope="module")
def two_runs() -> Epochs:
    runs = (make_recording(run=run, seed=seed, n_characters=n) for run, seed, n in
            (("1", 0, 2), ("2", 1, 3)))  # fmt: skip
    return preprocess(runs, VOLTS)


def planted(subject: str, at: int, electrode: int, size: float, seed: int = 0) -> Epochs:
    """Noise, but for a difference at one electrode and time."""
    epochs = make_epochs(1, 1)
    X = np.random.default_rng(seed).normal(size=epochs.X.shape).astype(np.float32)
    X[epochs.y == 1, electrode, at] += size
    return replace(epochs, X=1e-6 * X, flashes=epochs.flashes.assign(subject=subject))


def test_signed_r_squared_is_pearsons_with_its_sign(one):
    table = subject_r_squared(average_epochs(one))
    assert list(table) == ["dataset", "subject", "electrode", "time", "r_squared"]
    for electrode, sample in ((0, 3), (2, 36), (3, 60)):
        r = pearsonr(one.X[:, electrode, sample].astype(float), one.y.astype(float)).statistic
        rows = table[(table["electrode"] == one.electrodes[electrode])]
        assert rows["r_squared"].iloc[sample] == pytest.approx(np.sign(r) * r**2, rel=1e-6)


def test_signed_r_squared_of_averages_is_that_of_epochs(two_runs):
    own = signed_r_squared(two_runs.X, two_runs.y)
    table = subject_r_squared(two_runs.averages())
    np.testing.assert_allclose(table["r_squared"], own.ravel(), rtol=1e-6, atol=1e-12)


def test_a_planted_difference_is_found_where_it_was_put():
    subjects = [planted("1", 30, 2, 3.0), planted("2", 30, 2, 1.5, seed=1)]
    table = subject_r_squared(average_epochs(concatenate(subjects)))
    names = subjects[0].electrodes
    mean = mean_over_subjects(table)
    assert best_electrodes(mean, 2)[0] == names[2]
    assert list(mean.index) == list(names)
    where = np.unravel_index(np.abs(mean.to_numpy()).argmax(), mean.shape)
    assert where == (2, 30)
    own = [table[table["subject"] == s]["r_squared"].abs().max() for s in "12"]
    assert mean.iloc[2, 30] == pytest.approx(np.mean(own))


def test_a_negative_difference_counts_as_much_as_a_positive_one():
    table = subject_r_squared(average_epochs(planted("1", 30, 1, -3.0)))
    assert best_electrodes(mean_over_subjects(table), 1) == [make_epochs(1, 1).electrodes[1]]
    assert table["r_squared"].min() < -0.2
    assert table["r_squared"].min() >= -1


@settings(deadline=None, max_examples=20)
@given(st.floats(1e-9, 1e9), st.floats(-100, 100))
def test_neither_unit_nor_offset_changes_it(averages, scale, offset):
    other = averages.assign(
        microvolts=scale * (averages["microvolts"] + offset),
        deviation=scale * averages["deviation"],
    )
    np.testing.assert_allclose(
        subject_r_squared(other)["r_squared"], subject_r_squared(averages)["r_squared"], atol=1e-6
    )


def test_a_constant_signal_explains_nothing(one):
    table = subject_r_squared(average_epochs(replace(one, X=np.ones_like(one.X))))
    assert (table["r_squared"] == 0).all()


def test_a_subject_without_one_kind_has_none(one):
    lacking = one.select(one.y == 0)
    lacking = replace(lacking, flashes=lacking.flashes.assign(subject="2"))
    averages = average_epochs(concatenate([one, lacking]))
    assert set(averages["subject"]) == {"1", "2"}
    assert set(subject_r_squared(averages)["subject"]) == {"1"}
    assert subject_r_squared(average_epochs(lacking)).empty


def test_averages_of_parts_are_those_of_the_whole(two_runs):
    parts = [two_runs.select(two_runs.flashes["run"] == run) for run in "12"]
    turned = parts[1].pick(two_runs.electrodes[::-1])
    pooled = pool_averages(
        [average_epochs(parts[0]), average_epochs(replace(turned, sfreq=two_runs.sfreq + 1e-9))],
        two_runs.electrodes,
        two_runs.times,
    )
    pd.testing.assert_frame_equal(pooled, average_epochs(two_runs))
    some = pool_averages(
        [average_epochs(part) for part in parts], two_runs.electrodes[1:3], two_runs.times
    )
    pd.testing.assert_frame_equal(some, average_epochs(two_runs.pick(two_runs.electrodes[1:3])))


def test_averages_have_the_columns_of_a_run(one):
    pd.testing.assert_frame_equal(AVERAGES.read(one.averages(), "here"), one.averages())


def test_few_targets_have_a_line_each_in_the_order_of_time(one):
    order = np.random.default_rng(0).permutation(len(one))
    lines = image_targets(one.select(order), "Pz", int(one.y.sum()))
    EPOCH_IMAGES.read(lines, "here")
    assert (lines["n"] == 1).all()
    image = lines.pivot_table(index="line", columns="time", values="microvolts").to_numpy()
    pz = one.electrodes.index("Pz")
    np.testing.assert_allclose(image, 1e6 * one.X[one.y == 1, pz], rtol=1e-6)


def test_many_targets_are_averaged_with_their_neighbours():
    one = preprocess(make_recording(n_characters=6, repetitions=15), VOLTS)
    n_targets = int(one.y.sum())
    assert n_targets > MOST_LINES
    # Beside as many of another run, a run has half of the lines.
    lines = image_targets(one, "Cz", 2 * n_targets)
    assert lines["line"].nunique() == MOST_LINES // 2
    n = lines.groupby("line")["n"].first()
    assert n.sum() == n_targets
    assert n.max() - n.min() <= 1
    targets = 1e6 * one.X[one.y == 1, one.electrodes.index("Cz")].astype(float)
    first = lines[lines["line"] == 0]["microvolts"]
    np.testing.assert_allclose(first, targets[: n[0]].mean(axis=0), rtol=1e-5)
    last = lines[lines["line"] == MOST_LINES // 2 - 1]["microvolts"]
    np.testing.assert_allclose(last, targets[-n.iloc[-1] :].mean(axis=0), rtol=1e-5)


def test_a_run_without_targets_has_no_lines(one):
    assert image_targets(one.select(one.y == 0), "Pz", 10).empty
