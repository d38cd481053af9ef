"""Files that are whole or not there."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.errors import RunError
from p300.files import LONGEST_NAME, read_json, safe_name, write_json, written_whole


@pytest.fixture
def on_disk(monkeypatch):
    """The files that were put on the disk, by the numbers that they keep when renamed."""
    numbers = []
    monkeypatch.setattr(os, "fsync", lambda opened: numbers.append(os.fstat(opened).st_ino))
    return numbers


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, on_disk, monkeypatch):
    path = tmp_path / "a.json"
    put = os.fsync

    def watched(opened):
        assert not path.exists()
        put(opened)

    monkeypatch.setattr(os, "fsync", watched)
    write_json(path, {"a": 1})
    assert on_disk == [path.stat().st_ino]
    assert read_json(path) == {"a": 1}


def test_all_files_of_a_folder_are_on_the_disk(tmp_path, on_disk):
    with written_whole(tmp_path / "made") as temporary:
        (temporary / "inner").mkdir(parents=True)
        (temporary / "one").write_text("1")
        (temporary / "inner" / "two").write_text("2")
    files = [tmp_path / "made" / "one", tmp_path / "made" / "inner" / "two"]
    assert sorted(on_disk) == sorted(file.stat().st_ino for file in files)


def test_an_error_leaves_nothing_behind(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(TypeError, match="JSON"):
        write_json(tmp_path / "a", {"half": object()})
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "a"):
        pass  # nothing was written
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@given(st.text())
def test_any_label_is_a_safe_file_name(label):
    name = safe_name(label)
    assert re.fullmatch(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*", name)
    assert len(name) <= LONGEST_NAME


def test_labels_that_look_alike_have_names_of_their_own():
    labels = ["anna/2", "anna\\2", "anna 2", "anna-2", "../anna-2", "", ".", "..", "ä", "ö"]
    assert len({safe_name(label) for label in labels}) == len(labels)
    assert safe_name("sub-03_ses-1_run-2.raw") == "sub-03_ses-1_run-2.raw"


@pytest.mark.parametrize("label", [".", "..", ".hidden", "../up", "..."])
def test_no_label_names_another_folder_or_a_hidden_file(label):
    assert not safe_name(label).startswith(".")
    assert "/" not in safe_name(label)


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    (tmp_path / "metrics.json").mkdir()
    with pytest.raises(RunError, match=r"metrics.json is a folder, expected a file"):
        write_json(tmp_path / "metrics.json", {})
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]
