"""How detectors gain from more people: linear ones and networks on new people, simulated study.

The same people are tested whatever the training set, so rows are paired; of the others so many
train as a row says, drawn anew for each draw, smaller sets inside larger ones. Volts, 0.1-16 Hz,
euclidean alignment; networks with early stop as they come. Rows are appended to a file as they
are done, longest fits first; started again, it goes on.

    python benchmarks/learning_curves.py fit --out curves.csv --jobs 2
    python benchmarks/learning_curves.py table --out curves.csv
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from p300 import Epochs, Preprocessing, open_recordings, preprocess
from p300.errors import P300Warning
from p300.evaluation.fold import fit_and_score_fold, seed_of
from p300.evaluation.intervals import mean_interval
from p300.evaluation.leaks import Fold
from p300.evaluation.method import Method

TESTED = 24
TRAINING = (5, 11, 23, 47, 95)
DRAWS = 2
ADAPTED_NETWORKS = {"cnn1": 23, "eegnet": 11, "stepnet": 23}
"""People up to whom networks are adapted: each is fitted eleven times for that."""

ALIGNED = {"alignment": "euclidean"}
METHODS = {
    "slda": {**ALIGNED},
    "xdawn_ts": {**ALIGNED},
    "cnn1": {**ALIGNED},
    "eegnet": {**ALIGNED},
    "stepnet": {**ALIGNED},
    "stepnet, three members": {**ALIGNED, "detector": "stepnet", "n_members": 3},
    "slda, self-calibrated": {**ALIGNED, "detector": "slda", "adaptation": "self_calibrated"},
    "cnn1, self-calibrated": {**ALIGNED, "detector": "cnn1", "adaptation": "self_calibrated"},
    "eegnet, self-calibrated": {**ALIGNED, "detector": "eegnet", "adaptation": "self_calibrated"},
    "stepnet, self-calibrated": {**ALIGNED, "detector": "stepnet", "adaptation": "self_calibrated"},
}
REFERENCE = {label: "slda, self-calibrated" if "self" in label else "slda" for label in METHODS}
COLUMNS = ("method", "people", "draw", "subject", "auc", "cpu")


@dataclass(frozen=True)
class Task:
    """One fit."""

    method: str
    people: int
    draw: int

    @property
    def load(self) -> float:
        """How long it takes, roughly: to do the longest first."""
        weight = {"eegnet": 10, "stepnet": 6, "cnn1": 4, "xdawn_ts": 0.5, "slda": 0.1}
        name = self.method.split(",")[0]
        times = (
            11 if "self" in self.method and name != "slda" else 3 if "three" in self.method else 1
        )
        return weight[name] * times * self.people


def tasks(done: set[tuple[str, int, int]]) -> Iterator[Task]:
    """Yield the fits that are not done, longest first."""
    all_of_them = [
        Task(method, people, draw)
        for method in METHODS
        for people in TRAINING
        for draw in range(DRAWS)
        if not ("self" in method and people > ADAPTED_NETWORKS.get(method.split(",")[0], people))
    ]
    for task in sorted(all_of_them, key=lambda task: -task.load):
        if (task.method, task.people, task.draw) not in done:
            yield task


def read_epochs() -> Epochs:
    """Return the epochs of all people."""
    study = open_recordings("simulated", n_subjects=TESTED + max(TRAINING))
    return preprocess(study, Preprocessing(normaliser="none", low=0.1, high=16.0))


def fit(task: Task) -> list[tuple[object, ...]]:
    """Fit and score, and return a row a tested subject."""
    warnings.simplefilter("ignore", P300Warning)
    subjects = EPOCHS.flashes["subject"].to_numpy()
    there = list(dict.fromkeys(subjects))
    drawn = np.random.default_rng(task.draw).permutation(there[TESTED:])[: task.people]
    train = np.flatnonzero(np.isin(subjects, drawn))
    test = np.flatnonzero(np.isin(subjects, there[:TESTED]))
    fold = Fold("tested", train, test, "subject", "subject")
    method = Method.read(task.method, METHODS[task.method])
    with threadpool_limits(1):
        start = time.process_time()
        scored = fit_and_score_fold(EPOCHS, fold, method, seed_of(task.draw, task.method)).scored
        cpu = time.process_time() - start
    target = EPOCHS.y[test]
    return [
        (
            task.method,
            task.people,
            task.draw,
            s,
            roc_auc_score(target[own], scored.scores[own]),
            cpu,
        )
        for s in there[:TESTED]
        for own in [subjects[test] == s]
    ]


def fit_all(out: Path, jobs: int) -> None:
    """Do the fits in processes, and append their rows."""
    done = set[tuple[str, int, int]]()
    if out.exists():
        rows = pd.read_csv(out)
        done = set(rows[["method", "people", "draw"]].itertuples(index=False, name=None))
    else:
        out.write_text(",".join(COLUMNS) + "\n")
    global EPOCHS  # shared with the forked processes, not sent to each
    EPOCHS = read_epochs()
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        for rows in pool.imap_unordered(fit, list(tasks(done))):
            with out.open("a", newline="") as file:
                csv.writer(file).writerows(rows)
            print(*rows[0][:3], f"{rows[0][-1]:.0f} s", flush=True)


def print_table(out: Path) -> None:
    """Print mean AUC over tested people, and the difference from the linear reference."""
    rows = pd.read_csv(out)
    auc = rows.set_index(["method", "people", "draw", "subject"])["auc"].sort_index()
    cpu = rows.groupby(["method", "people"])["cpu"].mean()
    print(f"| method | people | AUC | less slda's (95 %) | better in | CPU s |\n|{'---|' * 6}")
    for label, reference in REFERENCE.items():
        for people in TRAINING:
            if (label, people) not in cpu.index:
                continue
            own = auc[label, people]
            shown = ""
            if label != reference:
                # Of the draws that both were fitted to.
                less = (own - auc[reference, people]).dropna().groupby("subject").mean()
                low, high = mean_interval(less.to_numpy())
                better = f"{(less > 0).sum()} of {len(less)}"
                shown = f"{less.mean():+.3f} ({low:+.3f} to {high:+.3f}) | {better}"
            else:
                shown = " | "
            print(f"| {label} | {people} | {own.mean():.3f} | {shown} | {cpu[label, people]:.0f} |")


def main() -> None:
    """Fit, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=("fit", "table"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    if given.what == "fit":
        fit_all(given.out, given.jobs)
    print_table(given.out)


if __name__ == "__main__":
    main()
