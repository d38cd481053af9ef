"""From a decision to the presentation: through LSL, and through the WebSocket, on this machine.

OMP_NUM_THREADS=1 python benchmarks/decision_latency.py

A simulated person's recording is played through LSL, by a process of its own, to a live session
here; two more processes are the presentation, one at the stream of decisions, one at the WebSocket.
What is measured is the time from a decision, as the session stamps it, to its arrival there; all
have one clock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np

from p300.commands.stored_detectors import fit_on_all
from p300.online.decision_socket import DecisionSocket
from p300.online.live import run
from p300.online.replay import Player, write_script
from p300.online.streams import local_clock, lsl
from p300.recordings import open_recordings
from p300.runs.config import parse_experiment

CONFIG = """
datasets: {simulated: {source: simulated, n_subjects: 3, characters_per_run: 3, repetitions: 4}}
preprocessing: {phase: causal, normaliser: none, low: 0.5, high: 16}
detectors:
  one: {detector: slda, alignment: {method: euclidean, mode: running}, adaptation: self_calibrated}
spelling: {dynamic: true, target_error: 0.2}
"""
NAME, DECISIONS = "decision-latency", "decision-latency-out"
CHARACTERS, REPETITIONS, SPEED = 210, 2, 4.0
"""Of the recording that is played, and how many times faster than real."""

FEWEST = 200
"""Decisions, below which nothing is told."""

QUIET = 30.0
"""Seconds without a message after which the stream is over."""


def play() -> None:
    """Play somebody's recording."""
    *_, last = open_recordings(
        "simulated", n_subjects=4, n_runs=1, characters_per_run=CHARACTERS, repetitions=REPETITIONS
    )
    Player(write_script(last), NAME).play(SPEED)


def found(name: str) -> Any:
    """Return a stream, once it is there."""
    while not (infos := lsl().resolve_streams(timeout=1.0, name=name)):
        pass
    return infos[0]


def hear_stream() -> None:
    """Print how long each decision took to come through LSL."""
    bindings = lsl()
    inlet = bindings.StreamInlet(found(DECISIONS), recover=False)
    inlet.open_stream(timeout=10.0)
    while sample := inlet.pull_sample(timeout=QUIET)[0]:
        tell(sample[0], bindings.local_clock())


def hear_socket(address: str) -> None:
    """Print how long each decision took to come through the WebSocket."""
    from websockets.sync.client import connect

    clock = local_clock()
    with connect(address) as socket:
        for text in socket:
            tell(str(text), clock())


def tell(text: str, now: float) -> None:
    """Print the seconds from a decision until now."""
    said = json.loads(text)
    if said["event"] == "decision":
        print(now - said["at"], flush=True)


def beside(*arguments: str) -> subprocess.Popen[str]:
    """Start this script in another process, as something else."""
    command = [sys.executable, __file__, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this script


def measure() -> None:
    """Run the session and print what its presentations found."""
    folder = Path(tempfile.mkdtemp())
    detector = fit_on_all(parse_experiment(CONFIG), "one", folder / "one")
    heard = {"LSL": beside("hear_stream")}

    def say(line: str) -> None:
        if line.startswith("WebSocket: "):
            heard["WebSocket"] = beside("hear_socket", line.split()[1])

    player, loads, ended = beside("play"), [os.getloadavg()[0]], threading.Event()

    def watch() -> None:
        while not ended.wait(10.0):
            loads.append(os.getloadavg()[0])

    watching = threading.Thread(target=watch)
    watching.start()
    socket = DecisionSocket("127.0.0.1", 0, local_clock(), say)
    try:
        found(f"{NAME}-markers")
        report = run(
            detector, folder / "sub-1.xdf", lambda _: None, eeg=NAME, markers=f"{NAME}-markers",
            patience=5.0, decisions=DECISIONS, socket=socket,
        )  # fmt: skip
        told = {way: process.communicate(timeout=60)[0] for way, process in heard.items()}
    finally:
        ended.set()
        for process in (player, *heard.values()):
            process.kill()
    print(
        f"{report['letters']['decided']} decisions, faults {report['faults'] or 'none'}; "
        f"{os.cpu_count()} cores, load {min(loads):.1f} to {max(loads):.1f}, "
        f"{np.median(loads):.1f} in the median\n"
    )
    print("| ms | median | 99 % | worst | decisions |\n|---|---|---|---|---|")
    for way, lines in told.items():
        took = [1e3 * float(line) for line in lines.split()]
        if len(took) < FEWEST:
            raise SystemExit(f"{way}: {len(took)} decisions found, expected {FEWEST} or more")
        middle, most = np.percentile(took, [50, 99])
        print(f"| {way} | {middle:.2f} | {most:.2f} | {max(took):.2f} | {len(took)} |")


ROLES = {"play": play, "hear_stream": hear_stream, "hear_socket": hear_socket}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        ROLES[sys.argv[1]](*sys.argv[2:])
    else:
        measure()
