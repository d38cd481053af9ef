"""Nothing of a tested epoch is learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from studies import flash_table, make_epochs, make_recording

from p300.detectors import make_detector
from p300.detectors.base import Detector
from p300.errors import ProtocolError
from p300.evaluation.fold import evaluate_epochs
from p300.evaluation.leaks import Fold, check_fold
from p300.evaluation.protocols import make_folds
from p300.signal.preprocessing import preprocess


class GroupReader(Detector):
    """Knows the groups that it was trained on by a mark in the signal, and boasts of it."""

    name = "reader"
    n_parameters = None

    def fit(self, X, y, groups=None):
        X, y = self._take(X, y)
        self.marks_ = set(np.unique(X[:, 0, 0]).astype(int))
        return self

    def _raw_scores(self, X):
        return np.array([float(int(mark) in self.marks_) for mark in X[:, 0, 0]])

    def decision_function(self, X):
        return self._raw_scores(X)

    def _arrays(self):
        return {}

    def _set_arrays(self, arrays):
        pass


@pytest.mark.parametrize(
    ("protocol", "level", "options"),
    [
        ("within_subject", "run", {}),
        ("within_subject", "run", {"test_runs": "last"}),
        ("cross_session", "session", {}),
        ("cross_subject", "subject", {}),
    ],
)
def test_no_test_epoch_comes_from_a_group_that_was_trained_on(protocol, level, options):
    recordings = [
        make_recording(f"{s}", f"{r}", session=f"{e}")
        for s in (1, 2, 3) for e in (1, 2) for r in (1, 2)
    ]  # fmt: skip
    epochs = preprocess(recordings)
    marked = epochs.X.copy()
    marked[:, 0, 0] = epochs.units(level)
    scores = evaluate_epochs(
        replace(epochs, X=marked), {"reader": GroupReader()}, protocol, **options
    )
    assert (scores["score"] == 0).all()
    assert scores["target"].nunique() == 2


def test_no_test_epoch_comes_from_a_data_set_that_was_trained_on():
    epochs = make_epochs(4, 1)
    first = epochs.flashes["subject"].isin(["1", "2"])
    flashes = epochs.flashes.assign(dataset=np.where(first, "one", "other"))
    marked = epochs.X.copy()
    marked[:, 0, 0] = ~first
    scores = evaluate_epochs(
        replace(epochs, X=marked, flashes=flashes), {"reader": GroupReader()}, "cross_dataset"
    )
    assert (scores["score"] == 0).all()
    assert set(scores["dataset"]) == {"one", "other"}


def test_the_leak_test_can_fail():
    epochs = make_epochs(1, 1)
    marked = epochs.X.copy()
    marked[:, 0, 0] = epochs.units("subject")
    reader = GroupReader().fit(marked, epochs.y)
    assert (reader.decision_function(marked) == 1).all()


def test_permuting_the_test_subject_changes_no_fitted_weight():
    epochs = make_epochs(3, 1)
    tested = np.flatnonzero(epochs.flashes["subject"] == "3")
    X = epochs.X.copy()
    X[tested] = X[np.random.default_rng(0).permutation(tested)]
    fold = make_folds("cross_subject", epochs.flashes, epochs.duration)[2]
    for name, options in (("slda", {}), ("cnn1", {"max_passes": 2})):
        weights = []
        for signals in (epochs.X, X):
            detector = make_detector(name, **options)
            detector.fit(signals[fold.train], epochs.y[fold.train])
            weights.append(detector.state())
        assert weights[0][0] == weights[1][0]
        for key, array in weights[0][1].items():
            np.testing.assert_array_equal(array, weights[1][1][key])


def test_folds_that_leak_are_refused():
    flashes = flash_table(2, runs=1, characters=6)
    everything = np.arange(len(flashes))
    with pytest.raises(ProtocolError, match=r"would leak: .* share the subject"):
        check_fold(
            Fold("f", everything[:100], everything[100:], "character", "subject"), flashes, 0.65
        )
    with pytest.raises(ProtocolError, match=r"epochs of 0.65 s .* overlap"):
        check_fold(Fold("f", everything[:70], everything[70:144], "character", None), flashes, 0.65)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("gap", "leaks"), [(0.1, True), (0.4, True), (0.64, True), (0.65, False)])
def test_epochs_that_share_samples_are_refused_to_the_last_of_them(gap, leaks, turned):
    onset = np.r_[0.175 * np.arange(80), 0.175 * 79 + gap + 0.175 * np.arange(80)]
    flashes = pd.DataFrame({"onset": onset, "target": np.arange(160) % 5 == 0})
    flashes = flashes.assign(dataset="d", subject="1", session="1", run="1", character=pd.NA)
    parts = [np.arange(80), np.arange(80, 160)]
    fold = Fold("f", *(reversed(parts) if turned else parts), "character", None)
    if not leaks:
        check_fold(fold, flashes, 0.65)
        return
    with pytest.raises(ProtocolError, match=r"epochs of 0.65 s .* overlap"):
        check_fold(fold, flashes, 0.65)


def test_epochs_of_a_run_without_onsets_are_not_divided():
    flashes = flash_table(subjects=1, runs=3)
    runs = flashes["run"].to_numpy()
    for unknown in (runs == "0", runs != "9"):
        table = flashes.assign(onset=flashes["onset"].where(~unknown))
        half = np.arange(len(table)) % 2 == 0
        fold = Fold("f", np.flatnonzero(half), np.flatnonzero(~half), "run", None)
        with pytest.raises(ProtocolError, match="would leak: the onsets of the flashes of run"):
            check_fold(fold, table, 0.65)
        whole = Fold("f", np.flatnonzero(runs != "0"), np.flatnonzero(runs == "0"), "run", "run")
        check_fold(whole, table, 0.65)
