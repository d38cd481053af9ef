"""Learning rules older than modern training, each one step away from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from p300.detectors.training import ModernTraining, Settings


class SquaredErrorTraining(ModernTraining):
    """The squared error of back-propagation in place of the log loss.

    Rumelhart, Hinton & Williams, Nature 323:533-536, 1986. The error is 1 minus the probability
    of the true class, squared; both classes weigh alike.
    """

    power = 2

    def loss(self, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Give the mean error of the outputs' softmax, weighing both classes of y alike."""
        weight = len(y) / (2 * torch.bincount(y, minlength=2))

        def mean_error(outputs: Tensor, y: Tensor) -> Tensor:
            missing = 1 - torch.softmax(outputs, dim=1).gather(1, y[:, None])[:, 0]
            return (weight[y] * missing**self.power).sum() / weight[y].sum()

        return mean_error


class AbsoluteErrorTraining(SquaredErrorTraining):
    """The same error, not squared: windows far on the wrong side pull no harder than others."""

    power = 1


class MomentumTraining(ModernTraining):
    """Cross-entropy and gradient descent with Nesterov's momentum of .9, at a rate of .05."""

    settings = replace(ModernTraining.settings, learning_rate=0.05, weight_decay=1e-6)

    def optimiser(self, network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
        """Give gradient descent with momentum (Sutskever et al., ICML 2013)."""
        return torch.optim.SGD(
            network.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            momentum=0.9,
            nesterov=True,
        )
