"""How the time of a cross-subject evaluation grows with the number of people."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence

from threadpoolctl import threadpool_limits

from p300.errors import P300Warning
from p300.evaluation.fold import evaluate_epochs
from p300.evaluation.method import Method
from p300.evaluation.metrics import summarise_scores
from p300.recordings.simulated.study import load
from p300.signal.preprocessing import preprocess

RECOMMENDED = {
    "detector": "slda",
    "alignment": {"method": "euclidean", "mode": "running"},
    "adaptation": "self_calibrated",
}
METHODS = {
    "recommended": RECOMMENDED,
    "recommended, all subjects tried": {
        **RECOMMENDED,
        "adaptation": {"method": "self_calibrated", "subjects": "all"},
    },
    "slda": {"alignment": "euclidean"},
}


def print_growth(people: Sequence[int], labels: Sequence[str] = tuple(METHODS)) -> None:
    """Print CPU seconds, exponents and mean AUC of the simulated study with so many people.

    1,800 epochs of 8 electrodes a person, one thread, no worker processes: all folds of leaving one
    subject out, without the preparation of the epochs, whose seconds stand in a row of their own.
    """
    warnings.simplefilter("ignore", P300Warning)
    before: dict[str, tuple[int, float]] = {}
    print("| what | people | CPU s | exponent | mean AUC |\n|---|---|---|---|---|")
    for n in people:
        start = time.process_time()
        epochs = preprocess(load(dataset="simulated", n_subjects=n))
        _print_row("preparation", n, time.process_time() - start, before, "")
        for label in labels:
            method = Method.read("slda", METHODS[label])
            start = time.process_time()
            with threadpool_limits(1):
                scores = evaluate_epochs(epochs, {label: method})
            seconds = time.process_time() - start
            rows = summarise_scores(scores).query("subject == 'mean' and metric == 'roc_auc'")
            _print_row(label, n, seconds, before, f"{rows['value'].iloc[0]:.4f}")


def _print_row(
    label: str, n: int, seconds: float, before: dict[str, tuple[int, float]], auc: str
) -> None:
    fewer, less = before.get(label, (n, seconds))
    exponent = f"{math.log(seconds / less) / math.log(n / fewer):.2f}" if n > fewer else ""
    before[label] = n, seconds
    print(f"| {label} | {n} | {seconds:.1f} | {exponent} | {auc} |", flush=True)
