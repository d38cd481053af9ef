"""CPU seconds of commands that compute little: what they import, read and draw.

Prints one table, a row a command. Every command is a fresh process and is called several times; the
least of its CPU seconds (user and system, its workers included) counts. With another checkout of
the package, such as one before a change, both are called in turn and their ratio is given, which
holds under load.

    python benchmarks/commands.py
    git worktree add ../before COMMIT; python benchmarks/commands.py --before ../before

Runs are of simulated data. With ``P300_DATA`` a folder that holds ``bnci2015-003``, ``init`` and
``inspect`` are called, too, and a plan of these recordings is made.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
STUDY = (
    "datasets={simulated: [{source: simulated}]}", "detectors={cnn1: {max_passes: 1}, slda: {}}",
)  # fmt: skip
LINEAR = (*STUDY[:1], "detectors={slda: {}}")


@dataclass(frozen=True)
class Row:
    """A command.

    Parameters
    ----------
    title
        Of the row.
    arguments
        Of ``p300``; ``{work}`` is a folder of the checkout's own.
    before
        Called with that folder before each time.
    """

    title: str
    arguments: Sequence[str]
    before: Callable[[Path], None] = lambda _: None


def settings(of: Sequence[str]) -> list[str]:
    """Return overrides as options."""
    return [part for setting in of for part in ("--set", setting)]


def forget(name: str) -> Callable[[Path], None]:
    """Return what removes a folder of the work folder."""
    return lambda work: shutil.rmtree(work / name, ignore_errors=True)


def rows(data: Path | None) -> list[Row]:
    """Return the commands, those on recordings where there are any."""
    found = [
        Row("`detectors`", ["detectors"]),
        Row("`detectors cnn1`", ["detectors", "cnn1"]),
        Row("`datasets`", ["datasets"]),
        Row("`run` on a finished folder", ["run", *settings(STUDY), "--out", "{work}/run"]),
        Row("`run --dry-run`", ["run", *settings(STUDY), "--dry-run"]),
        Row("`evaluate` of `slda`, one process, epochs in the cache",
            ["evaluate", *settings(LINEAR), "--out", "{work}/again", "--jobs", "1"],
            forget("again")),
        Row("`report FOLDER`", ["report", "{work}/run"]),
    ]  # fmt: skip
    if data is not None:
        recorded = settings(["datasets={bnci: [{source: bnci2015_003, path: bnci2015-003}]}"])
        recordings = str(data / "bnci2015-003")
        plan = ["run", *recorded, "--data", str(data), "--dry-run"]
        found += [
            Row("`init` of BNCI 2015-003, three subjects",
                ["init", recordings, "--out", "{work}/config.yaml"],
                lambda work: (work / "config.yaml").unlink(missing_ok=True)),
            Row("`inspect` of one of its files", ["inspect", f"{recordings}/s6.mat"]),
            Row("`run --dry-run` of them", plan),
        ]  # fmt: skip
    cold = ["run", *settings(STUDY), "--dry-run"]
    return [*found, Row("`run --dry-run`, empty cache", cold, forget("cache"))]


def cpu_seconds(checkout: Path, work: Path, arguments: Sequence[str]) -> float:
    """Return the CPU seconds of a command of a checkout and of all processes that it starts."""
    variables = {**os.environ, "PYTHONPATH": str(checkout), "P300_CACHE": str(work / "cache")}
    command = [
        sys.executable,
        "-m",
        "p300",
        *(each.replace("{work}", str(work)) for each in arguments),
    ]
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(  # noqa: S603  # the commands above
        command, env=variables, cwd=work, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime - start.ru_utime + end.ru_stime - start.ru_stime


def make_ready(checkout: Path, work: Path, data: Path | None) -> None:
    """Finish a run, and keep what other commands find in the cache."""
    work.mkdir()
    run = ["run", *settings(STUDY), "--out", "{work}/run"]
    cpu_seconds(checkout, work, run)
    if data is not None:
        recorded = settings(["datasets={bnci: [{source: bnci2015_003, path: bnci2015-003}]}"])
        prepare = ["prepare", *recorded, "--data", str(data), "--out", "{work}/prepared"]
        cpu_seconds(checkout, work, prepare)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, help="another checkout to compare with")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="rows whose title holds this")
    given = parser.parse_args()
    data = Path(os.environ.get("P300_DATA", "data"))
    there = data.resolve() if (data / "bnci2015-003").is_dir() else None
    checkouts = [*([given.before.resolve()] if given.before else []), HERE]
    with tempfile.TemporaryDirectory() as folder:
        places = [(checkout, Path(folder) / str(n)) for n, checkout in enumerate(checkouts)]
        for checkout, work in places:
            make_ready(checkout, work, there)
        heads = ["before (CPU s)", "here (CPU s)", "ratio"] if given.before else ["CPU s"]
        print(f"| command | {' | '.join(heads)} |\n|{'---|' * (1 + len(heads))}")
        for row in (row for row in rows(there) if given.only in row.title):
            taken: list[list[float]] = [[] for _ in places]
            for _ in range(given.repeats):
                for (checkout, work), seconds in zip(places, taken, strict=True):
                    row.before(work)
                    seconds.append(cpu_seconds(checkout, work, row.arguments))
            least = [min(seconds) for seconds in taken]
            cells = [f"{seconds:.2f}" for seconds in least]
            if given.before:
                cells.append(f"{least[0] / least[1]:.1f}")
            print(f"| {row.title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
