"""Detectors that are trained on everything and stored: the scores of one way to fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from p300 import load_detector, open_recordings, preprocess
from p300.commands import stored_detectors
from p300.commands.stored_detectors import (
    SPELLER,
    choose_detector,
    fit_on_all,
    predict_recordings,
    spell_recordings,
)
from p300.errors import ConfigError, DetectorError, SpellerError, TrainingWarning
from p300.evaluation.fold import fit_and_score_fold, seed_of
from p300.evaluation.leaks import everything
from p300.files import read_json, write_json
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


def test_the_detector_that_fits_is_chosen(experiment, monkeypatch):
    def chosen(*given, dataset=None):
        return choose_detector(parse_experiment(CONFIG, given), dataset, Path())

    assert chosen() == "slda"  # the first
    assert chosen("detectors.recommended={}") == "recommended"
    assert (
        chosen("detectors={scratch: {detector: slda, adaptation: from_scratch}, cnn1: {}}")
        == "cnn1"
    )
    with pytest.raises(ConfigError, match=r"no detector of the config \(scratch\) can be trained"):
        chosen("detectors={scratch: {detector: slda, adaptation: from_scratch}}")
    with pytest.raises(ConfigError, match="'other' is not in the config, which has: simulated"):
        chosen(dataset="other")
    monkeypatch.setattr(stored_detectors, "has_codes", lambda flashes: flashes["code"].isna())
    assert chosen("detectors.recommended={}") == "slda"
    with pytest.raises(ConfigError, match="or flash codes; add one without, such as slda"):
        chosen("detectors={recommended: {}}")


RECORDING = ("n_subjects=1", "n_runs=1", "characters_per_run=2", "repetitions=2", "seed=5")


@pytest.fixture(scope="module")
def spelling(tmp_path_factory):
    adapting = parse_experiment(CONFIG, ["detectors={slda: {adaptation: self_calibrated}}"])
    return fit_on_all(adapting, "slda", tmp_path_factory.mktemp("spelling") / "stored")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("factor", 2.0, "factor: 2.0 found"),
        ("threshold", "high", "threshold: 'high' found"),
        ("ratio", {"slope": 1.0}, r"ratio\.intercept: nothing found"),
        ("repetitions", -1, "repetitions: -1 found"),
        ("layout", {"symbols": ["A"], "groups": {"1": ["B"]}}, "flash code 1 lights"),
        ("layout", {"symbols": "AB", "groups": {}}, r"layout\.symbols: 'AB' found"),
        ("layout", {"symbols": [str(k) for k in range(2000)], "groups": {}}, r"layout\.symbols"),
    ],
)
def test_a_planted_speller_is_named(key, value, message, spelling, tmp_path):
    folder = shutil.copytree(spelling, tmp_path / "stored")
    write_json(folder / SPELLER, {**read_json(folder / SPELLER), key: value})
    for use in (predict_recordings, lambda *given: list(spell_recordings(*given))):
        with pytest.raises(SpellerError, match=message) as caught:
            use(folder, "", "simulated", None, RECORDING)
        assert str(caught.value).startswith(str(folder / SPELLER))


def test_who_adapts_needs_the_layout(spelling, tmp_path):
    folder = shutil.copytree(spelling, tmp_path / "stored")
    (folder / SPELLER).unlink()
    with pytest.raises(DetectorError, match=r"adapts by the layout in speller\.json, which"):
        predict_recordings(folder, "", "simulated", None, RECORDING)
