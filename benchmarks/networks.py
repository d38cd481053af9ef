"""CNN-1 of many people with 64 electrodes, and what it would take of more: `p300 evaluate`.

The simulated study, 1,800 flashes a person, people dealt to ten groups of which each is tested in
turn, one job, one thread, early stop as it comes. The epochs are in the cache before; imports,
scores and metrics count. By steps, as a step takes the same whoever takes part:

    steps of a pass = training epochs * (1 - validation_fraction) / batch_size
    CPU seconds of n people = folds * passes * steps of a pass of n * CPU seconds a step

where passes are the mean of those that the measured folds took, and CPU seconds a step all of the
command's divided by all of its steps.

    python benchmarks/networks.py --people 20 --ask 200
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from whole import call_evaluate, called, electrode_names

GROUPS, FLASHES = 10, 1_800


def print_networks(people: int, n_electrodes: int, asked: int) -> None:
    """Measure, and print what was measured and what it comes to for more people."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        electrodes = electrode_names(n_electrodes)
        source = {"source": "simulated", "n_subjects": people, "electrodes": electrodes}
        config = {
            "datasets": {"study": [source]},
            "detectors": {"cnn1": {}},
            "protocols": {"cross_subject": {"n_folds": GROUPS}},
        }
        (work / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
        prepare = [sys.executable, "-m", "p300", "prepare", str(work / "config.yaml")]
        prepared = called([*prepare, "--out", str(work / "run")], work, lambda _: 0.0)
        done = call_evaluate(work)
        fits = [json.loads(path.read_text()) for path in (work / "run" / "fits").glob("*.json")]
    passes = [len(fit["history"]) for fit in fits]
    steps = sum(len(fit["history"]) * _steps(fit, fit["n_train"]) for fit in fits)
    a_step, learned = done.cpu / steps, asked * FLASHES * (GROUPS - 1) / GROUPS
    more = GROUPS * statistics.mean(passes) * _steps(fits[0], learned) * a_step
    print("| what | people | CPU s | clock s | CPU s a fold | MB |\n|---|---|---|---|---|---|")
    print(
        f"| preparation | {people} | {prepared.cpu:.0f} | {prepared.clock:.0f} | "
        f"| {prepared.memory:.0f} |\n"
        f"| CNN-1, {len(fits)} folds | {people} | {done.cpu:.0f} | {done.clock:.0f} "
        f"| {done.cpu / len(fits):.1f} | {done.memory:.0f} |\n"
        f"| the same, by steps | {asked} | {more:.0f} | | {more / GROUPS:.0f} | |\n\n"
        f"{min(passes)} to {max(passes)} passes, mean {statistics.mean(passes):.1f}; {steps:.0f} "
        f"steps of {1e3 * a_step:.2f} ms; mean AUC {done.auc:.3f}"
    )


def _steps(fit: dict[str, dict[str, float]], n_train: float) -> float:
    """Return the steps of a pass."""
    method = fit["method"]
    return n_train * (1 - method["validation_fraction"]) / method["batch_size"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--electrodes", type=int, default=64)
    parser.add_argument("--ask", type=int, default=200, help="people to extrapolate to")
    given = parser.parse_args()
    print_networks(given.people, given.electrodes, given.ask)


if __name__ == "__main__":
    main()
