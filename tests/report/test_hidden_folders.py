from __future__ import annotations

from pathlib import Path

import pytest

from p300.report.hidden_folders import common_folder, hide_folders, hide_in_yaml
from p300.report.page import Row, Section, Table, Text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/data/study/s3.mat: flat", "…/s3.mat: flat"),
        ("(in /data/study/)", "(in …/study)"),
        ("'/data/of jane/s3.mat' found", "'…/s3.mat' found"),
        ("C:\\Users\\jane\\s3.mat, D:/x/y.edf", "…/s3.mat, …/y.edf"),
        ("\\\\server\\share\\s3.mat", "…/s3.mat"),
        ("~/eeg/s3.mat", "…/s3.mat"),
    ],
)
def test_absolute_paths_are_cut(text: str, shown: str) -> None:
    assert hide_folders(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "right row / right column / neither", "60 B / T", "Bits/min", "3/4", "and/or", "/ and /",
        "doi:10.1016/j.neuroimage.2013.10.067", "https://example.org/a/b", "sub-1/ses-1/run-2",
        "data/study/s3.mat", "…/a/b.edf", "key: /", "C: x", "(1 − P) / (N − 1)",
    ],
)  # fmt: skip
def test_nothing_else_is(text: str) -> None:
    assert hide_folders(text) == text


def test_known_folders_leave_what_lies_in_them() -> None:
    known = ["/home/jane doe/eeg"]
    text = "/home/jane doe/eeg/sub-1/a.edf is flat; not /home/jane doe/eeg2/b.edf"
    assert hide_folders(text, known).startswith("…/sub-1/a.edf is flat")
    assert hide_folders(f"in {Path.home()}/eeg/a.edf") == "in …/eeg/a.edf"


def test_all_parts_of_a_section_are_treated() -> None:
    table = Table(("/a/b",), (Row(("/c/d",), "head"),), "/e/f")
    section = hide_folders(Section("/g/h", (Text("/i/j"), table)))
    assert section == Section(
        "…/h", (Text("…/j"), Table(("…/b",), (Row(("…/d",), "head"),), "…/f"))
    )


def test_yaml_may_hold_blanks() -> None:
    text = "a:\n  path: /home/jane doe/eeg files\n  list:\n  - /x y/z\n  low: 0.1 # a/b\n"
    assert hide_in_yaml(text) == ("a:\n  path: …/eeg files\n  list:\n  - …/z\n  low: 0.1 # a/b\n")


def test_the_common_folder() -> None:
    assert common_folder(["/d/s/a.edf", "/d/s/t/b.edf"]) == "/d/s"
    assert common_folder(["/d/a.edf", "/e/b.edf"]) == ""
    assert common_folder(["simulated study", "eeg/a.edf"]) == ""
