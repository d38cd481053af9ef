"""What the paper leaves open, measured: single-flash AUC on BCI Competition II IIb.

Prints one table. Each run of the data set is tested in turn by detectors that
learned from the other three.

    python benchmarks/paper_choices.py choices --data data/bci2-iib
    python benchmarks/paper_choices.py classifiers --data data/bci2-iib
    python benchmarks/paper_choices.py paper-classifiers --data data/bci2-iib
"""

from __future__ import annotations

import argparse
import itertools
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from p300.detectors import make_detector
from p300.epochs import Epochs
from p300.errors import TrainingWarning
from p300.evaluation.protocols import make_folds
from p300.preprocessing import preprocess
from p300.recordings import open_recordings


@dataclass(frozen=True)
class Variant:
    """One row of a table."""

    title: str
    detector: str = "cnn1"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    init_power: float = 1.0
    """Initial weights have standard deviation fan-in ** -init_power."""
    validation: Literal["characters", "last windows", "random windows"] = "characters"


PAPER = {"training": "paper"}
# Less patience than the rule's 200 passes, to save time.
HASTY = PAPER | {"patience": 80}
SEVEN = ("cnn1", "cnn2a", "cnn2b", "cnn3", "mcnn1", "mcnn2", "mcnn3")
TABLES = {
    "choices": (
        Variant("modern training"),
        Variant("paper's rule as chosen", parameters=HASTY),
        Variant("online: 1 window a step", parameters=HASTY | {"batch_size": 1}),
        Variant("32 windows a step", parameters=HASTY | {"batch_size": 32}),
        Variant("windows in recorded order", parameters=HASTY | {"shuffle": False}),
        Variant("both outputs' errors added", parameters=HASTY | {"learning_rate": 0.4}),
        Variant("initial scale 1/sqrt(fan-in)", parameters=HASTY, init_power=0.5),
        Variant("validation: last 5 %", parameters=HASTY, validation="last windows"),
        Variant("validation: random 5 %", parameters=HASTY, validation="random windows"),
        Variant("validation: 15 %", parameters=HASTY | {"validation_fraction": 0.15}),
        Variant("given up after 15 passes", parameters=PAPER | {"patience": 15}),
    ),
    "classifiers": tuple(Variant(name, name) for name in SEVEN),
    "paper-classifiers": tuple(Variant(name, name, PAPER) for name in SEVEN),
}


def measure(variant: Variant, epochs: Epochs, seed: int) -> pd.DataFrame:
    """Test each run in turn; give its AUC, the pass whose weights were kept and the seconds."""
    import torch
    from sklearn.metrics import roc_auc_score

    from p300.detectors.network import LEARNING_RULES
    from p300.detectors.paper_training import PaperTraining

    torch.set_num_threads(1)
    warnings.simplefilter("ignore", TrainingWarning)
    LEARNING_RULES["paper"] = PaperTraining(init_power=variant.init_power)
    rows = []
    for fold in make_folds("within_subject", epochs.flashes, epochs.window):
        train, test = epochs.select(fold.train), epochs.select(fold.test)
        groups = {
            "characters": train.units("character"),
            "last windows": None,
            "random windows": np.arange(len(train)),
        }[variant.validation]
        detector: Any = make_detector(
            variant.detector, electrodes=epochs.electrodes, seed=seed, **variant.parameters
        )
        start = time.perf_counter()
        detector.fit(train.X, train.y, groups=groups)
        rows.append(
            {
                "title": variant.title,
                "fold": fold.name,
                "seconds": time.perf_counter() - start,
                "auc": roc_auc_score(test.y, detector.decision_function(test.X)),
                "best_pass": np.mean([history.best for history in detector.histories_]),
            }
        )
    return pd.DataFrame(rows)


def print_table(measured: pd.DataFrame) -> None:
    """Print the mean over seeds, in the order measured."""
    runs = measured.pivot_table("auc", "title", "fold", sort=False)
    whole = measured.groupby("title", sort=False)[["auc", "best_pass", "seconds"]].mean()
    print(f"| | mean | {' | '.join(str(run) for run in runs.columns)} | best pass | s a fit |")
    print("|---" * (len(runs.columns) + 4) + "|")
    for title, row in whole.iterrows():
        aucs = " | ".join(f"{auc:.3f}" for auc in [row["auc"], *runs.loc[title]])
        print(f"| {title} | {aucs} | {row['best_pass']:.0f} | {row['seconds']:.1f} |")


def main() -> None:
    """Measure one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--data", type=Path, default=Path("data/bci2-iib"))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    epochs = preprocess(open_recordings("bci2_iib", arguments.data))
    parts = Parallel(arguments.jobs)(
        delayed(measure)(variant, epochs, seed)
        for variant, seed in itertools.product(TABLES[arguments.table], range(arguments.seeds))
    )
    print_table(pd.concat(parts))


if __name__ == "__main__":
    main()
