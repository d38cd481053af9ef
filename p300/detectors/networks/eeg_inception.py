"""EEG-Inception of Santamaría-Vázquez et al., IEEE TNSRE 28(12):2773-2782, 2020: three scales."""

from __future__ import annotations

import math
from typing import Annotated, cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import pad

from p300.detectors.networks.dropout import BytesDropout
from p300.detectors.networks.eegnet import (
    MOMENTUM,
    band_matrices,
    filtered_moments,
    limit_norm,
    margins,
)
from p300.errors import DetectorError
from p300.ranges import Size

DEPTH = 2
"""Spatial filters that read each kernel's signal."""

DROPOUT = 0.25

Kernels = Annotated[tuple[Annotated[Size, Field(ge=4)], ...], Field(min_length=1, max_length=16)]
"""Lengths whose quarter is a length too."""


class Branch(nn.Module):
    """One scale of the first block: kernels over each electrode, then spatial filters.

    Its layers are those of the paper; what they do is computed by products of matrices.
    """

    def __init__(self, n_electrodes: int, n_maps: int, kernel: int) -> None:
        super().__init__()
        convolution = nn.Conv2d(1, n_maps, (1, kernel))
        nn.init.kaiming_normal_(convolution.weight)
        self.temporal = nn.Sequential(
            nn.ZeroPad2d((*margins(kernel), 0, 0)),
            convolution,
            nn.BatchNorm2d(n_maps),
            nn.ELU(inplace=True),
            BytesDropout(DROPOUT),
        )
        bound = 1 / math.sqrt(n_electrodes)
        self.spatial = nn.Parameter(
            torch.empty(n_maps, DEPTH, n_electrodes).uniform_(-bound, bound)
        )
        self.after = nn.Sequential(
            nn.BatchNorm1d(n_maps * DEPTH), nn.ELU(inplace=True), BytesDropout(DROPOUT)
        )

    @property
    def norm(self) -> nn.BatchNorm2d:
        """The batch norm behind the kernels."""
        return cast(nn.BatchNorm2d, self.temporal[2])

    @property
    def kernels(self) -> Tensor:
        """The temporal kernels, [kernel, time]."""
        return cast(Tensor, self.temporal[1].weight).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """Map [electrode, epoch, time] to [map, epoch, time].

        Maps come first, so that each layer is one product of contiguous matrices. The batch norm
        between the kernels and the ELU is part of the product: its scale of the matrices, its
        shift a row more, for a sample of 1 at the end of each signal.
        """
        n_electrodes, n_epochs, n_samples = x.shape
        scale, shift = self._normed(x)
        bands = band_matrices(scale[:, None] * self.kernels, n_samples)
        shifts = shift[:, None, None].expand(-1, 1, n_samples)
        rows = pad(x, (0, 1), value=1.0).flatten(0, 1).expand(len(bands), -1, -1)
        signals = torch.bmm(rows, torch.cat([bands, shifts], dim=1))
        *_, elu, dropout = self.temporal
        seen = dropout(elu(signals)).view(len(bands), n_electrodes, -1)
        maps = torch.bmm(limit_norm(self.spatial, 1.0), seen)  # [kernel, filter, epoch * time]
        filtered: Tensor = self.after(maps.view(1, -1, n_epochs * n_samples))
        return filtered.view(-1, n_epochs, n_samples)

    def _normed(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return by what the batch norm multiplies each kernel, and what it then adds, [kernel].

        In training by the moments of the batch, by which the running ones are updated; else by
        the running ones.
        """
        norm, threshold = self.norm, cast(Tensor, self.temporal[1].bias)
        mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
        if norm.training:
            running = mean, variance
            mean, variance = filtered_moments(x.transpose(1, 2), self.kernels)
            mean = mean + threshold
            with torch.no_grad():
                unbiased = variance * x.numel() / (x.numel() - 1)
                for known, new in zip(running, (mean, unbiased), strict=True):
                    known.mul_(1 - MOMENTUM).add_(MOMENTUM * new)
                norm.get_buffer("num_batches_tracked").add_(1)
        scale = norm.weight / torch.sqrt(variance + norm.eps)
        return scale, norm.bias + scale * (threshold - mean)


class Convolution(nn.Sequential):
    """Kernels over all maps at the epoch's length, batch norm and ELU: one product of matrices."""

    def __init__(self, n_inputs: int, n_outputs: int, kernel: int, n_samples: int) -> None:
        convolution = nn.Conv1d(n_inputs, n_outputs, kernel, bias=False)
        nn.init.kaiming_normal_(convolution.weight)
        padding, elu = nn.ZeroPad1d(margins(kernel)), nn.ELU(inplace=True)
        super().__init__(padding, convolution, nn.BatchNorm1d(n_outputs), elu)
        places = band_matrices(torch.eye(kernel), n_samples).flatten(1).T.contiguous()
        self.register_buffer("places", places, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, input, time] to [epoch, output, time].

        A product sets each weight to its ``places`` in the matrices, as its gradient, a sum over
        them, is one then too.
        """
        n_samples = x.shape[2]
        _, _, norm, elu = self
        weights = cast(Tensor, self[1].weight).permute(1, 2, 0)  # [input, kernel time, output]
        # [input, time before * time after, output]
        matrices = torch.matmul(self.get_buffer("places"), weights)
        maps = x.flatten(1) @ matrices.view(x[0].numel(), -1)  # [epoch, time * output]
        filtered: Tensor = elu(norm(maps.view(-1, weights.shape[2])))
        return filtered.view(x.shape[0], n_samples, -1).transpose(1, 2)


class Means(nn.Module):
    """Means of some samples each, as a product: torch's pooling is slow on short signals."""

    def __init__(self, n_samples: int, size: int) -> None:
        super().__init__()
        members = torch.eye(n_samples // size).repeat_interleave(size, dim=0) / size
        unseen = n_samples % size
        self.register_buffer("members", pad(members, (0, 0, 0, unseen)), persistent=False)

    def forward(self, signals: Tensor) -> Tensor:
        """Map [..., time] to [..., time // size]."""
        return signals @ self.get_buffer("members")


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

    Convolutions are computed as products with band matrices, the first with its batch norm in it:
    the same results in less than half of the time.

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
        by_4, by_8, by_16 = n_samples // 4, n_samples // 8, n_samples // 16
        self.second = nn.ModuleList(
            Convolution(DEPTH * n_all, n_maps, kernel // 4, by_4) for kernel in kernels
        )
        self.third = nn.Sequential(
            Convolution(n_all, n_all // 2, 8, by_8), Means(by_8, 2), BytesDropout(DROPOUT),
            Convolution(n_all // 2, n_all // 4, 4, by_16), Means(by_16, 2), BytesDropout(DROPOUT),
        )  # fmt: skip
        self.by_4, self.by_2 = Means(n_samples, 4), Means(by_4, 2)
        self.dropout = BytesDropout(DROPOUT)
        self.output = nn.Linear(n_all // 4 * (n_samples // 32), 2)

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to what the output layer reads, [epoch, feature]."""
        signals = x.transpose(0, 1)
        maps = torch.cat([self.by_4(branch(signals)) for branch in self.first])
        one = maps.transpose(0, 1)  # [epoch, map, time]
        two = self.by_2(self.dropout(torch.cat([scale(one) for scale in self.second], dim=1)))
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
