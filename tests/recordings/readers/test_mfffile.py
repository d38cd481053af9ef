from __future__ import annotations

import shutil
import sys
import warnings

import mff_writer
import numpy as np
import pytest

from p300.errors import RecordingError
from p300.recordings.guard import guarded
from p300.recordings.readers.mnefile import find_recordings, open_recording

pytest.importorskip("mffpy")

EVENTS = [(0, "targ"), (7, "nont"), (333, "nont"), (1999, "targ")]


def noise(n=2000):
    return 10 * np.random.default_rng(2).normal(size=(33, n))


@pytest.fixture
def save(tmp_path):
    def write(**more):
        path = tmp_path / "a.mff"
        mff_writer.write(path, noise(), 500, EVENTS, **more)
        return path

    return write


def marks(raw):
    samples = np.round(raw.annotations.onset * raw.info["sfreq"], 2)
    return list(zip(samples.tolist(), raw.annotations.description.tolist(), strict=True))


def test_signal_and_events_to_the_sample(save, capsys, tmp_path):
    path = save()
    assert find_recordings(tmp_path) == [path]
    raw = open_recording(path)
    assert (raw.info["sfreq"], raw.n_times, raw.ch_names[:2]) == (500, 2000, ["E1", "E2"])
    np.testing.assert_allclose(raw.get_data("eeg"), 1e-6 * noise(), atol=1e-11)
    assert marks(raw) == sorted(EVENTS)
    assert capsys.readouterr().out == ""


def test_pauses_are_marked(save):
    raw = open_recording(save(pause=(1000, 2.0)))
    assert raw.n_times == 3000
    skip = raw.annotations[raw.annotations.description == "BAD_ACQ_SKIP"]
    assert (skip.onset * 500).round().tolist() == [1000]
    assert (skip.duration * 500).tolist() == [1000]
    np.testing.assert_allclose(raw.get_data("eeg")[:, 2000:], 1e-6 * noise()[:, 1000:], atol=1e-11)


def test_without_mffpy_the_command_is_told(save, monkeypatch):
    path = save()
    monkeypatch.setitem(sys.modules, "mffpy", None)
    with pytest.raises(RecordingError, match=r"Net Station.*mffpy.*pip install 'p300\[formats\]'"):
        open_recording(path)


@pytest.mark.parametrize("name", ["signal1.bin", "epochs.xml", "info.xml", "info1.xml"])
def test_folders_of_which_a_part_is_missing(save, name):
    path = save()
    (path / name).unlink()
    with pytest.raises(RecordingError) as caught:
        open_recording(path)
    assert str(caught.value).startswith(str(path))


def test_events_that_are_cut_short_are_not_taken_for_all(save):
    path = save()
    events = path / "Events_ECI.xml"
    events.write_bytes(events.read_bytes()[:-300])
    with pytest.raises(RecordingError, match=r"Events_ECI\.xml: not well-formed XML.*cut short"):
        open_recording(path)


def test_epochs_that_promise_too_much(save):
    path = save()
    epochs = path / "epochs.xml"
    epochs.write_text(epochs.read_text("utf-8").replace("4000000", "4000000000000"), "utf-8")
    with pytest.raises(RecordingError, match="promise 2000000000 samples of 33 channels at 500 Hz"):
        open_recording(path)


def test_signals_cut_anywhere(save):
    path = save()
    signal = path / "signal1.bin"
    content = signal.read_bytes()
    for end in [0, 3, 10, 50, 200, 1000, 100_000, len(content) - 1]:
        signal.write_bytes(content[:end])
        with pytest.raises(RecordingError) as caught:
            open_recording(path).get_data()
        assert str(caught.value).startswith(str(path))


def test_files_that_mffpy_leaves_open_are_not_named_for_others():
    def leave_open():
        warnings.warn("unclosed file a.mff/signal1.bin", ResourceWarning, stacklevel=1)
        return 1

    assert guarded(leave_open, "b.edf") == 1


def test_a_file_of_that_name(tmp_path, save):
    path = save()
    shutil.rmtree(path)
    path.write_text("nothing", encoding="utf-8")
    with pytest.raises(RecordingError, match=r"a\.mff: "):
        open_recording(path)
