"""Runs on a Dask cluster whose workers are killed, or whose client is: the same scores."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired
from typing import Any

from campaigns.small_run import PATIENCE, SmallRun, shortcomings, undisturbed
from campaigns.tried import Tried
from sessions import END, all_end


def cluster(place: Path, seed: int, tries: Iterable[int]) -> Iterator[Tried]:
    """Yield what came of runs whose workers were killed."""
    if importlib.util.find_spec("distributed") is None:
        yield Tried(0, "Dask", "left out: distributed is not installed")
        return
    usual, expected = undisturbed(place / "undisturbed", "evaluate")
    with _client() as client:
        for k in tries:
            random = Random(f"{seed}-{k}")
            small = SmallRun(place / "small", place / "small" / "run", usual.cache)
            wanted = ("--cluster", client.scheduler.address)
            said, wrong = [], ""
            for _ in range(random.choice([1, 1, 2])):
                whom = random.choice(["a worker", "a worker", "the client"])
                share = random.uniform(0.1, 1.0)
                said.append(f"{whom} killed at {share:.3f}")
                client.wait_for_workers(2)
                after = share * expected.seconds
                wrong = wrong or _killed(small, wanted, whom, after, client, random)
            wrong = wrong or small.finish("evaluate", *wanted)
            wrong = wrong or shortcomings(small, expected, report=False)
            yield Tried(k, ", ".join(said), wrong or "worked")
            shutil.rmtree(small.folder)


@contextmanager
def _client() -> Iterator[Any]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=50,
        ) as local,
        Client(local) as client,
    ):
        yield client


def _killed(
    small: SmallRun, wanted: tuple[str, ...], whom: str, after: float, client: Any, random: Random
) -> str:
    """Start a run and kill a worker or its client; tell what was wrong with what followed."""
    with small.started("evaluate", *wanted) as process:
        try:
            process.wait(after)
        except TimeoutExpired:
            if whom == "the client":
                process.kill()
            else:
                pids = sorted(client.run(os.getpid).values())
                os.kill(random.choice(pids), signal.SIGKILL)
        try:
            status = process.wait(END if whom == "the client" else PATIENCE)
        except TimeoutExpired:
            return f"hangs after {whom} was killed"
        if not all_end(process.pid):
            return f"processes are left after {whom} was killed"
    if status not in (0, -signal.SIGKILL):
        return f"ended with {status} after {whom} was killed, said {small.said()[-4:]}"
    return ""
