"""A folder with a file of each format: every one is read, or told what is missing."""

from __future__ import annotations

import shutil

import pytest
from specimens import SPECIMENS

from p300.commands.finding import find_data
from p300.commands.unread import find_unread

SINGLE = [
    "annotated-edf", "annotated-bdf", "annotated-fif", "annotated-cnt", "bci2000", "epochs-npz",
    "muse_csv", "openvibe-ov", "table-openbci", "xdf",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::p300.errors.DataWarning")
def test_a_folder_with_a_file_of_each_format_at_once(tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    sources = {}
    for number, name in enumerate(SINGLE):
        specimen = next(one for one in SPECIMENS if one.name == name)
        (tmp_path / name).mkdir()
        path = specimen.write(tmp_path / name, specimen.content, "")
        file = folder / f"s{number:02d}{path.suffix}"
        shutil.copy(next(path.rglob("*.csv")) if path.is_dir() else path, file)
        if path.is_dir():
            file.rename(file.with_suffix(".csv"))
            file = file.with_suffix(".csv")
        sources[file] = specimen.source
    (folder / "notes.docx").write_bytes(b"PK")
    found = find_data(folder)
    unread, others = find_unread(folder, found)
    read = {file: one.source for one in found for file in one.files}
    told = {one.file: one.source for one in unread}
    assert read | told == sources
    assert all("p300 init" in one.command for one in unread)  # marks that nobody could guess
    assert set(told.values()) <= {"annotated", "table"}
    assert others == {".docx": 1}
