"""Files that are as they were are told without reading them; others are never taken for them."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from specimens import SPECIMENS, Specimen

import p300
from p300.recordings import SOURCES, open_recordings, source_module
from p300.recordings import footprint as footprints
from p300.recordings.footprint import footprint

OF_LIBRARIES = (
    *(Path(sysconfig.get_path(name)) for name in ("stdlib", "platlib")),
    Path(p300.__file__).parent,
)

OPENED: list[Path] | None = None
"""What is opened or listed by this process, while it is a list."""


def note(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what is opened; an audit hook stays for good."""
    if OPENED is not None and event in ("open", "os.listdir", "os.scandir"):
        place = arguments[0]
        if isinstance(place, str | os.PathLike):
            OPENED.append(Path(os.fsdecode(place)).absolute())


@pytest.fixture
def opened(monkeypatch):
    """All that is opened during the test."""
    if not getattr(sys, "_notes_what_is_opened", False):
        sys._notes_what_is_opened = True
        sys.addaudithook(note)
    monkeypatch.setattr(sys.modules[__name__], "OPENED", [])
    return sys.modules[__name__].OPENED


def facts_of(path, options=None):
    found = footprint(path, options or {})
    assert found is not None
    return found[0]


@pytest.mark.filterwarnings("ignore::p300.errors.P300Warning")
@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_a_loader_opens_nothing_that_is_not_told(
    specimen: Specimen, tmp_path: Path, opened: list[Path]
) -> None:
    pytest.importorskip(specimen.needs)
    folder = tmp_path / "data"
    folder.mkdir()
    path = specimen.write(folder, specimen.content)
    assert source_module(specimen.source).INFO.contained
    told = {fact[0] for fact in facts_of(path, specimen.options)}
    opened.clear()
    assert list(open_recordings(specimen.source, path, **specimen.options))
    used = {place for place in opened if tmp_path in (place, *place.parents)}
    assert used, "the loader read nothing that could be seen"
    # mne-bids locks side-cars. Beside a folder, files count and what is called like it.
    listed = {place for place in used if place.suffix != ".lock"} - {path.absolute().parent}
    assert {str(place) for place in listed} <= told
    elsewhere = {
        place
        for place in {*opened} - used
        if place.suffix in (".json", ".tsv", ".csv", ".eeg", ".vhdr", ".mat", ".fif", ".edf")
        and not {*OF_LIBRARIES, Path(tempfile.gettempdir())} & {*place.parents}
    }
    assert not elsewhere


def test_only_what_comes_through_other_libraries_cannot_tell() -> None:
    assert {name for name in SOURCES if not source_module(name).INFO.contained} == {"moabb"}


@pytest.fixture
def study(tmp_path):
    """A folder with a large file, a small one in a folder below, and a link to another folder."""
    folder = tmp_path / "above" / "study"
    (folder / "sub-01" / "eeg").mkdir(parents=True)
    (folder / "sub-01" / "eeg" / "events.tsv").write_text("onset\n1.0\n")
    (folder / "large.dat").write_bytes(bytes(2_000_000))
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "more.dat").write_bytes(b"more")
    (folder / "link").symlink_to(tmp_path / "linked")
    return folder


def overwrite(file: Path, position: int) -> None:
    """Change one byte; size and time of the change stay."""
    before = file.stat()
    with file.open("r+b") as opened:
        opened.seek(position)
        opened.write(b"!")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = {
    "a byte of a small file": lambda f: overwrite(f / "sub-01/eeg/events.tsv", 3),
    "the first byte": lambda f: overwrite(f / "large.dat", 0),
    "the last byte": lambda f: overwrite(f / "large.dat", 1_999_999),
    "a byte that is not hashed": lambda f: overwrite(f / "large.dat", 20_000),
    "a byte behind a link": lambda f: overwrite(f / "link/more.dat", 1),
    "a new file": lambda f: (f / "sub-01/eeg/events.json").write_text("{}"),
    "a new folder": lambda f: (f / "sub-02").mkdir(),
    "a new file behind a link": lambda f: (f / "link/new.dat").write_text(""),
    "a new file beside the folder": lambda f: (f.parent / "beside.csv").write_text(""),
    "another name": lambda f: (f / "large.dat").rename(f / "other.dat"),
    "a file less": lambda f: (f / "large.dat").unlink(),
    "a longer file": lambda f: os.truncate(f / "large.dat", 2_000_001),
    "a time": lambda f: os.utime(f / "large.dat"),
    "another target of a link": lambda f: retarget(f / "link", f / "sub-01"),
    "a link that leads nowhere": lambda f: retarget(f / "link", f / "nowhere"),
}


def retarget(link: Path, target: Path) -> None:
    link.unlink()
    link.symlink_to(target)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_told(study: Path, change: str) -> None:
    before = facts_of(study)
    assert facts_of(study) == before
    CHANGES[change](study)
    assert facts_of(study) != before


@pytest.mark.parametrize("change", ["a byte of a small file", "the first byte", "the last byte"])
def test_the_content_tells_where_times_do_not(study: Path, change: str) -> None:
    """As on file systems that keep no time of the change."""

    def contents() -> list[Any]:
        return [fact[-1] for fact in facts_of(study) if len(fact) > 3]

    before = contents()
    CHANGES[change](study)
    assert contents() != before


def test_of_a_file_those_beside_and_below_are_told(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    header = tmp_path / "x.vhdr"
    header.write_text("header")
    before = facts_of(header)
    (tmp_path / "parts" / "x.eeg").write_text("signal")
    assert facts_of(header) != before


def test_a_file_that_an_option_names_is_told(tmp_path: Path) -> None:
    table = tmp_path / "elsewhere" / "flashes.csv"
    table.parent.mkdir()
    table.write_text("sample\n1\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.fif").write_text("")
    options = {"flashes": str(table), "target": ["1"], "microvolts_per_unit": 1.0}
    before = facts_of(tmp_path / "data" / "x.fif", options)
    overwrite(table, 0)
    assert facts_of(tmp_path / "data" / "x.fif", options) != before


def test_generated_recordings_have_no_files() -> None:
    assert footprint(None, {"seed": 1}) == ([], 0.0)


def test_what_cannot_be_looked_at_is_not_told(study: Path, monkeypatch: Any) -> None:
    assert footprint(study / "nowhere" / "x", {}) is None
    monkeypatch.setattr(footprints, "MOST_FILES", 3)
    assert footprint(study, {}) is None
    monkeypatch.undo()
    if hasattr(os, "mkfifo"):
        os.mkfifo(study / "pipe")
        assert footprint(study, {}) is None


def test_links_in_a_circle_end(study: Path) -> None:
    (study / "sub-01" / "up").symlink_to(study)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert facts_of(study)
