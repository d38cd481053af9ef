"""Files that headers name: whatever a header says, nothing elsewhere on the machine is opened."""

from __future__ import annotations

import gzip
import os
import struct

import mne
import numpy as np
import pytest
from specimen_files import make_content, write_vhdr

from p300.errors import RecordingError
from p300.recordings.readers.mnefile import open_recording

EIGHT = ("Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8")

pytestmark = pytest.mark.timeout(20)  # nobody waits at the end of a pipe


@pytest.fixture
def folder(tmp_path):
    """A folder for the recording; beside it lies what is not to be opened."""
    place = tmp_path / "data"
    (place / "signals").mkdir(parents=True)
    (tmp_path / "elsewhere").write_bytes(b"secret\n" * 9000)
    os.mkfifo(place / "pipe")
    (place / "device").symlink_to("/dev/zero")
    return place


@pytest.fixture
def header(folder):
    return write_vhdr(folder, make_content(EIGHT))


def rename(path, key, name, encoding="utf-8"):
    lines = path.read_text(encoding="utf-8").splitlines()
    changed = [f"{key}={name}" if line.startswith(key) else line for line in lines]
    path.write_bytes("\n".join(changed).encode(encoding))


def refuse(path, words):
    with pytest.raises(RecordingError, match=words) as caught:
        open_recording(path)
    assert str(caught.value).startswith(str(path.parent))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["DataFile", "MarkerFile"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/passwd", "'/etc/passwd' lies elsewhere"),
        ("../elsewhere", "'../elsewhere' lies elsewhere"),
        ("signals/../../elsewhere", "lies elsewhere"),
        ("pipe", "a pipe or a device"),
        ("device", "a pipe or a device"),
    ],
)
def test_brainvision(header, key, name, words):
    rename(header, key, name)
    refuse(header, words)


@pytest.mark.parametrize("how", ["DATAFILE", "Datafile ", "codepage"])
def test_names_that_hide(header, how):
    text = header.read_text(encoding="utf-8")
    data = next(line for line in text.splitlines() if line.startswith("DataFile"))
    hidden = data.replace("DataFile", how)
    if how == "codepage":
        text = text.replace("Codepage=UTF-8", "Codepage=utf-7").replace("µ", "u")
        hidden = data.replace("DataFile", "+AEQ-ataFile")
    header.write_text(text.replace(data, hidden.replace("sub-1.eeg", "../elsewhere")))
    refuse(header, "lies elsewhere")


def test_names_below_and_links_beside_the_header(header, folder, tmp_path):
    good = open_recording(header).get_data()
    header.with_suffix(".eeg").rename(folder / "signals" / "a.eeg")
    rename(header, "DataFile", "signals/a.eeg")
    np.testing.assert_array_equal(open_recording(header).get_data(), good)
    (folder / "signals" / "a.eeg").rename(tmp_path / "annexed")
    (folder / "sub-1.eeg").symlink_to(tmp_path / "annexed")
    rename(header, "DataFile", "sub-1.eeg")
    np.testing.assert_array_equal(open_recording(header).get_data(), good)


def test_a_header_without_end(header):
    with header.open("r+b") as file:
        file.truncate(2**25)
    refuse(header, "33,554,432 bytes, expected the text of a header")


def test_a_header_that_is_none(header):
    header.write_text("Brain Vision Data Exchange Header File Version 1.0\nDataFile=x\n")
    refuse(header, "not a BrainVision header")
    for name in ("nonsense", "a\0b"):
        header.write_text(f"Brain Vision\n[Common Infos]\nCodepage={name}\n")
        refuse(header, "codepage .* is not known")


@pytest.fixture
def save_set(folder):
    """Write a .set file whose signal is in the file named."""
    from scipy.io import savemat

    def write(name):
        path = folder / "a.set"
        place = np.array([(n,) for n in EIGHT], dtype=[("labels", object)])
        about = {"nbchan": 8, "trials": 1, "pnts": 500, "srate": 250.0, "xmin": 0.0, "xmax": 2.0}
        eeg = {**about, "data": name, "chanlocs": place, "event": np.zeros((0, 0))}
        savemat(path, {"EEG": eeg}, appendmat=False)
        return path

    return write


@pytest.mark.parametrize("name", ["../elsewhere.fdt", "{}/elsewhere.fdt"])
def test_eeglab(save_set, folder, tmp_path, name):
    signal = np.ones((500, 8), "<f4").tobytes()
    (tmp_path / "elsewhere.fdt").write_bytes(signal)
    refuse(save_set(name.format(tmp_path)), "elsewhere.fdt', expected a file beside it")
    (folder / "a.fdt").write_bytes(signal)
    assert open_recording(save_set("a.fdt")).get_data().shape == (8, 500)


def test_eeglab_pipes(save_set, folder):
    os.mkfifo(folder / "b.fdt")
    refuse(save_set("b.fdt"), r"b\.fdt: a pipe or a device")


def save_fif(folder, name, ending=".fif"):
    """Write a FIF file that names another as its next part."""
    path = folder / "a_raw.fif"
    info = mne.create_info(["Fz", "Cz"], 250.0, "eeg", verbose="error")
    raw = mne.io.RawArray(1e-5 * np.ones((2, 500)), info, verbose="error")
    raw.save(path, verbose="error", overwrite=True)
    content = path.read_bytes()
    tags = [(104, 3, b"\0\0\0\x74"), (115, 3, b"\0\0\0\2"), (118, 10, name.encode()),
            (116, 3, b"\0\0\0\1"), (105, 3, b"\0\0\0\x74")]  # fmt: skip
    added = b"".join(struct.pack(">iIIi", kind, of, len(data), 0) + data for kind, of, data in tags)
    end = content.rindex(struct.pack(">iIIiI", 105, 3, 4, 0, 100))
    path.unlink()
    made = folder / f"a_raw{ending}"
    made.write_bytes((gzip.compress if ending == ".fif.gz" else bytes)(
        content[:end] + added + content[end:]
    ))  # fmt: skip
    return made


@pytest.mark.parametrize("ending", [".fif", ".fif.gz"])
@pytest.mark.parametrize(
    ("name", "words"),
    [("/etc/passwd", "lies elsewhere"), ("../elsewhere", "lies elsewhere"), ("pipe", "a pipe")],
)
def test_parts_of_fif(folder, name, ending, words):
    refuse(save_fif(folder, name, ending), words)


def test_packed_fif_that_becomes_far_more(folder):
    path = folder / "a_raw.fif.gz"
    path.write_bytes(gzip.compress(struct.pack(">iIIi", 100, 3, 10**8, 0) + bytes(10**8)))
    refuse(path, "with 100000000 bytes leads to byte 100000016")
    path.write_bytes(path.read_bytes()[:50])
    refuse(path, "damaged")


def test_persyst(folder):
    path = folder / "a.lay"
    path.write_text("[FileInfo]\nFile=pipe\n", encoding="utf-8")
    refuse(path, "a pipe or a device")


def test_a_doctype_in_net_station(tmp_path):
    pytest.importorskip("mffpy")
    import mff_writer

    path = tmp_path / "a.mff"
    mff_writer.write(path, np.ones((33, 500)), 500, [(0, "targ")])
    info = path / "info.xml"
    text = info.read_text(encoding="utf-8")
    entity = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    info.write_text(text.replace("?>", f"?>{entity}", 1), encoding="utf-8")
    refuse(path, r"info\.xml: a doctype found")
