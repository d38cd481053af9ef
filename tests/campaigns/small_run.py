"""A small experiment that is disturbed, and whether it ended as one that was not."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sessions import processes

from p300.files import is_temporary

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = """
name: disturbed
datasets: {simulated: {source: simulated, n_subjects: 4, n_runs: 1, characters_per_run: 3,
  repetitions: 4}}
detectors: {slda: {}}
protocols: {cross_subject: {}}
"""
PROGRESS = re.compile(r" \d+/(\d+|\?) \d+:\d\d:\d\d$")
PATIENCE = 300.0
"""Seconds that a run of half a minute may take on a machine that is busy."""


@dataclass(frozen=True)
class SmallRun:
    """Where a run, its cache and what it says are.

    Parameters
    ----------
    folder
        Of config and what was said.
    run, cache
        Their folders, need not exist.
    """

    folder: Path
    run: Path
    cache: Path

    @contextmanager
    def started(self, command: str, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start a command in a session of its own, of which nothing is left in the end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "config.yaml"
        config.write_text(CONFIG, encoding="utf-8")
        given = [sys.executable, "-m", "p300", command, str(config), "--out", str(self.run), *more]
        environment = {"P300_CACHE": str(self.cache), "PYTHONPATH": str(REPOSITORY)}
        with self._said.open("wb") as said:
            process = subprocess.Popen(
                given, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
                env={**os.environ, **environment},
            )  # fmt: skip
        try:
            yield process
        finally:
            for pid in processes(process.pid):
                os.kill(pid, signal.SIGKILL)
            process.wait()

    @property
    def _said(self) -> Path:
        return self.folder / "said.txt"

    def said(self) -> list[str]:
        """Give the lines that were last said, less those of progress."""
        lines = self._said.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if line.strip() and not PROGRESS.search(line)]

    def finish(self, command: str, *more: str) -> str:
        """Run a command to its end; tell what went wrong."""
        with self.started(command, *more) as process:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                return f"{command} hangs"
        if process.returncode != 0:
            return f"{command} ended with {process.returncode}: {' '.join(self.said()[-3:])[-300:]}"
        return ""


@dataclass(frozen=True)
class Expected:
    """What came of an experiment that nobody disturbed, and how long it took."""

    scores: pd.DataFrame
    metrics: Sequence[Any]
    seconds: float


def undisturbed(place: Path, command: str = "run") -> tuple[SmallRun, Expected]:
    """Run the experiment, and once more with what it left in the cache, which is timed."""
    first = SmallRun(place, place / "first", place / "cache")
    small = SmallRun(place, place / "run", place / "cache")
    if wrong := first.finish("evaluate", "--jobs", "1"):
        raise RuntimeError(f"the undisturbed run: {wrong}")
    started = time.monotonic()
    if wrong := small.finish(command, "--jobs", "2"):
        raise RuntimeError(f"the undisturbed run: {wrong}")
    expected = Expected(*results(small.run), time.monotonic() - started)
    if wrong := difference(first.run, expected):
        raise RuntimeError(f"two undisturbed runs: {wrong}")
    return small, expected


def results(run: Path) -> tuple[pd.DataFrame, list[Any]]:
    """Give scores and metrics of a run, less the seconds that fitting took."""
    rows = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["rows"]
    kept = [row for row in rows if row["metric"] != "fit_seconds"]
    return pd.read_parquet(run / "scores.parquet"), kept


def difference(run: Path, expected: Expected) -> str:
    """Tell what of a run is not as expected."""
    scores, metrics = results(run)
    if not scores.equals(expected.scores):
        return "other scores"
    return "" if metrics == expected.metrics else "other metrics"


def shortcomings(small: SmallRun, expected: Expected, *, report: bool) -> str:
    """Tell what of a run that was disturbed and ended is not as of one that was not."""
    found = [difference(small.run, expected)]
    if report and not _is_whole(small.run / "report.html"):
        found.append("no whole report")
    left = [path.name for path in small.run.rglob("*") if is_temporary(path)]
    left += [path.name for path in small.cache.rglob(".*") if re.search(r"\.tmp", path.name)]
    if left:
        found.append(f"left behind: {', '.join(left)}")
    return "; ".join(filter(None, found))


def _is_whole(report: Path) -> bool:
    return report.is_file() and report.read_text(encoding="utf-8").rstrip().endswith("</html>")
