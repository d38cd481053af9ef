"""Run folders of strangers: nothing is read, or written, outside; files agree with each other."""

from __future__ import annotations

import os
import shutil

import pandas as pd
import pytest
from report.made_runs import make_run

from p300.errors import RunError
from p300.report.run_results import read_run
from p300.runs import RunFolder
from p300.runs.config import parse_experiment

SUBFOLDERS = ["fits", "scores", "epochs", "epochs/one", "figures", "training_scores"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "run"
    return make_run(
        folder, subjects=["1", "2"], detectors=["cnn1"], protocols=["cross_subject"],
        datasets=["one"],
    )  # fmt: skip


@pytest.fixture
def run(made, tmp_path):
    return RunFolder(shutil.copytree(made, tmp_path / "run"))


@pytest.mark.parametrize("name", SUBFOLDERS)
def test_folders_that_lead_elsewhere_are_refused_before_anything_is_written(name, run, tmp_path):
    place, outside = run.path / name, tmp_path / "outside"
    outside.mkdir()
    if place.exists():
        shutil.rmtree(place)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(outside)
    with pytest.raises(RunError, match=f"{place}: a link out of its folder found"):
        run.check_finished()
    with pytest.raises(RunError, match=f"{place}: a link out of its folder found"):
        run.check_owner(run.experiment())
    assert not list(outside.iterdir())


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "name", ["config.yaml", "manifest.json", "metrics.json", "scores.parquet", "averages.parquet"]
)
def test_pipes_are_not_waited_for(name, run):
    (run.path / name).unlink()
    os.mkfifo(run.path / name)
    with pytest.raises(RunError, match=name):
        read_run(run.path)


def test_an_endless_config_is_not_read(run):
    with run.config_file.open("ab") as file:
        file.truncate(2**40)
    with pytest.raises(RunError, match=r"config\.yaml is damaged .*1,099,511,627,776 bytes found"):
        run.experiment()


def test_a_fold_is_as_long_as_its_fit_says(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.claim(parse_experiment("datasets: {simulated: {source: simulated}}"))
    scores = pd.DataFrame(
        {
            "experiment": "x", "protocol": "cross_subject", "calibration_characters": None,
            "fold": "sub-1", "detector": "slda", "seed": 1, "dataset": "one", "subject": "1",
            "session": "1", "run": "1", "character": 1, "repetition": 1, "code": [1, 2],
            "target": [True, False], "score": [1.0, -1.0], "threshold": -1.6,
        }
    )  # fmt: skip
    fit = {
        "id": "one", "dataset": "one", "protocol": "cross_subject", "fold": "sub-1",
        "detector": "slda", "seed": 1, "n_train": 10, "n_test": 2, "fit_seconds": 1.0,
        "versions": {},
    }  # fmt: skip
    run.write_fold(fit, scores, None)
    run.join_scores(["one"])
    assert len(run.scores()) == 2
    run.write_fold({**fit, "n_test": 3}, scores, None)
    with pytest.raises(RunError, match="2 rows found, 3 expected by the other files"):
        run.join_scores(["one"])
    run.fit_file("one").unlink()
    with pytest.raises(RunError, match=r"one\.json is damaged \(nothing found"):
        run.join_scores(["one"])
