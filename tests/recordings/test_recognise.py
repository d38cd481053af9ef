"""Sources recognise their own files, and leave those of others alone."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from p300.recordings import SOURCES, open_recordings, recognise_source, source_module
from p300.recordings.layout import MATRIX_6X6, Layout, guess_rows

ROWS = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]
RECOGNISING = [name for name in SOURCES if source_module(name).INFO.from_files]

FOLDERS = {
    "bci2-iib": "bci2_iib",
    "bci2000-speller": "bci2000",
    "bnci2015-003": "bnci2015_003",
    "bnci2015-003-bids": "bids",
    "gtec-br41n": "gtec_br41n",
    "muse-visual": "muse_csv",
    "openvibe-speller": "openvibe",
}


@pytest.mark.parametrize("name", RECOGNISING)
def test_nothing_is_recognised_where_there_is_nothing(name, tmp_path):
    recognise = source_module(name).recognise
    assert recognise(tmp_path) is None
    assert recognise(tmp_path / "nowhere") is None


ENDINGS = (
    "mat", "edf", "bdf", "csv", "gdf", "dat", "xdf", "fif", "set", "vhdr", "cnt", "json", "txt",
)  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>\n" * 20, bytes(range(256)) * 4])
@pytest.mark.parametrize("name", RECOGNISING)
def test_damaged_and_foreign_files_raise_nothing(name, content, tmp_path):
    recognise = source_module(name).recognise
    files = [tmp_path / f"S1.{ending}" for ending in ENDINGS]
    files.append(tmp_path / "dataset_description.json")
    for file in files:
        file.write_bytes(content)
    assert recognise(tmp_path) is None
    assert [recognise(file) for file in files] == [None] * len(files)


@pytest.mark.parametrize(
    ("variables", "source"),
    [
        ({"s4": {"train": np.zeros((11, 9)), "test": np.zeros((11, 9))}}, "bnci2015_003"),
        ({"y": np.zeros((9, 8)), "trig": np.zeros(9), "fs": 250}, "gtec_br41n"),
        ({"signal": np.zeros((9, 64)), "Flashing": np.zeros(9), "StimulusCode": np.zeros(9)},
         "bci2_iib"),
        ({"Signal": np.zeros((2, 9, 64)), "Flashing": np.zeros((2, 9)),
          "StimulusCode": np.zeros((2, 9))}, "bci3_ii"),
        ({"y": np.zeros((9, 16)), "trig": np.zeros(9), "fs": 250}, None),
        ({"something": np.zeros(3)}, None),
    ],
)  # fmt: skip
def test_matlab_files_are_told_apart_by_their_variables(variables, source, save_mat, tmp_path):
    path = save_mat("any.mat", variables)
    expected = [] if source is None else [(source, {})]
    assert recognise_source(path) == expected
    assert recognise_source(tmp_path) == expected


def test_a_folder_is_recognised_by_one_good_file(save_mat, tmp_path):
    (tmp_path / "a.mat").write_bytes(b"cut short")
    save_mat("b.mat", {"y": np.zeros((9, 8)), "trig": np.zeros(9), "fs": 250})
    assert recognise_source(tmp_path) == [("gtec_br41n", {})]


def write_events(root, name, kinds, codes=None):
    folder = root / "sub-01" / "eeg"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "dataset_description.json").write_text(json.dumps({"Name": "x"}), encoding="utf-8")
    table = pd.DataFrame({"onset": np.arange(len(kinds)), "trial_type": kinds})
    if codes is not None:
        table["stimulus_code"] = codes
    table.to_csv(folder / f"sub-01_{name}_events.tsv", sep="\t", index=False, na_rep="n/a")


KINDS = ["Target", *["NonTarget"] * 11]


def test_bids_with_flashes(tmp_path):
    write_events(tmp_path, "task-rest", ["open", "closed"])
    assert recognise_source(tmp_path) == []
    write_events(tmp_path, "task-speller", KINDS)
    assert recognise_source(tmp_path) == [("bids", {"task": "speller"})]
    write_events(tmp_path, "task-speller_run-2", KINDS, np.arange(1, 13))
    assert recognise_source(tmp_path) == [("bids", {"task": "speller", "layout": ROWS})]


def test_one_task_needs_no_option(tmp_path):
    write_events(tmp_path, "task-speller", KINDS, [*range(1, 12), np.nan])
    assert recognise_source(tmp_path) == [("bids", {})]


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        ({"sample": 5, "target": 1}, {}),
        ({"onset": 0.5, "target": 1, "code": range(1, 13)}, {"layout": ROWS}),
        ({"onset": 0.5, "target": 1, "code": 3}, {}),
        # They cannot be used; the reason is told where they are loaded.
        ({"onset": 0.5}, {}),
        ({"target": 1}, {}),
    ],
)
def test_a_flash_table_is_recognised_by_its_columns(columns, options, tmp_path):
    (tmp_path / "rec.edf").write_bytes(b"0")
    table = pd.DataFrame(columns, index=range(12))
    table.to_csv(tmp_path / "rec_flashes.csv", index=False)
    found = dict(recognise_source(tmp_path))
    assert found.get("flash_table") == options
    assert dict(recognise_source(tmp_path / "rec.edf")).get("flash_table") == options


def test_rows_are_guessed_for_the_usual_twelve_codes_only():
    assert Layout.row_column(guess_rows([3, *range(1, 13)])) == MATRIX_6X6
    assert guess_rows(range(1, 12)) is None
    assert guess_rows(range(1, 15)) is None
    assert guess_rows([]) is None


@pytest.mark.filterwarnings("ignore::p300.errors.DataWarning")
@pytest.mark.parametrize(("folder", "source"), FOLDERS.items())
def test_real_recordings_are_recognised_and_load(folder, source, data_root):
    (name, options), *_ = recognise_source(data_root / folder)
    assert name == source
    recording = next(iter(open_recordings(name, data_root / folder, **options)))
    assert len(recording.flashes) > 100
