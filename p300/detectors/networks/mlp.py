"""The multilayer perceptron: full layers, learned by back-propagation."""

from __future__ import annotations

from typing import Literal

from torch import nn

from p300.detectors.networks.older_networks import OlderNetwork, WindowMeans
from p300.ranges import Layers, Size

Activation = Literal["sigmoid", "tanh", "relu"]

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
}


class MLP(OlderNetwork):
    """Full layers on means of consecutive samples of every electrode.

    Rumelhart, Hinton & Williams, Nature 323:533-536, 1986. The error that it learns by follows
    from ``training``: ``modern`` is the log loss, ``squared`` and ``absolute`` are the others.

    ========  ==============================================  ==============================
    layer     what                                            free parameters
    ========  ==============================================  ==============================
    means     ``n_windows`` an electrode
    hidden    ``n_hidden`` neurons each, full                 n (inputs + 1)
    output    2 neurons, full                                 2 (n + 1)
    ========  ==============================================  ==============================

    8 electrodes: 4,128 + 66 = 4,194 parameters.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    n_hidden
        Neurons of each hidden layer, one number a layer.
    activation
        Activation function of the hidden neurons.
    n_windows
        Number of means over time, for each electrode.
    """

    def __init__(
        self,
        n_electrodes: int,
        n_samples: int,
        *,
        n_hidden: Layers = (32,),
        activation: Activation = "tanh",
        n_windows: Size = 16,
    ) -> None:
        layers: list[nn.Module] = [WindowMeans(n_samples, n_windows), nn.Flatten()]
        n_inputs = n_electrodes * n_windows
        for n in n_hidden:
            layers += [nn.Linear(n_inputs, n), ACTIVATIONS[activation]()]
            n_inputs = n
        super().__init__(n_electrodes, nn.Sequential(*layers), n_inputs)
