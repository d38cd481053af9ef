"""A pipeline of others on the command line: run, train, spell."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from p300.commands.main import app
from p300.files import read_json

# Studies of a few characters: some folds have nothing to learn from.
pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")

CONFIG = """
datasets:
  simulated: {source: simulated, n_subjects: 2, n_runs: 2, characters_per_run: 3, repetitions: 6}
detectors:
  mine:
    n_folds: 2
    steps:
      flat: {estimator: "mne.decoding:Vectorizer"}
      scale: {estimator: "sklearn.preprocessing:StandardScaler"}
      logistic:
        estimator: sklearn.linear_model:LogisticRegression
        parameters: {C: 0.001, class_weight: balanced}
protocols: {within_subject: {test_runs: last}}
"""


def p300_command(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_pipeline_of_others_is_run_trained_and_spelled_with(tmp_path):
    config, run, stored = (tmp_path / name for name in ("mine.yaml", "run", "stored"))
    config.write_text(CONFIG)
    p300_command("run", config, "--out", run, "--jobs", 1)
    assert "mine" in (run / "report.html").read_text()
    assert set(pd.read_parquet(run / "scores.parquet")["detector"]) == {"mine"}
    p300_command("train", config, "--detector", "mine", "--out", stored)
    assert read_json(stored / "detector.json")["name"] == "estimator"
    options = ("n_subjects=1", "n_runs=1", "characters_per_run=3", "repetitions=6")
    given = [word for option in options for word in ("--option", option)]
    p300_command("spell", stored, ".", "--source", "simulated", *given, "--out", tmp_path / "s.csv")
    assert len(pd.read_csv(tmp_path / "s.csv")) == 3
