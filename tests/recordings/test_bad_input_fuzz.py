"""Bytes flipped, overwritten, inserted and lost anywhere: recordings or an error, nothing else."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bad_input import Outcome, bounded_memory, files_of, load_specimen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specimens import SPECIMENS, Specimen

from p300.recordings import recognise_source

pytestmark = [
    pytest.mark.timeout(30),
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is bounded by Linux"),
]

Edit = tuple[str, str, int, int]
"""What is done, in which part of the file, where in it (0 to 65535), and a value (0 to 255)."""

REGION = 600
NUMBERS = (b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"9999", b"-1  ", b"nan ")
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "set", "number", "insert", "delete", "repeat", "cut"]),
        st.sampled_from(["head", "anywhere", "tail"]),
        st.integers(0, 2**16 - 1),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=4,
)
BOUNDED: dict[str, Any] = {
    "derandomize": True,
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


def damage(content: bytes, edits: Sequence[Edit]) -> bytes:
    spoilt = bytearray(content)
    for what, region, where, value in edits:
        span = len(spoilt) if region == "anywhere" else min(REGION, len(spoilt))
        at = where * span >> 16
        if region == "tail":
            at += len(spoilt) - span
        if what == "cut":
            del spoilt[at:]
        elif what == "delete":
            del spoilt[at : at + 1 + value % 16]
        elif what == "insert":
            spoilt[at:at] = bytes([value]) * (1 + value % 8)
        elif what == "repeat":
            spoilt[at:at] = spoilt[at : at + value]
        elif what == "number":
            new = NUMBERS[value % len(NUMBERS)]
            spoilt[at : at + len(new)] = new
        elif at < len(spoilt):
            spoilt[at] = value if what == "set" else spoilt[at] ^ 1 << value % 8
    return bytes(spoilt)


@cache
def written(name: str) -> tuple[Path, dict[Path, bytes]]:
    """Give the files of a specimen and the one to load, as paths from its folder."""
    specimen = next(specimen for specimen in SPECIMENS if specimen.name == name)
    with tempfile.TemporaryDirectory() as place:
        path = specimen.write(Path(place), specimen.content, "")
        files = {file.relative_to(place): file.read_bytes() for file in files_of(path)}
        return path.relative_to(place), files


def put(files: dict[Path, bytes], folder: Path, number: int, edits: Sequence[Edit]) -> None:
    """Write files into an empty folder, one of them damaged."""
    shutil.rmtree(folder, ignore_errors=True)
    chosen = sorted(files)[number % len(files)]
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(damage(content, edits) if name == chosen else content)


def recognise(folder: Path) -> None:
    """Ask all sources; none may raise, hang, or take more memory than it should."""
    with warnings.catch_warnings(), bounded_memory():
        warnings.simplefilter("ignore")
        assert isinstance(recognise_source(folder), list)


@pytest.mark.parametrize("name", [specimen.name for specimen in SPECIMENS])
@settings(max_examples=40, **BOUNDED)
@given(number=st.integers(0, 15), edits=EDITS)
def test_damage_of_any_kind(tmp_path, name, number, edits):
    specimen = next(specimen for specimen in SPECIMENS if specimen.name == name)
    pytest.importorskip(specimen.needs)
    path, files = written(name)
    folder = tmp_path / "data"
    put(files, folder, number, edits)
    check_outcome(specimen, load_specimen(specimen, folder / path))


FOUND = [
    # A tag of FIF that promises gigabytes, one that leads back, types of channels that are none.
    ("flash_table-fif", 8, [("number", "head", 21941, 208), ("set", "anywhere", 17900, 100)]),
    ("flash_table-fif", 4, [("set", "head", 38283, 31), ("insert", "head", 54892, 83)]),
    ("annotated-fif", 7, [("set", "tail", 55567, 125), ("insert", "anywhere", 5041, 35)]),
    ("flash_table-fif", 14, [("flip", "head", 44045, 244)]),
    ("flash_table-fif", 10, [("set", "head", 30356, 202)]),
    # A MATLAB file that scipy takes for one of version 4.
    ("bnci2014_009", 0, [("set", "head", 0, 0)]),
    # Rows with more fields than the table has columns.
    ("muse_csv", 13, [("insert", "head", 8318, 126), ("number", "anywhere", 37205, 42)]),
    ("flash_table-fif", 3, [("delete", "head", 3078, 174), ("flip", "tail", 31235, 54)]),
]


@pytest.mark.parametrize(("name", "number", "edits"), FOUND)
def test_damage_that_once_came_through(tmp_path, name, number, edits):
    specimen = next(specimen for specimen in SPECIMENS if specimen.name == name)
    path, files = written(name)
    put(files, tmp_path / "data", number, edits)
    check_outcome(specimen, load_specimen(specimen, tmp_path / "data" / path))
    recognise(tmp_path / "data")


def check_outcome(specimen: Specimen, outcome: Outcome) -> None:
    for recording in outcome.recordings or ():
        assert len(recording.electrodes) <= len(specimen.electrodes) + 1
        assert len(recording.flashes) > 0


@pytest.mark.parametrize("name", [specimen.name for specimen in SPECIMENS])
@settings(max_examples=10, **BOUNDED)
@given(number=st.integers(0, 15), edits=EDITS)
def test_recognise_never_raises(tmp_path, name, number, edits):
    _, files = written(name)
    folder = tmp_path / "data"
    put(files, folder, number, edits)
    recognise(folder)


@settings(max_examples=60, **BOUNDED)
@given(
    content=st.binary(max_size=400),
    ending=st.sampled_from([".mat", ".set", ".gdf", ".vhdr", ".ov", ".cnt", ".hdf5"]),
)
def test_recognise_never_raises_on_anything(tmp_path, content, ending):
    file = tmp_path / f"sub-1{ending}"
    file.write_bytes(content)
    recognise(file)
    recognise(tmp_path)


REAL = {
    "bci2_iib": ["bci2-iib/AAS010R01.mat"],
    "bci2000": ["bci2000-speller/bp2calib.dat"],
    "bids": ["bnci2015-003-bids/dataset_description.json", "bnci2015-003-bids/sub-04"],
    "bnci2015_003": ["bnci2015-003/s6.mat"],
    "gtec_br41n": ["gtec-br41n/S1.mat"],
    "muse_csv": ["muse-visual/subject1"],
    "openvibe": ["openvibe-speller/data_sample_8ch.gdf"],
}
"""Source -> recordings, or a folder of them, among the real ones."""


@pytest.mark.parametrize("source", REAL)
@settings(max_examples=4, **BOUNDED)
@given(number=st.integers(0, 15), edits=EDITS)
def test_damage_of_real_recordings(data_root, tmp_path, source, number, edits):
    specimen = next(specimen for specimen in SPECIMENS if specimen.source == source)
    folder = tmp_path / "data"
    files = {}
    for name in REAL[source]:
        place = data_root / name
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                content = file.read_bytes()
                # A MATLAB file cut short would be refused before anything else is looked at.
                kept = len(content) if file.suffix == ".mat" else 300_000
                files[file.relative_to(data_root)] = content[:kept]
    put(files, folder, number, edits)
    load_specimen(specimen, folder / Path(REAL[source][0]).parts[0])
