"""An experiment in one call: what is kept, and what is made again after an interruption."""

from __future__ import annotations

import pytest

from p300 import pipeline
from p300.files import read_json
from p300.pipeline import evaluate
from p300.report import write_report
from p300.runs import RunFolder
from p300.runs.config import parse_experiment
from p300.speller import curves
from p300.speller import run as spelling

CONFIG = """
name: letters
datasets: {simulated: {source: simulated, n_subjects: 2, characters_per_run: 3, repetitions: 3}}
detectors: {slda: {}}
protocols: {within_subject: {test_runs: last}}
"""
pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")


@pytest.fixture(scope="module")
def experiment():
    return parse_experiment(CONFIG)


@pytest.fixture
def finished(experiment, tmp_path):
    return evaluate(experiment, tmp_path / "run")


def metrics(run):
    return {row["metric"] for row in read_json(run / "metrics.json")["rows"]}


COMPLETE = {"roc_auc", "fit_seconds", "characters", "bits_per_minute", "seconds"}


def test_a_finished_run_spells_nothing_again(finished, experiment, monkeypatch):
    assert metrics(finished) >= COMPLETE
    monkeypatch.setattr(pipeline, "spell_run", lambda *a: pytest.fail("spelled again"))
    evaluate(experiment, finished)


def test_metrics_computed_again_have_the_letters_too(finished, experiment):
    before = read_json(finished / "metrics.json")
    (finished / "metrics.json").unlink()
    evaluate(experiment, finished)
    assert read_json(finished / "metrics.json") == before


def test_there_are_figures_of_every_number_of_repetitions(finished):
    rows = RunFolder(finished).metrics()
    own = rows[(rows["metric"] == "characters") & (rows["subject"] == "mean")]
    fixed = own[(own["rule"] == "sum") & (own["stopping"] == "fixed")]
    assert fixed["repetitions"].tolist() == [1, 2, 3]


def test_metrics_are_written_once_and_letters_measured_once(experiment, tmp_path, monkeypatch):
    written, measured = [], []

    def write(folder, rows):
        written.append(rows)
        return write_metrics(folder, rows)

    def measure(*args):
        measured.append(args)
        return subject_rates(*args)

    write_metrics, subject_rates = RunFolder.write_metrics, curves.subject_rates
    monkeypatch.setattr(RunFolder, "write_metrics", write)
    for module in (curves, spelling):
        monkeypatch.setattr(module, "subject_rates", measure)
    page = write_report(evaluate(experiment, tmp_path / "run")).read_text(encoding="utf-8")
    assert len(written) == len(measured) == 1
    assert "Signed r² of single epochs by electrode" in page
    assert "target epochs of each subject at" in page


def test_a_fit_that_a_killed_worker_left_half_is_passed_over(finished, experiment):
    (fit, *_) = sorted((finished / "fits").glob("*.json"))
    (finished / "fits" / f".{fit.name}.0123abcd.tmp.json").write_text(fit.read_text()[:99])
    before = read_json(finished / "metrics.json")
    (finished / "metrics.json").unlink()
    evaluate(experiment, finished)
    assert read_json(finished / "metrics.json") == before
    write_report(finished)


def test_a_run_interrupted_before_the_letters_figures_gets_them(experiment, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_metrics", interrupted)
        with pytest.raises(KeyboardInterrupt):
            evaluate(experiment, tmp_path / "run")
    assert (tmp_path / "run" / "characters.parquet").is_file()
    evaluate(experiment, tmp_path / "run")
    assert metrics(tmp_path / "run") >= COMPLETE
