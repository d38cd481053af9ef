"""The report of a session as tables of texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from p300.online.events import Reason
from p300.online.timing import BREAKS

Table = tuple[list[str], list[list[str]]]
"""Heads and rows."""


def report_tables(report: Mapping[str, Any]) -> list[Table]:
    """Return the tables of a report, see :meth:`p300.online.timing.Timings.to_dict`."""
    tables = [
        (["ms", "median", "99 %", "worst", "n"], _latency(report["latency"])),
        (["EEG", ""], _eeg(report["eeg"])),
        (["flashes", "times"], _flashes(report)),
        (["letters", ""], _letters(report["letters"], report["speed"])),
    ]
    if report["adaptation"] is not None:
        tables.append((["adaptation", ""], _adaptation(report["adaptation"])))
    faults = [[kind, str(count)] for kind, count in report["faults"].items()]
    return [*tables, (["fault", "times"], faults)]


def _latency(latency: Mapping[str, Any]) -> list[list[str]]:
    return [
        [part, *(f"{1e3 * told[key]:.1f}" for key in ("median", "p99", "worst")), str(told["n"])]
        for part, told in latency.items()
        if told is not None
    ]


def _eeg(eeg: Mapping[str, Any]) -> list[list[str]]:
    error = "" if eeg["drift_error_ppm"] is None else f" ± {eeg['drift_error_ppm']:.1f}"
    return [
        ["nominal rate (Hz)", f"{eeg['nominal_rate']:g}"],
        ["rate (Hz)", _number(eeg["rate"], 4)],
        ["drift (ppm)", _number(eeg["drift_ppm"], 1) + error],
        ["jitter of stamps (ms)", f"{1e3 * eeg['jitter']:.2f}"],
        ["largest (ms)", f"{1e3 * eeg['largest']:.2f}"],
        *(
            [kind.kind, f"{eeg[name]['times']}, {eeg[name]['seconds']:.2f} s in all"]
            for name, kind in BREAKS.items()
            if eeg[name]["times"]
        ),
    ]


def _flashes(report: Mapping[str, Any]) -> list[list[str]]:
    markers = report["markers"]
    return [
        ["scored", str(report["flashes"])],
        ["never told", str(markers["lost"])],
        *(
            [f"left out: {Reason[name.upper()]}", str(times)]
            for name, times in report["left_out"].items()
        ),
    ]


def _letters(letters: Mapping[str, Any], speed: Mapping[str, Any]) -> list[list[str]]:
    unknown = "not known: the markers tell no target"
    right = unknown if letters["right"] is None else f"{letters['right']}, {letters['wrong']} wrong"
    bits = unknown if letters["right"] is None else _number(speed["bits_per_minute"], 2)
    return [
        ["text", letters["text"]],
        ["decided", str(letters["decided"])],
        ["before enough was known", str(letters["forced"])],
        ["ties", str(letters["ties"])],
        ["damaged", str(letters["damaged"])],
        ["given up", str(letters["given_up"])],
        ["right", right],
        ["first flash to last decision (s)", _number(speed["seconds"], 1)],
        ["symbols a minute", _number(speed["symbols_per_minute"], 2)],
        ["bits a minute", bits],
    ]


def _adaptation(adaptation: Mapping[str, Any]) -> list[list[str]]:
    first, last = (adaptation[f"repetitions_{which}_third"] for which in ("first", "last"))
    fell_back = ", ".join(map(str, adaptation["fell_back"]))
    return [
        ["learned from", str(adaptation["learned"])],
        ["damaged, not learned from", str(adaptation["damaged"])],
        ["what was learned is trusted", "yes" if adaptation["trusted"] else "not throughout"],
        ["fell back to the start's knowledge at", fell_back or "none"],
        ["learning, all (ms)", f"{1e3 * adaptation['seconds']:.1f}"],
        ["repetitions, first third", _number(first, 1)],
        ["repetitions, last third", _number(last, 1)],
    ]


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
