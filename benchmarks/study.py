"""Seconds and AUC of one simulated study, beside the peers, in the same run; and how they grow.

The study: 8 subjects x 2,000 epochs x 64 electrodes x 78 samples, float32; each subject in turn is
tested by a detector that learned from the others; networks take 20 passes with 64 epochs a step
and stop at none of them. Prints Markdown tables: CPU seconds of all processes, seconds by the
clock, mean AUC.

    python benchmarks/study.py peers      # fits, beside the peers; then `whole`
    python benchmarks/study.py whole      # commands from FIF files to scores, beside MOABB's
    python benchmarks/study.py networks   # CNN-1 of 20 people, and by steps of 200
    python benchmarks/study.py scaling    # how a fit's time grows, and folds as one batched model
    python benchmarks/study.py inference  # one epoch, and 10,000
    python benchmarks/study.py growth     # how an evaluation's time grows with the people
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from growth import print_growth
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score
from speed import PublishedEEGNet
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from p300.detectors import make_detector
from p300.detectors.linear.covariance import discriminant
from p300.detectors.registry import network_class, training_settings
from p300.detectors.splits import validation_split
from p300.detectors.training.batched import train_batched
from p300.detectors.training.loop import Learner, time_major, train_network
from p300.detectors.training.rules import LEARNING_RULES
from p300.errors import DetectorError, P300Warning

PASSES, BATCH = 20, 64
EpochArray = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Size:
    """Size of a study."""

    subjects: int = 8
    epochs: int = 2_000
    electrodes: int = 64
    samples: int = 78


@dataclass(frozen=True)
class Measured:
    """One fold: CPU seconds and seconds of fitting, AUC of the tested subject."""

    cpu: float
    clock: float
    auc: float


def simulate(size: Size, seed: int = 0) -> tuple[EpochArray, Labels]:
    """Return epochs laid out as [epoch, time, electrode], and labels; one subject after another.

    Correlated noise in space and time; a response in one epoch of six, whose place and latency
    differ between subjects.
    """
    rng = np.random.default_rng(seed)
    n = size.subjects * size.epochs
    X = rng.standard_normal((n, size.samples, size.electrodes), dtype=np.float32)
    for t in range(1, size.samples):  # autoregressive, variance 1
        X[:, t] = 0.9 * X[:, t - 1] + 0.19**0.5 * X[:, t]
    mixing = np.eye(size.electrodes) + 0.3 * rng.standard_normal((size.electrodes,) * 2) / (
        size.electrodes**0.5
    )
    X = X @ mixing.astype(np.float32)
    y = (rng.random(n) < 1 / 6).astype(np.uint8)
    place = rng.standard_normal(size.electrodes)
    for k in range(size.subjects):
        own = place + 0.5 * rng.standard_normal(size.electrodes)
        latency = 0.45 + 0.04 * rng.standard_normal()
        shape = np.exp(-(((np.arange(size.samples) / size.samples - latency) / 0.1) ** 2))
        rows = np.flatnonzero(y[k * size.epochs : (k + 1) * size.epochs]) + k * size.epochs
        X[rows] += 1.1 / size.electrodes**0.5 * np.outer(shape, own).astype(np.float32)
    return X, y


def measure_fold(fit: Callable[..., Any], place: Path, size: Size, fold: int) -> Measured:
    """Fit on all subjects but one and score that one, on one thread."""
    torch.set_num_threads(1)
    stored = np.load(place / "X.npy", mmap_mode="r")
    y, subjects = np.load(place / "y.npy"), np.arange(size.subjects).repeat(size.epochs)
    learn, test = np.flatnonzero(subjects != fold), np.flatnonzero(subjects == fold)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", P300Warning)
        X = stored[learn].transpose(0, 2, 1)
        cpu, clock = time.process_time(), time.perf_counter()
        score = fit(X, y[learn], subjects[learn])
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
        auc = roc_auc_score(y[test], score(stored[test].transpose(0, 2, 1)))
    return Measured(cpu, clock, float(auc))


def ours(name: str, **parameters: Any) -> Callable[..., Any]:
    """Return a function that fits a detector of the package and gives what scores with it."""

    def fit(X: EpochArray, y: Labels, groups: npt.NDArray[np.intp]) -> Callable[..., Any]:
        detector: Any = make_detector(name, **parameters).fit(X, y, groups=groups)
        scoring: Callable[..., Any] = detector.decision_function
        return scoring

    return fit


class TextbookCNN1(nn.Module):
    """CNN-1 as a textbook writes it: convolutions over an image of electrode x time."""

    def __init__(self, n_electrodes: int, n_samples: int) -> None:
        super().__init__()
        self.space = nn.Conv2d(1, 10, (n_electrodes, 1))
        self.time = nn.Conv2d(10, 50, (1, 13), stride=(1, 13), groups=10)
        self.hidden = nn.Linear(50 * (n_samples // 13), 100)
        self.output = nn.Linear(100, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to two logits."""
        for layer in (self.space, self.time):
            x = layer(x[:, None] if x.ndim == 3 else x)
            x = 1.7159 * torch.tanh(x * (2 / 3))
        logits: Tensor = self.output(torch.sigmoid(self.hidden(x.flatten(1))))
        return logits


def textbook(make: Callable[..., nn.Module], tuned_as: str, passes: int) -> Callable[..., Any]:
    """Return a function that trains a network with a DataLoader, as a textbook does.

    The package's loss, optimiser (not fused), settings and validation part; the best weights are
    kept.
    """
    from torch.utils.data import DataLoader, TensorDataset

    settings = training_settings(tuned_as, "modern")

    def fit(X: EpochArray, y: Labels, groups: npt.NDArray[np.intp]) -> Callable[..., Any]:
        torch.manual_seed(0)
        epochs, labels = torch.from_numpy(np.ascontiguousarray(X)), torch.from_numpy(y).long()
        rng = np.random.default_rng(np.random.SeedSequence(0).spawn(1)[0])  # as a detector's
        learn, held_out = validation_split(y, groups, settings.validation_fraction, rng)
        data = TensorDataset(epochs[learn], labels[learn])
        network, loss = make(*X.shape[1:]), LEARNING_RULES["modern"].loss(labels[learn])
        optimiser = torch.optim.AdamW(
            network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        least, best = np.inf, network.state_dict()
        for _ in range(passes):
            network.train()
            for x, target in DataLoader(data, BATCH, shuffle=True):
                optimiser.zero_grad()
                loss(network(x), target).backward()
                optimiser.step()
            network.eval()
            with torch.no_grad():
                error = float(loss(network(epochs[held_out]), labels[held_out]))
            if error < least:
                least, best = error, copy.deepcopy(network.state_dict())
        network.load_state_dict(best)

        def score(X: EpochArray) -> npt.NDArray[np.float32]:
            with torch.no_grad():
                logits = network(torch.from_numpy(np.ascontiguousarray(X)))
            return (logits[:, 1] - logits[:, 0]).numpy()

        return score

    return fit


def scikit_learns_lda(X: EpochArray, y: Labels, _: Any) -> Callable[..., Any]:
    """Fit scikit-learn's shrinkage LDA to every sample, of the first subject's epochs."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    lda.fit(X[:2_000].reshape(2_000, -1).astype(np.float64), y[:2_000])
    return lambda X: lda.decision_function(X.reshape(len(X), -1))


def our_lda(X: EpochArray, y: Labels, _: Any) -> Callable[..., Any]:
    """Fit the package's shrinkage LDA to the same."""
    coef, intercept = discriminant(X[:2_000].reshape(2_000, -1).astype(np.float64), y[:2_000])
    return lambda X: X.reshape(len(X), -1) @ coef + intercept


def pyriemanns(X: EpochArray, y: Labels, _: Any) -> Callable[..., Any]:
    """Fit pyRiemann's xDAWN covariances, tangent space and logistic regression."""
    from pyriemann.estimation import XdawnCovariances
    from pyriemann.tangentspace import TangentSpace
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        XdawnCovariances(4, estimator="lwf"), TangentSpace(), LogisticRegression(max_iter=1000)
    )
    model.fit(X.astype(np.float64), y)
    return lambda X: model.decision_function(X.astype(np.float64))


def print_peers(size: Size, workers: int, n_folds: int) -> None:
    """Print seconds and AUC of every fit; those of several folds by several processes."""
    networks = {"max_passes": PASSES, "patience": PASSES, "batch_size": BATCH}
    everyone, first = range(n_folds), range(1)
    rows: list[tuple[str, Callable[..., Any], Sequence[int]]] = [
        ("CNN-1, DataLoader and Conv2d", textbook(TextbookCNN1, "cnn1", PASSES), everyone),
        ("CNN-1, p300", ours("cnn1", **networks), everyone),
        ("EEGNet, layers as published", textbook(PublishedEEGNet, "eegnet", PASSES), first),
        ("EEGNet, p300", ours("eegnet", **networks), first),
        ("EEGNet of braindecode", ours("braindecode", model="EEGNet", **networks), first),
        ("LDA, 4,992 features, 2,000 epochs, scikit-learn", scikit_learns_lda, first),
        ("LDA, 4,992 features, 2,000 epochs, p300", our_lda, first),
        ("LDA on 16 window means, p300", ours("slda"), everyone),
        ("xDAWN, tangent space, pyRiemann", pyriemanns, first),
        ("xDAWN, tangent space, p300", ours("xdawn_ts"), first),
    ]
    print("| what | folds | CPU s | clock s | mean AUC |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        X, y = simulate(size)
        np.save(Path(folder) / "X.npy", X)
        np.save(Path(folder) / "y.npy", y)
        del X
        for title, fit, folds in rows:
            start = time.perf_counter()
            parallel = Parallel(min(workers, len(folds)))
            try:
                found = parallel(
                    delayed(measure_fold)(fit, Path(folder), size, fold) for fold in folds
                )
            except DetectorError as error:
                print(f"| {title} | | | | {str(error).split('(')[0]}|", flush=True)
                continue
            whole = time.perf_counter() - start if len(folds) > 1 else found[0].clock
            auc = statistics.mean(m.auc for m in found)
            cpu = sum(m.cpu for m in found)
            print(f"| {title} | {len(folds)} | {cpu:.1f} | {whole:.1f} | {auc:.3f} |", flush=True)


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return b of seconds = a * size ** b, by least squares of the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def print_scaling() -> None:
    """Print CPU seconds of fits of growing size, and the exponents."""
    small = Size(subjects=4, epochs=500, electrodes=16)
    grown = {
        "subjects": ("subjects", (2, 4, 8, 16)),
        "electrodes": ("electrodes", (8, 16, 32, 64)),
        "epochs a subject": ("epochs", (250, 500, 1000, 2000)),
    }
    print("| detector | grows | sizes | CPU s | exponent |\n|---|---|---|---|---|")
    for name in ("cnn1", "eegnet", "stepnet", "slda", "xdawn_ts"):
        network = name in ("cnn1", "eegnet", "stepnet")
        parameters = {"max_passes": 2, "patience": 2, "batch_size": BATCH} if network else {}
        for title, (field, sizes) in grown.items():
            seconds = [
                _fit_seconds(ours(name, **parameters), replace(small, **{field: n})) for n in sizes
            ]
            shown = ", ".join(f"{s:.2f}" for s in seconds)
            print(
                f"| {name} | {title} | {', '.join(map(str, sizes))} | {shown} "
                f"| {exponent(sizes, seconds):.2f} |",
                flush=True,
            )


def _fit_seconds(fit: Callable[..., Any], size: Size) -> float:
    """Return the least CPU seconds of three fits."""
    X, y = simulate(size)
    groups = np.arange(size.subjects).repeat(size.epochs)
    taken = []
    for _ in range(3):
        start = time.process_time()
        fit(X.transpose(0, 2, 1), y, groups)
        taken.append(time.process_time() - start)
    return min(taken)


def print_folds() -> None:
    """Print CPU seconds of growing numbers of CNN-1, one after another and as one batched model."""
    counts = (1, 2, 4, 8, 16, 32)
    size = Size(subjects=2, epochs=1_000)
    X, y = simulate(size)
    epochs, labels = time_major(X.transpose(0, 2, 1)), torch.from_numpy(y).long()
    rule = LEARNING_RULES["modern"]
    settings = replace(training_settings("cnn1", "modern"), max_passes=3, patience=3)
    rows = torch.arange(len(y))
    table: dict[str, list[float]] = {"one after another": [], "as one batched model": []}
    for count in counts:
        networks = [network_class("cnn1")(*epochs.shape[1:]) for _ in range(count)]
        part, state = (rows[:1_600], rows[1_600:]), torch.get_rng_state()
        learners = [Learner(network, *part, None, state) for network in networks]
        twins = copy.deepcopy(learners)
        start = time.process_time()
        for learner in learners:
            train_network(learner, rule, settings, epochs, labels)
        between = time.process_time()
        train_batched(twins, rule, settings, epochs, labels)
        table["one after another"].append(between - start)
        table["as one batched model"].append(time.process_time() - between)
    print(f"| CNN-1, {', '.join(map(str, counts))} folds | CPU s | exponent |\n|---|---|---|")
    for title, seconds in table.items():
        shown = ", ".join(f"{s:.2f}" for s in seconds)
        print(f"| {title} | {shown} | {exponent(counts, seconds):.2f} |", flush=True)


COMPACT = ("cnn1", "mcnn1", "eegnet", "eeg_inception", "bn3", "oclnn", "sepconv1d", "stepnet")
"""Networks whose scores are timed."""
OTHERS = ("slda", "xdawn_lda", "xdawn_ts", "erpcov_mdm")


def print_inference() -> None:
    """Print the median time of one epoch and the seconds of 10,000."""
    size = Size(subjects=5)
    X, y = simulate(size)
    X, one = X.transpose(0, 2, 1), X[:1].transpose(0, 2, 1)
    groups = np.arange(size.subjects).repeat(size.epochs)
    few = np.arange(len(y)) % 10 == 0  # enough for timing
    print("| detector | one epoch (ms) | 10,000 epochs (s) |\n|---|---|---|")
    for name in (*COMPACT, *OTHERS):
        network = {"max_passes": 1, "patience": 1} if name in COMPACT else {}
        detector: Any = make_detector(name, **network).fit(X[few], y[few], groups=groups[few])
        latency = statistics.median(_seconds(detector.decision_function, one) for _ in range(300))
        many = min(_seconds(detector.decision_function, X) for _ in range(3))
        print(f"| {name} | {latency * 1e3:.2f} | {many:.2f} |", flush=True)


def _seconds(function: Callable[..., Any], argument: Any) -> float:
    start = time.process_time()
    function(argument)
    return time.process_time() - start


def call_script(name: str, *arguments: str) -> None:
    """Call a script whose children's memory must not begin with all that this process has."""
    script = Path(__file__).resolve().parent / name
    variables = {**os.environ, "PYTHONPATH": str(script.parent.parent)}
    command = [sys.executable, str(script), *arguments]
    subprocess.run(command, env=variables, check=True)  # noqa: S603  # scripts beside this one


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tables", nargs="*", default=["peers", "scaling", "inference"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folds", type=int, default=8, help="of CNN-1 and of LDA, for `peers`")
    parser.add_argument("--people", type=int, nargs="+", default=[12, 24, 48, 96])
    parser.add_argument("--moabb-python", default=sys.executable, help="an interpreter with MOABB")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", P300Warning)
    if "peers" in arguments.tables:
        print_peers(Size(), arguments.workers, arguments.folds)
    if {"peers", "whole"} & {*arguments.tables}:
        call_script("whole.py", "--moabb-python", arguments.moabb_python)
    if "networks" in arguments.tables:
        call_script("networks.py")
    with threadpool_limits(1):
        if "scaling" in arguments.tables:
            print_scaling()
            print_folds()
        if "inference" in arguments.tables:
            print_inference()
        if "growth" in arguments.tables:
            print_growth(arguments.people)


if __name__ == "__main__":
    main()
