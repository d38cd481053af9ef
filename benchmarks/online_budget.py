"""What a live session costs: processor time and memory, at 8 and 64 electrodes, on one core.

OMP_NUM_THREADS=1 python benchmarks/online_budget.py [MINUTES]

An hour is simulated (some four minutes at 64 electrodes) unless another number of minutes is given.
"""

from __future__ import annotations

import itertools
import resource
import sys
import tempfile
import time
from array import array
from pathlib import Path

import numpy as np

from p300.commands.stored_detectors import fit_on_all
from p300.online.events import Decided
from p300.online.markers import Flash, write_flash
from p300.online.session import Session
from p300.online.source import match
from p300.recordings import Recording, open_recordings
from p300.recordings.readers.xdfsignal import ChannelAbout
from p300.recordings.simulated.head import REFERENCE, known_electrodes
from p300.runs.config import parse_experiment
from p300.speller.fitted import Fitted

CONFIG = """
datasets:
  simulated:
    - {{source: simulated, n_subjects: 3, n_runs: 1, characters_per_run: 4, repetitions: 5,
        onset_interval: 0.1875, sfreq: {sfreq}, electrodes: {electrodes}}}
preprocessing: {{phase: causal, normaliser: none, high: 16}}
detectors:
  one: {{detector: slda, n_windows: {windows}, {adaptation}, alignment: {alignment}}}
spelling: {{dynamic: true}}
"""
RUNNING = "{method: euclidean, mode: running}"
CALIBRATED = "adaptation: self_calibrated"
STARTED = "covariance: toeplitz, adaptation: self_started"
SEVERAL = (
    ("8 electrodes, 16 windows, running alignment", 8, 16, 256.0, RUNNING, CALIBRATED),
    ("8 electrodes, 16 windows, no alignment, self-started", 8, 16, 256.0, "none", STARTED),
    ("64 electrodes, 2 windows, no alignment", 64, 2, 1024.0, "none", CALIBRATED),
    ("64 electrodes, 2 windows, running alignment", 64, 2, 1024.0, RUNNING, CALIBRATED),
)


def measure(
    what: str,
    n_electrodes: int,
    windows: int,
    sfreq: float,
    alignment: str,
    adaptation: str,
    minutes: float,
) -> None:
    """Train a detector on a simulated study, feed it one recording again and again, print."""
    names = sorted(set(known_electrodes()) - {REFERENCE, "A1"})[:n_electrodes]
    text = CONFIG.format(
        sfreq=sfreq, electrodes=names, windows=windows, alignment=alignment, adaptation=adaptation
    )
    with tempfile.TemporaryDirectory() as folder:
        fitted = Fitted.load(fit_on_all(parse_experiment(text), "one", Path(folder) / "one"))
    options = {
        "characters_per_run": 4, "repetitions": 10, "sfreq": sfreq, "electrodes": names,
        "onset_interval": 0.1875,
    }  # fmt: skip
    *_, recording = open_recordings("simulated", n_subjects=4, n_runs=1, **options)
    source = match(fitted, "made", sfreq, [ChannelAbout(name, "EEG", "volts") for name in names])
    n_decided, clock, calls = 0, [0.0], array("d")

    def listen(event: object) -> None:
        nonlocal n_decided
        n_decided += isinstance(event, Decided)

    session = Session(fitted, source, listen, clock=lambda: clock[0])
    begin, before, seconds = time.process_time(), 0.0, 0.0
    for turn in itertools.count():
        _feed(session, recording, turn, clock, calls)
        seconds += recording.raw.n_times / sfreq
        if not before and seconds > 6 * minutes:
            before = _memory()
        if seconds > 60 * minutes:
            break
    spent = time.process_time() - begin
    session.close()
    took = [1e3 * value for value in (*np.percentile(calls, [50, 99]), max(calls))]
    part = session.timings.to_dict()["latency"]["learning"]
    print(
        f"{what}, {sfreq:g} Hz: {seconds:.0f} s of EEG, {n_decided} characters; "
        f"{100 * spent / seconds:.1f} % of a core; a chunk of 16 samples takes (processor, ms) "
        f"{took[0]:.2f} in the median, {took[1]:.1f} in 99 %, {took[2]:.1f} at worst; "
        f"learning from a character (clock, ms) {1e3 * part['median']:.1f}, "
        f"{1e3 * part['worst']:.1f} at worst; largest memory after a tenth of it "
        f"{before:.1f} MB, at the end {_memory():.1f} MB"
    )


def _feed(
    session: Session, recording: Recording, turn: int, clock: list[float], calls: array[float]
) -> None:
    values, sfreq, shown = recording.raw.get_data().T, recording.sfreq, recording.flashes
    start = turn * len(values) / sfreq
    n_characters = int(shown["character"].max())
    marks = [
        (sample, write_flash(Flash(code, turn * n_characters + character, repetition)))
        for sample, code, character, repetition in shown[
            ["sample", "code", "character", "repetition"]
        ]
        .to_numpy(dtype=np.int64)
        .tolist()
    ]
    for at in range(0, len(values), 16):
        piece = values[at : at + 16]
        stamps = start + np.arange(at, at + len(piece)) / sfreq
        clock[0] = float(stamps[-1])
        while marks and marks[0][0] < at + 16:
            sample, text = marks.pop(0)
            session.marker(start + sample / sfreq, text)
        begin = time.process_time()
        session.eeg(stamps, piece)
        calls.append(time.process_time() - begin)


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    for one in SEVERAL:
        measure(*one, float(sys.argv[1]) if len(sys.argv) > 1 else 60)
