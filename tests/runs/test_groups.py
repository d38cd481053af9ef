"""Groups of folds: what learns side by side, and that it changes no score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from studies import endless_oddball

from p300.detectors.linear.lda import ShrinkageLDA
from p300.detectors.training import jobs
from p300.errors import DetectorError, RunWarning
from p300.evaluation.method import Method
from p300.evaluation.protocols import make_folds
from p300.files import read_json
from p300.runs import task_groups
from p300.runs.config import parse_experiment
from p300.runs.plan import plan
from p300.runs.preparation import prepare
from p300.runs.runner import score_folds
from p300.runs.task_groups import groups_of, is_done, run_group
from p300.runs.tasks import run_task
from p300.signal.alignment import Alignment

CONFIG = """
name: small
datasets: {simulated: {source: simulated, n_subjects: 3, characters_per_run: 3, repetitions: 5}}
detectors:
  cnn1: {max_passes: 8, batch_size: 16}
  slda: {}
  self: {detector: cnn1, max_passes: 2, adaptation: self_calibrated}
protocols: {cross_subject: {}}
repeats: 2
"""
pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    experiment = parse_experiment(CONFIG)
    return plan(experiment, prepare(experiment, data=Path()).folders)


def of(tasks, label):
    return [task for task in tasks if task.detector == label]


def test_on_the_processor_folds_go_together_that_learn_the_same(tasks):
    assert groups_of(tasks) == [(task,) for task in tasks]
    (plain, *_), (slda, *_) = of(tasks, "cnn1"), of(tasks, "slda")
    settings = plain.method.settings()
    aligned_to = Method.read("slda", {"alignment": {"method": "euclidean", "mode": "running"}})

    def like(task, label="mine", **changes):
        method = Method.read("cnn1", {**settings, **changes})
        return replace(task, detector=label, method=method)

    tuned = like(plain, detector="finetuned", adaptation="fine_tuned")
    other = like(tuned, max_passes=9)
    aligned = replace(slda, method=aligned_to)
    offline = replace(slda, method=replace(aligned_to, alignment=Alignment("euclidean")))
    adapting = like(plain, adaptation="self_calibrated")
    labelled = like(plain, adaptation="labelled")
    scratch = like(plain, "own", adaptation="from_scratch")
    some = [plain, slda, scratch, tuned, adapting, other, aligned, offline, labelled]
    assert groups_of(some) == [
        (plain, tuned),
        (slda,),
        (scratch,),
        (adapting, labelled),
        (other,),
        (aligned, offline),
    ]


def test_on_a_card_folds_and_repeats_of_a_network_go_together(tasks):
    there = [replace(task, device="cuda") for task in tasks]
    groups = groups_of(there)
    assert [len(group) for group in groups] == [6, *[1] * 12]
    assert set(groups[0]) == set(of(there, "cnn1"))
    lstm, labelling = (
        Method.read(name, {"adaptation": way})
        for name, way in (("lstm", "none"), ("cnn1", "labelled"))
    )
    recurrent = [replace(task, method=lstm) for task in of(there, "cnn1")]
    assert [len(group) for group in groups_of(recurrent)] == [1] * 6
    labelled = [replace(task, method=labelling) for task in of(there, "cnn1")]
    mixed = [task for pair in zip(labelled, of(there, "cnn1"), strict=True) for task in pair]
    assert sorted(len(group) for group in groups_of(mixed)) == [1] * 6 + [6]
    many = [replace(task, seed=k) for k in range(36) for task in of(there, "cnn1")[:1]]
    assert [len(group) for group in groups_of(many)] == [16, 16, 4]


def test_folds_that_learn_side_by_side_score_as_alone(tasks, card, tmp_path):
    group = of(tasks, "cnn1")
    for task in group:
        run_task(task, tmp_path / "alone")
    card.clear()
    run_group(group, tmp_path / "together")
    assert card == [6]
    for task in group:
        alone, together = (
            pd.read_parquet(tmp_path / run / "scores" / f"{task.id}.parquet")
            for run in ("alone", "together")
        )
        assert np.ptp(alone["score"]) > 0.5
        pd.testing.assert_frame_equal(together, alone, atol=2e-3)
    fits = [read_json(path) for path in (tmp_path / "together" / "fits").iterdir()]
    assert len(fits) == 6
    # Their mean, not all to the first; scoring is in it too.
    assert max(fit["fit_seconds"] for fit in fits) < sum(fit["fit_seconds"] for fit in fits) / 2


def test_a_group_goes_on_where_it_stopped(tasks, card, tmp_path):
    first, *others = of(tasks, "cnn1")
    run_task(first, tmp_path)
    before = (tmp_path / "scores" / f"{first.id}.parquet").stat().st_mtime_ns
    card.clear()
    run_group([first, *others], tmp_path)
    assert card == [5]
    assert (tmp_path / "scores" / f"{first.id}.parquet").stat().st_mtime_ns == before


def test_the_fits_of_one_adapting_fold_learn_side_by_side(tasks, card, tmp_path):
    run_group(of(tasks, "self")[:1], tmp_path)
    assert card == [3]


def test_the_fold_at_fault_is_named_and_those_before_it_are_scored(
    tasks, card, tmp_path, monkeypatch
):
    first, broken, last = of(tasks, "cnn1")[:3]
    in_turn, turns = jobs.train_in_turn, []

    def diverges(*_):
        raise DetectorError("training diverged")

    def second_diverges(job, device):
        turns.append(job)
        (diverges if len(turns) == 2 else in_turn)(job, device)

    monkeypatch.setattr(jobs, "train_as_one", diverges)
    monkeypatch.setattr(jobs, "train_in_turn", second_diverges)
    with pytest.raises(DetectorError, match=f"fold {broken.id}: training diverged"):
        run_group([first, broken, last], tmp_path)
    assert card == [3, 1, 1]
    assert is_done(first, tmp_path)
    assert not is_done(last, tmp_path)


def test_without_room_for_all_fits_each_is_made_alone(tasks, card, tmp_path, monkeypatch):
    group = of(tasks, "cnn1")[:2]

    def no_room(*_):
        raise torch.OutOfMemoryError("of the card")

    monkeypatch.setattr(jobs, "train_as_one", no_room)
    with pytest.warns(RunWarning, match="no room for 2 fits of cnn1 side by side"):
        run_group(group, tmp_path)
    assert all(is_done(task, tmp_path) for task in group)


def test_nothing_learned_in_one_run_serves_another(tmp_path, monkeypatch):
    seen = []
    fit = ShrinkageLDA.fit_part

    def counted(self, *args, **kwargs):
        seen.append(self)
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(ShrinkageLDA, "fit_part", counted)
    experiment = parse_experiment(CONFIG, ["detectors={slda: {}}", "repeats=1"])
    for name in ("one", "two"):
        seen.clear()
        score_folds(experiment, tmp_path / name)
        assert len(seen) == 3


def test_what_learns_side_by_side_is_told_which_epochs_share_samples(tasks, tmp_path, monkeypatch):
    epochs = endless_oddball(2)
    folder, method = epochs.save(tmp_path / "epochs"), Method.read("cnn1", {"max_passes": 1})
    (fold, _), told = make_folds("cross_subject", epochs.flashes, epochs.duration), []

    def refuse(fits):
        told.extend(fits)
        raise DetectorError("none of them")
        yield

    monkeypatch.setattr(task_groups, "fit_each", refuse)
    own = replace(of(tasks, "cnn1")[0], epochs=folder, fold=fold, method=method)
    run_group([replace(own, seed=seed, repeat=seed) for seed in (0, 1)], tmp_path / "run")
    expected = epochs.select(fold.train).groups("character")
    assert len(told) == 2
    assert expected.ndim == 2
    for fit in told:
        np.testing.assert_array_equal(fit.part.groups(fit.level), expected)
