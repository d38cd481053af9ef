"""Every detector of the family tree finds something in the simulated study."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from p300.errors import TrainingWarning
from p300.recordings import open_recordings
from p300.runs.config import load_experiment
from p300.signal.epochs import Epochs
from p300.signal.preprocessing import preprocess

CONFIG = load_experiment(Path(__file__).parents[1] / "configs" / "family_tree.yaml")


@pytest.fixture(scope="module")
def subject() -> Epochs:
    return preprocess(open_recordings("simulated", subjects=["1"]))


@pytest.mark.parametrize("label", CONFIG.detectors)
def test_it_beats_chance_within_a_subject(label: str, subject: Epochs) -> None:
    first, second = (subject.select(subject.flashes["run"] == run) for run in ("1", "2"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        detector = CONFIG.methods[label].unfitted(0, subject.electrodes)
        detector.fit(first.X, first.y, groups=first.units("character"))
    assert roc_auc_score(second.y, detector.decision_function(second.X)) > 0.55
