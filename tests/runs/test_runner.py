"""Runs: determinism, resumption, folders that belong to something else."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from p300.errors import DataWarning, ProtocolError, RecordingError, RunError, RunWarning
from p300.evaluation.fold import seed_of
from p300.files import read_json, write_json
from p300.pipeline import evaluate
from p300.runs import runner
from p300.runs.config import parse_experiment
from p300.runs.plan import preview
from p300.runs.workers import Workers, map_folds

CONFIG = """
name: small
datasets: {simulated: {source: simulated, n_subjects: 3, characters_per_run: 3, repetitions: 5}}
detectors: {cnn1: {max_passes: 2}, slda: {}}
protocols: {within_subject: {test_runs: last}, cross_subject: {}}
"""
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*calibration slope"),
    pytest.mark.filterwarnings("ignore:data set mine. no layout known"),
]


@pytest.fixture(scope="module")
def experiment():
    return parse_experiment(CONFIG)


@pytest.fixture(scope="module")
def finished(experiment, tmp_path_factory):
    return evaluate(experiment, tmp_path_factory.mktemp("run") / "a")


def stamps(folder):
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_the_run_folder_is_complete(finished, experiment):
    scores = pd.read_parquet(finished / "scores.parquet")
    assert len(list((finished / "scores").glob("*.parquet"))) == 12
    assert len(list((finished / "fits").glob("*.json"))) == 12
    manifest = read_json(finished / "manifest.json")
    assert len(manifest["recordings"]) == 6
    assert {"p300", "packages", "machine", "threads_per_worker", "seed"} <= set(manifest)
    assert manifest["recordings"][0]["n_flashes"] == 3 * 5 * 12
    assert manifest["recordings"][0]["preprocessing"]["realised_high"] == pytest.approx(
        20, rel=0.01
    )
    # Every epoch of every subject once across subjects, of the last run within.
    counts = scores.groupby(["protocol", "detector"]).size()
    assert (counts["cross_subject"] == 3 * 2 * 180).all()
    assert (counts["within_subject"] == 3 * 180).all()
    rows = read_json(finished / "metrics.json")["rows"]
    means = [r for r in rows if r["subject"] == "mean" and r["metric"] == "roc_auc"]
    assert len(means) == 4
    assert all(r["low"] is None and 0 < r["value"] < 1 and r["n"] == 3 for r in means)
    assert (finished / "averages.parquet").is_file()
    assert not list(finished.rglob("*.tmp*"))


def test_a_finished_run_computes_nothing_again(finished, experiment, monkeypatch):
    before = stamps(finished)
    monkeypatch.setattr(runner, "prepare", lambda *a, **k: pytest.fail("prepared again"))
    evaluate(experiment, finished)
    assert stamps(finished) == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_config_gives_the_same_scores_bit_for_bit(finished, experiment, tmp_path, jobs):
    again = evaluate(experiment, tmp_path / "again", jobs=jobs)
    pd.testing.assert_frame_equal(
        pd.read_parquet(again / "scores.parquet"),
        pd.read_parquet(finished / "scores.parquet"),
        check_exact=True,
    )


def test_a_fit_tells_what_made_it_and_the_manifest_who(experiment, tmp_path, monkeypatch):
    here = Workers()
    monkeypatch.setattr(runner, "map_folds", lambda tasks, run, *_: map_folds(tasks, run, here))
    experiment = parse_experiment(CONFIG, ["detectors={slda: {}}"])
    runner.prepare_run(experiment, tmp_path, data=tmp_path)
    evaluate(experiment, tmp_path, jobs=8)
    manifest = read_json(tmp_path / "manifest.json")
    assert (manifest["jobs"], manifest["device"]) == (8, "cpu")
    assert "pyriemann" in manifest["packages"]
    for path in (tmp_path / "fits").glob("*.json"):
        fit = read_json(path)
        assert fit["device"] == "cpu"
        assert fit["versions"]["torch"] == manifest["packages"]["torch"]
        assert set(fit["versions"]) > {"p300", "numpy", "scikit-learn", "pyriemann"}


def test_fits_of_several_versions_are_named(finished, experiment, tmp_path):
    run = shutil.copytree(finished, tmp_path / "run")
    first, *_ = sorted((run / "fits").glob("*.json"))
    fit = read_json(first)
    write_json(first, {**fit, "versions": {**fit["versions"], "torch": "1.0"}})
    (run / "metrics.json").unlink()
    with pytest.warns(RunWarning, match=r"different versions .torch 1\.0, [0-9.+a-z]+.,"):
        evaluate(experiment, run)


def test_folds_of_the_same_name_are_refused(tmp_path):
    settings = ["detectors={slda: {}}", "protocols={few_shot: {characters: [1, 1]}}"]
    with pytest.raises(RunError, match=r"2 folds are named .*option of the protocol few_shot once"):
        evaluate(parse_experiment(CONFIG, settings), tmp_path / "run")


def test_another_seed_gives_other_scores(finished, tmp_path):
    other = evaluate(parse_experiment(CONFIG, ["seed=1"]), tmp_path / "other")
    mine, theirs = (pd.read_parquet(run / "scores.parquet") for run in (finished, other))
    networks = (mine["detector"] == "cnn1").to_numpy()
    assert (mine["score"][networks] != theirs["score"][networks]).mean() > 0.9
    assert (mine["score"][~networks] == theirs["score"][~networks]).all()


def test_a_run_killed_in_a_fold_goes_on_and_gives_the_same_scores(finished, tmp_path):
    config, run = tmp_path / "small.yaml", tmp_path / "killed"
    config.write_text(CONFIG)
    # Slow the folds down from outside, so that the kill is sure to hit one.
    code = (
        "import sys, time\n"
        "from p300.runs.config import load_experiment\n"
        "from p300.runs import runner, tasks\n"
        "fit = tasks.fit_and_score_fold\n"
        "def slow(*args, **kwargs):\n    result = fit(*args, **kwargs)\n    time.sleep(0.3)\n"
        "    return result\n"
        "tasks.fit_and_score_fold = slow\n"
        "runner.score_folds(load_experiment(sys.argv[1]), sys.argv[2])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, str(config), str(run)], start_new_session=True
    )
    deadline = time.monotonic() + 60
    while len(list((run / "scores").glob("[!.]*.parquet"))) < 3:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = {p: p.stat().st_mtime_ns for p in (run / "scores").glob("[!.]*.parquet")}
    assert 3 <= len(done) < 12
    assert not (run / "metrics.json").exists()
    evaluate(parse_experiment(CONFIG), run)
    assert {p: p.stat().st_mtime_ns for p in done} == done
    pd.testing.assert_frame_equal(
        pd.read_parquet(run / "scores.parquet"),
        pd.read_parquet(finished / "scores.parquet"),
        check_exact=True,
    )


def test_a_folder_of_another_config_is_refused(finished):
    message = r"another config .different: seed: 5 here, 2011 there; .*within_subject: only there"
    with pytest.raises(RunError, match=message):
        evaluate(parse_experiment(CONFIG, ["seed=5", "protocols={cross_subject: {}}"]), finished)


def test_a_folder_that_is_no_run_is_refused(experiment, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(RunError, match="not a run folder"):
        evaluate(experiment, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def write_table_study(folder, seed=0):
    """Two subjects as FIF with flash tables."""
    from studies import make_recording

    folder.mkdir(exist_ok=True)
    for subject in ("1", "2"):
        recording = make_recording(subject, seed=seed, n_characters=3, repetitions=5)
        recording.raw.set_annotations(None)
        stem = f"sub-{subject}_eeg"
        recording.raw.save(folder / f"{stem}.fif", overwrite=True, verbose="error")
        recording.flashes.to_csv(folder / f"{stem}_flashes.csv", index=False)


def test_data_that_changed_after_preparing_are_noticed(tmp_path):
    write_table_study(tmp_path / "study")
    text = "datasets: {mine: {source: flash_table, path: study}}\ndetectors: {slda: {}}"
    experiment = parse_experiment(text)
    run = evaluate(experiment, tmp_path / "run", data=tmp_path)
    (run / "metrics.json").unlink()
    evaluate(experiment, run, data=tmp_path)
    (run / "metrics.json").unlink()
    write_table_study(tmp_path / "study", seed=1)
    with pytest.raises(RunError, match="changed since this run was prepared"):
        evaluate(experiment, run, data=tmp_path)


def test_warnings_of_the_data_are_kept(tmp_path):
    write_table_study(tmp_path / "study")
    table = tmp_path / "study" / "sub-1_eeg_flashes.csv"
    flashes = pd.read_csv(table)
    flashes.loc[len(flashes)] = [flashes["sample"].max() + 400, False, 1, 3, 6]
    flashes.to_csv(table, index=False)
    text = "datasets: {mine: {source: flash_table, path: study}}\ndetectors: {slda: {}}"
    with pytest.warns(DataWarning, match="1 flashes are left out"):
        run = evaluate(parse_experiment(text), tmp_path / "run", data=tmp_path)
    assert any("left out" in w for w in read_json(run / "manifest.json")["warnings"])


def test_one_subject_across_subjects_names_the_data_set():
    experiment = parse_experiment(CONFIG, ["datasets.simulated.n_subjects=1"])
    with pytest.raises(ProtocolError, match="data set simulated: cross_subject: one subject only"):
        preview(experiment, data=None)


def test_a_data_set_with_one_subject_among_several_is_left_out_across_subjects():
    one = {"source": "simulated", "n_subjects": 1, "characters_per_run": 2, "repetitions": 3}
    experiment = parse_experiment(
        yaml.safe_dump(
            {
                "datasets": {"one": [one], "two": [{**one, "n_subjects": 2, "seed": 3}]},
                "detectors": {"slda": {}},
            }
        )
    )
    with pytest.warns(DataWarning, match="data set one: cross_subject is left out"):
        tasks = preview(experiment, Path())
    found = {(task.dataset, task.protocol) for task in tasks}
    assert found == {
        ("one", "within_subject"), ("two", "within_subject"), ("two", "cross_subject"),
    }  # fmt: skip


@pytest.mark.parametrize("start", [evaluate, runner.prepare_run])
def test_a_wrong_path_leaves_nothing(tmp_path, start):
    experiment = parse_experiment("datasets: {mine: {source: bnci2015_003, path: nowhere}}")
    with pytest.raises(RecordingError, match="nowhere: no such file or folder"):
        start(experiment, tmp_path / "reports" / "run", data=tmp_path)
    assert not list(tmp_path.iterdir())


def test_folds_that_cannot_be_leave_nothing(tmp_path):
    write_table_study(tmp_path / "study")
    text = "datasets: {mine: {source: flash_table, path: study}}\ndetectors: {slda: {}}\n"
    experiment = parse_experiment(text + "protocols: {cross_session: {}}")
    with pytest.raises(ProtocolError, match="one session only"):
        evaluate(experiment, tmp_path / "run", data=tmp_path)
    assert not (tmp_path / "run").exists()


def test_a_wrong_path_leaves_a_begun_run_as_it_was(tmp_path):
    write_table_study(tmp_path / "study")
    text = "datasets: {mine: {source: flash_table, path: study}}\ndetectors: {slda: {}}"
    experiment = parse_experiment(text)
    run = evaluate(experiment, tmp_path / "run", data=tmp_path)
    (run / "metrics.json").unlink()
    before, log = stamps(run), run / "run.log"
    with pytest.raises(RecordingError, match="no such file or folder"):
        evaluate(experiment, run, data=tmp_path / "elsewhere")
    after = stamps(run)
    assert after.pop(log) > before.pop(log)  # which has the mistake
    assert "is cut off by RecordingError" in log.read_text(encoding="utf-8").splitlines()[-1]
    assert after == before


def test_a_run_whose_data_folder_is_spelled_otherwise_goes_on(tmp_path, monkeypatch):
    write_table_study(tmp_path / "study")
    text = "datasets: {mine: {source: flash_table, path: study}}\ndetectors: {slda: {}}"
    experiment = parse_experiment(text)
    run = evaluate(experiment, tmp_path / "run", data=tmp_path)
    before = pd.read_parquet(run / "scores.parquet")
    for file in ("metrics.json", "scores.parquet"):
        (run / file).unlink()
    next((run / "scores").glob("*.parquet")).unlink()
    monkeypatch.chdir(tmp_path)
    evaluate(experiment, "run", data=".")
    after = pd.read_parquet(run / "scores.parquet")
    pd.testing.assert_frame_equal(after, before, check_exact=True)


def test_a_run_cut_while_writing_its_first_file_goes_on(tmp_path):
    experiment = parse_experiment(CONFIG, ["detectors={slda: {}}", "protocols={cross_subject: {}}"])
    run = tmp_path / "run"
    run.mkdir()
    (run / ".config.yaml.0123abcd.tmp.yaml").write_text("name: sm")
    evaluate(experiment, run)
    assert not list(run.glob(".*"))


def test_what_killed_writers_left_is_removed_and_nothing_else(finished, experiment, tmp_path):
    run = shutil.copytree(finished, tmp_path / "run")
    left = [
        run / ".metrics.json.89abcdef.tmp.json",
        run / "fits" / ".a.b.repeat-0.json.0123abcd.tmp.json",
        run / "epochs" / "simulated" / ".flashes.parquet.0123abcd.tmp.parquet",
    ]
    mine = [
        run / "notes.tmp",
        run / ".hidden.json",
        run / "fits" / ".a.json.0123abc.tmp.json",
        run / "fits" / ".a.json.0123abcd.tmp.parquet",
    ]
    for file in [*left, *mine]:
        file.write_text("x")
    before = stamps(run)
    evaluate(experiment, run)
    assert set(before) - set(stamps(run)) == set(left)


def test_the_preview_names_the_folds_that_a_run_fits(finished, experiment):
    planned = {task.id for task in preview(experiment, data=None)}
    assert planned == {p.stem for p in (finished / "fits").glob("*.json")}


def test_a_folds_seed_depends_on_its_name_alone():
    assert seed_of(1, "a", "b") == seed_of(1, "a", "b")
    assert len({seed_of(1, "a", "b"), seed_of(2, "a", "b"), seed_of(1, "a", "c")}) == 3


def test_metrics_json_is_plain(finished):
    assert "NaN" not in (finished / "metrics.json").read_text()
    assert json.loads((finished / "metrics.json").read_text())["rows"]
