"""Several networks of one class trained as one batched model, for a graphics card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.utils.rnn import pad_sequence

from p300.detectors.paper_training import Layer
from p300.detectors.training import (
    VALIDATION_BATCH,
    EarlyStopping,
    History,
    LearningRule,
    Member,
    Settings,
    gather,
)

MOST_VALIDATED = 8 * VALIDATION_BATCH
"""Windows of all networks that are validated at once."""


@dataclass(frozen=True, eq=False)
class Learner:
    """A member in training: its windows, its loss, its passes so far."""

    member: Member
    loss: Callable[[Tensor, Tensor], Tensor]
    stopping: EarlyStopping


class Stack:
    """Networks that share the memory of tensors [member, ...], and are called as one.

    Parameters
    ----------
    networks
        Of one class and size. From now on their weights are views of the stack's.
    """

    def __init__(self, networks: list[nn.Module]) -> None:
        self.networks = networks
        self.weights, self.buffers = stack_module_state(networks)
        for k, network in enumerate(networks):
            for name, weight in network.named_parameters():
                weight.data = self.weights[name].detach()[k]
            for name, buffer in network.named_buffers():
                buffer.data = self.buffers[name][k]

    def of(self, learners: Sequence[Learner]) -> Stack:
        """Give the stack of these members: this one, if they are its own."""
        networks = [learner.member.network for learner in learners]
        return self if networks == self.networks else Stack(networks)

    def __call__(self, X: Tensor, *, training: bool = True) -> Tensor:
        """Map windows [member, epoch, electrode, time] to outputs [member, epoch, 2]."""
        for network in self.networks:
            network.train(training)

        def call(weights: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
            outputs: Tensor = functional_call(self.networks[0], (weights, buffers), (x,))
            return outputs

        outputs: Tensor = vmap(call, randomness="different")(self.weights, self.buffers, X)
        return outputs

    def backward(self, losses: Tensor) -> None:
        """Give each network the gradients of its loss, [member]."""
        gradients = torch.autograd.grad(losses.sum(), list(self.weights.values()))
        for name, gradient in zip(self.weights, gradients, strict=True):
            # A fused optimiser takes for granted that gradients are laid out as their weights.
            for network, own in zip(self.networks, gradient.contiguous(), strict=True):
                network.get_parameter(name).grad = own


class _AllLayers(nn.ModuleList):
    """Networks as one for the paper's rule, which asks for layers."""

    def layers(self) -> list[Layer]:
        """Give the layers of all networks."""
        return [layer for network in self for layer in network.layers()]  # type: ignore[operator]


def train_together(
    members: Sequence[Member], rule: LearningRule, settings: Settings, X: Tensor, y: Tensor
) -> list[History]:
    """Train networks side by side as :func:`p300.detectors.training.train` does one after another.

    Each has its own windows, order, early stopping and best weights; the stopped leave the stack.
    Scores are those of networks trained one by one, but for rounding and for what dropout draws.
    Members whose last batch of a pass has another size take that step in a stack of their own, so
    that batch norm sees the same windows.

    Parameters
    ----------
    members
        The networks, of one class and size, on the device of X; changed in place.
    rule, settings, X, y
        As of :func:`p300.detectors.training.train`.

    Raises
    ------
    DetectorError
        When a loss does not stay finite.
    """
    learners = [
        Learner(m, rule.loss(y[m.learn]), EarlyStopping(m.network, settings)) for m in members
    ]
    optimiser = rule.optimiser(_AllLayers(m.network for m in members), settings)
    stack = Stack([member.network for member in members])
    while running := [learner for learner in learners if learner.stopping.goes_on]:
        totals = torch.zeros(len(running), device=X.device)
        for group, rows in _steps([one.member.order() for one in running], settings.batch_size):
            learning = [running[k] for k in group]
            stack = stack.of(learning)
            losses = _losses(learning, stack(gather(X, rows)), y[rows])
            optimiser.zero_grad(set_to_none=True)
            stack.backward(losses * rows.shape[1] if rule.sums_gradients else losses)
            optimiser.step()
            totals[list(group)] += losses.detach() * rows.shape[1]
        stack = stack.of(running)
        _validate(running, stack, totals.tolist(), X, y)
    return [learner.stopping.finish() for learner in learners]


def _steps(orders: list[Tensor], batch_size: int) -> Iterator[tuple[list[int], Tensor]]:
    """Yield who takes the next step together, and with which windows [member, epoch]."""
    batches = [order.split(batch_size) for order in orders]
    for step in range(max(map(len, batches))):
        sizes = [len(mine[step]) if step < len(mine) else 0 for mine in batches]
        for size in sorted(set(sizes) - {0}, reverse=True):
            group = [k for k, own in enumerate(sizes) if own == size]
            yield group, torch.stack([batches[k][step] for k in group])


def _losses(learners: Sequence[Learner], outputs: Tensor, labels: Tensor) -> Tensor:
    """Give each one's loss, [member], of outputs [member, epoch, 2] and labels."""
    own = zip(learners, outputs, labels, strict=True)
    return torch.stack([learner.loss(said, y) for learner, said, y in own])


def _validate(
    running: Sequence[Learner], stack: Stack, totals: list[float], X: Tensor, y: Tensor
) -> None:
    """Record a pass: the mean of the losses in it, and the loss of the validation windows."""
    # In evaluation windows do not touch each other: shorter parts are filled up with any window.
    rows = pad_sequence([one.member.validate for one in running], batch_first=True)
    with torch.no_grad():
        outputs = torch.cat(
            [
                stack(gather(X, some), training=False)
                for some in rows.split(max(1, MOST_VALIDATED // len(running)), dim=1)
            ],
            dim=1,
        )
    for learner, said, total in zip(running, outputs, totals, strict=True):
        validate, n_learned = learner.member.validate, len(learner.member.learn)
        loss = learner.loss(said[: len(validate)], y[validate])
        learner.stopping.record(total / n_learned, loss.item())
