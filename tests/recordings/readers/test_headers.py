"""Headers that MNE would follow into memory that runs out, or round and round."""

from __future__ import annotations

import struct

import mne
import numpy as np
import pytest
from bad_input import bounded_memory

from p300.errors import RecordingError
from p300.recordings.readers.headers import check_header

TAG = struct.Struct(">iIIi")


@pytest.fixture
def fif(tmp_path):
    """Write a FIF file; give its path and the places of its tags by their kind."""
    path = tmp_path / "a_raw.fif"
    info = mne.create_info(["Fz", "Cz"], 250.0, "eeg", verbose="error")
    raw = mne.io.RawArray(1e-5 * np.ones((2, 500)), info, verbose="error")
    raw.save(path, verbose="error")
    content, places, at = path.read_bytes(), {}, 0
    while at < len(content):
        kind, _, length, _ = TAG.unpack_from(content, at)
        places.setdefault(kind, at)
        at += TAG.size + length
    return path, places


def change(path, at, new):
    content = bytearray(path.read_bytes())
    content[at : at + len(new)] = new
    path.write_bytes(content)


def test_what_mne_writes_passes(fif):
    check_header(fif[0])


@pytest.mark.parametrize("place", [1, 100, 2**31 - 1])
def test_a_pointer_to_no_directory(fif, place):
    path, places = fif
    change(path, places[101] + 16, struct.pack(">i", place))
    with pytest.raises(RecordingError, match="its directory does not fit"):
        check_header(path)


def test_a_directory(fif):
    path, places = fif
    content = path.read_bytes()
    head = TAG.unpack_from(content, places[200])[:3]
    for place, good in ((places[200], True), (places[200] + 4, False), (10**9, False)):
        entry = TAG.pack(*head, place)
        path.write_bytes(content + TAG.pack(102, 32, 16, -1) + entry)
        change(path, places[108], TAG.pack(108, 0, 0, 0))  # the end is no longer here
        change(path, places[101] + 16, struct.pack(">i", len(content)))
        if good:
            check_header(path)
        else:
            with pytest.raises(RecordingError, match="its directory does not fit"):
                check_header(path)


@pytest.mark.parametrize(
    ("kind", "field", "value"), [(300, 2, 2**31 - 1), (300, 2, 2**32 - 1), (200, 3, 16)]
)
def test_tags_that_lead_astray(fif, kind, field, value):
    path, places = fif
    form = ">I" if field == 2 else ">i"
    change(path, places[kind] + 4 * field, struct.pack(form, value))
    with pytest.raises(RecordingError, match=f"the tag of kind {kind} at byte {places[kind]} has"):
        check_header(path)


@pytest.mark.parametrize("ending", [".edf", ".BDF"])
def test_channels_of_edf(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"0".ljust(252) + b"9999" + bytes(1000))
    with pytest.raises(RecordingError, match="header of 9999 channels takes 2560000 bytes"):
        check_header(path)


def test_channels_of_brainvision(tmp_path):
    path = tmp_path / "a.vhdr"
    path.write_bytes(b"Brain Vision\n[Common Infos]\nNumberOfChannels = 99999999\n")
    with pytest.raises(RecordingError, match="header of 99999999 channels"), bounded_memory():
        check_header(path)


def test_files_that_cannot_be_checked(tmp_path):
    check_header(tmp_path / "nowhere.edf")
    check_header(tmp_path / "a.cnt")
