"""Epochs of several data sets in one folder: trained on some, tested on others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, EpochsError, ProtocolError
from p300.files import read_json
from p300.pipeline import run_experiment
from p300.recordings import MATRIX_6X6, Layout
from p300.runs.config import parse_experiment
from p300.runs.joint_epochs import combined_epochs, name_together
from p300.runs.plan import plan_dataset, preview
from p300.runs.preparation import prepare
from p300.signal.epochs import Epochs

CONFIG = """
name: across
datasets:
  one: {source: simulated, n_subjects: 4, n_runs: 1, characters_per_run: 3, repetitions: 5,
    electrodes: [Fz, Cz, P3, Pz, Oz, PO7], sfreq: 256, onset_interval: 0.1875}
  two: {source: simulated, n_subjects: 4, n_runs: 1, characters_per_run: 3, repetitions: 6,
    electrodes: [PO7, Oz, Pz, C4, Cz, Fz], sfreq: 250, onset_interval: 0.2, seed: 7}
preprocessing: {sfreq: 120, order: filter_first}
detectors:
  slda: {}
  aligned: {detector: slda, alignment: euclidean}
  adapting: {detector: slda, adaptation: self_calibrated}
protocols: {cross_dataset: {}}
spelling: {dynamic: true}
"""
# Data sets have different electrodes, and so little is learned from that calibrations are poor.
pytestmark = [
    pytest.mark.filterwarnings("ignore:recordings have different electrodes"),
    pytest.mark.filterwarnings("ignore::p300.errors.TrainingWarning"),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    with pytest.warns(
        DataWarning, match=r"common ones \(Fz, Cz, Pz, Oz, PO7\) are used, not C4, P3"
    ):
        report = run_experiment(parse_experiment(CONFIG), tmp_path_factory.mktemp("run") / "a")
    return report.parent


def test_each_data_set_is_tested_by_detectors_of_the_other(finished):
    scores = pd.read_parquet(finished / "scores.parquet")
    tested = scores.groupby(["dataset", "fold"]).size()
    assert tested.to_dict() == {
        ("one", "one_from_two"): 3 * 4 * 3 * 5 * 12,
        ("two", "two_from_one"): 3 * 4 * 3 * 6 * 12,
    }
    for name in ("one", "two"):
        stored = read_json(finished / "epochs" / name / "epochs.json")
        assert set(stored["positions"]) == set(stored["electrodes"])
    fits = [read_json(path) for path in (finished / "fits").glob("*.json")]
    assert {(f["dataset"], f["n_train"]) for f in fits} == {("one", 864), ("two", 720)}
    assert all(f["electrodes"] == ["Fz", "Cz", "Pz", "Oz", "PO7"] for f in fits)
    rows = pd.DataFrame(read_json(finished / "metrics.json")["rows"])
    means = rows[(rows["metric"] == "roc_auc") & (rows["subject"] == "mean")]
    assert len(means) == 6
    assert (means["value"] > 0.57).all()


def test_characters_are_spelled_by_what_the_other_data_set_taught(finished):
    characters = pd.read_parquet(finished / "characters.parquet")
    assert set(characters["dataset"]) == {"one", "two"}
    assert (characters["stopping"] != "fixed").any()
    # Every subject's seconds are its own: the two data sets flash at different intervals.
    each = characters[characters["repetitions"] == 1].groupby("dataset")["seconds"].median()
    assert each["two"] > each["one"]


def test_the_report_names_the_data_sets_and_their_electrodes(finished):
    page = (finished / "report.html").read_text()
    assert "one_from_two, two_from_one" in page
    assert "5 electrodes in common: Fz, Cz, Pz, Oz, PO7." in page


def test_a_preview_shows_the_same_folds(finished):
    tasks = preview(parse_experiment(CONFIG), None)
    shown = {
        (t.dataset, t.fold.name, t.detector, len(t.fold.train), len(t.fold.test)) for t in tasks
    }
    fits = [read_json(path) for path in (finished / "fits").glob("*.json")]
    assert shown == {
        (f["dataset"], f["fold"], f["detector"], f["n_train"], f["n_test"]) for f in fits
    }


def test_windows_and_flashes_stay_together(tmp_path):
    experiment = parse_experiment(CONFIG)
    prepared = prepare(experiment, data=tmp_path).folders
    together = Epochs.load(prepared.pop(name_together(experiment)))
    assert isinstance(together.X, np.memmap)
    assert set(together.layouts) == {"one", "two"}
    for name, folder in prepared.items():
        own = Epochs.load(folder)
        mine = together.select((together.flashes["dataset"] == name).to_numpy())
        np.testing.assert_array_equal(mine.X, own.pick(together.electrodes).X)
        pd.testing.assert_frame_equal(mine.flashes, own.flashes)
    assert combined_epochs(experiment, prepared) == combined_epochs(experiment, prepared)


def test_without_such_a_protocol_nothing_is_combined(tmp_path):
    experiment = parse_experiment(CONFIG, ["protocols={cross_subject: {}}"])
    assert set(prepare(experiment, data=tmp_path).folders) == {"one", "two"}


def test_data_sets_of_different_rates_say_what_to_set(tmp_path):
    experiment = parse_experiment(CONFIG, ["preprocessing={}"])
    with pytest.raises(EpochsError, match=r"at 128 Hz .* at 125 Hz .*order filter_first"):
        prepare(experiment, data=tmp_path)


def test_one_data_set_alone_is_refused(tmp_path):
    experiment = parse_experiment(
        "datasets: {one: {source: simulated}}\n"
        "protocols: {cross_dataset: {}}\ndetectors: {slda: {}}"
    )
    with pytest.raises(ProtocolError, match="one data set only"):
        preview(experiment, tmp_path)


def test_detectors_that_adapt_are_left_out_where_the_layouts_differ(tmp_path):
    experiment = parse_experiment(CONFIG)
    folders = prepare(experiment, data=tmp_path).folders
    flashes = Epochs.load(folders[name_together(experiment)]).flashes
    other = Layout(MATRIX_6X6.symbols[::-1], MATRIX_6X6.groups)
    layouts = {"one": MATRIX_6X6, "two": other}
    with (
        pytest.warns(DataWarning, match="data set one: two had another layout, so adapting"),
        pytest.warns(DataWarning, match="data set two: one had another layout, so adapting"),
    ):
        tasks = list(plan_dataset(experiment, name_together(experiment), flashes, 0.65, layouts))
    assert {task.detector for task in tasks} == {"slda", "aligned"}
