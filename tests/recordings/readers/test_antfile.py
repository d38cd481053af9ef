from __future__ import annotations

import sys

import cnt_writer
import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings.readers import antfile
from p300.recordings.readers.mnefile import open_recording

NAMES = ["Fz", "Cz", "Pz", "BIP1"]
EVENTS = [(0, "1"), (7, "2"), (250, "12"), (499, "1")]
STEP = 1 / 128  # what libeep keeps of a microvolt


def noise(n=500, k=4):
    return 10 * np.random.default_rng(2).normal(size=(k, n))


@pytest.fixture
def save(tmp_path):
    pytest.importorskip("antio")
    if not sys.platform.startswith("linux"):
        pytest.skip("the library that writes is named as on Linux")

    def write(names=NAMES, **more):
        path = tmp_path / "a.cnt"
        cnt_writer.ant(path, noise(k=len(names)), names, 512, EVENTS, **more)
        return path

    return write


@pytest.mark.parametrize("wide", [False, True])
def test_signal_and_triggers_to_the_sample(save, wide):
    raw = open_recording(save(wide=wide))
    assert (raw.ch_names, raw.info["sfreq"], raw.n_times) == (NAMES, 512, 500)
    assert raw.get_channel_types() == ["eeg", "eeg", "eeg", "misc"]
    np.testing.assert_allclose(raw.get_data(), 1e-6 * noise(), atol=1e-6 * STEP)
    samples = np.round(raw.annotations.onset * 512).astype(int).tolist()
    assert list(zip(samples, raw.annotations.description.tolist(), strict=True)) == EVENTS


def test_as_mne_reads_it(save):
    import mne

    path = save()
    other = mne.io.read_raw_ant(path, verbose="error")
    np.testing.assert_allclose(open_recording(path).get_data(), other.get_data(), atol=1e-15)


def test_units(save):
    raw = open_recording(save(units=["mV", "V", "uV", "uV"]))
    expected = noise() * np.array([[1e-3], [1], [1e-6], [1e-6]])
    np.testing.assert_allclose(raw.get_data(), expected, atol=STEP)
    with pytest.warns(DataWarning, match=r"channels \{'Pz': 'na'\} are left aside"):
        raw = open_recording(save(units=["uV", "uV", "nA", "uV"]))
    assert raw.get_channel_types() == ["eeg", "eeg", "misc", "misc"]


def test_without_antio_the_command_is_told(save, monkeypatch):
    path = save()
    monkeypatch.setitem(sys.modules, "antio", None)
    with pytest.raises(RecordingError, match=r"ANT amplifier.*antio.*pip install 'p300\[formats\]"):
        open_recording(path)


def test_a_library_that_takes_its_process_down(save, monkeypatch, tmp_path):
    path = save()
    child = tmp_path / "child.py"
    child.write_text("import os; os.abort()", encoding="utf-8")
    monkeypatch.setattr("p300.recordings.readers.ant_child.__file__", str(child))
    with pytest.raises(RecordingError, match=r"antio cannot read.*damaged or cut short"):
        open_recording(path)


def test_a_library_that_never_comes_back_is_given_up(save, monkeypatch, tmp_path):
    path = save()
    child = tmp_path / "child.py"
    child.write_text("import time; time.sleep(60)", encoding="utf-8")
    monkeypatch.setattr("p300.recordings.readers.ant_child.__file__", str(child))
    monkeypatch.setattr(antfile, "PATIENCE", 0.5)
    with pytest.raises(RecordingError, match="antio was still reading"):
        open_recording(path)


def test_headers_that_count_too_much(save):
    path = save()
    content = path.read_bytes()
    # Of the same length, so that the chunks keep theirs.
    longer = content.replace(
        b"512.0000000000\n[Samples]\n500\n", b"512.0\n[Samples]\n500000000000\n"
    )
    assert len(longer) == len(content)
    path.write_bytes(longer)
    with pytest.raises(RecordingError, match="promises 500000000000 samples of 4 channels"):
        open_recording(path)
    path.write_bytes(content.replace(b"[Channels]\n4", b"[Channels]\nx"))
    with pytest.raises(RecordingError, match="its header does not tell its channels"):
        open_recording(path)


def test_files_cut_anywhere(save):
    path = save()
    content = path.read_bytes()
    for end in range(1, len(content), 97):
        path.write_bytes(content[:end])
        with pytest.raises(RecordingError, match=r"cut short|neither a Neuroscan") as caught:
            open_recording(path)
        assert str(caught.value).startswith(str(path))
