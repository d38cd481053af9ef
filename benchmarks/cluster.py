"""The recommended detector on many people, on one machine and on a Dask cluster of two workers.

The simulated study (1,800 epochs of 8 electrodes a person), leave one person out. Prints seconds by
the clock of the folds alone (epochs are prepared before), and whether all scores are the same bit
for bit; with ``--kill`` a worker is killed while subjects are summed, and another while folds are
fitted.

    python benchmarks/cluster.py --people 96 --kill
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from p300.errors import P300Warning
from p300.runs.config import Experiment, parse_experiment
from p300.runs.runner import prepare_run, score_folds

CONFIG = """
name: many
datasets: {{simulated: {{source: simulated, n_subjects: {people}}}}}
detectors:
  recommended: {{detector: slda, alignment: {{method: euclidean, mode: running}},
                adaptation: self_calibrated}}
protocols: {{cross_subject: {{}}}}
"""


def scored(experiment: Experiment, run: Path, **who: object) -> tuple[pd.DataFrame, float]:
    """Return the scores of a run and the seconds that they took."""
    start = time.perf_counter()
    score_folds(experiment, run, **who)  # type: ignore[arg-type]
    return pd.read_parquet(run / "scores.parquet"), time.perf_counter() - start


def killing(pids: list[int]) -> Callable[[str, int, int], None]:
    """Return what kills a worker at the third subject, and the other at the third fold."""
    stages = ["summing", "fitting"]

    def progress(stage: str, done: int, _: int) -> None:
        if stage in stages and done == 3:
            stages.remove(stage)
            os.kill(pids.pop(), signal.SIGKILL)
            print(f"a worker is killed while {stage}", flush=True)

    return progress


def main() -> None:
    """Print what came of it."""
    from distributed import Client, LocalCluster

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=96)
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore", P300Warning)
    experiment = parse_experiment(CONFIG.format(people=given.people))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["P300_CACHE"] = str(folder / "cache")
        prepare_run(experiment, folder / "prepared", data=folder, jobs=2)
        alone, seconds = scored(experiment, folder / "alone")
        print(f"one process: {seconds:.0f} s", flush=True)
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            with Client(cluster) as client:
                pids = sorted(client.run(os.getpid).values())
            who = {"progress": killing(pids)} if given.kill else {}
            together, seconds = scored(
                experiment, folder / "cluster", cluster=cluster.scheduler_address, **who
            )
        print(f"two workers: {seconds:.0f} s")
        print(f"{len(alone):,} scores bit for bit the same: {alone.equals(together)}")


if __name__ == "__main__":
    main()
