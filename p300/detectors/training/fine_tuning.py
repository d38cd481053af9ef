"""Transfer learning: a trained network goes on learning from a few epochs of a new subject.

Yosinski, Clune, Bengio & Lipson, How transferable are features in deep neural networks?, NIPS 2014,
3320-3328: the weights learned on one task are where learning the next one starts from, and all of
them move.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from p300.detectors.training.loop import gather
from p300.detectors.training.rules import LearningRule
from p300.detectors.training.settings import Settings

PASSES = 10
"""Passes over the new subject's epochs: fixed, as there are too few to hold some out."""

SLOWDOWN = 0.1
"""Learning rate, as a share of the one that the network was trained with."""


def fine_tune(
    network: nn.Module, rule: LearningRule, settings: Settings, X: Tensor, y: Tensor
) -> None:
    """Let all weights of a trained network go on learning, slowly.

    How many passes and how slowly was chosen on training subjects (docs/family_tree.md).

    Parameters
    ----------
    network
        Changed in place; draws from torch's generator.
    rule, settings
        How it was trained.
    X
        Scaled epochs of the new subject, laid out as by
        :func:`p300.detectors.training.loop.time_major`.
    y
        1 for a target, 0 for a non-target, [epoch].
    """
    slower = replace(settings, learning_rate=SLOWDOWN * settings.learning_rate)
    loss, optimiser = rule.loss(y), rule.optimiser(network, slower)
    network.train()
    for _ in range(PASSES):
        for rows in torch.randperm(len(y)).split(settings.batch_size):
            optimiser.zero_grad(set_to_none=True)
            error = loss(network(gather(X, rows)), y[rows])
            (error * len(rows) if rule.sums_gradients else error).backward()
            optimiser.step()
    network.eval()
