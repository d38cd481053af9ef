"""EEGNet of Lawhern et al., J Neural Eng 15:056013, 2018: time first, then space."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from p300.errors import DetectorError


def limit_norm(weights: Tensor, most: float) -> Tensor:
    """Shrink the rows of weights [..., input] that are longer than ``most`` to that length."""
    lengths = torch.linalg.vector_norm(weights, dim=-1, keepdim=True)
    limited: Tensor = weights * (most / lengths.clamp(min=most))
    return limited


class MaxNormLinear(nn.Linear):
    """A full layer whose outputs' weights are no longer than ``max_norm``."""

    def __init__(self, n_inputs: int, n_outputs: int, max_norm: float) -> None:
        super().__init__(n_inputs, n_outputs)
        self.max_norm = max_norm

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, input] to [epoch, output]."""
        return linear(x, limit_norm(self.weight, self.max_norm), self.bias)


class EEGNet(nn.Module):
    """EEGNet-8,2, the form that the paper uses for event-related potentials.

    ===========  ==========================================================  ===================
    layer        what                                                        free parameters
    ===========  ==========================================================  ===================
    temporal     ``n_temporal`` kernels over each electrode, batch norm      F1 kernel + 2 F1
    spatial      ``depth`` filters a kernel, no longer than 1, batch norm,   D F1 (Nelec + 2)
                 ELU, mean of 4 samples, dropout
    separable    16 samples on each map, then all maps mixed, batch norm,    D F1 (16 + D F1 + 2)
                 ELU, mean of 8, dropout
    output       2 neurons, full, weights no longer than .25                 2 (D F1 T // 32 + 1)
    ===========  ==========================================================  ===================

    64 electrodes x 128 samples: 2,258 parameters, the paper's number (EEGNet-4,2: 1,066).

    As in the paper's own code, convolutions other than the spatial one keep the window's length,
    the convolutions have no thresholds, and the output layer has. Different: lengths are limited
    whenever weights are used instead of after each step. Kernels and pooling are in samples for
    120 to 128 Hz; samples beyond the last whole 32 are not seen.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    n_temporal
        F1, the number of temporal kernels.
    depth
        D, the number of spatial filters that read each kernel's signal.
    kernel
        Length of the temporal kernels in samples, in the paper half the sampling rate.
    dropout
        Share of values dropped; the paper takes .5 within subjects, .25 across subjects.

    Raises
    ------
    DetectorError
        When the window is shorter than 32 samples.
    """

    def __init__(
        self,
        n_electrodes: int,
        n_samples: int,
        *,
        n_temporal: int = 8,
        depth: int = 2,
        kernel: int = 64,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if n_samples < 32:
            raise DetectorError(
                f"windows of {n_samples} samples are too short for EEGNet, which averages over 4 "
                "times 8 samples; use a longer window or a higher rate"
            )
        n_maps = n_temporal * depth
        self.padding = nn.ZeroPad2d(((kernel - 1) // 2, kernel // 2, 0, 0))
        self.temporal = nn.Conv2d(1, n_temporal, (1, kernel), bias=False)
        self.temporal_norm = nn.BatchNorm2d(n_temporal)
        bound = 1 / math.sqrt(n_electrodes)
        self.spatial = nn.Parameter(
            torch.empty(n_temporal, depth, n_electrodes).uniform_(-bound, bound)
        )
        self.pooled = nn.Sequential(
            nn.BatchNorm1d(n_maps), nn.ELU(), nn.AvgPool1d(4), nn.Dropout(dropout)
        )
        self.separable = nn.Sequential(
            nn.ZeroPad1d((7, 8)),
            nn.Conv1d(n_maps, n_maps, 16, groups=n_maps, bias=False),
            nn.Conv1d(n_maps, n_maps, 1, bias=False),
            nn.BatchNorm1d(n_maps),
            nn.ELU(),
            nn.AvgPool1d(8),
            nn.Dropout(dropout),
        )
        self.output = MaxNormLinear(n_maps * (n_samples // 32), 2, max_norm=0.25)

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to what the output layer reads, [epoch, feature]."""
        # [epoch, kernel, electrode, time]
        signals = self.temporal_norm(self.temporal(self.padding(x.unsqueeze(1))))
        filters = limit_norm(self.spatial, 1.0)
        maps = torch.einsum("nfet,fde->nfdt", signals, filters).flatten(1, 2)
        found: Tensor = self.separable(self.pooled(maps))
        return found.flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to two logits, [epoch, 2]."""
        logits: Tensor = self.output(self.features(x))
        return logits

    def spatial_filters(self) -> Tensor:
        """Give the weights of the spatial layer, [filter, electrode]."""
        return limit_norm(self.spatial, 1.0).flatten(0, 1).detach()

    def temporal_kernels(self) -> Tensor:
        """Give the kernel of each spatial filter's signal, [filter, 1, time].

        The paper's network filters in time first; both being linear, the order does not matter.
        """
        kernels = self.temporal.weight.detach()[:, 0]  # [kernel, 1, time]
        return kernels.repeat_interleave(self.spatial.shape[1], dim=0)
