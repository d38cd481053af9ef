"""How long what took in a session, what went wrong, what was spelled: the figures of its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from p300.online.events import (
    BadSamples,
    Broken,
    ClockJump,
    Damaged,
    Decided,
    DoubledMarker,
    Event,
    Fault,
    Gap,
    GivenUp,
    Learned,
    LeftOut,
    MissingMarker,
    Reason,
    Reconnected,
    Scored,
)
from p300.online.latencies import Latencies
from p300.online.stamps import Line, Stamps
from p300.speller.rates import bits_per_minute

PARTS = {
    "transport": "stamp of a chunk's last sample to its arrival",
    "marker": "stamp of a marker to its arrival",
    "decoding": "epoch, features, score and posterior of a flash",
    "learning": "adapting to a character that is over",
    "flash to score": "stamp of a flash to its score, its epoch included",
}
"""What is measured, and what it is."""

BREAKS: dict[str, type[Broken]] = {
    "gaps": Gap, "clock_jumps": ClockJump, "away": Reconnected, "not_finite": BadSamples,
}  # fmt: skip
"""What the EEG does not go on for, as the report calls it."""

Told = tuple[int, int, int]
"""Character, repetition and code of a flash."""


@dataclass
class Timings:
    """What is seen of a session as it goes. It grows with characters and faults, not with time.

    Parameters
    ----------
    sfreq
        Nominal rate of the EEG in Hz.
    n_symbols
        Of the layout.
    learns
        Whether the detector goes on learning.
    """

    sfreq: float
    n_symbols: int
    learns: bool
    latencies: dict[str, Latencies] = field(
        default_factory=lambda: {part: Latencies() for part in PARTS}
    )
    faults: Counter[str] = field(default_factory=Counter)
    left_out: Counter[Reason] = field(default_factory=Counter)
    broken: dict[type[Broken], list[float]] = field(
        default_factory=lambda: {kind: [] for kind in BREAKS.values()}
    )
    decisions: list[Decided] = field(default_factory=list)
    learned: list[Learned] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    n_flashes: int = 0
    jitter: float = 0.0
    largest: float = 0.0
    _line: Line = field(default_factory=lambda: Line(lines=0))
    _missing: set[Told] = field(default_factory=set)
    _unused: set[Told] = field(default_factory=set)
    _begin: float | None = None
    _end: float = 0.0

    def note(self, part: str, seconds: float) -> None:
        """Note how long a part took, in seconds."""
        self.latencies[part].add(seconds)

    def see(self, event: Event) -> None:
        """Note what was scored, decided and learned, and what went wrong."""
        if isinstance(event, Fault):
            self._fault(event)
        elif isinstance(event, Scored):
            self.n_flashes += 1
            if self._begin is None:
                self._begin = event.time
        elif isinstance(event, Decided):
            self.decisions.append(event)
            self._end = event.time
        elif isinstance(event, Learned):
            self.learned.append(event)
            self.note("learning", event.seconds)
        elif isinstance(event, Damaged):
            self.damaged.append(event.character)

    def _fault(self, fault: Fault) -> None:
        self.faults[fault.kind] += 1
        if isinstance(fault, Broken):
            self.broken[type(fault)].append(fault.seconds)
            if isinstance(fault, ClockJump) and self._begin is not None:
                self._begin -= fault.seconds  # on the clock as it is now
        elif isinstance(fault, LeftOut):
            self.left_out[fault.reason] += 1
            self._unused.add((fault.character, fault.repetition, fault.code))
        elif isinstance(fault, MissingMarker):
            self._missing |= {(fault.character, fault.repetition, code) for code in fault.codes}
        elif isinstance(fault, GivenUp) and fault.waiting:
            self.left_out[Reason.GIVEN_UP] += fault.waiting

    def end_of(self, stamps: Stamps) -> None:
        """Note how even the clock of a stretch was that is over."""
        if stamps.n_samples > 1:
            self.jitter = max(self.jitter, stamps.jitter)
            self.largest = max(self.largest, stamps.largest)
            self._line = self._line.beside(stamps.line)

    def to_dict(self) -> dict[str, Any]:
        """Return the report JSON-ready, in seconds; docs/online.md has what each figure is."""
        return {
            "latency": {part: found.to_dict() for part, found in self.latencies.items()},
            "eeg": self._eeg(),
            "flashes": self.n_flashes,
            "markers": {
                "lost": len(self._missing - self._unused),
                "doubled": self.faults[DoubledMarker.kind],
            },
            "left_out": {reason.name.lower(): n for reason, n in self.left_out.items()},
            "faults": {kind: n for kind, n in self.faults.items() if n},
            "letters": self._letters(),
            "speed": self._speed(),
            "adaptation": self._adaptation() if self.learns else None,
        }

    def _eeg(self) -> dict[str, Any]:
        """Return how even and whole the EEG was."""
        fitted = self._line.slope()
        slope, error = (None, None) if fitted is None else fitted
        return {
            "nominal_rate": self.sfreq,
            "rate": None if slope is None else self.sfreq / (1 + slope),
            "drift_ppm": None if slope is None else 1e6 * (1 / (1 + slope) - 1),
            "drift_error_ppm": None if error is None else 1e6 * error,
            "jitter": self.jitter,
            "largest": self.largest,
            **{
                name: {"times": len(self.broken[kind]), "seconds": sum(self.broken[kind])}
                for name, kind in BREAKS.items()
            },
        }

    def _letters(self) -> dict[str, Any]:
        """Return what was decided, and how."""
        known = [one.right for one in self.decisions if one.right is not None]
        return {
            "text": "".join(one.symbol for one in self.decisions),
            "decided": len(self.decisions),
            "forced": sum(one.forced for one in self.decisions),
            "ties": sum(one.tie for one in self.decisions),
            "damaged": len(self.damaged),
            "given_up": self.faults[GivenUp.kind],
            "right": sum(known) if known else None,
            "wrong": len(known) - sum(known) if known else None,
            "repetitions": [one.repetitions for one in self.decisions],
        }

    def _speed(self) -> dict[str, float | None]:
        """Return symbols and bits a minute, from the first flash to the last decision."""
        n = len(self.decisions)
        if not n or self._begin is None or self._end <= self._begin:
            return {"seconds": None, "symbols_per_minute": None, "bits_per_minute": None}
        seconds = self._end - self._begin
        known = [one.right for one in self.decisions if one.right is not None]
        bits = None
        if known:
            share = sum(known) / len(known)
            bits = float(bits_per_minute(share, seconds / n, self.n_symbols))
        n_symbols = sum(bool(one.symbol) for one in self.decisions)
        return {
            "seconds": seconds,
            "symbols_per_minute": 60 * n_symbols / seconds,
            "bits_per_minute": bits,
        }

    def _adaptation(self) -> dict[str, Any]:
        """Return how learning from one character after another went."""
        repetitions = [one.repetitions for one in self.decisions]
        third = len(repetitions) // 3
        return {
            "learned": len(self.learned),
            "damaged": len(self.damaged),
            "trusted": all(one.trusted for one in self.learned),
            "fell_back": [one.character for one in self.learned if one.fell_back],
            "seconds": sum(one.seconds for one in self.learned),
            "repetitions_first_third": _mean(repetitions[:third]),
            "repetitions_last_third": _mean(repetitions[len(repetitions) - third :]),
        }


def _mean(values: Sequence[int]) -> float | None:
    return float(np.mean(values)) if values else None
