"""Several networks of one class trained as one batched model, for a graphics card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.utils.rnn import pad_sequence

from p300.detectors.training.loop import (
    VALIDATION_BATCH,
    EarlyStopping,
    History,
    Learner,
    from_state,
    gather,
)
from p300.detectors.training.rules import Layer, LearningRule
from p300.detectors.training.settings import Settings

MOST_VALIDATED = 8 * VALIDATION_BATCH
"""Epochs of all networks that are validated at once."""


@dataclass(frozen=True, eq=False)
class Running:
    """A network in training: its epochs, its loss, its passes so far."""

    learner: Learner
    loss: Callable[[Tensor, Tensor], Tensor]
    stopping: EarlyStopping


class Stack:
    """Networks that share the memory of tensors [network, ...], and are called as one.

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

    def of(self, running: Sequence[Running]) -> Stack:
        """Return the stack of these networks: this one, if they are its own."""
        networks = [one.learner.network for one in running]
        return self if networks == self.networks else Stack(networks)

    def __call__(self, X: Tensor, *, training: bool = True) -> Tensor:
        """Map epochs [network, epoch, electrode, time] to outputs [network, epoch, 2]."""
        for network in self.networks:
            network.train(training)

        def call(weights: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
            outputs: Tensor = functional_call(self.networks[0], (weights, buffers), (x,))
            return outputs

        outputs: Tensor = vmap(call, randomness="different")(self.weights, self.buffers, X)
        return outputs

    def backward(self, losses: Tensor) -> None:
        """Set each network's gradients to those of its loss, [network]."""
        gradients = torch.autograd.grad(losses.sum(), list(self.weights.values()))
        for name, gradient in zip(self.weights, gradients, strict=True):
            # A fused optimiser takes for granted that gradients are laid out as their weights.
            for network, own in zip(self.networks, gradient.contiguous(), strict=True):
                network.get_parameter(name).grad = own


class _AllLayers(nn.ModuleList):
    """Networks as one for the paper's rule, which asks for layers."""

    def layers(self) -> list[Layer]:
        """Return the layers of all networks."""
        return [layer for network in self for layer in network.layers()]  # type: ignore[operator]


def train_batched(
    learners: Sequence[Learner], rule: LearningRule, settings: Settings, X: Tensor, y: Tensor
) -> list[History]:
    """Train networks as one batched model, each as if alone.

    Each has its own epochs, order, early stopping and best weights; the stopped leave the stack.
    Scores are those of networks trained one by one, but for rounding and for what dropout draws.
    Networks whose last batch of a pass has another size take that step in a stack of their own, so
    that batch norm sees the same epochs.

    Parameters
    ----------
    learners
        The networks, of one class and size, on the device of X; changed in place.
    rule, settings, X, y
        As of :func:`p300.detectors.training.loop.train_network`.

    Raises
    ------
    DetectorError
        When a validation loss does not stay finite.
    """
    networks = [learner.network for learner in learners]
    everyone = [
        Running(one, rule.loss(y[one.learn]), EarlyStopping(one.network, settings))
        for one in learners
    ]
    optimiser, stack = rule.optimiser(_AllLayers(networks), settings), Stack(networks)
    with from_state(learners[0].random_state):
        while running := [one for one in everyone if one.stopping.goes_on]:
            totals = torch.zeros(len(running), device=X.device)
            orders = [one.learner.order() for one in running]
            for together, rows in _steps(orders, settings.batch_size):
                learning = [running[k] for k in together]
                stack = stack.of(learning)
                losses = _losses(learning, stack(gather(X, rows)), y[rows])
                optimiser.zero_grad(set_to_none=True)
                stack.backward(losses * rows.shape[1] if rule.sums_gradients else losses)
                optimiser.step()
                totals[list(together)] += losses.detach() * rows.shape[1]
            stack = stack.of(running)
            _validate(running, stack, totals.tolist(), X, y)
    return [one.stopping.finish() for one in everyone]


def _steps(orders: list[Tensor], batch_size: int) -> Iterator[tuple[list[int], Tensor]]:
    """Yield who takes the next step together, and with which epochs [network, epoch]."""
    batches = [order.split(batch_size) for order in orders]
    for step in range(max(map(len, batches))):
        sizes = [len(mine[step]) if step < len(mine) else 0 for mine in batches]
        for size in sorted(set(sizes) - {0}, reverse=True):
            together = [k for k, own in enumerate(sizes) if own == size]
            yield together, torch.stack([batches[k][step] for k in together])


def _losses(running: Sequence[Running], outputs: Tensor, labels: Tensor) -> Tensor:
    """Return each one's loss, [network], of outputs [network, epoch, 2] and labels."""
    own = zip(running, outputs, labels, strict=True)
    return torch.stack([one.loss(said, y) for one, said, y in own])


def _validate(
    running: Sequence[Running], stack: Stack, totals: list[float], X: Tensor, y: Tensor
) -> None:
    """Record a pass: the mean of the losses in it, and the loss of the validation epochs."""
    # In evaluation epochs do not touch each other: shorter parts are filled up with any epoch.
    rows = pad_sequence([one.learner.validate for one in running], batch_first=True)
    with torch.no_grad():
        outputs = torch.cat(
            [
                stack(gather(X, some), training=False)
                for some in rows.split(max(1, MOST_VALIDATED // len(running)), dim=1)
            ],
            dim=1,
        )
    for one, said, total in zip(running, outputs, totals, strict=True):
        validate, n_learned = one.learner.validate, len(one.learner.learn)
        loss = one.loss(said[: len(validate)], y[validate])
        one.stopping.record(total / n_learned, loss.item())
