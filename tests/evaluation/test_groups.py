"""Groups of folds: what learns side by side, and that it changes no score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from p300.alignment import Alignment
from p300.config import parse_experiment
from p300.detectors import fitting, lessons
from p300.errors import DetectorError
from p300.evaluation import learned
from p300.evaluation.folds import run_task
from p300.evaluation.groups import groups_of, run_group
from p300.evaluation.plan import plan
from p300.evaluation.preparation import prepare
from p300.files import read_json

CONFIG = """
name: small
datasets: {simulated: {source: simulated, n_subjects: 3, characters_per_run: 3, repetitions: 5}}
detectors:
  cnn1: {epochs: 8, batch_size: 16}
  slda: {}
  self: {detector: cnn1, epochs: 2, adaptation: self_calibrated}
protocols: {cross_subject: {}}
repeats: 2
"""
pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    experiment = parse_experiment(CONFIG)
    return plan(experiment, prepare(experiment, tmp_path_factory.mktemp("run"), data=Path()))


@pytest.fixture(autouse=True)
def nothing_learned(monkeypatch):
    monkeypatch.setattr(learned, "_LEARNED", {})


@pytest.fixture
def card(monkeypatch):
    """Learn as on a graphics card; gives the number of networks of each batched model."""
    stacked = []

    def worth(_, networks):
        stacked.append(len(networks))
        return len(networks) > 1

    monkeypatch.setattr(fitting, "learns_side_by_side", lambda: True)
    monkeypatch.setattr(lessons, "worth_stacking", worth)
    return stacked


def of(tasks, label):
    return [task for task in tasks if task.detector == label]


def test_on_the_processor_folds_go_together_that_learn_the_same(tasks):
    assert groups_of(tasks) == [(task,) for task in tasks]
    (plain, *_), (slda, *_) = of(tasks, "cnn1"), of(tasks, "slda")
    name, parameters = plain.call
    tuned = replace(plain, detector="mine", call=("finetuned", parameters), adaptation="fine_tuned")
    other = replace(tuned, call=(name, {**parameters, "epochs": 9}))
    aligned = replace(slda, alignment=Alignment("euclidean", mode="running"))
    offline = replace(slda, alignment=Alignment("euclidean"))
    assert groups_of([plain, slda, tuned, other, aligned, offline]) == [
        (plain, tuned),
        (slda,),
        (other,),
        (aligned, offline),
    ]


def test_on_a_card_folds_and_repeats_of_a_network_go_together(tasks):
    there = [replace(task, device="cuda") for task in tasks]
    groups = groups_of(there)
    assert [len(group) for group in groups] == [6, *[1] * 12]
    assert set(groups[0]) == set(of(there, "cnn1"))
    many = [replace(task, seed=k) for k in range(36) for task in of(there, "cnn1")[:1]]
    assert [len(group) for group in groups_of(many)] == [16, 16, 4]


def test_folds_that_learn_side_by_side_score_as_alone(tasks, card, tmp_path):
    group = of(tasks, "cnn1")
    for task in group:
        run_task(task, tmp_path / "alone")
    learned._LEARNED.clear()
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
    seconds = [fit["fit_seconds"] for fit in fits]
    assert len(fits) == 6
    assert max(seconds) < 2 * min(seconds)


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


def test_the_fold_at_fault_is_named(tasks, card, tmp_path):
    group = of(tasks, "cnn1")[:3]
    name, parameters = group[0].call
    broken = {**parameters, "training": "momentum", "learning_rate": 1e18}
    group[1:] = [replace(task, call=(name, broken)) for task in group[1:]]
    with pytest.raises(DetectorError, match=f"fold {group[1].id}: training diverged"):
        run_group(group[1:], tmp_path)
