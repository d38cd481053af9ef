"""CNN-1 of Cecotti & Gräser, IEEE TPAMI 33(3):433-445, 2011: space first, then time."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from p300.detectors.training.rules import Layer
from p300.errors import DetectorError
from p300.ranges import Size

AMPLITUDE = 1.7159
"""Of the activation of L1 and L2."""


def scaled_tanh(x: Tensor) -> Tensor:
    """LeCun's tanh, 1.7159 tanh(2x/3), the paper's activation of L1 and L2.

    By tanh(z) = 2 sigmoid(2z) - 1: torch computes the sigmoid six times as fast.
    """
    return 2 * AMPLITUDE * torch.sigmoid(x * (4 / 3)) - AMPLITUDE


class CNN1(nn.Module):
    """The paper's five-layer network.

    =====  =====================================================================  ===============
    layer  what                                                                   free parameters
    =====  =====================================================================  ===============
    L0     electrode x time
    L1     ``n_filters`` spatial filters over all electrodes, shared over time    Ns (Nelec + 1)
    L2     ``maps_per_filter`` temporal filters a spatial filter, ``kernel``      5 Ns (13 + 1)
           samples long, stride = length (no overlap); each reads one L1 map
    L3     ``n_hidden`` neurons, full, sigmoid                                    100 (6 * 5 Ns + 1)
    L4     2 neurons, full, sigmoid each (no P300, P300)                          2 (100 + 1)
    =====  =====================================================================  ===============

    64 electrodes x 78 samples: 650 + 700 + 30,100 + 202 = 31,652 parameters.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    n_filters
        Ns, the number of spatial filters.
    maps_per_filter
        L2 maps that read each L1 map.
    kernel
        Length and stride of the L2 kernels in samples; samples beyond the last whole kernel are
        not seen.
    n_hidden
        Neurons of L3.

    Raises
    ------
    DetectorError
        When the epoch is shorter than one kernel.
    """

    def __init__(
        self,
        n_electrodes: int,
        n_samples: int,
        *,
        n_filters: Size = 10,
        maps_per_filter: Size = 5,
        kernel: Size = 13,
        n_hidden: Size = 100,
    ) -> None:
        super().__init__()
        n_positions = n_samples // kernel
        if n_positions < 1:
            raise DetectorError(
                f"epochs of {n_samples} samples are too short for CNN-1's kernels of {kernel}; "
                "use a longer epoch, a higher rate or a shorter kernel"
            )
        self.kernel = kernel
        self.n_positions = n_positions
        self.spatial = nn.Linear(n_electrodes, n_filters)
        self.temporal_weight = nn.Parameter(torch.empty(n_filters, kernel, maps_per_filter))
        self.temporal_bias = nn.Parameter(torch.empty(n_filters, 1, maps_per_filter))
        self.hidden = nn.Linear(n_filters * maps_per_filter * n_positions, n_hidden)
        self.output = nn.Linear(n_hidden, 2)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights and thresholds with zero mean, uniform within 1/sqrt(fan-in)."""
        for layer in (self.spatial, self.hidden, self.output):
            layer.reset_parameters()
        bound = 1 / math.sqrt(self.kernel)
        nn.init.uniform_(self.temporal_weight, -bound, bound)
        nn.init.uniform_(self.temporal_bias, -bound, bound)

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to the neurons of L3, which L4 reads, [epoch, neuron]."""
        (n_epochs, _, n_samples), weights = x.shape, self.temporal_weight
        n_filters, n_maps = len(weights), weights.shape[2]
        samples = x.transpose(1, 2).flatten(0, 1)  # [epoch * time, electrode]
        # The activation, scaled_tanh, is 2 AMPLITUDE (sigmoid(4/3 x) - 1/2): the products before
        # and after it bring its factors along, so that neither they nor their gradients are passes
        # over the signals. Filters first, samples last is the order in which products are fastest.
        l1 = torch.sigmoid(
            torch.addmm(
                self.spatial.bias[:, None], self.spatial.weight, samples.T, beta=4 / 3, alpha=4 / 3
            )
        ).sub(0.5)  # L1 / (2 AMPLITUDE), [filter, epoch * time]
        seen = l1.reshape(n_filters, n_epochs, n_samples)[:, :, : self.n_positions * self.kernel]
        pieces = seen.reshape(n_filters, -1, self.kernel)  # [filter, epoch * position, time]
        # A matrix product for each spatial filter: its maps read its signal alone. On some
        # processors it takes twenty times as long with kernels that are not contiguous.
        l2 = torch.sigmoid(
            torch.baddbmm(
                self.temporal_bias.transpose(1, 2),
                weights.transpose(1, 2).contiguous(),
                pieces.transpose(1, 2),
                beta=4 / 3,
                alpha=4 / 3 * 2 * AMPLITUDE,
            )
        ).sub(0.5)  # L2 / (2 AMPLITUDE), [filter, map, epoch * position]
        by_epoch = l2.reshape(n_filters, n_maps, n_epochs, -1).permute(2, 0, 1, 3)
        maps = by_epoch.flatten(1) * (2 * AMPLITUDE)  # [epoch, filter * map * position]
        return torch.sigmoid(self.hidden(maps))

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to the two outputs before their sigmoid, [epoch, 2]."""
        outputs: Tensor = self.output(self.features(x))
        return outputs

    def layers(self) -> list[Layer]:
        """Return L1 to L4 with the number of inputs and of shared positions of their neurons."""
        l1, l3, l4 = self.spatial, self.hidden, self.output
        l2 = [self.temporal_weight, self.temporal_bias]
        return [
            Layer([l1.weight, l1.bias], l1.in_features, n_shared=self.n_positions * self.kernel),
            Layer(l2, self.kernel, n_shared=self.n_positions),
            Layer([l3.weight, l3.bias], l3.in_features, n_shared=None),
            Layer([l4.weight, l4.bias], l4.in_features, n_shared=None),
        ]

    def spatial_filters(self) -> Tensor:
        """Return the weights of L1, [filter, electrode]."""
        return self.spatial.weight.detach()

    def temporal_kernels(self) -> Tensor:
        """Return the weights of L2, [filter, map, time]."""
        return self.temporal_weight.detach().transpose(1, 2)
