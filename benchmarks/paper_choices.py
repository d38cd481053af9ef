"""What the paper leaves open, measured on BCI Competition II IIb: single-flash AUC and characters.

Prints one table. Each run of the data set is tested in turn by detectors that
learned from the other three.

    python benchmarks/paper_choices.py choices --data data/bci2-iib
    python benchmarks/paper_choices.py filters --data data/bci2-iib
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
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from p300.detectors import make_detector
from p300.errors import TrainingWarning
from p300.evaluation.protocols import make_folds
from p300.recordings import open_recordings
from p300.signal.epochs import Epochs
from p300.signal.preprocessing import Preprocessing, preprocess
from p300.speller import decide, gather_selections

CHOSEN = Preprocessing()


@dataclass(frozen=True)
class Variant:
    """One row of a table."""

    title: str
    detector: str = "cnn1"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    init_power: float = 1.0
    """Initial weights have standard deviation fan-in ** -init_power."""
    validation: Literal["characters", "last epochs", "random epochs"] = "characters"
    preprocessing: Preprocessing = CHOSEN


CHECKPOINTS = (5, 15)
PAPER = {"training": "paper"}
SEVEN = ("cnn1", "cnn2a", "cnn2b", "cnn3", "mcnn1", "mcnn2", "mcnn3")
TABLES = {
    "choices": (
        Variant("modern training"),
        Variant("paper's rule as chosen", parameters=PAPER),
        Variant("online: 1 epoch a step", parameters=PAPER | {"batch_size": 1}),
        Variant("8 epochs a step", parameters=PAPER | {"batch_size": 8}),
        Variant("epochs in recorded order", parameters=PAPER | {"shuffle": False}),
        Variant("both outputs' errors added", parameters=PAPER | {"learning_rate": 0.4}),
        Variant("initial scale 1/sqrt(fan-in)", parameters=PAPER, init_power=0.5),
        Variant("validation: last 5 %", parameters=PAPER, validation="last epochs"),
        Variant("validation: random 5 %", parameters=PAPER, validation="random epochs"),
        Variant("validation: 15 %", parameters=PAPER | {"validation_fraction": 0.15}),
        Variant("given up after 15 passes", parameters=PAPER | {"patience": 15}),
        Variant("given up after 300 passes", parameters=PAPER | {"patience": 300}),
    ),
    "filters": tuple(
        Variant(title, parameters=PAPER, preprocessing=settings)
        for title, settings in (
            ("Butterworth, order 4, zero phase: as chosen", CHOSEN),
            ("order 2, zero phase", Preprocessing(filter_order=2)),
            ("order 4, causal", Preprocessing(phase="causal")),
            ("order 2, causal", Preprocessing(phase="causal", filter_order=2)),
            ("FIR, zero phase", Preprocessing(filter="fir")),
        )
    ),
    "classifiers": tuple(Variant(name, name) for name in SEVEN),
    "paper-classifiers": tuple(Variant(name, name, PAPER) for name in SEVEN),
}


def measure(variant: Variant, epochs: Epochs, seed: int) -> pd.DataFrame:
    """Test each run in turn; give its AUC, the pass whose weights were kept and the seconds."""
    import torch
    from sklearn.metrics import roc_auc_score

    from p300.detectors.training.rules import LEARNING_RULES, PaperTraining

    torch.set_num_threads(1)
    warnings.simplefilter("ignore", TrainingWarning)
    LEARNING_RULES["paper"] = PaperTraining(init_power=variant.init_power)
    rows = []
    for fold in make_folds("within_subject", epochs.flashes, epochs.duration):
        train, test = epochs.select(fold.train), epochs.select(fold.test)
        groups = {
            "characters": train.units("character"),
            "last epochs": None,
            "random epochs": np.arange(len(train)),
        }[variant.validation]
        detector: Any = make_detector(
            variant.detector, electrodes=epochs.electrodes, seed=seed, **variant.parameters
        )
        start = time.perf_counter()
        detector.fit(train.X, train.y, groups=groups)
        seconds = time.perf_counter() - start
        score = detector.decision_function(test.X)
        rows.append(
            {
                "title": variant.title,
                "seed": seed,
                "fold": fold.name,
                "seconds": seconds,
                "auc": roc_auc_score(test.y, score),
                **_characters_right(test, score),
                "best_pass": np.mean([network.history()[1] for network in _networks(detector)]),
            }
        )
    return pd.DataFrame(rows)


def _networks(detector: Any) -> list[Any]:
    """Return the fitted networks of a detector."""
    inner = getattr(detector, "detector_", detector)
    return list(getattr(inner, "members_", [inner]))


def _characters_right(test: Epochs, score: npt.NDArray[np.float64]) -> dict[str, int]:
    """Count the characters that the sum of probabilities spells, after 5 and 15 repetitions."""
    scores = test.flashes.assign(score=score)
    decided = decide(gather_selections(scores, test.layouts["bci2_iib"]))
    right = decided[decided["stopping"] == "fixed"].groupby("repetitions")["correct"].sum()
    return {f"characters@{n}": int(right[n]) for n in CHECKPOINTS}


def print_table(measured: pd.DataFrame) -> None:
    """Print AUC as the mean over seeds, characters right seed by seed, in the order measured."""
    runs = measured.pivot_table("auc", "title", "fold", sort=False)
    whole = measured.groupby("title", sort=False)[["auc", "best_pass", "seconds"]].mean()
    right = [f"characters@{n}" for n in CHECKPOINTS]
    characters = measured.groupby(["title", "seed"], sort=False)[right].sum()
    heads = [str(run) for run in runs.columns] + [f"right at {n}" for n in CHECKPOINTS]
    print(f"| | mean | {' | '.join(heads)} | best pass | s a fit |")
    print("|---" * (len(heads) + 4) + "|")
    for title, row in whole.iterrows():
        aucs = " | ".join(f"{auc:.3f}" for auc in [row["auc"], *runs.loc[title]])
        counts = characters.loc[title]
        shown = " | ".join(", ".join(str(n) for n in counts[name]) for name in right)
        print(f"| {title} | {aucs} | {shown} | {row['best_pass']:.0f} | {row['seconds']:.1f} |")


def main() -> None:
    """Measure one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--data", type=Path, default=Path("data/bci2-iib"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    variants, recordings = (
        TABLES[arguments.table],
        list(open_recordings("bci2_iib", arguments.data)),
    )
    epochs = {v.preprocessing: preprocess(recordings, v.preprocessing) for v in variants}
    parts = Parallel(arguments.jobs)(
        delayed(measure)(variant, epochs[variant.preprocessing], seed)
        for variant, seed in itertools.product(variants, range(arguments.seeds))
    )
    print_table(pd.concat(parts))


if __name__ == "__main__":
    main()
