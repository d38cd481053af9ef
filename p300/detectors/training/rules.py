"""Learning rules: what is minimised, from which weights, in which steps, what outputs then mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, one_hot

from p300.detectors.training.adamw import AdamW
from p300.detectors.training.settings import MODERN, MOMENTUM, PAPER, Settings
from p300.errors import DetectorError


class Optimiser(Protocol):
    """What changes a network's weights, step by step."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""

    def step(self) -> None:
        """Change the weights by their gradients."""


class LearningRule(Protocol):
    """How a network learns."""

    @property
    def settings(self) -> Settings:
        """The rule's own settings."""

    @property
    def sums_gradients(self) -> bool:
        """Whether the epochs of a step add up their gradients, or average them."""

    def initialise(self, network: nn.Module) -> None:
        """Draw the initial weights from torch's generator."""

    def optimiser(self, network: nn.Module, settings: Settings) -> Optimiser:
        """Return the optimiser of a network's weights."""

    def loss(self, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the mean loss of outputs [epoch, 2] and labels, for a learning part labelled y."""

    def log_odds(self, outputs: Tensor) -> Tensor:
        """Return the log-odds of a target that the outputs [epoch, 2] stand for, [epoch]."""


class ModernTraining:
    """Cross-entropy with class weights, Adam with decoupled weight decay (AdamW)."""

    settings = MODERN
    sums_gradients = False

    def initialise(self, network: nn.Module) -> None:
        """Leave the weights as the network drew them."""

    def optimiser(self, network: nn.Module, settings: Settings) -> Optimiser:
        """Return AdamW (Loshchilov & Hutter 2019)."""
        return AdamW(network.parameters(), settings.learning_rate, settings.weight_decay)

    def loss(self, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the cross-entropy that weighs both classes of the learning part alike."""
        counts = torch.bincount(y, minlength=2)
        return nn.CrossEntropyLoss(weight=len(y) / (2 * counts))

    def log_odds(self, outputs: Tensor) -> Tensor:
        """Return output 1 minus output 0: the log-odds of their softmax."""
        return outputs[:, 1] - outputs[:, 0]


class SquaredErrorTraining(ModernTraining):
    """The squared error of back-propagation in place of the log loss.

    Rumelhart, Hinton & Williams, Nature 323:533-536, 1986. The error is 1 minus the probability
    of the true class, squared; both classes weigh alike.
    """

    power = 2

    def loss(self, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the mean error of the outputs' softmax, weighing both classes of y alike."""
        weight = len(y) / (2 * torch.bincount(y, minlength=2))

        def mean_error(outputs: Tensor, y: Tensor) -> Tensor:
            missing = 1 - torch.softmax(outputs, dim=1).gather(1, y[:, None])[:, 0]
            return (weight[y] * missing**self.power).sum() / weight[y].sum()

        return mean_error


class AbsoluteErrorTraining(SquaredErrorTraining):
    """The same error, not squared: epochs far on the wrong side pull no harder than others."""

    power = 1


class MomentumTraining(ModernTraining):
    """Cross-entropy and gradient descent with Nesterov's momentum of .9, at a rate of .05."""

    settings = MOMENTUM

    def optimiser(self, network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
        """Return gradient descent with momentum (Sutskever et al., ICML 2013)."""
        return torch.optim.SGD(
            network.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            momentum=0.9,
            nesterov=True,
        )


class Layer(NamedTuple):
    """What the paper's rule must know of a layer."""

    parameters: Sequence[Tensor]
    n_inputs: int
    """Inputs of each neuron."""
    n_shared: int | None
    """Positions that share the weights, None where no weights are shared."""

    def step_size(self, rate: float) -> float:
        """Return 2 rate / (Nshared sqrt(Ninput)) with shared weights, else rate / sqrt(Ninput)."""
        root: float = self.n_inputs**0.5
        return rate / root if self.n_shared is None else 2 * rate / (self.n_shared * root)


@runtime_checkable
class Layered(Protocol):
    """A network that the paper's rule can train."""

    def layers(self) -> list[Layer]:
        """Return the layers, from input to output."""


@dataclass(frozen=True)
class PaperTraining:
    """Plain gradient descent on the squared error of two sigmoids (Cecotti & Gräser 2011).

    Stated: the error, its unweighted use on unbalanced classes, the step sizes (lambda = .2),
    weights and thresholds drawn with zero mean at scale 1/fan-in, 5 % for validation, the weights
    of the least validation error. Open, and chosen here (benchmarks/paper_choices.py varies each):
    the normal distribution; the error of an epoch as the mean of its two outputs' squared errors;
    gradients added up over 32 epochs a step, to save time; new order in each pass; at most 600
    passes, given up after 100 without a lower error, because weights that small first rest on a
    plateau; validation on whole groups (characters).

    Parameters
    ----------
    init_power
        Weights of a layer have standard deviation fan-in ** -init_power; 1 is the paper's.
    """

    init_power: float = 1.0

    settings = PAPER
    sums_gradients = True

    def initialise(self, network: nn.Module) -> None:
        """Draw all weights and thresholds from torch's generator."""
        for layer in _layers(network):
            for parameter in layer.parameters:
                nn.init.normal_(parameter, std=layer.n_inputs**-self.init_power)

    def optimiser(self, network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
        """Return gradient descent with the step size of each layer."""
        groups = [
            {"params": layer.parameters, "lr": layer.step_size(settings.learning_rate)}
            for layer in _layers(network)
        ]
        return torch.optim.SGD(groups, weight_decay=settings.weight_decay)

    def loss(self, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:  # noqa: ARG002  # unweighted
        """Return the mean squared error of the two sigmoids; target is output 1."""

        def mean_squared_error(outputs: Tensor, y: Tensor) -> Tensor:
            return (torch.sigmoid(outputs) - one_hot(y, 2)).square().mean()

        return mean_squared_error

    def log_odds(self, outputs: Tensor) -> Tensor:
        """Return the log-odds of the two sigmoids normalised to a probability."""
        logs = logsigmoid(outputs)
        return logs[:, 1] - logs[:, 0]


def _layers(network: nn.Module) -> list[Layer]:
    if not isinstance(network, Layered):
        raise DetectorError(
            f"training 'paper' has no step sizes for {type(network).__name__}; use training "
            "'modern', or give the network a method layers()"
        )
    return network.layers()


LEARNING_RULES: dict[str, LearningRule] = {
    "modern": ModernTraining(),
    "paper": PaperTraining(),
    "squared": SquaredErrorTraining(),
    "absolute": AbsoluteErrorTraining(),
    "momentum": MomentumTraining(),
}
