"""Sessions that tests feed by hand: a recording as chunks and markers, and what came out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from p300.commands.stored_detectors import fit_on_all
from p300.online.events import Event
from p300.online.markers import Flash, write_end, write_flash
from p300.online.recorder import Recorder
from p300.online.session import Session
from p300.online.source import match
from p300.recordings import Recording, open_recordings
from p300.recordings.readers.xdfsignal import ChannelAbout
from p300.runs.config import parse_experiment
from p300.speller.fitted import Fitted

START = 1000.0
"""The stamp of the first sample."""

CONFIG = """
datasets: {{simulated: {{source: simulated, n_subjects: 3, characters_per_run: 3, repetitions: 4}}}}
preprocessing: {{phase: causal, normaliser: {normaliser}, low: 0.5, high: 16}}
detectors: {{one: {detector}}}
spelling: {{dynamic: true, target_error: 0.2}}
"""
RECOMMENDED = (
    "{detector: slda, alignment: {method: euclidean, mode: running}, adaptation: self_calibrated}"
)


def fitted(folder: Path, detector: str = RECOMMENDED, normaliser: str = "none") -> Path:
    """Train a detector on a small simulated study."""
    experiment = parse_experiment(CONFIG.format(detector=detector, normaliser=normaliser))
    return fit_on_all(experiment, "one", folder)


def somebody(**options: int) -> Recording:
    """Somebody whom the detector does not know: four characters of five repetitions."""
    chosen = {"characters_per_run": 4, "repetitions": 5, **options}
    *_, last = open_recordings("simulated", n_subjects=4, n_runs=1, **chosen)
    return last


class Clock:
    """A clock that stands where the feed has come to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Fed:
    """A session that is fed a recording.

    Parameters
    ----------
    folder
        Of the detector.
    recording
        Its flashes, numbered, and its signal in microvolts are fed; ``markers`` come with a
        sample and have a stamp and a text.
    file
        Where the session is stored; None for nowhere.
    offset
        Seconds that flashes are later than their markers.
    """

    def __init__(
        self, folder: Path, recording: Recording, file: Path | None = None, offset: float = 0.0
    ) -> None:
        self.recording, self.sfreq = recording, recording.sfreq
        self.values = 1e6 * recording.raw.get_data().T
        self.stamps = START + np.arange(len(self.values)) / self.sfreq
        self.markers = [
            (int(row.sample), START + row.sample / self.sfreq,
             write_flash(Flash(int(row.code), int(row.character), int(row.repetition),
                               bool(row.target))))
            for row in recording.flashes.itertuples()
        ]  # fmt: skip
        self.events: list[Event] = []
        self.clock = Clock()
        found = Fitted.load(folder)
        described = [ChannelAbout(name, "EEG", "microvolts") for name in recording.electrodes]
        source = match(found, "made", self.sfreq, described)
        recorder = None
        if file is not None:
            recorder = Recorder(file, "made", self.sfreq, described, source.layout)
        self.session = Session(
            found, source, self.events.append, recorder=recorder, clock=self.clock, offset=offset
        )

    def end_markers(self) -> None:
        """Have the presentation say when each character is over."""
        shown = self.recording.flashes.groupby("character")["sample"].max()
        ends = [
            (sample, START + sample / self.sfreq + 0.01, write_end(int(k)))
            for k, sample in shown.items()
        ]
        self.markers = sorted(self.markers + ends)

    def feed(self, sizes: Sequence[int] = (16,)) -> Fed:
        """Feed everything in chunks of these sizes, in turn; markers as their time comes."""
        waiting, at = list(self.markers), 0
        while at < len(self.values):
            for size in sizes:
                piece = slice(at, at + size)
                stamps = self.stamps[piece]
                if not len(stamps):
                    break
                self.clock.now = max(self.clock.now, float(stamps[-1]))
                while waiting and waiting[0][0] < at + size:
                    self.session.marker(*waiting.pop(0)[1:])
                self.session.eeg(stamps, self.values[piece])
                at += size
        for _, stamp, text in waiting:
            self.session.marker(stamp, text)
        self.session.close()
        return self

    def of(self, *kinds: type[Event]) -> list[Event]:
        """What came out of some kinds."""
        return [event for event in self.events if isinstance(event, kinds)]


def report_of(fed: Fed, sizes: Sequence[int] = (16,)) -> dict[str, Any]:
    """Feed everything; return the session's report, which is all JSON."""
    report = fed.feed(sizes).session.timings.to_dict()
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    return report


def middle_of(fed: Fed, character: int) -> int:
    """Return the sample of a flash in the middle of a character."""
    shown = fed.recording.flashes
    return int(shown.loc[shown["character"] == character, "sample"].iloc[30])
