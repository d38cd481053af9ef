"""Whose EEG a page's session has: somebody simulated, or whoever a stream is of."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np

from p300.online.stamps import Floats
from p300.recordings.readers.xdfsignal import ChannelAbout
from p300.recordings.simulated.eeg import draw_subject
from p300.recordings.simulated.live import LiveEeg
from p300.recordings.simulated.study import ELECTRODES

SFREQ = 240.0
"""Hz of the simulated person, as in the study."""

DELAY = 0.08
"""Seconds of real time that the simulated person's EEG comes late, as through an amplifier; what
the page says of its flashes is there before the responses begin."""


class Person(Protocol):
    """Somebody at the page.

    Attributes
    ----------
    name, sfreq, channels : of the stream
    simulated : whether it attends to what the page says
    """

    name: str
    sfreq: float
    channels: list[ChannelAbout]
    simulated: bool

    def clock(self) -> float:
        """Return the time in seconds, on the clock of the stamps."""

    def pull(self) -> tuple[Floats, Floats]:
        """Return what came since: stamps [sample] and values [sample, channel]."""

    def came_back(self) -> str:
        """Return what went away and is back since it was asked last; empty where nothing is."""

    def see(self, at: float, *, target: bool) -> float:
        """Take note of a flash, of what is attended or not.

        Returns
        -------
        Seconds that it was told too late for its response to be whole; 0 for real people.
        """


class SimulatedPerson:
    """Somebody of the simulated study, who was never trained on.

    Parameters
    ----------
    seed
        Another one is another person.
    speed
        Seconds of the session in a second.
    """

    simulated = True

    def __init__(self, seed: int, speed: float = 1.0) -> None:
        self.name, self.sfreq = f"simulated person {seed}", SFREQ
        self.channels = [ChannelAbout(name, "EEG", "microvolts") for name in ELECTRODES]
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, 0)))
        subject = draw_subject(rng, ELECTRODES, hard=False)
        self._eeg = LiveEeg(rng, subject, SFREQ)
        self.speed, self._start = speed, time.perf_counter()

    def clock(self) -> float:
        """Return the seconds of the session's clock since the person sat down."""
        return self.speed * (time.perf_counter() - self._start)

    def pull(self) -> tuple[Floats, Floats]:
        """Return what came since, in microvolts."""
        due = int((self.clock() - self.speed * DELAY) * SFREQ) - self._eeg.n_samples
        if due <= 0:
            return np.empty(0), np.empty((0, len(self.channels)))
        stamps = (self._eeg.n_samples + np.arange(due)) / SFREQ
        return stamps, 1e6 * self._eeg.take(due).T

    def came_back(self) -> str:
        """Return that nothing went away."""
        return ""

    def see(self, at: float, *, target: bool) -> float:
        """Respond to a flash."""
        return self._eeg.flash(at, target=target)


class StreamedPerson:
    """Whoever a stream of EEG of the lab streaming layer is of.

    Parameters
    ----------
    wanted
        Name, type or source id of the stream; None: the only one of EEG.

    Raises
    ------
    OnlineError
        When none or several fit, or mne-lsl is not installed.
    """

    simulated = False

    def __init__(self, wanted: str | None) -> None:
        from p300.online.streams import find, local_clock

        self._inlet, self.clock = find(wanted, "EEG"), local_clock()
        self.name, self.sfreq = self._inlet.about.name, self._inlet.about.sfreq
        self.channels, self._back = self._inlet.channels(), ""

    def pull(self) -> tuple[Floats, Floats]:
        """Return what came since; nothing while the stream is away, which is looked for."""
        if not self._inlet.there:
            if not self._inlet.back():
                return np.empty(0), np.empty((0, len(self.channels)))
            self._back = f"the stream of EEG {self._inlet.about}"
        stamps, samples = self._inlet.pull()
        shape = len(stamps), len(self.channels)
        return stamps, np.asarray(samples, dtype=np.float64).reshape(shape)

    def came_back(self) -> str:
        """Return what went away and is back since it was asked last; empty where nothing is."""
        told, self._back = self._back, ""
        return told

    def see(self, at: float, *, target: bool) -> float:  # noqa: ARG002 - real people see
        """Return 0."""
        return 0.0
