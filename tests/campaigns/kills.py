"""Runs that are killed, or told to stop, at any moment, and started again: the same scores."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from subprocess import Popen, TimeoutExpired

from campaigns.small_run import PATIENCE, Expected, SmallRun, shortcomings, undisturbed
from campaigns.tried import Tried
from sessions import END, all_end, processes

TERMINATED = "Terminated. A run goes on where it stopped when started again."
WAYS = ("kill", "kill", "kill all", "terminate", "terminate", "terminate all", "kill a worker")
"""The main process, all processes of a run, as batch systems do, or one of its workers."""


def kills(place: Path, seed: int, tries: Iterable[int]) -> Iterator[Tried]:
    """Yield what came of runs that were stopped once or twice."""
    usual, expected = undisturbed(place / "undisturbed")
    for k in tries:
        random = Random(f"{seed}-{k}")
        small = SmallRun(place / "small", place / "small" / "run", place / "small" / "cache")
        command, warm = random.choice(["run", "run", "evaluate"]), random.random() < 0.5
        said = [command, "warm cache" if warm else "cold cache"]
        if warm:
            shutil.copytree(usual.cache, small.cache)
        wrong = ""
        for _ in range(random.choice([1, 1, 2])):
            way, share = random.choice(WAYS), random.uniform(0.0, 1.05)
            said.append(f"{way} at {share:.3f}")
            wrong = wrong or _stopped(small, command, way, share * expected.seconds)
        wrong = wrong or small.finish(command, "--jobs", "2") or _ended(small, expected, command)
        yield Tried(k, ", ".join(said), wrong or "worked")
        shutil.rmtree(small.folder)


def _ended(small: SmallRun, expected: Expected, command: str) -> str:
    return shortcomings(small, expected, report=command == "run")


def _stopped(small: SmallRun, command: str, way: str, after: float) -> str:
    """Start a run and stop it after some seconds; tell what was wrong with how it stopped."""
    with small.started(command, "--jobs", "2") as process:
        try:
            process.wait(after)
        except TimeoutExpired:
            _stop(process, way)
        try:
            # Who killed a worker must see the run go on to its end.
            status = process.wait(PATIENCE if way == "kill a worker" else END)
        except TimeoutExpired:
            return f"still alive after it was to end ({way})"
        if not all_end(process.pid):
            return f"processes are left ({way})"
    return _manners(small, way, status)


def _stop(process: Popen[bytes], way: str) -> None:
    number = signal.SIGTERM if way.startswith("terminate") else signal.SIGKILL
    if way == "kill a worker":
        while process.poll() is None:
            if workers := [pid for pid in processes(process.pid) if is_worker(pid)]:
                os.kill(workers[-1], number)
                return
            time.sleep(0.1)
    elif way.endswith("all"):
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)


def is_worker(pid: int) -> bool:
    """Tell whether a process fits folds."""
    try:
        return b"popen_loky_posix" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _manners(small: SmallRun, way: str, status: int) -> str:
    """Tell what is wrong with the exit status of what was stopped, and with what it said."""
    said = small.said()
    if status == 0:  # it had ended, or goes on without a worker
        return ""
    if way.startswith("terminate"):
        if status == -signal.SIGTERM and not said:  # Python itself had not started yet
            return ""
        if status != 128 + signal.SIGTERM or said != [TERMINATED]:
            return f"ended with {status} ({way}), said {said[-4:]}"
    elif way == "kill a worker" or status != -signal.SIGKILL:
        return f"ended with {status} ({way}), said {said[-4:]}"
    return ""
