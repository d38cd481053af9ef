"""What two rearrangements gain: EEGNet's first layers, and shrinkage LDA.

Prints one table: least CPU seconds of the plain and of the package's form, called in turn in this
process on one thread, and their ratio. The results are the same (tests/detectors).

    python benchmarks/speed.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn.functional import conv1d, cross_entropy, pad

from p300.detectors.linear.covariance import discriminant
from p300.detectors.networks.eegnet import EEGNet, Tail, limit_norm
from p300.detectors.training.loop import time_major

BATCH = 64
STEPS = 21
LEARNING_EPOCHS = 2_000


class PublishedEEGNet(EEGNet):
    """The same network in the paper's order: time, batch norm, space."""

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to what the output layer reads, [epoch, feature]."""
        length = self.temporal.weight.shape[-1]
        padded = pad(x.unsqueeze(1), ((length - 1) // 2, length // 2))
        signals = self.temporal_norm(self.temporal(padded))
        maps = torch.einsum("nfet,fde->nfdt", signals, limit_norm(self.spatial, 1.0)).flatten(1, 2)
        shorter = pad(self._end(maps, self.spatial_tail), (7, 8))
        kernels = self.depthwise.weight[:, None]
        filtered = conv1d(shorter, kernels, groups=len(kernels))
        mixed = conv1d(filtered, self.pointwise.weight[..., None])
        return self._end(mixed, self.separable_tail).flatten(1)

    def _end(self, maps: Tensor, tail: Tail) -> Tensor:
        shorter: Tensor = tail.rest(tail.norm(maps))
        return shorter


def compare(
    title: str, plain: Callable[[], object], ours: Callable[[], object], repeats: int
) -> None:
    """Print a row: least CPU seconds of either function, called in turn."""
    ours()  # the first call loads libraries
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, taken in zip((plain, ours), seconds, strict=True):
            start = time.process_time()
            function()
            taken.append(time.process_time() - start)
    before, now = map(min, seconds)
    print(f"| {title} | {before:.4f} | {now:.4f} | {before / now:.1f} |", flush=True)


def training_step(network: EEGNet, x: Tensor, y: Tensor) -> Callable[[], None]:
    """Return a function that takes one step of gradient descent."""
    optimiser = torch.optim.AdamW(network.parameters())

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        cross_entropy(network(x), y).backward()
        optimiser.step()

    return step


def compare_training(n_electrodes: int, n_samples: int) -> None:
    """Compare a training step of EEGNet."""
    rng = np.random.default_rng(0)
    x = time_major(rng.standard_normal((BATCH, n_electrodes, n_samples), dtype=np.float32))
    y = torch.arange(BATCH) % 2
    plain, ours = (
        training_step(network(n_electrodes, n_samples), x, y)
        for network in (PublishedEEGNet, EEGNet)
    )
    compare(f"EEGNet, a step, {n_electrodes} x {n_samples}, batch {BATCH}", plain, ours, STEPS)


def compare_discriminants(n_features: int, repeats: int) -> None:
    """Compare a fit of shrinkage LDA to correlated features."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((LEARNING_EPOCHS, 64)) @ rng.standard_normal((64, n_features))
    features += rng.standard_normal(features.shape)
    y = (np.arange(LEARNING_EPOCHS) % 6 == 0).astype(np.uint8)
    sklearns = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    compare(
        f"shrinkage LDA, {n_features:,} features, {LEARNING_EPOCHS:,} epochs",
        lambda: sklearns.fit(features, y),
        lambda: discriminant(features, y),
        repeats,
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        print("| what | plain (CPU s) | here (CPU s) | ratio |\n|---|---|---|---|")
        compare_training(64, 78)
        compare_training(8, 83)
        compare_discriminants(8 * 16, 11)
        compare_discriminants(64 * 16, 5)
        compare_discriminants(64 * 78, 1)
