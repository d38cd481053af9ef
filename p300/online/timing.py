"""How long what took in a session, and what went wrong: the figures of its report."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from p300.online.events import Decided, Event, Fault, Scored
from p300.online.stamps import Stamps

PARTS = {
    "transport": "stamp of a chunk's last sample to its arrival",
    "marker": "stamp of a marker to its arrival",
    "decoding": "epoch, features, score and posterior of a flash",
    "learning": "adapting to a character that is over",
    "flash to score": "stamp of a flash to its score, its epoch included",
}
"""What is measured, and what it is."""


@dataclass
class Timings:
    """Figures of a session as it goes; some ten bytes a sample of each part."""

    seconds: dict[str, array[float]] = field(
        default_factory=lambda: {part: array("d") for part in PARTS}
    )
    faults: Counter[str] = field(default_factory=Counter)
    decisions: list[Decided] = field(default_factory=list)
    n_flashes: int = 0
    jitter: float = 0.0
    largest: float = 0.0
    rates: list[tuple[int, float]] = field(default_factory=list)

    def note(self, part: str, seconds: float) -> None:
        """Note how long a part took, in seconds."""
        self.seconds[part].append(seconds)

    def count(self, kind: type[Fault]) -> None:
        """Count a fault."""
        self.faults[kind.kind] += 1

    def see(self, event: Event) -> None:
        """Note what was scored and decided."""
        if isinstance(event, Decided):
            self.decisions.append(event)
        elif isinstance(event, Scored):
            self.n_flashes += 1

    def end_of(self, stamps: Stamps) -> None:
        """Note how even the clock of a stretch was that is over."""
        if stamps.n_samples > 1:
            self.jitter = max(self.jitter, stamps.jitter)
            self.largest = max(self.largest, stamps.largest)
            self.rates.append((stamps.n_samples, stamps.rate))

    def to_dict(self) -> dict[str, Any]:
        """Return the report JSON-ready; seconds throughout, of a part None where it never was."""
        n = sum(n for n, _ in self.rates)
        return {
            "latency": {part: _told(values) for part, values in self.seconds.items()},
            "stamps": {
                "jitter": self.jitter,
                "largest": self.largest,
                "rate": sum(n * rate for n, rate in self.rates) / n if n else None,
            },
            "faults": dict(self.faults),
            "flashes": self.n_flashes,
            "text": "".join(one.symbol for one in self.decisions),
            "characters": len(self.decisions),
            "damaged": sum(one.damaged for one in self.decisions),
            "repetitions": [one.repetitions for one in self.decisions],
        }


def _told(values: array[float]) -> dict[str, float] | None:
    if not len(values):
        return None
    seconds = np.frombuffer(values)
    return {
        "median": float(np.median(seconds)),
        "p99": float(np.percentile(seconds, 99)),
        "worst": float(seconds.max()),
        "n": len(seconds),
    }


def report_rows(report: Mapping[str, Any]) -> list[tuple[list[str], list[list[str]]]]:
    """Return the tables of a report: heads and rows, as texts."""
    latency = [
        [part, *(f"{1e3 * told[key]:.1f}" for key in ("median", "p99", "worst")), str(told["n"])]
        for part, told in report["latency"].items()
        if told is not None
    ]
    stamps = report["stamps"]
    facts = [
        ["text", report["text"]],
        ["characters", f"{report['characters']}, {report['damaged']} damaged"],
        ["flashes", str(report["flashes"])],
        ["jitter of stamps (ms)", f"{1e3 * stamps['jitter']:.2f}"],
        ["largest (ms)", f"{1e3 * stamps['largest']:.2f}"],
        ["rate (Hz)", "" if stamps["rate"] is None else f"{stamps['rate']:.4f}"],
    ]
    faults = [[kind, str(count)] for kind, count in report["faults"].items()]
    return [
        (["ms", "median", "99 %", "worst", "n"], latency),
        (["session", ""], facts),
        (["fault", "times"], faults),
    ]
