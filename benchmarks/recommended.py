"""What could be added to the recommended detector: augmentation, seeds, weighting, averaging.

Each candidate learns from all subjects but one and scores that one (new subjects), and from all but
two and scores both (training subjects): of the pairs that a subject is in, the other one's figures
choose for it, so that what is chosen for a subject has never seen it. Scores are kept in a folder;
started again, it goes on.

    python benchmarks/recommended.py scores bnci2015_003 --out scores
    python benchmarks/recommended.py table bnci2015_003 --out scores
    python benchmarks/recommended.py adapted bnci2015_003
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from p300.adaptation.transfer import learn_transfer
from p300.detectors import make_detector
from p300.detectors.base import Detector
from p300.errors import DataWarning, TrainingWarning
from p300.runs.config import load_experiment
from p300.runs.preparation import read_recordings
from p300.signal.alignment import align, make_alignment
from p300.signal.epochs import Epochs
from p300.signal.preprocessing import preprocess

Learned = tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8], npt.NDArray[np.int64]]
"""Epochs, labels, and the subject of each."""

MOST_AVERAGED = 4
MOST_SHIFT = 4
"""Samples, about 30 ms."""
DROPPED = 0.15
"""Share of the electrodes that dropout silences in an epoch."""


def read_epochs(dataset: str, data: Path) -> Epochs:
    """Read a data set of configs/benchmark.yaml."""
    config = Path(__file__).parents[1] / "configs" / "benchmark.yaml"
    return preprocess(read_recordings(load_experiment(config), dataset, data))


def averaged(epochs: Epochs, rng: np.random.Generator) -> Learned:
    """Add means of two to four epochs of the same class of a character."""
    flashes, subject, X = epochs.flashes, epochs.units("subject"), np.asarray(epochs.X)
    keys = ["subject", "session", "run", "character", "target"]
    parts = []
    for rows in flashes.groupby(keys, dropna=False).indices.values():
        cuts = np.cumsum(rng.integers(2, MOST_AVERAGED + 1, len(rows)))
        parts += [p for p in np.split(rng.permutation(rows), cuts[cuts < len(rows)]) if len(p) > 1]
    first = np.array([part[0] for part in parts])
    means = np.stack([X[part].mean(axis=0) for part in parts]).astype(np.float32)
    return (
        np.concatenate([X, means]),
        np.concatenate([epochs.y, epochs.y[first]]),
        np.concatenate([subject, subject[first]]),
    )


def shifted(epochs: Epochs, rng: np.random.Generator) -> Learned:
    """Add each epoch once more, earlier or later by up to :data:`MOST_SHIFT` samples."""
    X = np.asarray(epochs.X)
    time = np.arange(X.shape[2]) + rng.integers(-MOST_SHIFT, MOST_SHIFT + 1, (len(X), 1))
    moved = np.take_along_axis(X, time.clip(0, X.shape[2] - 1)[:, None, :], axis=2)
    return _twice(epochs, X, moved)


def silenced(epochs: Epochs, rng: np.random.Generator) -> Learned:
    """Add each epoch once more with some electrodes set to zero."""
    X = np.asarray(epochs.X)
    return _twice(epochs, X, X * (rng.random((*X.shape[:2], 1)) > DROPPED).astype(np.float32))


def _twice(epochs: Epochs, X: npt.NDArray[Any], other: npt.NDArray[Any]) -> Learned:
    subject = epochs.units("subject")
    return np.concatenate([X, other]), np.tile(epochs.y, 2), np.tile(subject, 2)


AUGMENTATIONS: Mapping[str, Callable[[Epochs, np.random.Generator], Learned]] = {
    "averages": averaged,
    "shifts": shifted,
    "dropout": silenced,
}


def weighted_scores(
    name: str, train: Epochs, tested: Sequence[Epochs]
) -> list[npt.NDArray[np.float64]]:
    """Score by one detector a training subject, weighted by what it finds in the other ones."""
    subject = train.flashes["subject"].to_numpy()
    by_subject = {s: train.select(subject == s) for s in np.unique(subject)}
    weights, scores = [], []
    for own, part in by_subject.items():
        detector = make_detector(name).fit(part.X, part.y, groups=part.units("character"))
        others = [other for s, other in by_subject.items() if s != own]
        found = [roc_auc_score(other.y, detector.decision_function(other.X)) for other in others]
        weights.append(max(0.0, float(np.mean(found)) - 0.5))
        scores.append([detector.decision_function(epochs.X) for epochs in tested])
    share = np.array(weights) / sum(weights)
    return [share @ np.array(of_one) for of_one in zip(*scores, strict=True)]


def candidate_scores(
    candidate: str, train: Epochs, tested: Sequence[Epochs]
) -> list[npt.NDArray[np.float64]]:
    """Fit NAME, NAME+AUGMENTATION, NAME+weighted, or one of these with #SEED; score."""
    call, _, seed = candidate.partition("#")
    name, _, variant = call.partition("+")
    if variant == "weighted":
        return weighted_scores(name, train, tested)
    learned = (train.X, train.y, train.units("subject"))
    if variant:
        learned = AUGMENTATIONS[variant](train, np.random.default_rng(int(seed or 0)))
    detector = make_detector(name)
    known = {"seed": int(seed or 0), "electrodes": train.electrodes}
    detector.set_params(**{k: v for k, v in known.items() if k in detector.get_params()})
    detector.fit(learned[0], learned[1], groups=learned[2])
    return [detector.decision_function(epochs.X) for epochs in tested]


def measure_scores(epochs: Epochs, candidates: Sequence[str], folder: Path) -> None:
    """Write each candidate's scores of every left-out subject and pair of subjects."""
    aligned = align(epochs, make_alignment("euclidean", "benchmark"))
    subject = aligned.flashes["subject"].to_numpy()
    folder.mkdir(parents=True, exist_ok=True)
    for candidate, left in itertools.product(candidates, left_out(aligned)):
        place = folder / f"{candidate}.{'-'.join(left)}.npz"
        if not place.exists():
            train = aligned.select(~np.isin(subject, left))
            tested = [aligned.select(subject == one) for one in left]
            scores = candidate_scores(candidate, train, tested)
            np.savez(place, **dict(zip(left, scores, strict=True)))


def left_out(epochs: Epochs) -> list[tuple[str, ...]]:
    """Return every subject and every pair of subjects."""
    subjects = sorted(epochs.flashes["subject"].astype(str).unique())
    return [(s,) for s in subjects] + list(itertools.combinations(subjects, 2))


def print_table(epochs: Epochs, candidates: Sequence[str], folder: Path) -> None:
    """Print each candidate's AUC, and the nested choice; A&B is the mean of their log-odds."""
    subject = epochs.flashes["subject"].to_numpy().astype(str)
    truth = {one: epochs.y[subject == one] for one in np.unique(subject)}

    def auc(candidate: str, left: tuple[str, ...], tested: str) -> float:
        stored = [np.load(folder / f"{c}.{'-'.join(left)}.npz") for c in candidate.split("&")]
        return float(roc_auc_score(truth[tested], sum(scores[tested] for scores in stored)))

    outer = pd.DataFrame({c: {s: auc(c, (s,), s) for s in truth} for c in candidates})
    inner = pd.DataFrame(
        {
            c: {
                s: np.mean([auc(c, tuple(sorted((s, o))), o) for o in truth if o != s])
                for s in truth
            }
            for c in candidates
        }
    )
    print("| candidate | new subjects | training subjects |\n|---|---|---|")
    for candidate in outer.mean().sort_values(ascending=False).index:
        means = outer[candidate].mean(), inner[candidate].mean()
        print(f"| {candidate} | {means[0]:.4f} | {means[1]:.4f} |")
    chosen = inner.idxmax(axis=1)
    nested = np.mean([outer.loc[s, c] for s, c in chosen.items()])
    print(f"| chosen for each subject: {', '.join(sorted(set(chosen)))} | {nested:.4f} | |")


class SideBySide(Detector):
    """Several detectors' features side by side, for one linear readout of all."""

    name = "side_by_side"

    def __init__(self, of: tuple[str, ...] = (), electrodes: tuple[str, ...] = ()) -> None:
        self.of = of
        self.electrodes = electrodes

    def fit(self, X: Any, y: Any, groups: Any = None) -> Any:
        """Fit each detector."""
        X, y = self._take(X, y)
        self.detectors_ = [make_detector(name) for name in self.of]
        for detector in self.detectors_:
            if "electrodes" in detector.get_params():
                detector.set_params(electrodes=self.electrodes)
            detector.fit(X, y, groups=groups)
        self._calibrate(self._raw_scores(X), y)
        return self

    def _raw_scores(self, X: Any) -> Any:
        return np.mean([detector.decision_function(X) for detector in self.detectors_], axis=0)

    def features(self, X: Any) -> Any:
        """Return all features, [epoch, feature]."""
        return np.concatenate([detector.features(X) for detector in self.detectors_], axis=1)

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights."""
        return sum(detector.n_parameters for detector in self.detectors_)

    def _arrays(self) -> dict[str, Any]:
        return {}

    def _set_arrays(self, arrays: dict[str, Any]) -> None:
        """Nothing is stored."""


def print_adapted(epochs: Epochs, candidates: Sequence[str]) -> None:
    """Print the prequential AUC of self-calibration on the features of A&B side by side."""
    subject = epochs.flashes["subject"].to_numpy()
    (layout,) = epochs.layouts.values()
    offline = align(epochs, make_alignment("euclidean", "benchmark"))
    running = align(epochs, make_alignment({"method": "euclidean", "mode": "running"}, "benchmark"))
    print("| features | self-calibrated | each subject |\n|---|---|---|")
    for candidate in candidates:
        detector, found = SideBySide(tuple(candidate.split("&")), epochs.electrodes), []
        for one in np.unique(subject):
            transfer = learn_transfer(detector, offline.select(subject != one), layout, "subject")
            tested = running.select(subject == one)
            scores = transfer.score_prequentially(tested, layout).scores
            found.append(roc_auc_score(tested.y, scores))
        each = ", ".join(f"{auc:.3f}" for auc in found)
        print(f"| {candidate} | {np.mean(found):.4f} | {each} |", flush=True)


SINGLE = (
    "slda", "slda+averages", "slda+shifts", "slda+weighted", "xdawn_ts", "stepnet#0", "stepnet#1",
    "stepnet#2", "stepnet+averages#0", "stepnet+shifts#0", "stepnet+dropout#0",
)  # fmt: skip
TOGETHER = (
    "stepnet#0&stepnet#1&stepnet#2", "slda&xdawn_ts", "slda&stepnet#0", "slda&stepnet#0&xdawn_ts",
)  # fmt: skip
FEATURES = ("slda", "slda&xdawn_ts", "slda&xdawn_lda", "slda&stepnet")


def main() -> None:
    """Measure or print."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("step", choices=("scores", "table", "adapted"))
    parser.add_argument("dataset", choices=("bnci2015_003", "simulated"))
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=Path("scores"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", DataWarning)
    warnings.simplefilter("ignore", TrainingWarning)
    epochs = read_epochs(arguments.dataset, arguments.data)
    if arguments.step == "scores":
        measure_scores(epochs, SINGLE, arguments.out / arguments.dataset)
    elif arguments.step == "table":
        print_table(epochs, SINGLE + TOGETHER, arguments.out / arguments.dataset)
    else:
        print_adapted(epochs, FEATURES)


if __name__ == "__main__":
    main()
