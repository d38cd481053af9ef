"""A recording played as streams, with faults on demand: a script of what comes when, and a player.

The script is the same every time for one seed, and needs no streams.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.errors import OnlineError
from p300.online.markers import Flash, write_end, write_flash
from p300.online.stamps import Floats
from p300.online.streams import lsl
from p300.recordings.layout import has_codes
from p300.recordings.recording import Recording
from p300.signal.preprocessing import describe_flashes

END = 0.05
"""Seconds after a character's last flash at which it is said to be over."""


@dataclass(frozen=True)
class Faults:
    """What goes wrong in a replay.

    Parameters
    ----------
    jitter
        Standard deviation of the stamps of chunks, seconds.
    drift
        How much faster the EEG's clock runs than it says, parts in a million.
    offset
        Seconds that markers are stamped too early.
    lost, doubled, late
        Shares of the markers that never come, come twice, or come :attr:`delay` late.
    delay
        Seconds.
    dropouts
        Stretches of EEG that are missing, seconds from the start and their length.
    disconnects
        The same: the stream of EEG goes away and comes back.
    shuffled
        Whether the electrodes come in another order.
    seed
        Draws all that is random.
    """

    jitter: float = 0.0
    drift: float = 0.0
    offset: float = 0.0
    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    delay: float = 3.0
    dropouts: tuple[tuple[float, float], ...] = ()
    disconnects: tuple[tuple[float, float], ...] = ()
    shuffled: bool = False
    seed: int = 0


NO_FAULTS = Faults()

_LOST, _DOUBLED, _LATE = range(3)


@dataclass(frozen=True)
class Chunk:
    """Samples, [sample, channel] in volts, that come ``due`` seconds after the start."""

    due: float
    stamps: Floats
    values: Floats


@dataclass(frozen=True)
class Message:
    """A marker, stamped in seconds after the start."""

    due: float
    stamp: float
    text: str


@dataclass(frozen=True)
class Away:
    """The stream of EEG goes away for so many seconds."""

    due: float
    seconds: float


Scripted: TypeAlias = Chunk | Message | Away


@dataclass(frozen=True)
class Script:
    """What is played: the electrodes in the order of the channels, the rate, what comes when."""

    electrodes: tuple[str, ...]
    sfreq: float
    steps: tuple[Scripted, ...]


def write_script(recording: Recording, faults: Faults = NO_FAULTS, chunk: int = 8) -> Script:
    """Return how a recording is played.

    Parameters
    ----------
    recording
        Continuous, with flash codes.
    faults
        What goes wrong.
    chunk
        Samples that come at once.

    Raises
    ------
    OnlineError
        When the recording came as epochs, or its flashes have no codes.
    """
    if recording.cut is not None or not has_codes(describe_flashes(recording)).all():
        raise OnlineError(
            f"{recording.name}: expected a continuous recording whose flashes all have codes, "
            "characters and repetitions; nothing else can be played to a speller"
        )
    random = np.random.default_rng(faults.seed)
    order = np.arange(len(recording.electrodes))
    if faults.shuffled:
        order = random.permutation(order)
    steps: list[Scripted] = []
    steps += _chunks(recording, order, faults, chunk, random)
    steps += _messages(recording, faults, random)
    steps += [Away(at, seconds) for at, seconds in faults.disconnects]
    # Markers before the samples of their time, a stream's end between them.
    steps.sort(key=lambda step: (step.due, isinstance(step, Chunk), isinstance(step, Away)))
    electrodes = tuple(recording.electrodes[k] for k in order)
    return Script(electrodes, recording.sfreq, tuple(steps))


def choose_run(recordings: Iterable[Recording], run: str | None) -> Recording:
    """Return the first of some recordings, or the first of a run.

    Raises
    ------
    OnlineError
        When there is none, with the runs there are.
    """
    runs = []
    for recording in recordings:
        if run in (None, recording.run):
            return recording
        runs.append(recording.name)
    raise OnlineError(f"no recording of run {run!r} found, there are: {', '.join(runs) or 'none'}")


def _chunks(
    recording: Recording,
    order: npt.NDArray[np.intp],
    faults: Faults,
    chunk: int,
    random: np.random.Generator,
) -> list[Chunk]:
    values = np.ascontiguousarray(recording.raw.get_data()[order].T)
    times = np.arange(len(values)) / recording.sfreq / (1 + 1e-6 * faults.drift)
    lost = np.zeros(len(values), dtype=bool)
    for at, seconds in (*faults.dropouts, *faults.disconnects):
        lost |= (times >= at) & (times < at + seconds)
    edges = np.flatnonzero(np.diff(lost)) + 1
    starts = np.unique([*range(0, len(values), chunk), *edges, len(values)]).tolist()
    found = []
    for start, stop in pairwise(starts):
        off = faults.jitter * random.standard_normal()
        if not lost[start]:
            own = slice(start, stop)
            found.append(Chunk(float(times[stop - 1]), times[own] + off, values[own]))
    return found


def _messages(recording: Recording, faults: Faults, random: np.random.Generator) -> list[Message]:
    scale = recording.sfreq * (1 + 1e-6 * faults.drift)
    shown = recording.flashes
    due = shown["sample"].to_numpy() / scale
    numbers = shown[["code", "character", "repetition"]].to_numpy(dtype=np.int64).tolist()
    kinds = np.cumsum([faults.lost, faults.doubled, faults.late])
    found, ends = list[Message](), dict[int, float]()
    for at, (code, character, repetition), target in zip(
        due.tolist(), numbers, shown["target"], strict=True
    ):
        flash = Flash(code, character, repetition, None if pd.isna(target) else bool(target))
        ends[character] = at + END
        fate = int(np.searchsorted(kinds, random.random(), side="right"))
        if fate == _LOST:
            continue
        come = at + faults.delay * (fate == _LATE)
        message = Message(come, at - faults.offset, write_flash(flash))
        found += [message] * (2 if fate == _DOUBLED else 1)
    found += [Message(at, at - faults.offset, write_end(one)) for one, at in ends.items()]
    return found


class Player:
    """Two streams, of EEG and of markers, that play a script.

    Parameters
    ----------
    script
        What is played.
    name
        Of the stream of EEG; that of the markers is ``NAME-markers``.
    """

    def __init__(self, script: Script, name: str = "p300-replay") -> None:
        self._script, self._name, self._bindings = script, name, lsl()
        info = self._bindings.StreamInfo(
            f"{name}-markers", "Markers", 1, 0.0, "string", f"{name}-markers"
        )
        self._markers = self._bindings.StreamOutlet(info)
        self._eeg: Any = self._open()

    def _open(self) -> Any:
        names = list(self._script.electrodes)
        info = self._bindings.StreamInfo(
            self._name, "EEG", len(names), self._script.sfreq, "float64", self._name
        )
        info.set_channel_names(names)
        info.set_channel_types("eeg")
        info.set_channel_units("volts")
        return self._bindings.StreamOutlet(info)

    def play(self, speed: float = 1.0, wait: float = 60.0) -> None:
        """Play, once somebody listens to both streams.

        Parameters
        ----------
        speed
            Times faster than it was recorded; stamps stay those of the recording.
        wait
            Seconds to wait for somebody.

        Raises
        ------
        OnlineError
            When nobody comes.
        """
        for outlet in (self._eeg, self._markers):
            if not outlet.wait_for_consumers(wait):
                raise OnlineError(
                    f"nobody listened to {self._name!r} and its markers within {wait:g} s; start "
                    "p300 online beside it"
                )
        begin = float(self._bindings.local_clock()) + 0.1
        for step in self._script.steps:
            ahead = begin + step.due / speed - self._bindings.local_clock()
            if ahead > 0:
                time.sleep(ahead)
            if isinstance(step, Chunk):
                self._eeg.push_chunk(step.values, begin + step.stamps)
            elif isinstance(step, Message):
                self._markers.push_sample([step.text], begin + step.stamp)
            else:
                self._eeg = None  # its end is the stream's
                time.sleep(step.seconds / speed)
                self._eeg = self._open()
                self._eeg.wait_for_consumers(wait)
        time.sleep(1.0)  # so that what is still on its way arrives
