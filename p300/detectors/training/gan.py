"""A generative adversarial network that makes target epochs like those it has seen.

Goodfellow et al., Generative adversarial nets, NIPS 2014, 2672-2680. On EEG: Hartmann,
Schirrmeister & Ball, EEG-GAN, arXiv:1806.01875, 2018, where far larger networks made epochs of
one electrode. Here some hundred targets are all there is to learn from, so both networks are two
full layers over the principal components of the epochs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, leaky_relu, softplus
from torch.optim.swa_utils import AveragedModel

from p300.detectors.splits import EpochArray, Index, Labels

STEPS = 500
"""Steps of both networks, however many epochs there are; with more, targets become too large."""

BATCH = 64

VARIANCE = 0.99
"""Share of the epochs' variance that their components keep."""


def add_made_targets(
    X: EpochArray, y: Labels, parts: list[tuple[Index, Index]], seed: int
) -> tuple[EpochArray, Labels, list[tuple[Index, Index]]]:
    """Let each network learn from made targets besides its own, as many as make the classes equal.

    Parameters
    ----------
    X
        [epoch, electrode, time].
    y
        1 for a target, 0 for a non-target, [epoch].
    parts
        Of each network, the positions that it learns from and those that it is validated on. Only
        the former are seen here.
    seed
        What is drawn follows from it.

    Returns
    -------
    The same with the made epochs behind those given, and each network's among those it learns
    from.
    """
    windows, n, enlarged = [X], len(X), []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for learn, validate in parts:
            n_made = int(np.sum(y[learn] == 0)) - int(np.sum(y[learn] == 1))
            windows.append(make_targets(X[learn], y[learn], max(0, n_made)))
            made = np.arange(n, n + len(windows[-1]))
            n += len(made)
            enlarged.append((np.concatenate([learn, made]), validate))
    labels = np.concatenate([y, np.ones(n - len(y), dtype=y.dtype)])
    return np.concatenate(windows), labels, enlarged


def make_targets(X: EpochArray, y: Labels, n: int) -> EpochArray:
    """Learn from labelled epochs and make new targets, [made epoch, electrode, time].

    Parameters
    ----------
    X
        [epoch, electrode, time].
    y
        1 for a target, 0 for a non-target, [epoch].
    n
        How many to make.
    """
    windows = torch.from_numpy(np.ascontiguousarray(X)).flatten(1)
    components = Components.of(windows)
    generator = learn_to_make(components.read(windows[torch.from_numpy(y == 1)]))
    with torch.no_grad():
        made = components.write(generator(torch.randn(n, len(components.basis))))
    found: EpochArray = made.unflatten(1, X.shape[1:]).numpy()
    return found


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components: epochs as uncorrelated numbers of mean zero and variance one.

    Parameters
    ----------
    mean
        Of the epochs, [electrode * time].
    basis
        [component, electrode * time], orthonormal.
    scale
        Standard deviation of each component, [component].
    """

    mean: Tensor
    basis: Tensor
    scale: Tensor

    @classmethod
    def of(cls, windows: Tensor) -> Self:
        """Learn them from epochs [epoch, electrode * time], targets and non-targets alike."""
        mean = windows.mean(dim=0)
        _, size, basis = torch.linalg.svd(windows - mean, full_matrices=False)
        explained = size.square().cumsum(0) / size.square().sum()
        n = int((explained < VARIANCE).sum()) + 1
        return cls(mean, basis[:n], size[:n] / len(windows) ** 0.5)

    def read(self, windows: Tensor) -> Tensor:
        """Map epochs [epoch, electrode * time] to components, [epoch, component]."""
        return (windows - self.mean) @ self.basis.T / self.scale

    def write(self, components: Tensor) -> Tensor:
        """Map components back, [epoch, electrode * time]."""
        return components * self.scale @ self.basis + self.mean


class Generator(nn.Module):
    """Turn noise into components of an epoch: the noise plus what two full layers make of it.

    Without the layers it makes epochs with the covariance of all epochs; what they learn is in
    what targets differ.

    Parameters
    ----------
    n_components
        n random numbers become n components; 64 (n + 1) + n (64 + 1) parameters.
    """

    def __init__(self, n_components: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(n_components, 64)
        self.output = nn.Linear(64, n_components)

    def forward(self, noise: Tensor) -> Tensor:
        """Map noise [epoch, component] to components of epochs, [epoch, component]."""
        made: Tensor = noise + self.output(leaky_relu(self.hidden(noise), 0.2))
        return made


class Discriminator(nn.Module):
    """Describe epochs that were recorded from epochs that were made.

    Parameters
    ----------
    n_components
        Of an epoch; 64 (n + 1) + 65 parameters. Half of the 64 hidden neurons are dropped at
        random, so that it does not learn the few epochs by heart.
    """

    def __init__(self, n_components: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(n_components, 64)
        self.output = nn.Linear(64, 1)

    def forward(self, components: Tensor) -> Tensor:
        """Map components [epoch, component] to log-odds of having been recorded, [epoch]."""
        hidden = leaky_relu(self.hidden(components), 0.2)
        log_odds: Tensor = self.output(dropout(hidden, 0.5, self.training))
        return log_odds[:, 0]


def learn_to_make(seen: Tensor) -> nn.Module:
    """Let a generator and a discriminator learn against each other.

    The generator's error is the one that does not saturate, -log D(G(z)) (section 3 of the paper).
    The two circle around where neither can gain, so the mean of the generator's weights over the
    second half of the steps is taken (Yazıcı et al., ICLR 2019): the mean of the epochs it makes
    then correlates with that of the targets by some .95, and without by .5 (docs/family_tree.md).

    Parameters
    ----------
    seen
        Components of the targets, [epoch, component].

    Returns
    -------
    The generator.
    """
    n_components = seen.shape[1]
    generator, discriminator = Generator(n_components), Discriminator(n_components)
    mean = AveragedModel(generator)
    makes, tells = (
        torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.5, 0.9), fused=True)
        for network in (generator, discriminator)
    )
    for step in range(STEPS):
        recorded = seen[torch.randint(len(seen), (BATCH,))]
        made = generator(torch.randn(BATCH, n_components))
        tells.zero_grad()
        error = softplus(-discriminator(recorded)) + softplus(discriminator(made.detach()))
        error.mean().backward()
        tells.step()
        makes.zero_grad()
        softplus(-discriminator(made)).mean().backward()
        makes.step()
        if step >= STEPS // 2:
            mean.update_parameters(generator)
    return mean
