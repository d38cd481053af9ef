"""How a network learns: one loop for all learning rules, and the project's own rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from p300.detectors.validation import Windows
from p300.errors import DetectorError


@dataclass(frozen=True)
class Settings:
    """Settings of a training.

    Parameters
    ----------
    max_passes
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

    max_passes: int
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
        max_passes=100,
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
    cut_short
        Whether the validation loss still fell in the last pass that was allowed.
    """

    passes: list[dict[str, float]]
    best: int
    cut_short: bool


@dataclass(frozen=True, eq=False)
class Member:
    """A network and the windows that it learns from, one of several or alone.

    Parameters
    ----------
    network
        Maps [epoch, electrode, time] to two outputs, [epoch, 2]; training changes it in place.
    learn, validate
        Positions of its windows.
    shuffling
        Draws the order of the windows anew in each pass; None keeps the order given.
    """

    network: nn.Module
    learn: Tensor
    validate: Tensor
    shuffling: torch.Generator | None

    def order(self) -> Tensor:
        """Give the positions to learn from in the order of the next pass."""
        if self.shuffling is None:
            return self.learn
        drawn = torch.randperm(len(self.learn), generator=self.shuffling)
        return self.learn[drawn.to(self.learn.device)]


class EarlyStopping:
    """The passes of a network's training so far: when to stop, and which weights to keep."""

    def __init__(self, network: nn.Module, settings: Settings) -> None:
        self.network, self.settings = network, settings
        self.passes: list[dict[str, float]] = []
        self.best, self.best_loss = 0, np.inf
        self.best_weights: dict[str, Tensor] = {}

    @property
    def goes_on(self) -> bool:
        """Whether there is another pass."""
        n = len(self.passes)
        return n < self.settings.max_passes and n - self.best < self.settings.patience

    def record(self, train_loss: float, validation_loss: float) -> None:
        """Note a pass.

        Raises
        ------
        DetectorError
            When the validation loss is not finite.
        """
        epoch = len(self.passes) + 1
        if not np.isfinite(validation_loss):
            raise DetectorError(
                f"training diverged in pass {epoch} (validation loss {validation_loss}); lower "
                "the learning rate or check the input's scale"
            )
        self.passes.append(
            {"epoch": epoch, "train_loss": train_loss, "validation_loss": validation_loss}
        )
        if validation_loss < self.best_loss:
            self.best, self.best_loss = epoch, validation_loss
            weights = self.network.state_dict()
            self.best_weights = {name: tensor.clone() for name, tensor in weights.items()}

    def finish(self) -> History:
        """Give the network the weights of the least validation loss."""
        self.network.load_state_dict(self.best_weights)
        cut_short = self.best == self.settings.max_passes > self.settings.patience
        return History(self.passes, self.best, cut_short)


VALIDATION_BATCH = 512
"""Windows validated at once: few enough to stay in the processor's cache."""


def train(member: Member, rule: LearningRule, settings: Settings, X: Tensor, y: Tensor) -> History:
    """Minimise a rule's loss; keep the weights of the least validation loss.

    Parameters
    ----------
    member
        The network; changed in place.
    rule, settings
        How it learns.
    X
        All windows, laid out as :func:`time_major` gives them; batches are gathered from them.
    y
        1 for a target, 0 for a non-target, [epoch].

    Raises
    ------
    DetectorError
        When the loss does not stay finite.
    """
    network, loss = member.network, rule.loss(y[member.learn])
    optimiser, stopping = rule.optimiser(network, settings), EarlyStopping(network, settings)
    while stopping.goes_on:
        total = 0.0
        network.train()
        for rows in member.order().split(settings.batch_size):
            optimiser.zero_grad(set_to_none=True)
            batch_loss = loss(network(gather(X, rows)), y[rows])
            (batch_loss * len(rows) if rule.sums_gradients else batch_loss).backward()
            optimiser.step()
            total += batch_loss.item() * len(rows)
        network.eval()
        with torch.inference_mode():
            parts = member.validate.split(VALIDATION_BATCH)
            outputs = torch.cat([network(gather(X, rows)) for rows in parts])
            validation_loss = float(loss(outputs, y[member.validate]))
        stopping.record(total / len(member.learn), validation_loss)
    return stopping.finish()


def time_major(X: Windows) -> Tensor:
    """Give windows as [epoch, electrode, time], laid out in memory as [epoch, time, electrode].

    A spatial filter is then one plain matrix product over contiguous rows.
    """
    return torch.from_numpy(np.ascontiguousarray(X.transpose(0, 2, 1))).transpose(1, 2)


def gather(X: Tensor, rows: Tensor) -> Tensor:
    """Give the epochs at ``rows`` in the memory layout of :func:`time_major`.

    ``rows`` may be [member, epoch]; what is given is then [member, epoch, electrode, time].
    """
    gathered = X.transpose(1, 2).index_select(0, rows.flatten())
    return gathered.view(*rows.shape, *gathered.shape[1:]).transpose(-2, -1)
