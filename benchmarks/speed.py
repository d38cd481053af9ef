"""What rearrangements gain: steps of EEGNet, EEG-Inception and CNN-1, and shrinkage LDA.

Prints one table: least CPU seconds of the plain and of the package's form, called in turn in this
process on one thread, their ratio, and medians. The results are the same (tests/detectors).

    python benchmarks/speed.py
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, conv1d, cross_entropy, dropout, elu, pad

from p300.detectors.linear.covariance import discriminant
from p300.detectors.networks.cecotti import CNN1, scaled_tanh
from p300.detectors.networks.eeg_inception import DROPOUT, Branch, EEGInception
from p300.detectors.networks.eegnet import EEGNet, Tail, limit_norm
from p300.detectors.training.loop import time_major
from p300.detectors.training.rules import LEARNING_RULES, Optimiser

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


def drop(maps: Tensor) -> Tensor:
    """Drop a quarter of the values, as EEG-Inception does."""
    return dropout(maps, DROPOUT)


class LayeredInception(EEGInception):
    """The same network, layer by layer, with torch's own ELU, pooling and dropout."""

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to what the output layer reads, [epoch, feature]."""
        electrodes = x.unsqueeze(1)
        one = avg_pool1d(torch.cat([self._scale(b, electrodes) for b in self.first], dim=1), 4)
        two = torch.cat([drop(self._layers(scale, one)) for scale in self.second], dim=1)
        maps = avg_pool1d(two, 2)
        for convolution in self.third[0], self.third[3]:
            maps = drop(avg_pool1d(self._layers(convolution, maps), 2))
        return maps.flatten(1)

    def _scale(self, branch: nn.Module, electrodes: Tensor) -> Tensor:
        assert isinstance(branch, Branch)
        padding, convolution, norm, *_ = branch.temporal
        seen = drop(elu(norm(convolution(padding(electrodes)))))
        maps = torch.einsum("nfet,fde->nfdt", seen, limit_norm(branch.spatial, 1.0))
        return drop(elu(branch.after[0](maps.flatten(1, 2))))

    def _layers(self, layers: nn.Module, maps: Tensor) -> Tensor:
        padding, convolution, norm, _ = layers.children()
        return elu(norm(convolution(padding(maps))))


class LayeredCNN1(CNN1):
    """The same network, each activation with its factors on its own."""

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to the neurons of L3, [epoch, neuron]."""
        n_epochs, _, n_samples = x.shape
        samples, bias = x.transpose(1, 2).flatten(0, 1), self.spatial.bias[:, None]
        l1 = scaled_tanh(torch.addmm(bias, self.spatial.weight, samples.T))
        seen = l1.unflatten(1, (n_epochs, n_samples))[:, :, : self.n_positions * self.kernel]
        pieces = seen.unflatten(2, (self.n_positions, self.kernel)).flatten(1, 2).transpose(1, 2)
        weights, bias = self.temporal_weight.transpose(1, 2), self.temporal_bias.transpose(1, 2)
        l2 = scaled_tanh(torch.baddbmm(bias, weights, pieces))
        maps = l2.unflatten(2, (n_epochs, self.n_positions)).permute(2, 0, 1, 3).flatten(1)
        return torch.sigmoid(self.hidden(maps))


def compare(
    title: str, plain: Callable[[], object], ours: Callable[[], object], repeats: int
) -> None:
    """Print a row: CPU seconds of either function, called in turn, least and median."""
    ours()  # the first call loads libraries
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, taken in zip((plain, ours), seconds, strict=True):
            start = time.process_time()
            function()
            taken.append(time.process_time() - start)
    before, now = map(min, seconds)
    middles = " / ".join(f"{np.median(taken):.4f}" for taken in seconds)
    row = f"| {title} | {before:.4f} | {now:.4f} | {before / now:.1f} | {middles} |"
    print(row, flush=True)


def training_step(
    network: nn.Module, optimiser: Optimiser, x: Tensor, y: Tensor
) -> Callable[[], None]:
    """Return a function that takes one step of gradient descent."""

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        cross_entropy(network(x), y).backward()
        optimiser.step()

    return step


def random_batch(n_electrodes: int, n_samples: int) -> tuple[Tensor, Tensor]:
    """Return epochs and labels."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, n_electrodes, n_samples), dtype=np.float32)
    return time_major(x), torch.arange(BATCH) % 2


def compare_networks(name: str, forms: Iterable[type[nn.Module]], *size: int) -> None:
    """Compare a training step of a network's plain form and ours, both with torch's optimiser."""
    plain, ours = (
        training_step(form, torch.optim.AdamW(form.parameters()), *random_batch(*size))
        for form in [network(*size) for network in forms]
    )
    compare(f"{name}, a step, {size[0]} x {size[1]}, batch {BATCH}", plain, ours, STEPS)


def compare_cnn1(*size: int) -> None:
    """Compare a training step of CNN-1 with torch's optimiser to one with the package's."""
    rule, batch = LEARNING_RULES["modern"], random_batch(*size)
    before, now = LayeredCNN1(*size), CNN1(*size)
    torchs = torch.optim.AdamW(before.parameters(), fused=True)
    plain = training_step(before, torchs, *batch)
    ours = training_step(now, rule.optimiser(now, rule.settings), *batch)
    compare(f"CNN-1, a step, {size[0]} x {size[1]}, batch {BATCH}", plain, ours, 20 * STEPS)


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
        print("| what | plain (CPU s) | here (CPU s) | ratio | medians |\n|---|---|---|---|---|")
        eegnets, inceptions = (PublishedEEGNet, EEGNet), (LayeredInception, EEGInception)
        compare_networks("EEGNet", eegnets, 64, 78)
        compare_networks("EEGNet", eegnets, 8, 83)
        compare_networks("EEG-Inception", inceptions, 64, 78)
        compare_networks("EEG-Inception", inceptions, 8, 78)
        compare_cnn1(64, 78)
        compare_cnn1(8, 83)
        compare_discriminants(8 * 16, 11)
        compare_discriminants(64 * 16, 5)
        compare_discriminants(64 * 78, 1)
