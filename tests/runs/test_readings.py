"""Recordings whose files are as they were are not read again, all others are."""

from __future__ import annotations

import os

import numpy as np
import pytest
from studies import make_recording

from p300.errors import DataWarning, RunError, StudyError
from p300.files import read_json
from p300.pipeline import evaluate
from p300.recordings import registry
from p300.runs import readings
from p300.runs.cache import entry_sizes
from p300.runs.config import parse_experiment
from p300.runs.plan import preview
from p300.runs.preparation import keep_prepared, prepare
from p300.runs.readings import files_of

CONFIG = """
datasets: {mine: {source: flash_table, path: study}}
detectors: {slda: {n_folds: 2}}
protocols: {cross_subject: {}}
"""

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*too short:p300.errors.DataWarning", "ignore:.*not spelled:p300.errors.DataWarning"
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache for each test; files are taken for settled as soon as they are written."""
    monkeypatch.setenv("P300_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(readings, "SETTLED", -1.0)
    return tmp_path / "cache"


def save(recording, stem):
    recording.raw.set_annotations(None)
    recording.raw.save(stem.with_suffix(".fif"), overwrite=True, verbose="error")
    recording.flashes.to_csv(stem.with_name(f"{stem.name}_flashes.csv"), index=False)


@pytest.fixture
def study(tmp_path):
    """Three subjects as FIF with flash tables."""
    folder = tmp_path / "study"
    folder.mkdir()
    for subject in "123":
        save(make_recording(subject, n_characters=3, repetitions=4), folder / f"sub-{subject}_eeg")
    return folder


@pytest.fixture
def read(monkeypatch):
    """The name of every recording that is read."""
    names = []
    original = registry._readable

    def noted(recordings, source, place):
        for recording in original(recordings, source, place):
            names.append(recording.name)
            yield recording

    monkeypatch.setattr(registry, "_readable", noted)
    return names


def prepared(study, run="run", *overrides, verify=False):
    experiment = parse_experiment(CONFIG, overrides)
    found = prepare(experiment, data=study.parent, verify=verify)
    keep_prepared(experiment, found, study.parent / run)
    return found.folders["mine"]


def folds(study, *overrides):
    tasks = preview(parse_experiment(CONFIG, overrides), study.parent)
    return [(task.id, task.seed, *map(np.ndarray.tolist, (task.fold.train, task.fold.test)))
            for task in tasks]  # fmt: skip


def test_a_second_run_reads_nothing_and_tells_the_same(study, read):
    first = prepared(study, "a")
    assert len(read) == 3
    assert prepared(study, "b") == first
    assert len(read) == 3
    a, b = (read_json(study.parent / run / "manifest.json") for run in "ab")
    assert {**a, "created": ""} == {**b, "created": ""}


def test_verifying_reads_all(study, read):
    first = prepared(study)
    assert prepared(study, verify=True) == first
    assert len(read) == 6


def test_folds_are_planned_without_reading(study, read):
    cold = folds(study)
    assert len(read) == 3
    prepared(study)
    del read[:]
    assert folds(study) == cold
    assert read == []
    assert folds(study, "preprocessing.high=15") == cold  # other epochs, which are not there
    assert len(read) == 3


def test_other_settings_take_other_epochs_of_the_same_reading(study, read):
    prepared(study, "a")
    fine = prepared(study, "b", "preprocessing.high=15")
    assert len(read) == 6
    assert prepared(study, "c", "preprocessing.high=15") == fine
    assert len(read) == 6


def overwrite(study):
    file = study / "sub-2_eeg.fif"
    before = file.stat()
    with file.open("r+b") as opened:
        opened.seek(before.st_size // 2)
        value = opened.read(1)
        opened.seek(before.st_size // 2)
        opened.write(bytes([value[0] ^ 1]))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def new_subject(study):
    save(make_recording("4", n_characters=3, repetitions=4), study / "sub-4_eeg")


def another_table(study):
    table = study / "sub-2_eeg_flashes.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(lines[:-12]))


@pytest.mark.parametrize("change", [overwrite, new_subject, another_table])
def test_changed_files_are_read_and_a_prepared_run_refuses_them(study, read, change):
    first = prepared(study)
    del read[:]
    change(study)
    with pytest.raises(RunError, match="changed since this run was prepared"):
        prepared(study)
    assert len(read) >= 3
    assert prepared(study, "other") != first


def test_a_finished_run_reads_recordings_only_to_verify_them(study, read):
    experiment = parse_experiment(CONFIG)
    run = study.parent / "run"
    evaluate(experiment, run, data=study.parent)
    del read[:]
    evaluate(experiment, run, data=study.parent)
    assert read == []
    evaluate(experiment, run, data=study.parent, verify=True)
    assert len(read) == 3
    overwrite(study)
    with pytest.raises(RunError, match="changed since this run was prepared"):
        evaluate(experiment, run, data=study.parent, verify=True)


def test_files_that_changed_a_moment_ago_are_read_again(study, read, monkeypatch):
    monkeypatch.setattr(readings, "SETTLED", 3600.0)
    prepared(study, "a")
    prepared(study, "b")
    assert len(read) == 6


def test_files_that_change_while_they_are_read_are_read_again(study, read, monkeypatch):
    original = readings.Files.keep

    def late(files, known, now):
        another_table(study)
        original(files, known, files_of(parse_experiment(CONFIG), "mine", study.parent))

    experiment = parse_experiment(CONFIG)
    before = files_of(experiment, "mine", study.parent)
    monkeypatch.setattr(readings.Files, "keep", late)
    prepared(study, "a")
    assert before.recall() is None
    assert files_of(experiment, "mine", study.parent).recall() is None


def test_a_simulated_study_is_its_parameters_and_its_code(read, study, monkeypatch):
    simulated = "datasets.mine={source: simulated, n_subjects: 2, characters_per_run: 2}"
    prepared(study, "a", simulated)
    prepared(study, "b", simulated)
    assert len(read) == 4
    del read[:]
    prepared(study, "c", simulated.replace("}", ", seed: 3}"))
    assert len(read) == 8  # once to look for its epochs, once to make them
    monkeypatch.setattr(readings, "_code", lambda: "changed")
    del read[:]
    prepared(study, "d", simulated)
    assert len(read) == 4


def test_who_is_who_is_checked_without_reading(study, read):
    save(make_recording("2", seed=5, n_characters=3, repetitions=4), study / "sub-02_eeg")
    distinct = "distinct_subjects=[['2', '02']]"
    prepared(study, "a", distinct)
    del read[:]
    prepared(study, "b", distinct)
    assert read == []
    with pytest.raises(StudyError, match="leading zeros"):
        prepared(study, "c")
    assert read == []
    with pytest.raises(StudyError, match="leading zeros"):
        preview(parse_experiment(CONFIG), study.parent)


def test_copies_are_found_without_reading(study, read):
    twice = (
        "datasets={mine: {source: flash_table, path: study},"
        " other: {source: flash_table, path: study}}"
    )
    for run in ("a", "b"):
        experiment = parse_experiment(CONFIG, [twice])
        with pytest.warns(DataWarning, match="the same signal is there in two data sets"):
            prepare(experiment, data=study.parent)
        assert len(read) == (6 if run == "a" else 0)
        del read[:]


def test_what_is_kept_is_spoiled(study, read, cache):
    first = prepared(study, "a")
    spoiled = [file for file in cache.rglob("*") if file.name in readings.READING]
    assert len(spoiled) == 2
    for file in spoiled:
        file.write_bytes(b"{}")
    with pytest.warns(DataWarning, match="damaged"):
        assert prepared(study, "b") == first
    assert len(read) == 6
    assert prepared(study, "c") == first
    assert len(read) == 6
    assert len(entry_sizes()) == 2
