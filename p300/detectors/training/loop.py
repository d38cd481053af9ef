"""The training loop: one network, its epochs, early stopping at the least validation loss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from p300.detectors.splits import EpochArray
from p300.detectors.training.rules import LearningRule
from p300.detectors.training.settings import Settings
from p300.errors import DetectorError

VALIDATION_BATCH = 512
"""Epochs validated at once: few enough to stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Learner:
    """A network and the epochs that it is to learn from.

    Parameters
    ----------
    network
        Maps [epoch, electrode, time] to two outputs, [epoch, 2]; training changes it in place.
    learn, validate
        Positions of its epochs.
    shuffling
        Draws the order of the epochs anew in each pass; None keeps the order given.
    random_state
        State of torch's generator when training starts, from which dropout draws.
    """

    network: nn.Module
    learn: Tensor
    validate: Tensor
    shuffling: torch.Generator | None
    random_state: Tensor

    def order(self) -> Tensor:
        """Return the positions to learn from in the order of the next pass."""
        if self.shuffling is None:
            return self.learn
        drawn = torch.randperm(len(self.learn), generator=self.shuffling)
        return self.learn[drawn.to(self.learn.device)]

    def placed(self, device: torch.device, start: int = 0) -> Learner:
        """Return the same on a device, its epochs ``start`` positions further down."""
        learn, validate = (rows.to(device) + start for rows in (self.learn, self.validate))
        network = self.network.to(device)
        return Learner(network, learn, validate, self.shuffling, self.random_state)


@dataclass(frozen=True)
class History:
    """How a training went.

    Parameters
    ----------
    passes
        One dict a pass: pass (from 1), train_loss, validation_loss.
    best
        The pass whose weights were kept, from 1.
    cut_short
        Whether the validation loss still fell in the last pass that was allowed.
    """

    passes: list[dict[str, float]]
    best: int
    cut_short: bool


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
        number = len(self.passes) + 1
        if not np.isfinite(validation_loss):
            raise DetectorError(
                f"training diverged in pass {number} (validation loss {validation_loss}); lower "
                "the learning rate"
            )
        self.passes.append(
            {"pass": number, "train_loss": train_loss, "validation_loss": validation_loss}
        )
        if validation_loss < self.best_loss:
            self.best, self.best_loss = number, validation_loss
            weights = self.network.state_dict()
            self.best_weights = {name: tensor.clone() for name, tensor in weights.items()}

    def finish(self) -> History:
        """Set the network to the weights of the least validation loss."""
        self.network.load_state_dict(self.best_weights)
        cut_short = self.best == self.settings.max_passes > self.settings.patience
        return History(self.passes, self.best, cut_short)


def train_network(
    learner: Learner, rule: LearningRule, settings: Settings, X: Tensor, y: Tensor
) -> History:
    """Minimise a rule's loss; keep the weights of the least validation loss.

    Parameters
    ----------
    learner
        The network; changed in place.
    rule, settings
        How it learns.
    X
        Epochs [epoch, electrode, time], laid out as by :func:`time_major`.
    y
        1 for a target, 0 for a non-target, [epoch].

    Raises
    ------
    DetectorError
        When the validation loss does not stay finite.
    """
    network, loss = learner.network, rule.loss(y[learner.learn])
    optimiser, stopping = rule.optimiser(network, settings), EarlyStopping(network, settings)
    with from_state(learner.random_state):
        while stopping.goes_on:
            total = 0.0
            network.train()
            for rows in learner.order().split(settings.batch_size):
                optimiser.zero_grad(set_to_none=True)
                batch_loss = loss(network(gather(X, rows)), y[rows])
                (batch_loss * len(rows) if rule.sums_gradients else batch_loss).backward()
                optimiser.step()
                total += batch_loss.item() * len(rows)
            network.eval()
            with torch.inference_mode():
                parts = learner.validate.split(VALIDATION_BATCH)
                outputs = torch.cat([network(gather(X, rows)) for rows in parts])
                validation_loss = float(loss(outputs, y[learner.validate]))
            stopping.record(total / len(learner.learn), validation_loss)
    return stopping.finish()


@contextmanager
def from_state(state: Tensor) -> Iterator[None]:
    """Set torch's generator to a state inside the block only."""
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(state)
        yield


def time_major(X: EpochArray) -> Tensor:
    """Return epochs as [epoch, electrode, time], laid out in memory as [epoch, time, electrode].

    A spatial filter is then one plain matrix product over contiguous rows.
    """
    return torch.from_numpy(np.ascontiguousarray(X.transpose(0, 2, 1))).transpose(1, 2)


def gather(X: Tensor, rows: Tensor) -> Tensor:
    """Return the epochs at ``rows`` in the memory layout of :func:`time_major`.

    ``rows`` may be [network, epoch]; what is returned is then [network, epoch, electrode, time].
    """
    gathered = X.transpose(1, 2).index_select(0, rows.flatten())
    return gathered.view(*rows.shape, *gathered.shape[1:]).transpose(-2, -1)
