"""Detectors that are trained on everything and stored: the scores of one way to fit."""

from __future__ import annotations

import numpy as np
import pytest

from p300 import load_detector, open_recordings, preprocess
from p300.commands.stored_detectors import fit_on_all
from p300.errors import ConfigError, TrainingWarning
from p300.evaluation.fold import fit_and_score_fold, seed_of
from p300.evaluation.leaks import everything
from p300.runs.config import parse_experiment

CONFIG = """
datasets: {simulated: {source: simulated, n_subjects: 2, characters_per_run: 3, repetitions: 4}}
detectors:
  slda: {alignment: euclidean}
  tuned: {detector: finetuned, max_passes: 1}
  scratch: {detector: slda, adaptation: from_scratch}
"""


@pytest.fixture(scope="module")
def experiment():
    return parse_experiment(CONFIG)


def test_what_is_stored_is_what_a_fold_of_everything_learns(experiment, tmp_path):
    stored = load_detector(fit_on_all(experiment, "slda", tmp_path / "stored"))
    options = {"n_subjects": 2, "characters_per_run": 3, "repetitions": 4}
    epochs = preprocess(open_recordings("simulated", **options))
    seed = seed_of(experiment.seed, "simulated", "all")
    result = fit_and_score_fold(
        epochs, everything(epochs.flashes), experiment.methods["slda"], seed
    )
    np.testing.assert_allclose(
        stored.detector.decision_function(epochs.X),
        result.scored.detector.decision_function(epochs.X),
        atol=1e-6,
    )


@pytest.mark.filterwarnings("ignore:.*(calibration slope|raise max_passes)")
def test_an_adaptation_that_is_not_stored_is_named(experiment, tmp_path):
    with pytest.warns(TrainingWarning, match="tuned is stored without its adaptation 'fine_tuned'"):
        fit_on_all(experiment, "tuned", tmp_path / "tuned")
    with pytest.raises(ConfigError, match="'from_scratch' needs characters of the subject"):
        fit_on_all(experiment, "scratch", tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()
