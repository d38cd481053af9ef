"""EEG-Inception of Santamaría-Vázquez et al., IEEE TNSRE 28(12):2773-2782, 2020: three scales."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from p300.detectors.networks.eegnet import limit_norm
from p300.errors import DetectorError
from p300.ranges import Size

DEPTH = 2
"""Spatial filters that read each kernel's signal."""

DROPOUT = 0.25

Kernels = Annotated[tuple[Annotated[Size, Field(ge=4)], ...], Field(min_length=1, max_length=16)]
"""Lengths whose quarter is a length too."""


class Branch(nn.Module):
    """One scale of the first block: kernels over each electrode, then spatial filters."""

    def __init__(self, n_electrodes: int, n_maps: int, kernel: int) -> None:
        super().__init__()
        convolution = nn.Conv2d(1, n_maps, (1, kernel))
        nn.init.kaiming_normal_(convolution.weight)
        self.temporal = nn.Sequential(
            nn.ZeroPad2d(((kernel - 1) // 2, kernel // 2, 0, 0)),
            convolution,
            nn.BatchNorm2d(n_maps),
            nn.ELU(),
            nn.Dropout(DROPOUT),
        )
        bound = 1 / math.sqrt(n_electrodes)
        self.spatial = nn.Parameter(
            torch.empty(n_maps, DEPTH, n_electrodes).uniform_(-bound, bound)
        )
        self.after = nn.Sequential(nn.BatchNorm1d(n_maps * DEPTH), nn.ELU(), nn.Dropout(DROPOUT))

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, 1, electrode, time] to [epoch, map, time]."""
        maps = torch.einsum("nfet,fde->nfdt", self.temporal(x), limit_norm(self.spatial, 1.0))
        filtered: Tensor = self.after(maps.flatten(1, 2))
        return filtered


def _convolution(n_inputs: int, n_outputs: int, kernel: int) -> nn.Sequential:
    """Convolve over all maps at the epoch's length, with batch norm and ELU."""
    convolution = nn.Conv1d(n_inputs, n_outputs, kernel, bias=False)
    nn.init.kaiming_normal_(convolution.weight)
    padding = nn.ZeroPad1d(((kernel - 1) // 2, kernel // 2))
    return nn.Sequential(padding, convolution, nn.BatchNorm1d(n_outputs), nn.ELU())


class EEGInception(nn.Module):
    """Three blocks; the first two look at three time scales side by side.

    ======  ======================================================================  ================
    block   what                                                                    free parameters
    ======  ======================================================================  ================
    1       at each of three scales 8 kernels over each electrode, ELU, and two     1,064 + 48 Nelec
            spatial filters a kernel, no longer than 1, ELU; mean of 4 samples
    2       at each of three scales, a quarter as long, 8 kernels over all 48       10,800
            maps, ELU; mean of 2
    3       12 kernels of 8 samples, ELU, mean of 2; 6 of 4 samples, ELU, mean of   2,628
            2
    output  2 neurons, full                                                         12 T // 32 + 2
    ======  ======================================================================  ================

    8 electrodes x 128 samples: 14,926 parameters, as the authors' code. Batch norm before and
    dropout of .25 after every ELU. Only the first kernels have thresholds.

    Different from the authors' code: lengths of spatial filters are limited whenever they are used
    instead of after each step. Kernels and pooling are in samples for 120 to 128 Hz and epochs
    of any length; samples beyond the last whole 32 are not seen. The output reads
    12 values of an epoch of .65 s, 24 in the paper (1 s).

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    n_maps
        Kernels of each scale; over all scales four at least.
    kernels
        Lengths of the kernels of the first block in samples, one a scale: 500, 250 and 125 ms at
        128 Hz; the second block's are a quarter as long.

    Raises
    ------
    DetectorError
        When the epoch is shorter than 32 samples, or there are fewer than four kernels.
    """

    def __init__(
        self,
        n_electrodes: int,
        n_samples: int,
        *,
        n_maps: Size = 8,
        kernels: Kernels = (64, 32, 16),
    ) -> None:
        super().__init__()
        if n_samples < 32:
            raise DetectorError(
                f"epochs of {n_samples} samples are too short for EEG-Inception, which averages "
                "over 4 times 2 times 2 times 2 samples; use a longer epoch or a higher rate"
            )
        n_all = n_maps * len(kernels)
        if n_all < 4:
            raise DetectorError(
                f"n_maps: {n_maps} at {len(kernels)} scales makes {n_all} kernels, EEG-Inception's "
                "third block needs four at least; raise n_maps or add scales to kernels"
            )
        self.first = nn.ModuleList(Branch(n_electrodes, n_maps, kernel) for kernel in kernels)
        self.second = nn.ModuleList(
            _convolution(DEPTH * n_all, n_maps, kernel // 4).append(nn.Dropout(DROPOUT))
            for kernel in kernels
        )
        self.third = nn.Sequential(
            _convolution(n_all, n_all // 2, 8), nn.AvgPool1d(2), nn.Dropout(DROPOUT),
            _convolution(n_all // 2, n_all // 4, 4), nn.AvgPool1d(2), nn.Dropout(DROPOUT),
        )  # fmt: skip
        self.by_4, self.by_2 = nn.AvgPool1d(4), nn.AvgPool1d(2)
        self.output = nn.Linear(n_all // 4 * (n_samples // 32), 2)

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to what the output layer reads, [epoch, feature]."""
        electrodes = x.unsqueeze(1)
        one = self.by_4(torch.cat([branch(electrodes) for branch in self.first], dim=1))
        two = self.by_2(torch.cat([branch(one) for branch in self.second], dim=1))
        three: Tensor = self.third(two)
        return three.flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to two logits, [epoch, 2]."""
        logits: Tensor = self.output(self.features(x))
        return logits

    def spatial_filters(self) -> Tensor:
        """Return the spatial filters of all scales, [filter, electrode].

        They read what the ELU lets through of each electrode, not the electrodes themselves.
        """
        filters = torch.cat([branch.get_parameter("spatial") for branch in self.first])
        return limit_norm(filters, 1.0).flatten(0, 1).detach()
