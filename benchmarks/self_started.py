"""A start from nobody's data beside one from other people's: the next character, and letters.

Each subject of a data set of ``configs/benchmark.yaml`` in turn, after all others where the method
learns from them; volts, 0.5-16 Hz. ROC-AUC of flashes by what was known before their character,
mean over subjects, characters with codes from each subject's second on; letters after all
repetitions by the sum of probabilities, of all characters with codes (the first of each subject
cannot be known to who starts from nothing).

    P300_DATA=/where/the/recordings/are python benchmarks/self_started.py bnci2015_003 simulated
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from p300.errors import P300Warning
from p300.evaluation.fold import evaluate_epochs
from p300.evaluation.method import Method
from p300.recordings.layout import Layout, lit_symbols
from p300.runs.config import load_experiment
from p300.runs.preparation import read_recordings
from p300.signal.preprocessing import Preprocessing, preprocess

CONFIG = Path(__file__).parents[1] / "configs" / "benchmark.yaml"
TOEPLITZ = {"detector": "slda", "covariance": "toeplitz"}
METHODS = {
    "alone": {**TOEPLITZ, "adaptation": "self_started"},
    "alone, aligned": {**TOEPLITZ, "alignment": "euclidean", "adaptation": "self_started"},
    "with others": {
        **TOEPLITZ,
        "alignment": "euclidean",
        "adaptation": {"method": "self_started", "others": True},
    },
    "self_calibrated": {
        "detector": "slda", "alignment": "euclidean", "adaptation": "self_calibrated",
    },
}  # fmt: skip


def next_character_auc(scores: pd.DataFrame) -> float:
    """Return the mean over subjects of the ROC-AUC from the second character on."""
    found = []
    for _, own in scores.groupby("subject"):
        character = own.groupby(["session", "run", "character"], sort=False).ngroup()
        later = own[character > 0]
        found.append(roc_auc_score(later["target"].astype(bool), later["score"]))
    return float(np.mean(found))


def letters(scores: pd.DataFrame, layout: Layout) -> tuple[int, int]:
    """Return how many characters are right by the sum of probabilities, and how many there are."""
    lit, place = lit_symbols(layout), {code: k for k, code in enumerate(sorted(layout.groups))}
    right = n = 0
    for _, shown in scores.groupby(["subject", "session", "run", "character"]):
        lights = lit[shown["code"].map(place).to_numpy()]
        total = expit(shown["score"].to_numpy()) @ lights
        true = lights[shown["target"].to_numpy(dtype=bool)].all(axis=0)
        n += 1
        right += int(np.ptp(total) > 1e-9 and true[int(total.argmax())])
    return right, n


def main() -> None:
    """Print a table, a row a data set and method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("datasets", nargs="+")
    given = parser.parse_args()
    warnings.simplefilter("ignore", P300Warning)
    data = Path(os.environ.get("P300_DATA", "data"))
    experiment = load_experiment(CONFIG, [])
    settings = Preprocessing(normaliser="none", low=0.5, high=16.0)
    print("| data | method | AUC | letters |\n|---|---|---|---|")
    for dataset in given.datasets:
        epochs = preprocess(read_recordings(experiment, dataset, data), settings)
        (layout,) = epochs.layouts.values()
        methods = {label: Method.read(label, entry) for label, entry in METHODS.items()}
        found = evaluate_epochs(epochs, methods, "cross_subject")
        for label, scores in found[found["code"].notna()].groupby("detector", sort=False):
            right, n = letters(scores, layout)
            auc = next_character_auc(scores)
            print(f"| {dataset} | {label} | {auc:.4f} | {right} of {n} |", flush=True)


if __name__ == "__main__":
    main()
