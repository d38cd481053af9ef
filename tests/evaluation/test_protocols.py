"""Protocols: who trains, who tests, and that nothing leaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import make_epochs, make_recording

from p300.detectors import make_detector
from p300.detectors.base import Detector
from p300.errors import ConfigError, DataWarning, ProtocolError
from p300.evaluation.fold import evaluate_epochs
from p300.evaluation.leaks import Fold, check_fold
from p300.evaluation.protocols import PROTOCOLS, Protocol, Scope, check_protocol, make_folds
from p300.runs.config import parse_experiment
from p300.signal.preprocessing import preprocess


def table(subjects=3, sessions=1, runs=2, characters=4, spacing=0.175):
    """A flash table: 24 flashes a character, every sixth a target."""
    rows = [
        (f"{s}", f"{e}", f"{r}", c, k % 6 == 0, 10.0 + c * 10 + k * spacing)
        for s in range(subjects) for e in range(sessions) for r in range(runs)
        for c in range(characters) for k in range(24)
    ]  # fmt: skip
    columns = ["subject", "session", "run", "character", "target", "onset"]
    return pd.DataFrame(rows, columns=columns).assign(dataset="made")


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["within_subject", "cross_session", "cross_subject"]),
    st.integers(2, 4), st.integers(2, 3), st.integers(1, 3), st.integers(3, 6),
)  # fmt: skip
def test_folds_test_every_epoch_once_and_never_train_on_it(
    protocol, subjects, sessions, runs, characters
):
    flashes = table(subjects, sessions, runs, characters)
    folds = make_folds(protocol, flashes, 0.65)
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested) == list(range(len(flashes)))
    assert len({fold.name for fold in folds}) == len(folds)
    apart = {"within_subject": "run", "cross_session": "session", "cross_subject": "subject"}
    for fold in folds:
        assert not set(fold.train) & set(fold.test)
        train, test = flashes.iloc[fold.train], flashes.iloc[fold.test]
        columns = ["subject", "session", "run"]
        unit = columns[: columns.index(apart[protocol]) + 1]
        assert train[unit].drop_duplicates().merge(test[unit].drop_duplicates()).empty
        if protocol != "cross_subject":
            assert set(train["subject"]) == set(test["subject"])


def test_the_last_run_is_tested_on_those_before_it():
    folds = make_folds("within_subject", table(2, runs=3), 0.65, {"test_runs": "last"})
    assert [fold.name for fold in folds] == ["sub-0_ses-0_run-2", "sub-1_ses-0_run-2"]


@pytest.mark.parametrize("with_characters", [True, False])
def test_one_run_is_cut_into_blocks_with_a_gap(with_characters):
    # Characters that follow each other without a pause: their windows overlap.
    flashes = table(1, runs=1, characters=10)
    flashes["onset"] = 10 + 0.175 * np.arange(len(flashes))
    if not with_characters:
        flashes["character"] = pd.NA
    folds = make_folds("within_subject", flashes, 0.65)
    assert len(folds) == 5
    for fold in folds:
        train, test = flashes.iloc[fold.train], flashes.iloc[fold.test]
        gaps = np.abs(train["onset"].to_numpy()[:, None] - test["onset"].to_numpy())
        assert gaps.min() >= 0.65 - 1e-9
        if with_characters:
            assert not set(train["character"]) & set(test["character"])
        assert len(train) >= len(flashes) - len(test) - 8


def oddball(onset):
    """One run without characters; every fifth flash a target."""
    columns = {"dataset": "made", "subject": "1", "session": "1", "run": "1"}
    target = np.arange(len(onset)) % 5 == 0
    return pd.DataFrame({"onset": onset, "target": target, "character": pd.NA}).assign(**columns)


@pytest.mark.parametrize("gap", [5, 12, 20, 30, 60, 300])
def test_a_break_leaves_no_block_empty(gap):
    first = 0.4 * np.arange(60)
    flashes = oddball(np.concatenate([first, first[-1] + gap + first]))
    folds = make_folds("within_subject", flashes, 0.65)
    assert [fold.name for fold in folds] == [f"sub-1_block-{k}" for k in range(1, 6)]
    assert [len(fold.test) for fold in folds] == [24] * 5


def test_a_block_ends_at_a_pause_nearby():
    onset = np.concatenate([0.4 * np.arange(55), 100 + 0.4 * np.arange(45)])
    flashes = oddball(onset).assign(target=np.arange(100) % 2 == 0)
    folds = make_folds("within_subject", flashes, 0.65, {"n_blocks": 2})
    assert [len(fold.test) for fold in folds] == [55, 45]
    assert all(len(fold.train) + len(fold.test) == 100 for fold in folds)  # none left out


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(30, 80), min_size=1, max_size=5),
    gaps=st.lists(st.floats(0.3, 400), min_size=5, max_size=5),
    spacing=st.floats(0.1, 1.5),
    n_blocks=st.integers(2, 8),
)
def test_blocks_of_any_run_are_about_equal_and_in_time(sizes, gaps, spacing, n_blocks):
    parts, now = [], 3.0
    for size, gap in zip(sizes, gaps, strict=False):
        parts.append(now + spacing * np.arange(size))
        now = parts[-1][-1] + gap
    flashes = oddball(np.concatenate(parts))
    folds = list(PROTOCOLS["within_subject"].folds(flashes, duration=0.65, n_blocks=n_blocks))
    tested = [fold.test for fold in folds]
    assert np.concatenate(tested).tolist() == list(range(len(flashes)))
    even = len(flashes) / len(folds)
    assert all(0.5 * even - 2 <= len(test) <= 1.5 * even + 2 for test in tested)


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
        for windows in (epochs.X, X):
            detector = make_detector(name, **options)
            detector.fit(windows[fold.train], epochs.y[fold.train])
            weights.append(detector.state())
        assert weights[0][0] == weights[1][0]
        for key, array in weights[0][1].items():
            np.testing.assert_array_equal(array, weights[1][1][key])


def test_folds_that_leak_are_refused():
    flashes = table(2, runs=1, characters=6)
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


@pytest.mark.parametrize(
    ("protocol", "flashes", "message"),
    [
        ("within_subject", table(1).iloc[:0], "no flash is known to be a target or not"),
        ("cross_subject", table(1), "one subject only"),
        ("cross_session", table(2, sessions=1), "subject 0 has one session only"),
        ("within_subject", table(1, runs=1, characters=1), "one character only"),
        ("within_subject", table(1, runs=2, characters=1), "4 targets .* at least 10"),
        ("cross_subjects", table(), "did you mean 'cross_subject'"),
    ],
)
def test_protocols_that_do_not_fit_say_so(protocol, flashes, message):
    with pytest.raises(ProtocolError, match=message):
        make_folds(protocol, flashes, 0.65)


def test_unknown_options_are_named():
    with pytest.raises(ProtocolError, match="unknown key 'test_run', did you mean 'test_runs'"):
        make_folds("within_subject", table(), 0.65, {"test_run": "last"})
    with pytest.raises(ProtocolError, match=r"protocols.within_subject.test_runs: 'first'"):
        make_folds("within_subject", table(), 0.65, {"test_runs": "first"})


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, 10**12, "x", "3", True, [], None, {}])
@pytest.mark.parametrize(
    ("protocol", "option"),
    [
        ("within_subject", "n_blocks"),
        ("few_shot", "characters"),
        ("cross_dataset", "train"),
        ("cross_dataset", "test"),
    ],
)
def test_no_option_takes_a_value_out_of_range(protocol, option, value):
    if option in ("train", "test") and value is None:
        return  # all data sets
    with pytest.raises(ProtocolError, match=rf"{protocol}.{option}: .* found.*; expected"):
        check_protocol(protocol, {option: value})
    with pytest.raises(ConfigError, match=f"{protocol}.{option}: "):
        parse_experiment(
            yaml.safe_dump(
                {
                    "datasets": {"s": {"source": "simulated"}},
                    "protocols": {protocol: {option: value}},
                }
            )
        )


@pytest.mark.parametrize("number", [-1, 1.5, np.nan, 10**12, "x", True, []])
def test_no_number_of_characters_is_out_of_range(number):
    with pytest.raises(ProtocolError, match=r"few_shot.characters: \[1, .*\] .* found"):
        check_protocol("few_shot", {"characters": [1, number]})


def test_one_block_is_none():
    with pytest.raises(ProtocolError, match=r"n_blocks: 1 .* expected whole number at least 2"):
        make_folds("within_subject", table(), 0.65, {"n_blocks": 1})


def subjects_with_runs(n_subjects=3, n_runs=2, n_characters=4):
    return make_epochs(n_subjects, n_runs, n_characters=n_characters, repetitions=2).flashes


class TestFewShot:
    def test_each_number_of_characters_is_a_protocol_of_its_own(self):
        folds = make_folds("few_shot", subjects_with_runs(), 0.65, {"characters": [0, 2, "all"]})
        assert [f.calibration_characters for f in folds] == ["0", "2", "all"] * 3
        assert [f.name for f in folds[::3]] == ["sub-1", "sub-2", "sub-3"]

    def test_the_last_run_is_tested_and_only_earlier_ones_are_adapted_to(self):
        flashes = subjects_with_runs()
        for fold in make_folds("few_shot", flashes, 0.65, {"characters": [3]}):
            test, given = flashes.iloc[fold.test], flashes.iloc[fold.calibration]
            assert set(test["run"]) == {"2"}
            assert set(given["run"]) == {"1"}
            assert set(given["character"]) == {1, 2, 3}
            assert set(test["subject"]) == set(given["subject"])
            assert not set(flashes.iloc[fold.train]["subject"]) & set(test["subject"])

    def test_subjects_with_too_few_characters_are_named(self):
        flashes = subjects_with_runs()
        short = flashes[(flashes["subject"] != "2") | (flashes["character"] < 3)]
        with pytest.warns(DataWarning, match="sub-2 is left out with 4 char"):
            folds = make_folds("few_shot", short.reset_index(drop=True), 0.65, {"characters": [4]})
        assert [f.name for f in folds] == ["sub-1", "sub-3"]

    def test_one_run_is_not_enough(self):
        with pytest.raises(ProtocolError, match="one run only"):
            make_folds("few_shot", subjects_with_runs(n_runs=1), 0.65)

    @pytest.mark.parametrize("part", ["test", "train"])
    def test_calibration_on_a_tested_run_or_another_subject_is_refused(self, part):
        flashes = subjects_with_runs()
        (fold, *_) = make_folds("few_shot", flashes, 0.65, {"characters": [1]})
        leaking = replace(fold, calibration=getattr(fold, part)[:10])
        with pytest.raises(ProtocolError, match="calibration epochs are of a tested run"):
            check_fold(leaking, flashes, 0.65)


def several_sets(sizes):
    """Flash tables of data sets a, b, ... with the same names of subjects."""
    parts = [table(n).assign(dataset=name) for name, n in zip("abcd", sizes, strict=False)]
    return pd.concat(parts, ignore_index=True)


class TestCrossDataset:
    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    def test_each_data_set_is_tested_once_by_what_the_others_teach(self, sizes):
        flashes = several_sets(sizes)
        folds = make_folds("cross_dataset", flashes, 0.65)
        tested = np.concatenate([fold.test for fold in folds])
        assert sorted(tested) == list(range(len(flashes)))
        for fold in folds:
            assert sorted([*fold.train, *fold.test]) == list(range(len(flashes)))
            train, test = flashes.iloc[fold.train], flashes.iloc[fold.test]
            assert len(set(test["dataset"])) == 1
            assert not set(train["dataset"]) & set(test["dataset"])
            n = len(train[["dataset", "subject"]].drop_duplicates())
            assert fold.validation == ("subject" if n > 1 else "character")

    @pytest.mark.parametrize(
        ("options", "names"),
        [
            ({}, ["a_from_b+c", "b_from_a+c", "c_from_a+b"]),
            ({"train": ["a"]}, ["b_from_a", "c_from_a"]),
            ({"test": ["b"]}, ["b_from_a+c"]),
            ({"train": ["c"], "test": ["a"]}, ["a_from_c"]),
        ],
    )
    def test_folds_name_what_is_tested_and_what_taught(self, options, names):
        folds = make_folds("cross_dataset", several_sets([1, 2, 1]), 0.65, options)
        assert [fold.name for fold in folds] == names

    @pytest.mark.parametrize(
        ("sizes", "options", "message"),
        [
            ([2], {}, "one data set only"),
            ([1, 1], {"train": ["x"]}, r"no data sets \['x'\]; there are \['a', 'b'\]"),
            ([1, 1], {"train": ["a"], "test": ["a"]}, r"\['a'\] are to be trained on and tested"),
            ([1, 1], {"train": ["a", "b"]}, "leave no data set to test"),
        ],
    )
    def test_options_that_do_not_fit_are_refused(self, sizes, options, message):
        with pytest.raises(ProtocolError, match=message):
            make_folds("cross_dataset", several_sets(sizes), 0.65, options)

    def test_a_fold_that_shares_a_data_set_is_refused(self):
        flashes = several_sets([2, 2])
        (fold, *_) = make_folds("cross_dataset", flashes, 0.65)
        # Half of the tested subjects on either side: no subject in common, but their data set.
        half = flashes.iloc[fold.test]["subject"].to_numpy() == "0"
        leaking = replace(
            fold, train=np.sort([*fold.train, *fold.test[half]]), test=fold.test[~half]
        )
        with pytest.raises(ProtocolError, match="share the dataset"):
            check_fold(leaking, flashes, 0.65)
        with pytest.raises(ProtocolError, match="share the subject"):
            check_fold(
                replace(fold, train=np.sort([*fold.train, fold.test[0]]), apart="subject"),
                flashes, 0.65,
            )  # fmt: skip

    def test_no_test_epoch_comes_from_a_data_set_that_was_trained_on(self):
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


def test_a_protocol_is_one_function_and_one_entry(monkeypatch):
    def first_against_rest(flashes, *, duration, n: int = 1):
        rows = np.flatnonzero(flashes["subject"].astype(int) < n)
        yield Fold("first", np.setdiff1d(np.arange(len(flashes)), rows), rows, "subject", "subject")

    monkeypatch.setitem(
        PROTOCOLS, "mine", Protocol(first_against_rest, Scope.SUBJECTS, "Mine.", "mine")
    )
    (fold,) = make_folds("mine", table(3), 0.65, {"n": 2})
    assert set(table(3).iloc[fold.test]["subject"]) == {"0", "1"}


def test_subjects_are_tested_in_groups():
    flashes = table(subjects=7)
    folds = make_folds("cross_subject", flashes, 0.65, {"n_folds": 3})
    assert [fold.name for fold in folds] == [f"subjects-{k}-of-3" for k in (1, 2, 3)]
    tested = [set(flashes.iloc[fold.test]["subject"]) for fold in folds]
    assert sorted(map(len, tested)) == [2, 2, 3]
    assert set.union(*tested) == set(flashes["subject"])
    assert sum(map(len, tested)) == 7
    for fold, own in zip(folds, tested, strict=True):
        assert set(flashes.iloc[fold.train]["subject"]) == set(flashes["subject"]) - own
        assert fold.validation == "subject"


def test_as_many_groups_as_subjects_leave_one_out():
    flashes = table(subjects=3)
    one_out = make_folds("cross_subject", flashes, 0.65)
    groups = make_folds("cross_subject", flashes, 0.65, {"n_folds": 3})
    assert [fold.name for fold in groups] == [fold.name for fold in one_out]
    for a, b in zip(groups, one_out, strict=True):
        np.testing.assert_array_equal(a.test, b.test)


@pytest.mark.parametrize(("n_folds", "message"), [(4, "there are 3 subjects"), (1, "n_folds: 1")])
def test_groups_that_there_cannot_be(n_folds, message):
    with pytest.raises(ProtocolError, match=message):
        make_folds("cross_subject", table(subjects=3), 0.65, {"n_folds": n_folds})


def test_data_sets_are_tested_in_groups_and_learned_from_once():
    flashes = pd.concat([table(2).assign(dataset=name) for name in "abcd"], ignore_index=True)
    folds = make_folds("cross_dataset", flashes, 0.65, {"n_folds": 2})
    assert [fold.name for fold in folds] == [f"data_sets-{k}-of-2" for k in (1, 1, 2, 2)]
    assert [set(flashes.iloc[fold.test]["dataset"]) for fold in folds] == [
        {"a"}, {"c"}, {"b"}, {"d"}
    ]  # fmt: skip
    assert set(flashes.iloc[folds[0].train]["dataset"]) == {"b", "d"}
    np.testing.assert_array_equal(folds[0].train, folds[1].train)
