"""Folds a second of networks on the processor and on a graphics card: `p300 evaluate`.

The simulated study, 1,800 flashes a person, 64 electrodes; each person in turn is tested, each
fold fitted with several seeds, so many passes without early stop. On the processor folds are
fitted in as many processes as asked for; on a card one process trains them side by side. Epochs
are in the cache before; imports, scores and metrics count: the difference of the two calls on the
card is that of their folds alone.

    python benchmarks/cards.py --jobs 8 --device cuda
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from whole import Call, called, electrode_names

PEOPLE, PASSES = 8, 10


def evaluate(work: Path, network: str, repeats: int, *where: str) -> tuple[Call, int]:
    """Evaluate a network with more and more seeds; return what the call took, and its folds."""
    passes = {} if network == "slda" else {"max_passes": PASSES, "patience": PASSES}
    config = {
        "datasets": {
            "study": [
                {"source": "simulated", "n_subjects": PEOPLE, "electrodes": electrode_names(64)}
            ]
        },
        "preprocessing": {"low": 0.1, "high": 16.0, "normaliser": "none"},
        "detectors": {network: passes},
        "protocols": {"cross_subject": {}},
        "repeats": repeats,
    }
    (work / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    run = work / "run"
    shutil.rmtree(run, ignore_errors=True)

    def read_auc(_: str) -> float:
        rows = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["rows"]
        found = [row for row in rows if row["subject"] == "mean" and row["metric"] == "roc_auc"]
        return float(found[0]["value"])

    command = [sys.executable, "-m", "p300", "evaluate", str(work / "config.yaml")]
    return called([*command, "--out", str(run), *where], work, read_auc), repeats * PEOPLE


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--networks", nargs="+", default=["cnn1", "eegnet", "stepnet"])
    parser.add_argument("--jobs", type=int, default=2, help="processes on the processor")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cuda")
    given = parser.parse_args()
    print("| network | where | folds | clock s | CPU s | folds a second | AUC |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        evaluate(work, "slda", 1, "--jobs", "1")  # prepares the epochs
        for network in given.networks:
            for title, repeats, *where in (
                (f"processor, {given.jobs} processes", 1, "--jobs", str(given.jobs)),
                (f"{given.device}", 1, "--jobs", "1", "--device", given.device),
                (f"{given.device}", given.repeats, "--jobs", "1", "--device", given.device),
            ):
                done, folds = evaluate(work, network, repeats, *where)
                print(
                    f"| {network} | {title} | {folds} | {done.clock:.1f} | {done.cpu:.1f} "
                    f"| {folds / done.clock:.2f} | {done.auc:.3f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
