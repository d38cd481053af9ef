"""Whoever a stream is of: EEG through the lab streaming layer on loopback, spelled on a page."""

from __future__ import annotations

import time

import numpy as np
import pytest
from fed_sessions import fitted
from served_pages import ROWS

from p300.errors import OnlineError
from p300.online.markers import Flash
from p300.online.source import match
from p300.online.spelling import Spelling
from p300.recordings.simulated.paradigm import shown_on
from p300.recordings.simulated.study import ELECTRODES
from p300.speller.fitted import Fitted

pytest.importorskip("mne_lsl")

from p300.online.persons import StreamedPerson
from p300.online.streams import lsl

SFREQ = 240.0


class Amplifier:
    """A stream of noise that goes on as long as it is told to."""

    def __init__(self, name: str) -> None:
        self.bindings = lsl()
        info = self.bindings.StreamInfo(name, "EEG", 8, SFREQ, "float32", f"{name}-id")
        info.set_channel_names(list(ELECTRODES))
        info.set_channel_types("eeg")
        info.set_channel_units("microvolts")
        self.outlet = self.bindings.StreamOutlet(info)
        self.next = self.bindings.local_clock()

    def go_on(self) -> None:
        """Send what is due."""
        n = int((self.bindings.local_clock() - self.next) * SFREQ)
        if n > 0:
            noise = np.random.default_rng(n).normal(0, 10, (n, 8)).astype(np.float32)
            self.outlet.push_chunk(noise, self.next + np.arange(n) / SFREQ)
            self.next += n / SFREQ


def test_no_stream_of_that_name_is_told_with_those_there_are():
    with pytest.raises(OnlineError, match="'nobody-there'"):
        StreamedPerson("nobody-there")


@pytest.mark.timeout(60)
def test_flashes_of_a_page_are_placed_in_the_eeg_of_a_stream(tmp_path):
    found = Fitted.load(fitted(tmp_path / "one"))
    amplifier, told = Amplifier("page-amplifier"), []
    person = StreamedPerson("page-amplifier")
    assert not person.simulated
    assert person.sfreq == SFREQ
    shown = shown_on(ROWS, "row_column")
    source = match(found, person.name, person.sfreq, person.channels, shown.layout)
    spelling = Spelling(
        found, source, shown, ["P"], person, recorder=None, tell=told.append, seed=1
    )
    spelling.next_character()
    order = told[0]["order"][0]

    def wait(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            amplifier.go_on()
            spelling.eeg()
            time.sleep(0.01)

    wait(1.5)
    for code in order:
        spelling.flash(person.clock(), Flash(code, 1, 1))
        wait(0.1)
    spelling.end(person.clock(), 1)
    wait(2.0)
    report = spelling.close()
    assert report["flashes"] == 12
    assert not report["faults"]
    assert [one["character"] for one in told if one["event"] == "decision"] == [1]
    assert abs(report["latency"]["flash to score"]["median"] - 0.67) < 0.3
