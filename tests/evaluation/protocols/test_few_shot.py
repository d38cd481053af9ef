"""Few-shot folds: which characters are adapted to, and which are tested."""

from __future__ import annotations

from dataclasses import replace

import pytest
from studies import make_epochs

from p300.errors import DataWarning, ProtocolError
from p300.evaluation.leaks import check_fold
from p300.evaluation.protocols import make_folds


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
