"""The learning rule of Cecotti & Gräser 2011: squared error, a step size for each layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, one_hot

from p300.detectors.training import Settings
from p300.errors import DetectorError


class Layer(NamedTuple):
    """What the paper's rule must know of a layer."""

    parameters: Sequence[Tensor]
    n_inputs: int
    """Inputs of each neuron."""
    n_shared: int | None
    """Positions that share the weights, None where no weights are shared."""

    def step_size(self, rate: float) -> float:
        """Give 2 rate / (Nshared sqrt(Ninput)) with shared weights, else rate / sqrt(Ninput)."""
        root: float = self.n_inputs**0.5
        return rate / root if self.n_shared is None else 2 * rate / (self.n_shared * root)


@runtime_checkable
class Layered(Protocol):
    """A network that the paper's rule can train."""

    def layers(self) -> list[Layer]:
        """Give the layers, from input to output."""


@dataclass(frozen=True)
class PaperTraining:
    """Plain gradient descent on the squared error of two sigmoids (Cecotti & Gräser 2011).

    Stated: the error, its unweighted use on unbalanced classes, the step sizes (lambda = .2),
    weights and thresholds drawn with zero mean at scale 1/fan-in, 5 % for validation, the weights
    of the least validation error. Open, and chosen here (benchmarks/paper_choices.py varies each):
    the normal distribution; the error of a window as the mean of its two outputs' squared errors;
    gradients added up over 32 windows a step, to save time; new order in each pass; at most 600
    passes, given up after 100 without a lower error, because weights that small first rest on a
    plateau; validation on whole groups (characters).

    Parameters
    ----------
    init_power
        Weights of a layer have standard deviation fan-in ** -init_power; 1 is the paper's.
    """

    init_power: float = 1.0

    settings = Settings(
        max_passes=600,
        batch_size=32,
        learning_rate=0.2,
        weight_decay=0.0,
        patience=100,
        validation_fraction=0.05,
    )
    sums_gradients = True

    def initialise(self, network: nn.Module) -> None:
        """Draw all weights and thresholds from torch's generator."""
        for layer in _layers(network):
            for parameter in layer.parameters:
                nn.init.normal_(parameter, std=layer.n_inputs**-self.init_power)

    def optimiser(self, network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
        """Give gradient descent with the step size of each layer."""
        groups = [
            {"params": layer.parameters, "lr": layer.step_size(settings.learning_rate)}
            for layer in _layers(network)
        ]
        return torch.optim.SGD(groups, weight_decay=settings.weight_decay)

    def loss(self, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:  # noqa: ARG002  # unweighted
        """Give the mean squared error of the two sigmoids; target is output 1."""

        def mean_squared_error(outputs: Tensor, y: Tensor) -> Tensor:
            return (torch.sigmoid(outputs) - one_hot(y, 2)).square().mean()

        return mean_squared_error

    def log_odds(self, outputs: Tensor) -> Tensor:
        """Give the log-odds of the two sigmoids normalised to a probability."""
        logs = logsigmoid(outputs)
        return logs[:, 1] - logs[:, 0]


def _layers(network: nn.Module) -> list[Layer]:
    if not isinstance(network, Layered):
        raise DetectorError(
            f"training 'paper' has no step sizes for {type(network).__name__}; use training "
            "'modern', or give the network a method layers()"
        )
    return network.layers()
