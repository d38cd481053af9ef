"""What the networks older than the P300 CNN share here: their inputs, and a layer to read from."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from p300.errors import DetectorError

SHRINKAGE = 0.001
"""Share of equal variances in the covariance, singular after an average reference."""


class Decorrelation(nn.Module):
    """Make the electrodes uncorrelated and of variance one, each changed as little as can be.

    LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998, section 4.3: without it the steps follow
    the strongest noise, which all electrodes share, and networks of sigmoids stay at chance. The
    matrix is learned without labels and is no parameter of the network.

    Parameters
    ----------
    n_electrodes
        Size of the input.
    """

    def __init__(self, n_electrodes: int) -> None:
        super().__init__()
        self.matrix: Tensor
        self.register_buffer("matrix", torch.eye(n_electrodes))

    def learn(self, X: Tensor) -> None:
        """Take the inverse square root of the covariance of [epoch, electrode, time]."""
        signal = X.transpose(0, 1).flatten(1).double()
        covariance = signal @ signal.T / signal.shape[1]
        equal = covariance.diagonal().mean() * torch.eye(len(covariance), dtype=torch.float64)
        values, vectors = torch.linalg.eigh((1 - SHRINKAGE) * covariance + SHRINKAGE * equal)
        self.matrix.copy_(vectors / values.sqrt() @ vectors.T)

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to the same, decorrelated."""
        return self.matrix @ x


class WindowMeans(nn.AdaptiveAvgPool1d):
    """Average consecutive samples: [epoch, electrode, time] to [epoch, electrode, window].

    Where the windows do not divide the samples, neighbours share one.

    Raises
    ------
    DetectorError
        When there are fewer samples than windows.
    """

    def __init__(self, n_samples: int, n_windows: int) -> None:
        if n_samples < n_windows:
            raise DetectorError(
                f"epochs of {n_samples} samples are too short for {n_windows} means over time; "
                "use a longer epoch or a higher rate"
            )
        super().__init__(n_windows)


class OlderNetwork(nn.Module):
    """Decorrelated electrodes, hidden layers, and an output layer of two neurons.

    Parameters
    ----------
    n_electrodes
        Size of the input.
    hidden
        Maps [epoch, electrode, time] to [epoch, neuron].
    n_neurons
        Neurons of the last hidden layer.
    """

    def __init__(self, n_electrodes: int, hidden: nn.Module, n_neurons: int) -> None:
        super().__init__()
        self.decorrelation = Decorrelation(n_electrodes)
        self.hidden = hidden
        self.output = nn.Linear(n_neurons, 2)

    def pretrain(self, X: Tensor) -> None:
        """Learn the decorrelation of the electrodes, without labels."""
        self.decorrelation.learn(X)

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to the last hidden layer, [epoch, neuron]."""
        found: Tensor = self.hidden(self.decorrelation(x))
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to two logits, [epoch, 2]."""
        logits: Tensor = self.output(self.features(x))
        return logits
