"""A whole command beside MOABB's: from the FIF files of a study to its scores.

Eight people of the simulated study, 1,800 flashes each, leave one person out; 0.1-20 Hz, 120 Hz,
epochs of 0.8 s in volts, one job, one thread. Each cell is a process of its own, imports included:
CPU seconds (seconds by the clock) of `p300 evaluate` and of `moabb_command.py`, with an empty cache
of the tool and with one that its own cold call has filled; then the peak memory of these calls.

    python benchmarks/whole.py --electrodes 8 64
    python benchmarks/whole.py --moabb-python ../moabb-environment/bin/python

This process stays small: the kernel counts what a parent had at its child's start as the child's.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
METHODS = {
    "shrinkage LDA on 16 window means": ("slda", "windows"),
    "xDAWN, shrinkage LDA": ("xdawn_lda", "xdawn"),
    "xDAWN covariances, tangent space": ("xdawn_ts", "tangent"),
}
"""Title -> detector of p300, pipeline of MOABB."""
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
SETTLED = 3
"""Seconds after which p300 trusts a file's times."""


@dataclass(frozen=True)
class Call:
    """A finished process: CPU seconds, seconds, peak memory in MB, mean AUC."""

    cpu: float
    clock: float
    memory: float
    auc: float

    def __str__(self) -> str:
        return f"{self.cpu:.1f} ({self.clock:.1f})"


def electrode_names(n: int) -> list[str]:
    """Return the simulated study's eight electrodes, and then those of a cap of 64."""
    import mne

    from p300.recordings.simulated.study import ELECTRODES

    more = mne.channels.make_standard_montage("biosemi64").ch_names
    return list(dict.fromkeys([*ELECTRODES, *more]))[:n]


def make_study(folder: Path, n_electrodes: int, people: int) -> None:
    """Write the simulated study as FIF files, a run each, marked Target and NonTarget."""
    import mne

    from p300.recordings.simulated.study import load

    folder.mkdir(parents=True)
    electrodes = electrode_names(n_electrodes)
    for recording in load(dataset="study", n_subjects=people, electrodes=electrodes):
        raw, flashes = recording.raw, recording.flashes
        marks = flashes["target"].map({True: "Target", False: "NonTarget"})
        onsets = flashes["sample"].to_numpy() / raw.info["sfreq"]
        raw.set_annotations(mne.Annotations(onsets, 0.0, list(marks)))
        raw.save(folder / f"sub-{recording.subject}_run-{recording.run}_raw.fif", verbose="error")


def called(command: Sequence[str], work: Path, read_auc: Callable[[str], float]) -> Call:
    """Call a command and measure it and its children."""
    paths = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    places = {"PYTHONPATH": os.pathsep.join(paths), "P300_CACHE": str(work / "p300")}
    variables = {**os.environ, **ONE_THREAD, **places}
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603  # the commands below
            command, env=variables, cwd=work, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        clock = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: {text}")
    done = Call(used.ru_utime + used.ru_stime, clock, used.ru_maxrss / 1024, read_auc(text))
    print(done, f"{done.memory:.0f} MB:", *command[1:], file=sys.stderr, flush=True)
    return done


def call_p300(study: Path, detector: str, work: Path) -> Call:
    """Call ``p300 evaluate``."""
    source = {
        "source": "annotated", "path": str(study), "target": ["Target"], "nontarget": ["NonTarget"],
    }  # fmt: skip
    config = {
        "datasets": {"study": [source]},
        "preprocessing": {"low": 0.1, "high": 20.0, "tmax": 0.8, "normaliser": "none"},
        "detectors": {detector: {}},
        "protocols": {"cross_subject": {}},
    }
    (work / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    shutil.rmtree(work / "run", ignore_errors=True)
    return call_evaluate(work)


def call_evaluate(work: Path) -> Call:
    """Call ``p300 evaluate`` of the folder's config, for its folder ``run``."""

    def read_auc(_: str) -> float:
        rows = json.loads((work / "run" / "metrics.json").read_text(encoding="utf-8"))["rows"]
        found = [row for row in rows if row["subject"] == "mean" and row["metric"] == "roc_auc"]
        return float(found[0]["value"])

    command = [sys.executable, "-m", "p300", "evaluate", str(work / "config.yaml")]
    return called([*command, "--jobs", "1", "--out", str(work / "run")], work, read_auc)


def call_moabb(python: str, study: Path, pipeline: str, work: Path) -> Call:
    """Call MOABB's evaluation."""
    command = [python, str(HERE / "moabb_command.py"), str(study), pipeline, str(work / "moabb")]
    return called(command, work, lambda text: float(text.split()[-1]))


def has_moabb(python: str) -> bool:
    """Return whether an interpreter has MOABB."""
    command = [python, "-c", "import moabb"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def cold_and_warm(call: Callable[[], Call], cache: Path, repeats: int) -> tuple[Call, Call]:
    """Call once with an empty cache, then several times; the warm call of least CPU seconds."""
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir()
    cold = call()
    return cold, min((call() for _ in range(repeats)), key=lambda done: done.cpu)


def print_whole(
    sizes: Sequence[int], people: int, python: str, repeats: int, only: Sequence[str]
) -> None:
    """Print the table, a row a method and number of electrodes."""
    there = has_moabb(python)
    print("CPU s (clock s), MB\n")
    print(
        "| method | electrodes | p300 cold | p300 warm | MOABB cold | MOABB warm | p300 MB, cold, "
        f"warm | MOABB MB, cold, warm | AUC p300 | AUC MOABB |\n|{'---|' * 10}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for n_electrodes in sizes:
            study, work = Path(folder) / f"of-{n_electrodes}" / "study", Path(folder) / "work"
            work.mkdir(exist_ok=True)
            maker = multiprocessing.get_context("spawn").Process(
                target=make_study, args=(study, n_electrodes, people)
            )
            maker.start()
            maker.join()
            time.sleep(SETTLED)
            for title, (detector, pipeline) in METHODS.items():
                if only and not any(word in title for word in only):
                    continue
                pairs = [cold_and_warm(
                    lambda: call_p300(study, detector, work), work / "p300", repeats  # noqa: B023
                )]  # fmt: skip
                if there:
                    pairs.append(cold_and_warm(
                        lambda: call_moabb(python, study, pipeline, work),  # noqa: B023
                        work / "moabb", repeats,
                    ))  # fmt: skip
                print(_row([title, str(n_electrodes)], pairs), flush=True)


def _row(head: list[str], pairs: Sequence[tuple[Call, Call]]) -> str:
    """Return a row of the table; without MOABB's pair, of what it is told of."""
    seconds = [str(call) for pair in pairs for call in pair]
    memory = [", ".join(f"{call.memory:.0f}" for call in pair) for pair in pairs]
    aucs = [f"{warm.auc:.4f}" for _, warm in pairs]
    if len(pairs) == 1:
        seconds += ["not installed here", ""]
        memory, aucs = [*memory, ""], [*aucs, ""]
    return f"| {' | '.join([*head, *seconds, *memory, *aucs])} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--electrodes", type=int, nargs="+", default=[8, 64])
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--moabb-python", default=sys.executable, help="an interpreter with MOABB")
    parser.add_argument("--repeats", type=int, default=2, help="of warm calls; the least counts")
    parser.add_argument("--only", nargs="+", default=[], help="methods whose title holds one")
    given = parser.parse_args()
    print_whole(given.electrodes, given.people, given.moabb_python, given.repeats, given.only)


if __name__ == "__main__":
    main()
