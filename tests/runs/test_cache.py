"""The cache of preprocessed epochs: found again, made anew, never half."""

from __future__ import annotations

import multiprocessing
import warnings

import numpy as np
import pandas as pd
import pytest
import yaml
from studies import make_recording
from typer.testing import CliRunner

from p300.commands.main import app
from p300.errors import DataWarning, EpochsError, RunError
from p300.files import read_json
from p300.runs import RunFolder
from p300.runs import dataset_epochs as assembly
from p300.runs.cache import entry_sizes
from p300.runs.config import parse_experiment
from p300.runs.plan import preview
from p300.runs.preparation import keep_prepared, prepare
from p300.signal.averages import best_electrodes, mean_over_subjects, subject_r_squared
from p300.signal.epochs import Epochs
from p300.signal.preprocessing import preprocess

CONFIG = "datasets: {mine: {source: flash_table, path: study}}\ndetectors: {slda: {}}"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache for each test."""
    monkeypatch.setenv("P300_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def study(tmp_path):
    """Two subjects as FIF with flash tables."""
    folder = tmp_path / "study"
    folder.mkdir()
    for subject in ("1", "2"):
        save(make_recording(subject, n_characters=3, repetitions=3), folder / f"sub-{subject}_eeg")
    return folder


def save(recording, stem):
    recording.raw.set_annotations(None)
    recording.raw.save(stem.with_suffix(".fif"), overwrite=True, verbose="error")
    recording.flashes.to_csv(stem.with_name(f"{stem.name}_flashes.csv"), index=False)


@pytest.fixture
def cut(monkeypatch):
    """The recordings that were preprocessed."""
    names = []

    def counted(recording, settings):
        names.append(recording.name)
        return cut_epochs(recording, settings)

    cut_epochs = assembly.cut_epochs
    monkeypatch.setattr(assembly, "cut_epochs", counted)
    return names


def prepared(study, run, *overrides):
    experiment = parse_experiment(CONFIG, overrides)
    found = prepare(experiment, data=study.parent)
    keep_prepared(experiment, found, study.parent / run)
    return found.folders["mine"]


def test_a_second_run_preprocesses_nothing_and_tells_the_same(study, cut):
    first = prepared(study, "a")
    assert len(cut) == 2
    assert prepared(study, "b") == first
    assert len(cut) == 2
    a, b = (read_json(study.parent / run / "manifest.json") for run in "ab")
    assert a["recordings"] == b["recordings"]
    for file in ("averages.parquet", "epochs/mine/flashes.parquet"):
        frames = (pd.read_parquet(study.parent / run / file) for run in "ab")
        pd.testing.assert_frame_equal(*frames)


def test_epochs_are_those_of_the_whole_at_once(study):
    from p300.recordings import open_recordings

    epochs = Epochs.load(prepared(study, "a"))
    whole = preprocess(open_recordings("flash_table", study, dataset="mine"))
    np.testing.assert_array_equal(epochs.X, whole.X)
    pd.testing.assert_frame_equal(epochs.flashes, whole.flashes)
    assert isinstance(epochs.X, np.memmap)


def change_a_sample(study):
    other = make_recording("2", n_characters=3, repetitions=3)
    other.raw._data[0, 1000] += 1e-9
    save(other, study / "sub-2_eeg")


def change_a_label(study):
    table = study / "sub-2_eeg_flashes.csv"
    flashes = pd.read_csv(table)
    flashes["target"] = ~flashes["target"].astype(bool)
    flashes.to_csv(table, index=False)


def mark_an_electrode_bad(study):
    other = make_recording("2", n_characters=3, repetitions=3)
    other.raw.info["bads"] = ["Oz"]
    save(other, study / "sub-2_eeg")


@pytest.mark.filterwarnings("ignore::p300.errors.DataWarning")
@pytest.mark.parametrize(
    ("change", "overrides"),
    [
        (change_a_sample, ()),
        (change_a_label, ()),
        (mark_an_electrode_bad, ("preprocessing.bad_electrodes=drop",)),
        (None, ("preprocessing.high=15",)),
        (None, ("datasets.mine.subjects=['1', '2']", "preprocessing.normaliser=none")),
    ],
)
def test_a_changed_recording_or_setting_is_preprocessed(study, cut, change, overrides):
    first = prepared(study, "a")
    if change:
        change(study)
    assert prepared(study, "b", *overrides) != first
    assert len(cut) == 4


def test_what_has_no_part_in_the_epochs_changes_nothing(study, cut):
    first = prepared(study, "a")
    (study / "README.txt").write_text("notes")
    assert prepared(study, "b", "seed=7", "detectors={cnn1: {}}") == first
    assert len(cut) == 2


@pytest.mark.parametrize("file", ["X.npy", "flashes.parquet", "made_of.json", "checksums.json"])
def test_a_damaged_entry_is_named_and_made_anew(study, cut, file):
    entry = prepared(study, "a")
    whole = np.array(Epochs.load(entry).X)
    content = bytearray((entry / file).read_bytes())
    content[len(content) // 2] ^= 1
    (entry / file).write_bytes(content)
    with pytest.warns(DataWarning, match="this entry of the cache is damaged"):
        assert prepared(study, "b") == entry
    assert len(cut) == 4
    np.testing.assert_array_equal(Epochs.load(entry).X, whole)
    assert [each for each in entry_sizes() if (each / "X.npy").exists()] == [entry]


def test_a_missing_file_is_noticed(study, cut):
    entry = prepared(study, "a")
    (entry / "X.npy").unlink()
    with pytest.warns(DataWarning, match=r"damaged .*X\.npy"):
        prepared(study, "b")
    assert len(cut) == 4


def test_a_cleared_cache_leaves_runs_that_go_on(study, cut, cache):
    entry = prepared(study, "a")
    result = CliRunner().invoke(app, ["cache", "--clear"])
    assert result.output.startswith("Removed 1 entries, ")
    assert not list(cache.iterdir())
    assert prepared(study, "a") == entry
    assert len(cut) == 4


def test_a_prepared_run_refuses_changed_recordings(study):
    prepared(study, "a")
    change_a_sample(study)
    with pytest.raises(RunError, match=r"mine/sub-2/ses-1/run-1'\] changed since"):
        prepared(study, "a")


@pytest.mark.filterwarnings("ignore::p300.errors.DataWarning")
def test_a_prepared_run_refuses_an_electrode_marked_bad(study):
    settings = "preprocessing.bad_electrodes=drop"
    prepared(study, "a", settings)
    mark_an_electrode_bad(study)
    with pytest.raises(RunError, match=r"data set mine .bad electrodes.* changed since"):
        prepared(study, "a", settings)


def two_sources(second):
    rows = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]
    source = {"source": "flash_table", "path": "study"}
    sources = [
        {**source, "subjects": ["1"], "layout": rows},
        {**source, "subjects": ["2"], "layout": second(rows)},
    ]
    return parse_experiment(
        yaml.safe_dump({"datasets": {"mine": sources}, "detectors": {"slda": {}}})
    )


def test_sources_of_one_layout_go_together(study):
    assert preview(two_sources(list), study.parent)


@pytest.mark.parametrize("second", [lambda rows: rows[::-1], lambda _: None])
def test_two_layouts_in_one_data_set_are_refused(study, second):
    experiment = two_sources(second)
    message = "mine/sub-1/ses-1/run-1 has .*, mine/sub-2/ses-1/run-1 (a layout|flash codes without)"
    with pytest.raises(EpochsError, match=message):
        preview(experiment, study.parent)
    with pytest.raises(EpochsError, match=message):
        prepare(experiment, data=study.parent)


def test_clearing_removes_nothing_else(study, cache):
    prepared(study, "a")
    (cache / "thesis.txt").write_text("mine")
    (cache / "photos").mkdir()
    CliRunner().invoke(app, ["cache", "--clear"])
    assert sorted(path.name for path in cache.iterdir()) == ["photos", "thesis.txt"]


def test_the_command_tells_entries_and_size(study, cache):
    assert f"0 entries, 0.0 MB in {cache}" in CliRunner().invoke(app, ["cache"]).output
    entry = prepared(study, "a")
    size = sum(path.stat().st_size for path in entry.iterdir())
    output = CliRunner().invoke(app, ["cache"]).output
    assert entry.name in output
    assert f"1 entries, {size / 1e6:.1f} MB in {cache}" in output


def test_warnings_of_the_data_are_given_each_time(study):
    table = study / "sub-1_eeg_flashes.csv"
    flashes = pd.read_csv(table)
    flashes.loc[len(flashes)] = [flashes["sample"].max() + 400, False, 1, 3, 6]
    flashes.to_csv(table, index=False)
    for run in "ab":
        with pytest.warns(DataWarning, match="1 flashes are left out"):
            prepared(study, run)
        said = read_json(study.parent / run / "manifest.json")["warnings"]
        assert sum("left out" in text for text in said) == 1


def test_recordings_with_other_electrodes_are_joined_on_the_common_ones(study):
    names = ["Oz", "Fz", "Cz", "Pz", "P3"]
    save(make_recording("3", electrodes=names, n_characters=3, repetitions=3), study / "sub-3_eeg")
    with pytest.warns(DataWarning, match=r"common ones \(Fz, Cz, Pz, Oz\) are used, not P3"):
        epochs = Epochs.load(prepared(study, "a"))
    assert epochs.electrodes == ("Fz", "Cz", "Pz", "Oz")
    averages = pd.read_parquet(study.parent / "a" / "averages.parquet")
    assert list(averages["electrode"].unique()) == ["Fz", "Cz", "Pz", "Oz"]


def test_averages_of_a_subject_count_every_epoch_once(study):
    more = make_recording("1", "2", n_characters=2, repetitions=3)
    save(more, study / "sub-1_run-2_eeg")
    settings = ["preprocessing.normaliser=none"]
    epochs = Epochs.load(prepared(study, "a", *settings))
    averages = pd.read_parquet(study.parent / "a" / "averages.parquet")
    pd.testing.assert_frame_equal(averages, epochs.averages())


def test_target_epochs_at_the_best_electrode_are_kept_in_order(study):
    more = make_recording("1", "2", n_characters=2, repetitions=3)
    save(more, study / "sub-1_run-2_eeg")
    epochs = Epochs.load(prepared(study, "a", "preprocessing.normaliser=none"))
    run = RunFolder(study.parent / "a")
    kept = run.epoch_images("mine")
    mean = mean_over_subjects(subject_r_squared(run.averages()))
    assert list(kept["electrode"].unique()) == best_electrodes(mean, 1)
    assert kept["n"].max() == 1  # fewer targets than lines
    lines = kept.pivot_table(
        index=["subject", "session", "run", "line"], columns="time", values="microvolts"
    )
    at = epochs.electrodes.index(kept["electrode"].iloc[0])
    np.testing.assert_allclose(lines, 1e6 * epochs.X[epochs.y == 1, at], rtol=1e-6)


def test_the_image_is_of_volts_whatever_the_normaliser(study):
    prepared(study, "a", "preprocessing.normaliser=none")
    prepared(study, "b")
    kept = [RunFolder(study.parent / run).epoch_images("mine") for run in "ab"]
    pd.testing.assert_frame_equal(*kept)


def prepare_at_once(barrier, study):
    def wait(stage, done, total):
        if stage == "preparing mine" and done == 2:
            barrier.wait(timeout=60)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepare(parse_experiment(CONFIG), data=study.parent, progress=wait)


def test_two_writers_of_one_entry_leave_one(study):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    writers = [context.Process(target=prepare_at_once, args=(barrier, study)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=90)
    assert [writer.exitcode for writer in writers] == [0, 0]
    (entry,) = (entry for entry in entry_sizes() if (entry / "X.npy").exists())
    assert prepared(study, "a") == entry
    assert not [path for path in entry.parent.iterdir() if path.name.startswith(".")]


def test_an_interrupted_writer_leaves_no_entry(study, monkeypatch):
    monkeypatch.setattr(assembly, "normalise", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        prepared(study, "a")
    assert not entry_sizes()
