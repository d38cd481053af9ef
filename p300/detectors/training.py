"""How a network learns: one loop for all learning rules, and the project's own rule."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from p300.detectors.validation import Windows
from p300.errors import DetectorError, TrainingWarning


@dataclass(frozen=True)
class Settings:
    """Settings of a training.

    Parameters
    ----------
    epochs
        Most passes over the learning part.
    batch_size
        Windows a step; 1 is online learning.
    learning_rate, weight_decay
        Of the optimiser.
    patience
        Passes without a lower validation loss after which training stops.
    validation_fraction
        Share of the training epochs set aside for stopping and calibration.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int
    validation_fraction: float


class LearningRule(Protocol):
    """What is minimised, from which weights, in which steps, and what the outputs then mean."""

    @property
    def settings(self) -> Settings:
        """The rule's own settings."""

    @property
    def sums_gradients(self) -> bool:
        """Whether the windows of a step add up their gradients, or average them."""

    def initialise(self, network: nn.Module) -> None:
        """Draw the initial weights from torch's generator."""

    def optimiser(self, network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
        """Give the optimiser of a network's weights."""

    def loss(self, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Give the mean loss of outputs [epoch, 2] and labels, for a learning part labelled y."""

    def log_odds(self, outputs: Tensor) -> Tensor:
        """Give the log-odds of a target that the outputs [epoch, 2] stand for, [epoch]."""


@runtime_checkable
class Pretrained(Protocol):
    """A network that learns first without labels."""

    def pretrain(self, X: Tensor) -> None:
        """Learn from windows [epoch, electrode, time]; draw from torch's generator."""


class ModernTraining:
    """Cross-entropy with class weights, Adam with decoupled weight decay (AdamW)."""

    settings = Settings(
        epochs=100,
        batch_size=64,
        learning_rate=1e-3,
        weight_decay=1e-2,
        patience=15,
        validation_fraction=0.15,
    )
    sums_gradients = False

    def initialise(self, network: nn.Module) -> None:
        """Leave the weights as the network drew them."""

    def optimiser(self, network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
        """Give AdamW (Loshchilov & Hutter 2019)."""
        return torch.optim.AdamW(
            network.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,
        )

    def loss(self, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Give the cross-entropy that weighs both classes of the learning part alike."""
        counts = torch.bincount(y, minlength=2)
        return nn.CrossEntropyLoss(weight=len(y) / (2 * counts))

    def log_odds(self, outputs: Tensor) -> Tensor:
        """Give output 1 minus output 0: the log-odds of their softmax."""
        return outputs[:, 1] - outputs[:, 0]


@dataclass(frozen=True)
class History:
    """The course of a training.

    Parameters
    ----------
    passes
        One dict a pass: epoch, train_loss, validation_loss.
    best
        The pass whose weights were kept, from 1.
    """

    passes: list[dict[str, float]]
    best: int


def train(
    network: nn.Module,
    rule: LearningRule,
    settings: Settings,
    learning: tuple[Tensor, Tensor],
    validation: tuple[Tensor, Tensor],
    shuffling: torch.Generator | None,
) -> History:
    """Minimise a rule's loss; keep the weights of the least validation loss.

    Parameters
    ----------
    network
        Maps [epoch, electrode, time] to two outputs, [epoch, 2]; changed in place.
    rule, settings
        How it learns.
    learning, validation
        Windows laid out as :func:`time_major` gives them, and labels, [epoch].
    shuffling
        Draws the order of the windows anew in each pass; None keeps the order given.

    Raises
    ------
    DetectorError
        When the loss does not stay finite.
    """
    (X, y), loss = learning, rule.loss(learning[1])
    optimiser = rule.optimiser(network, settings)
    passes: list[dict[str, float]] = []
    best_weights, best_loss, best = network.state_dict(), np.inf, 0
    for epoch in range(1, settings.epochs + 1):
        total = 0.0
        network.train()
        for rows in _order(len(y), shuffling).split(settings.batch_size):
            optimiser.zero_grad(set_to_none=True)
            batch_loss = loss(network(gather(X, rows)), y[rows])
            (batch_loss * len(rows) if rule.sums_gradients else batch_loss).backward()
            optimiser.step()
            total += batch_loss.item() * len(rows)
        network.eval()
        with torch.inference_mode():
            validation_loss = float(loss(network(validation[0]), validation[1]))
        passes.append(
            {"epoch": epoch, "train_loss": total / len(y), "validation_loss": validation_loss}
        )
        if not np.isfinite(validation_loss):
            raise DetectorError(
                f"training diverged in pass {epoch} (validation loss {validation_loss}); lower "
                "the learning rate or check the input's scale"
            )
        if validation_loss < best_loss:
            best_loss, best = validation_loss, epoch
            best_weights = copy.deepcopy(network.state_dict())
        elif epoch - best >= settings.patience:
            break
    if best == settings.epochs > settings.patience:
        warnings.warn(
            f"the validation loss still fell in the last of {settings.epochs} passes; allow more "
            "epochs",
            TrainingWarning,
            stacklevel=2,
        )
    network.load_state_dict(best_weights)
    return History(passes, best)


def _order(n: int, shuffling: torch.Generator | None) -> Tensor:
    return torch.arange(n) if shuffling is None else torch.randperm(n, generator=shuffling)


def time_major(X: Windows) -> Tensor:
    """Give windows as [epoch, electrode, time], laid out in memory as [epoch, time, electrode].

    A spatial filter is then one plain matrix product over contiguous rows.
    """
    return torch.from_numpy(np.ascontiguousarray(X.transpose(0, 2, 1))).transpose(1, 2)


def gather(X: Tensor, rows: Tensor) -> Tensor:
    """Give the epochs at ``rows`` in the memory layout of :func:`time_major`."""
    return X.transpose(1, 2).index_select(0, rows).transpose(1, 2)
