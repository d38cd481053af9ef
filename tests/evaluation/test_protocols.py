"""Protocols: who trains, and who tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import flash_table

from p300.errors import ConfigError, ProtocolError
from p300.evaluation.leaks import Fold
from p300.evaluation.protocols import PROTOCOLS, Protocol, Scope, check_protocol, make_folds
from p300.runs.config import parse_experiment


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["within_subject", "cross_session", "cross_subject"]),
    st.integers(2, 4), st.integers(2, 3), st.integers(1, 3), st.integers(3, 6),
)  # fmt: skip
def test_folds_test_every_epoch_once_and_never_train_on_it(
    protocol, subjects, sessions, runs, characters
):
    flashes = flash_table(subjects, sessions, runs, characters)
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
    folds = make_folds("within_subject", flash_table(2, runs=3), 0.65, {"test_runs": "last"})
    assert [fold.name for fold in folds] == ["sub-0_ses-0_run-2", "sub-1_ses-0_run-2"]


@pytest.mark.parametrize("with_characters", [True, False])
def test_one_run_is_cut_into_blocks_with_a_gap(with_characters):
    # Characters that follow each other without a pause: their windows overlap.
    flashes = flash_table(1, runs=1, characters=10)
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


@pytest.mark.parametrize(
    ("protocol", "flashes", "message"),
    [
        ("within_subject", flash_table(1).iloc[:0], "no flash is known to be a target or not"),
        ("cross_subject", flash_table(1), "one subject only"),
        ("cross_session", flash_table(2, sessions=1), "subject 0 has one session only"),
        ("within_subject", flash_table(1, runs=1, characters=1), "one character only"),
        ("within_subject", flash_table(1, runs=2, characters=1), "4 targets .* at least 10"),
        ("cross_subjects", flash_table(), "did you mean 'cross_subject'"),
    ],
)
def test_protocols_that_do_not_fit_say_so(protocol, flashes, message):
    with pytest.raises(ProtocolError, match=message):
        make_folds(protocol, flashes, 0.65)


def test_unknown_options_are_named():
    with pytest.raises(ProtocolError, match="unknown key 'test_run', did you mean 'test_runs'"):
        make_folds("within_subject", flash_table(), 0.65, {"test_run": "last"})
    with pytest.raises(ProtocolError, match=r"protocols.within_subject.test_runs: 'first'"):
        make_folds("within_subject", flash_table(), 0.65, {"test_runs": "first"})


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
        make_folds("within_subject", flash_table(), 0.65, {"n_blocks": 1})


def test_a_protocol_is_one_function_and_one_entry(monkeypatch):
    def first_against_rest(flashes, *, duration, n: int = 1):
        rows = np.flatnonzero(flashes["subject"].astype(int) < n)
        yield Fold("first", np.setdiff1d(np.arange(len(flashes)), rows), rows, "subject", "subject")

    monkeypatch.setitem(
        PROTOCOLS, "mine", Protocol(first_against_rest, Scope.SUBJECTS, "Mine.", "mine")
    )
    (fold,) = make_folds("mine", flash_table(3), 0.65, {"n": 2})
    assert set(flash_table(3).iloc[fold.test]["subject"]) == {"0", "1"}


def test_subjects_are_tested_in_groups():
    flashes = flash_table(subjects=7)
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
    flashes = flash_table(subjects=3)
    one_out = make_folds("cross_subject", flashes, 0.65)
    groups = make_folds("cross_subject", flashes, 0.65, {"n_folds": 3})
    assert [fold.name for fold in groups] == [fold.name for fold in one_out]
    for a, b in zip(groups, one_out, strict=True):
        np.testing.assert_array_equal(a.test, b.test)


@pytest.mark.parametrize(("n_folds", "message"), [(4, "there are 3 subjects"), (1, "n_folds: 1")])
def test_groups_that_there_cannot_be(n_folds, message):
    with pytest.raises(ProtocolError, match=message):
        make_folds("cross_subject", flash_table(subjects=3), 0.65, {"n_folds": n_folds})
