"""The commands of live spelling: what they say of what they are given."""

import sys

import numpy as np
import pytest
from fed_sessions import Fed, fitted, somebody
from studies import make_epochs
from typer.testing import CliRunner

from p300 import make_detector, save_detector
from p300.commands.main import app
from p300.commands.online import print_report
from p300.online.recorder import Recorder
from p300.recordings import MATRIX_6X6
from p300.recordings.formats.session import FlashNote
from p300.recordings.readers.xdfsignal import ChannelAbout


def call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


def test_a_detector_that_cannot_be_online_is_refused_before_streams_are_looked_for(tmp_path):
    epochs = make_epochs(2, 1)
    detector = make_detector("slda").fit(epochs.X, epochs.y, groups=epochs.groups("character"))
    save_detector(detector, tmp_path / "one", epochs)
    done = call("online", tmp_path / "one", "--out", tmp_path / "sub-1.xdf")
    assert done.exit_code == 1
    assert "this detector cannot spell" in done.output


def test_a_session_is_not_written_over(folder, tmp_path):
    out = tmp_path / "sub-1.xdf"
    out.touch()
    done = call("online", folder, "--out", out)
    assert done.exit_code == 1
    assert "exists already; name another file" in done.output


def test_without_the_server_of_a_websocket_it_is_said_what_to_install(folder, monkeypatch):
    pytest.importorskip("mne_lsl")
    monkeypatch.setitem(sys.modules, "websockets.asyncio", None)
    done = call("online", folder, "--websocket", "0")
    assert done.exit_code == 1
    assert "pip install 'p300[online]'" in done.output


def test_a_websocket_is_opened_by_name_alone(folder, tmp_path):
    pytest.importorskip("mne_lsl")
    out = tmp_path / "sub-1.xdf"
    done = call("online", folder, "--out", out, "--websocket", "0", "--host", "0.0.0.0")
    assert done.exit_code == 1
    assert "every network this machine is in" in done.output
    done = call("online", folder, "--out", out, "--host", "lab-pc")
    assert done.exit_code == 2
    assert "--websocket PORT" in done.output


def test_a_replay_of_a_run_that_is_not_there_is_refused(tmp_path):
    options = ["--option", "n_subjects=1", "--option", "n_runs=1"]
    done = call("replay", tmp_path, "--source", "simulated", *options, "--run", "9")
    assert done.exit_code == 1
    assert "no recording of run '9' found" in done.output


def test_stretches_are_two_numbers(tmp_path):
    done = call("replay", tmp_path, "--source", "simulated", "--dropout", "12")
    assert done.exit_code == 2
    assert "expected AT:SECONDS" in done.output


def test_timing_tells_the_offset_of_a_photodiode_and_how_to_apply_it(tmp_path):
    file = tmp_path / "sub-1.xdf"
    channels = [ChannelAbout("Cz", "EEG", "microvolts"), ChannelAbout("light", "misc", "")]
    recorder = Recorder(file, "made", 250.0, channels, MATRIX_6X6)
    values = np.random.default_rng(0).standard_normal((5000, 2))
    for k, sample in enumerate(range(500, 4500, 60)):
        values[sample + 10 : sample + 30, 1] += 50.0
        note = FlashNote(sample=sample, code=1 + k % 12, character=1, repetition=k // 12 + 1)
        recorder.note(0.0, note.model_dump())
    recorder.eeg(np.arange(5000) / 250, values)
    recorder.close()
    done = call("timing", file, "--photodiode", "light")
    assert done.exit_code == 0, done.output
    assert "Offset: 40.0 ms, of 67 flashes; 95 % of them within 40.0 to 40.0 ms" in done.output
    assert "p300 online --offset 40.0" in done.output
    assert call("timing", file).exit_code == 2


def test_the_report_names_parts_text_and_faults(folder, capsys):
    fed = Fed(folder, somebody())
    del fed.markers[7]
    fed.feed()
    print_report(fed.session.timings.to_dict())
    said = capsys.readouterr().out
    for word in ("transport", "decoding", "learning", "decided", "missing marker", "Hz"):
        assert word in said
    report = fed.session.timings.to_dict()
    assert report["letters"]["decided"] == 4
    assert report["letters"]["damaged"] == 1
    assert report["flashes"] == len(fed.recording.flashes) - 1
    assert report["eeg"]["rate"] == pytest.approx(fed.sfreq)
    assert report["latency"]["flash to score"]["median"] == pytest.approx(0.66, abs=0.08)
