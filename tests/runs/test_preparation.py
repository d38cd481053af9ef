"""Who is who is settled before anything is fitted or kept; no path has a say in it."""

from __future__ import annotations

import os
import shutil
import signal
import time
import warnings
from dataclasses import replace
from pathlib import Path

import mne
import numpy as np
import pytest
from studies import make_recording

from p300.errors import ConfigError, DataWarning, RunError, StudyError
from p300.files import read_json, safe_name
from p300.runs import dataset_epochs
from p300.runs.cache import entry_sizes
from p300.runs.config import parse_experiment
from p300.runs.dataset_epochs import cut_recording
from p300.runs.plan import preview
from p300.runs.preparation import cached_epochs
from p300.runs.runner import prepare_run, score_folds

SIZES = {"n_characters": 3, "repetitions": 3}
TWO_FOLDERS = "[{source: flash_table, path: a}, {source: flash_table, path: b}]"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache for each test."""
    monkeypatch.setenv("P300_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def save(recording, stem, *, edf=False):
    """Write a recording and its flashes; as EDF its values are rounded to 16 bits."""
    stem.parent.mkdir(exist_ok=True)
    raw = recording.raw.copy().set_annotations(None)
    if edf:
        mne.export.export_raw(
            stem.with_suffix(".edf"), raw, physical_range=(-2000, 2000), verbose="error"
        )
    else:
        stem = stem.with_name(f"{stem.name}_raw")  # MNE's own convention
        raw.save(stem.with_suffix(".fif"), verbose="error")
    recording.flashes[["sample", "target"]].to_csv(f"{stem}_flashes.csv", index=False)


def experiment_of(sources, *overrides, protocols="{cross_subject: {}}"):
    return parse_experiment(
        f"name: r\ndatasets: {{d: {sources}}}\ndetectors: {{slda: {{}}}}\nprotocols: {protocols}",
        overrides,
    )


def assert_refused(experiment, data, message):
    """Refused with the message by a run and its preview; nothing is kept or fitted."""
    run = data.parent / "run"
    with pytest.raises(StudyError, match=message):
        prepare_run(experiment, run, data=data)
    assert not run.exists()
    assert entry_sizes() == {}
    with pytest.raises(StudyError, match=message):
        preview(experiment, data)
    with pytest.raises(StudyError, match=message):
        cached_epochs(experiment, "d", data)  # what `p300 train` begins with


def test_the_same_people_under_two_labels(data):
    for k, subject in enumerate(("1", "2")):
        recording = make_recording(subject, seed=3, **SIZES)
        save(recording, data / "a" / f"sub-0{subject}")
        save(recording, data / "b" / f"sub-{subject}", edf=True)
        save(recording, data / "c" / f"sub-{'xy'[k]}", edf=True)
    assert_refused(
        experiment_of(TWO_FOLDERS), data, r"a/sub-01_raw.fif .*b/sub-1.edf .*distinct_subj"
    )
    as_two = ["distinct_subjects=[['01', '1'], ['02', '2']]"]
    signal = r"same signal .*a/sub-01_raw.fif \(d/sub-01/.*b/sub-1.edf \(d/sub-1/"
    assert_refused(experiment_of(TWO_FOLDERS, *as_two), data, signal)
    other = TWO_FOLDERS.replace("path: b", "path: c")
    assert_refused(experiment_of(other), data, "same signal .*a/sub-01_raw.fif .*c/sub-x.edf")
    prepare_run(experiment_of("{source: flash_table, path: a}"), data.parent / "run", data=data)


def test_two_people_with_one_label(data):
    for folder, seed in (("a", 1), ("b", 2)):
        for run in ("1", "2"):
            save(make_recording("1", run, seed=seed, **SIZES), data / folder / f"sub-1_run-{run}")
    within = "{within_subject: {}}"
    assert_refused(
        experiment_of(TWO_FOLDERS, protocols=within),
        data,
        r"a/sub-1_run-1_raw.fif and .*b/sub-1_run-1_raw.fif are both d/sub-1/ses-1/run-1.*two data",
    )


def test_two_generated_studies_in_one_data_set(data):
    simulated = (
        "{source: simulated, n_subjects: 1, characters_per_run: 1, repetitions: 2, seed: %d}"
    )
    sources = f"[{simulated % 1}, {simulated % 2}]"
    assert_refused(experiment_of(sources), data, "simulated study, seed 1 and .* seed 2 are both")


def test_people_in_two_data_sets(data):
    for folder in ("a", "b"):
        for subject in ("1", "2"):
            save(make_recording(subject, seed=4, **SIZES), data / folder / f"sub-{subject}")
    text = """
name: r
datasets: {one: {source: flash_table, path: a}, two: {source: flash_table, path: b}}
detectors: {slda: {}}
protocols: {%s: {}}
"""
    crossed = parse_experiment(text % "cross_dataset")
    for refused in (
        lambda: prepare_run(crossed, data / "x", data=data),
        lambda: preview(crossed, data),
    ):
        with pytest.raises(
            StudyError, match=r"twice in one experiment: .*a/sub-1.*b/sub-1.*a/sub-2"
        ):
            refused()
    assert not any("+" in entry.parent.name for entry in entry_sizes())
    apart = parse_experiment(text % "within_subject")
    for _ in "ab":  # also where the epochs come from the cache
        with pytest.warns(DataWarning, match=r"which share people: .*a/sub-1.*b/sub-1.*b/sub-2"):
            prepare_run(apart, data / "run", data=data)
    said = read_json(data / "run" / "manifest.json")["warnings"]
    assert sum("which share people" in text for text in said) == 1


GUESSED = "{source: flash_table, path: a%s}"


def test_people_who_are_guessed_are_not_crossed_before_they_are_confirmed(data):
    for subject in ("1", "2"):
        for run in ("1", "2"):
            recording = make_recording(subject, run, seed=5, **SIZES)
            save(recording, data / "a" / f"anna{subject}_block{run}")
    guessed = GUESSED % ""
    refused = (
        lambda: preview(experiment_of(guessed), data),
        lambda: score_folds(experiment_of(guessed), data / "run", data=data),
    )
    for run in refused:
        with (
            pytest.warns(DataWarning, match=r"anna1_block2_raw\.fif is subject anna1, run 2"),
            pytest.raises(StudyError, match=r"cross_subject needs to know who is who.*'subject'"),
        ):
            run()
    assert not (data / "run" / "scores").exists()
    with pytest.warns(DataWarning, match="guessed: "):
        tasks = preview(experiment_of(guessed, protocols="{within_subject: {}}"), data)
    assert {task.fold.name for task in tasks} == {
        f"sub-anna{s}_ses-1_run-{r}" for s in "12" for r in "12"
    }
    confirmed = GUESSED % r", subject: '^(?P<subject>\w+)_block(?P<run>\d)'"
    tasks = preview(experiment_of(confirmed), data)
    assert [task.fold.name for task in tasks] == ["sub-anna1", "sub-anna2"]


def test_a_study_that_moved_is_the_same(data, monkeypatch):
    for subject in ("1", "2"):
        save(make_recording(subject, seed=6, **SIZES), data / "a" / f"sub-{subject}")
    experiment, run = experiment_of("{source: flash_table, path: a}"), data.parent / "run"
    first = prepare_run(experiment, run, data=data)
    monkeypatch.chdir(data)
    assert prepare_run(experiment, run, data=Path()) == first
    assert prepare_run(experiment, run, data=Path(os.path.relpath(data))) == first
    moved = data.parent / "elsewhere"
    shutil.move(data, moved)
    assert prepare_run(experiment, run, data=moved) == first  # this run goes on
    assert prepare_run(experiment, data.parent / "other", data=moved) == first
    assert sum((entry / "X.npy").exists() for entry in entry_sizes()) == 1  # no second of epochs
    # The manifest names the files that were read, for people.
    about = read_json(data.parent / "other" / "manifest.json")["recordings"]
    assert [one["source"] for one in about] == [f"{moved}/a/sub-{k}_raw.fif" for k in (1, 2)]


def test_the_order_of_files_is_that_of_their_numbers(data):
    for subject in ("10", "9", "2"):
        save(make_recording(subject, seed=7, **SIZES), data / "a" / f"sub-{subject}")
    entry = cached_epochs(experiment_of("{source: flash_table, path: a}"), "d", data)
    names = [one["recording"] for one in read_json(entry / "made_of.json")["recordings"]]
    assert names == [f"d/sub-{k}/ses-1/run-1" for k in (2, 9, 10)]


@pytest.mark.parametrize("name", ["anna/2", "../../../../out/x"])
def test_a_name_in_a_file_leads_nowhere_else(data, name, monkeypatch):
    found = [replace(make_recording(run=r, **SIZES), subject=name, dataset="d") for r in ("1", "2")]
    module = "p300.runs.preparation"
    monkeypatch.setattr(f"{module}.open_recordings", lambda *_, **__: iter(found))
    before = set(data.parent.parent.iterdir())
    run = data.parent / "deep" / "run"
    experiment = experiment_of("{source: bci2000, path: x}", protocols="{within_subject: {}}")
    prepare_run(experiment, run, data=data)
    about = read_json(run / "manifest.json")["recordings"]
    assert [one["recording"] for one in about] == [f"d/sub-{name}/ses-1/run-{k}" for k in (1, 2)]
    inside = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert inside == {
        "config.yaml", "manifest.json", "averages.parquet", "epochs/d/flashes.parquet",
        "epochs/d/epochs.json", "epochs/d/epoch_images.parquet", "run.log",
    }  # fmt: skip
    assert {path.name for path in data.parent.iterdir()} == {"cache", "data", "deep"}
    assert set(data.parent.parent.iterdir()) == before


def test_a_data_set_of_any_name_has_a_folder_in_the_cache(data):
    name = "böse daten: " + "x" * 150
    save(make_recording("1", seed=8, **SIZES), data / "a" / "sub-1")
    text = f"datasets: {{'{name}': {{source: flash_table, path: a}}}}\ndetectors: {{slda: {{}}}}"
    entry = cached_epochs(parse_experiment(text), name, data)
    assert entry.parent.name.startswith(f"{safe_name(name)}-")
    assert [each for each in entry_sizes() if (each / "X.npy").exists()] == [entry]


def test_labels_of_two_people_must_differ():
    sources = "{source: simulated}"
    with pytest.raises(ConfigError, match=r"distinct_subjects.*two or more different"):
        experiment_of(sources, "distinct_subjects=[[3, 3]]")
    with pytest.raises(ConfigError, match="distinct_subjects"):
        experiment_of(sources, "distinct_subjects=[3, 03]")
    found = experiment_of(sources, "distinct_subjects=[[3, 03]]")
    assert found.distinct_subjects == (("3", "03"),)
    assert parse_experiment(found.to_yaml()) == found


def test_two_people_whose_labels_are_alike(data):
    for subject, label in (("1", "3"), ("2", "03")):
        save(make_recording(subject, seed=9, **SIZES), data / "a" / f"sub-{label}")
    sources = "{source: flash_table, path: a%s}"
    said = ["distinct_subjects=[['3', '03']]"]
    tasks = preview(experiment_of(sources % "", *said), data)
    assert {task.fold.name for task in tasks} == {"sub-3", "sub-03"}
    # Each is meant by its own label.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one = experiment_of(sources % ", subjects: ['03']", protocols="{within_subject: {}}")
        tasks = preview(one, data)
    assert {task.fold.name.split("_")[0] for task in tasks} == {"sub-03"}
    assert sum(len(np.unique(task.fold.test)) for task in tasks) == 3 * 3 * 12


def test_epochs_are_the_same_whoever_cuts_them(data, monkeypatch):
    """The first recording takes longest: others are done before it where several are cut."""
    monkeypatch.setattr(dataset_epochs, "cut_recording", cut_the_first_slowly)
    for subject in ("1", "2", "3"):
        recording = make_recording(subject, seed=int(subject), **SIZES)
        recording.raw._data[0, :2000] *= 1e3 if subject != "3" else 1.0  # something to warn of
        save(recording, data / "a" / f"sub-{subject}")
    experiment, made = experiment_of("{source: flash_table, path: a}"), []
    for jobs in (1, 2):
        monkeypatch.setenv("P300_CACHE", str(data.parent / f"cache{jobs}"))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            folders = prepare_run(experiment, data.parent / f"run{jobs}", data=data, jobs=jobs)
        entry = folders["d"]
        files = {file.name: file.read_bytes() for file in entry.iterdir()}
        made.append((entry.name, files, [str(each.message) for each in caught]))
    assert made[0] == made[1]
    assert {"X.npy", "made_of.json"} <= set(made[0][1])


def test_a_process_killed_while_preparing_is_told(data, monkeypatch):
    for subject in ("1", "2"):
        save(make_recording(subject, seed=int(subject), **SIZES), data / "a" / f"sub-{subject}")
    monkeypatch.setattr(dataset_epochs, "cut_recording", kill_myself)
    with pytest.raises(RunError, match=r"data set d: a worker process was killed while recordings"):
        prepare_run(
            experiment_of("{source: flash_table, path: a}"), data.parent / "run", data=data, jobs=2
        )
    assert not (data.parent / "run").exists()


def cut_the_first_slowly(recording, settings, folder):
    if folder.name == "0":
        time.sleep(2)
    return cut_recording(recording, settings, folder)


def kill_myself(*_):
    os.kill(os.getpid(), signal.SIGKILL)
