"""A live session whose flashes come over the WebSocket, from the example of a presentation."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from fed_sessions import fitted, somebody
from websockets.sync.client import connect

from p300.online.decision_socket import DecisionSocket
from p300.online.events import Decided, Fault, Scored
from p300.recordings import open_recordings
from p300.recordings.simulated.study import ELECTRODES

pytest.importorskip("mne_lsl")

from p300.online.live import run
from p300.online.streams import local_clock, lsl

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "websocket_presentation.py"
SFREQ = 240.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


@pytest.fixture
def presentation():
    spec = importlib.util.spec_from_file_location("websocket_presentation", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Amplifier:
    """A stream of a recording's EEG, or of noise that goes on until it is stopped."""

    def __init__(self, name, recording=None, speed=1.0):
        bindings = lsl()
        info = bindings.StreamInfo(name, "EEG", 8, SFREQ, "float64", name)
        info.set_channel_names(list(ELECTRODES if recording is None else recording.electrodes))
        info.set_channel_types("eeg")
        info.set_channel_units("volts")
        self.outlet, self.clock, self.speed = bindings.StreamOutlet(info), local_clock(), speed
        self.stopped, self.begun = threading.Event(), threading.Event()
        if recording is None:
            self.values = 1e-5 * np.random.default_rng(0).standard_normal((round(60 * SFREQ), 8))
        else:
            self.values = np.ascontiguousarray(recording.raw.get_data().T)
        self.thread = threading.Thread(target=self._play)

    def _play(self):
        self.outlet.wait_for_consumers(30.0)
        self.begin = self.clock() + 0.2
        self.begun.set()
        at = 0
        while at < len(self.values) and not self.stopped.is_set():
            due = int(self.speed * (self.clock() - self.begin) * SFREQ)
            if due > at:
                piece = self.values[at:due]
                self.outlet.push_chunk(piece, self.begin + (at + np.arange(len(piece))) / SFREQ)
                at += len(piece)
            time.sleep(0.01)
        time.sleep(0.5)  # so that what is on its way arrives

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()


def address_of(said):
    """The address, once it is said."""
    while not said:
        time.sleep(0.01)
    return said[0].split()[1]


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.timeout(120)
def test_flashes_of_another_clock_are_at_the_samples_of_the_recording(
    folder, presentation, tmp_path
):
    recording, said, events, clock = somebody(characters_per_run=2), [], [], local_clock()
    socket = DecisionSocket("127.0.0.1", 0, clock, said.append)
    heard, shown = [], recording.flashes
    over = threading.Event()

    def present(amplifier):
        with connect(address_of(said)) as opened:
            link = presentation.Link(opened, clock=lambda: clock() - 5000.0)
            amplifier.begun.wait(30)
            for row in shown.itertuples():
                due = row.sample / SFREQ
                while clock() < amplifier.begin + due / amplifier.speed:
                    time.sleep(0.002)
                flash = {"flash": int(row.code), "character": int(row.character),
                         "repetition": int(row.repetition), "target": bool(row.target)}  # fmt: skip
                link.mark(amplifier.begin - 5000.0 + due, flash)
            link.mark(amplifier.begin - 5000.0 + due + 0.01, {"end": 2})
            heard.append(link.decision(1, 10.0))
            heard.append(link.decision(2, 10.0))
        over.set()

    with Amplifier("websocket-recording", recording, speed=5.0) as amplifier:
        presenting = threading.Thread(target=present, args=(amplifier,), daemon=True)
        presenting.start()
        report = run(
            folder, tmp_path / "sub-1.xdf", events.append, eeg="websocket-recording",
            patience=5.0, socket=socket, decisions="websocket-decisions", stopped=over.is_set,
        )  # fmt: skip
        presenting.join(20)
    assert not of(events, Fault)
    assert [e.sample for e in of(events, Scored)] == shown["sample"].tolist()
    assert heard == [e.symbol for e in of(events, Decided)]
    assert report["letters"]["decided"] == 2
    (stored,) = open_recordings("session", tmp_path / "sub-1.xdf")
    assert stored.flashes["sample"].tolist() == shown["sample"].tolist()


@pytest.mark.timeout(120)
def test_the_example_spells_and_what_it_says_wrong_is_named(
    folder, presentation, tmp_path, monkeypatch
):
    said, events, done = [], [], threading.Event()
    monkeypatch.setattr(presentation, "REPETITIONS", 2)
    monkeypatch.setattr(presentation, "INTERVAL", 0.05)
    socket = DecisionSocket("127.0.0.1", 0, local_clock(), said.append)

    def present():
        while not of(events, Fault):  # until the session is there
            time.sleep(0.05)
        presentation.main(address_of(said), "P")
        done.set()

    def wrong():
        with connect(address_of(said)) as opened:
            presentation.Link(opened).say(do="dance")

    threads = [threading.Thread(target=one, daemon=True) for one in (present, wrong)]
    with Amplifier("websocket-noise"):
        for thread in threads:
            thread.start()
        run(
            folder, tmp_path / "sub-1.xdf", events.append, eeg="websocket-noise", patience=5.0,
            socket=socket, decisions="websocket-example", stopped=done.is_set,
        )  # fmt: skip
        for thread in threads:
            thread.join(20)
    (fault,) = of(events, Fault)
    assert "dance" in fault.text
    assert [e.character for e in of(events, Decided)] == [1]
    assert len(of(events, Scored)) >= 12


@pytest.mark.timeout(120)
def test_two_sessions_have_streams_of_different_names(folder, tmp_path):
    found, clients = {}, []

    def session(name, socket=None):
        run(
            folder, tmp_path / f"{name}.xdf", print, eeg="websocket-twice", patience=5.0,
            socket=socket, decisions=name, stopped=over.is_set,
        )  # fmt: skip

    over = threading.Event()
    names = ["session-left", "session-right"]
    with Amplifier("websocket-twice"):
        for name in names:
            socket = DecisionSocket("127.0.0.1", 0, local_clock(), print)
            clients.append(threading.Thread(target=session, args=(name, socket)))
            clients[-1].start()
        end = time.monotonic() + 30
        while set(found) != set(names) and time.monotonic() < end:
            listed = lsl().resolve_streams(timeout=1.0, stype="p300 decisions", minimum=2)
            found = {one.name: one.source_id for one in listed if one.name in names}
        over.set()
        for client in clients:
            client.join()
    assert found == {name: f"{name}-decisions" for name in names}


@pytest.mark.timeout(120)
def test_ctrl_c_ends_the_session_and_tells_the_clients(folder, presentation, tmp_path):
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    out = tmp_path / "sub-1.xdf"
    command = [sys.executable, "-m", "p300", "online", str(folder), "--eeg", "websocket-ctrl-c",
               "--websocket", "0", "--decisions", "ctrl-c", "--out", str(out)]  # fmt: skip
    with (
        ExitStack() as contexts,
        Amplifier("websocket-ctrl-c") as amplifier,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process,
    ):
        try:
            address = next(line for line in process.stdout if line.startswith("WebSocket: "))
            opened = contexts.enter_context(connect(address.split()[1]))
            link = presentation.Link(opened)
            assert amplifier.begun.wait(30)
            time.sleep(1.0)
            flash = {"flash": 1, "character": 1, "repetition": 1}
            for code in range(1, 13):
                link.mark(link.clock(), flash | {"flash": code})
                time.sleep(0.05)
            time.sleep(1.0)
            process.send_signal(signal.SIGINT)
            told = [json.loads(text) for text in opened]
            assert process.wait(20) == 0
            printed = process.stdout.read()
        finally:
            process.kill()
    assert opened.close_reason == "the session is over"
    assert "decision" in [one["event"] for one in told]
    assert "Offset applied: 0.0 ms" in printed
    assert json.loads(out.with_suffix(".json").read_text())["letters"]["decided"] == 1
