"""Folds across data sets: what is taught, what is tested."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import flash_table

from p300.errors import ProtocolError
from p300.evaluation.leaks import check_fold
from p300.evaluation.protocols import make_folds


def several_sets(sizes):
    """Flash tables of data sets a, b, ... with the same names of subjects."""
    parts = [flash_table(n).assign(dataset=name) for name, n in zip("abcd", sizes, strict=False)]
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


def test_data_sets_are_tested_in_groups_and_learned_from_once():
    flashes = pd.concat([flash_table(2).assign(dataset=name) for name in "abcd"], ignore_index=True)
    folds = make_folds("cross_dataset", flashes, 0.65, {"n_folds": 2})
    assert [fold.name for fold in folds] == [f"data_sets-{k}-of-2" for k in (1, 1, 2, 2)]
    assert [set(flashes.iloc[fold.test]["dataset"]) for fold in folds] == [
        {"a"}, {"c"}, {"b"}, {"d"}
    ]  # fmt: skip
    assert set(flashes.iloc[folds[0].train]["dataset"]) == {"b", "d"}
    np.testing.assert_array_equal(folds[0].train, folds[1].train)
