"""Epochs on disk: the same numbers, less memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from studies import make_epochs

from p300.detectors import make_detector
from p300.files import cache_folder
from p300.runs.config import parse_experiment
from p300.runs.runner import score_folds
from p300.signal import epoch_arrays as windows
from p300.signal.alignment import Alignment, align
from p300.signal.epoch_arrays import blocks, empty_epochs, gather_epochs


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setattr(windows, "IN_MEMORY", 1000)
    monkeypatch.setattr(windows, "BLOCK", 5000)


@pytest.fixture(scope="module")
def epochs():
    return make_epochs()


def on_disk(X):
    while isinstance(X.base, np.ndarray):
        X = X.base
    return isinstance(X, np.memmap)


@pytest.mark.parametrize("n", [0, 1, 7, 100])
def test_blocks_are_all_windows_once(little_memory, n):
    X = np.zeros((n, 4, 50), np.float32)
    rows = [row for block in blocks(X) for row in range(n)[block]]
    assert rows == list(range(n))
    assert all(X[block].nbytes <= 5000 for block in blocks(X))


def test_a_window_larger_than_a_block_is_a_block(little_memory):
    assert list(blocks(np.zeros((2, 40, 50)))) == [slice(0, 1), slice(1, 2)]


def test_many_windows_lie_on_disk_in_the_order_of_time(little_memory):
    few, many = empty_epochs(2, 4, 10), empty_epochs(100, 4, 10)
    assert not on_disk(few)
    assert on_disk(many)
    assert many.shape == (100, 4, 10)
    assert many.transpose(0, 2, 1).flags.c_contiguous
    assert not [path for path in cache_folder().iterdir() if path.name.startswith("epochs-")]


def test_gathered_windows_are_those_asked_for(little_memory, epochs):
    rows = np.random.default_rng(0).permutation(len(epochs))[:200]
    gathered = gather_epochs(epochs.X, rows)
    assert on_disk(gathered)
    np.testing.assert_array_equal(gathered, epochs.X[rows])


@pytest.mark.parametrize("method", ["none", "euclidean", "scaling"])
def test_alignment_on_disk_is_that_in_memory(epochs, method, request):
    rows = np.arange(len(epochs))[::-1]
    expected = align(epochs.select(rows), Alignment(method))
    request.getfixturevalue("little_memory")
    aligned = align(epochs.select(rows), Alignment(method))
    assert on_disk(aligned.X)
    # Sums over windows that lie otherwise in memory are rounded otherwise.
    np.testing.assert_allclose(aligned.X, expected.X, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*(calibration slope|validation loss still fell)")
@pytest.mark.parametrize(("name", "options"), [("slda", {}), ("cnn1", {"max_passes": 2})])
def test_detectors_learn_the_same_from_disk(epochs, name, options, request):
    subjects = epochs.units("subject")
    learned = make_detector(name, **options).fit(epochs.X, epochs.y, groups=subjects)
    expected = learned.decision_function(epochs.X)
    request.getfixturevalue("little_memory")
    stored = epochs.select(np.arange(len(epochs)))
    again = make_detector(name, **options).fit(stored.X, epochs.y, groups=subjects)
    np.testing.assert_allclose(again.decision_function(stored.X), expected, rtol=1e-6, atol=1e-9)


def test_gathering_takes_a_block_of_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(windows, "IN_MEMORY", 2**20)
    monkeypatch.setattr(windows, "BLOCK", 2**18)
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, (4000, 8, 100))
    tracemalloc.start()
    gather_epochs(X, np.arange(4000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert X.nbytes > 12e6
    assert peak < 2e6


@pytest.mark.filterwarnings("ignore:.*calibration slope")
def test_a_run_with_little_memory_gives_the_same_scores_but_for_rounding(tmp_path, request):
    experiment = parse_experiment(
        "datasets: {simulated: {source: simulated, n_subjects: 3, characters_per_run: 2, "
        "repetitions: 5}}\ndetectors: {cnn1: {max_passes: 1, alignment: euclidean}}\n"
        "protocols: {cross_subject: {}}\nname: small"
    )
    expected = pd.read_parquet(score_folds(experiment, tmp_path / "a") / "scores.parquet")
    request.getfixturevalue("little_memory")
    scores = pd.read_parquet(score_folds(experiment, tmp_path / "b") / "scores.parquet")
    pd.testing.assert_frame_equal(scores, expected, rtol=1e-4, atol=1e-4)
