"""EEGNet of Lawhern et al., J Neural Eng 15:056013, 2018, its first two layers in reverse order."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from p300.errors import DetectorError
from p300.ranges import Probability, Size

MOMENTUM = 0.1
"""Share of the newest batch in the running moments of the first batch norm (torch's default)."""


def limit_norm(weights: Tensor, most: float) -> Tensor:
    """Shrink the rows of weights [..., input] that are longer than ``most`` to that length."""
    lengths = torch.linalg.vector_norm(weights, dim=-1, keepdim=True)
    limited: Tensor = weights * (most / lengths.clamp(min=most))
    return limited


def margins(length: int) -> tuple[int, int]:
    """Return the zeros before and after a signal that a kernel keeps the length of."""
    return (length - 1) // 2, length // 2


def band_matrices(kernels: Tensor, n_samples: int) -> Tensor:
    """Return the matrices that filter signals of ``n_samples`` samples, keeping their length.

    Parameters
    ----------
    kernels
        [kernel, time].
    n_samples
        Length of the signals, which are taken to be zero outside.

    Returns
    -------
    [kernel, time before, time after]: ``signal @ matrix`` is the filtered signal.
    """
    before, after = margins(kernels.shape[1])
    padded = pad(kernels, (n_samples - 1 - before, n_samples - 1 - after))
    return padded.unfold(-1, n_samples, 1).flip(1).transpose(1, 2)


def filtered_moments(windows: Tensor, kernels: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance of filtered signals without filtering them, [kernel] each.

    With m the mean and C the covariance of the stretches of signal that a kernel k runs over, they
    are k m and k C k. The products of samples in C are those in the signals' Gram matrix, summed
    along its diagonals.

    Parameters
    ----------
    epochs
        [epoch, time, electrode], taken to be zero outside.
    kernels
        [kernel, time].
    """
    n_samples, length = windows.shape[1], kernels.shape[1]
    around = margins(length)
    # What is left of large products after subtraction must be exact: products are summed epoch
    # by epoch, and what follows is in double precision, which Apple's MPS does not have.
    exact = torch.float32 if windows.device.type == "mps" else torch.float64
    zeros = windows.new_zeros(n_samples, n_samples)
    gram = torch.addbmm(zeros, windows, windows.transpose(1, 2)).to(exact)
    totals = windows.sum(dim=2).to(exact).sum(dim=0)
    sums = pad(totals, around).unfold(0, n_samples, 1).sum(dim=1)
    # The Gram matrix's square of the kernels' size at each time: [kernel time, kernel time, time].
    squares = pad(gram, around * 2).unfold(0, length, 1).unfold(1, length, 1).diagonal()
    mean = sums / windows.numel()
    covariance = squares.sum(dim=2) / windows.numel() - torch.outer(mean, mean)
    weights = kernels.to(exact)
    moments = weights @ mean, (weights @ covariance * weights).sum(dim=1)
    return moments[0].to(kernels.dtype), moments[1].to(kernels.dtype)


class FilterEach(nn.Module):
    """A kernel for each map, which keeps the maps' length: a depthwise convolution by products.

    With short maps and small batches, torch's own takes most of the network's time.
    """

    def __init__(self, n_maps: int, kernel: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(kernel)
        self.weight = nn.Parameter(torch.empty(n_maps, kernel).uniform_(-bound, bound))

    def forward(self, maps: Tensor) -> Tensor:
        """Filter [map, epoch, time]."""
        return torch.bmm(maps, band_matrices(self.weight, maps.shape[2]))


class Tail(nn.Module):
    """What ends both blocks of layers: batch norm, ELU, mean of some samples, dropout."""

    def __init__(self, n_maps: int, pool: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(n_maps, momentum=MOMENTUM)
        self.rest = nn.Sequential(nn.ELU(), nn.AvgPool1d(pool), nn.Dropout(dropout))

    def forward(self, maps: Tensor) -> Tensor:
        """Map [map, epoch, time] to [map, epoch, time // pool]."""
        normed = self.norm(maps.flatten(1)[None])[0]
        shortened: Tensor = self.rest(normed.unflatten(1, maps.shape[1:]))
        return shortened


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

    As in the paper's own code, convolutions other than the spatial one keep the epoch's length,
    the convolutions have no thresholds, and the output layer has. Different: lengths are limited
    whenever weights are used instead of after each step. Kernels and pooling are in samples for
    120 to 128 Hz; samples beyond the last whole 32 are not seen.

    Space and time being linear, their order does not matter: here epochs are filtered in space
    first, and the kernels then run over ``depth`` signals each in place of all electrodes. The
    batch norm between them scales and shifts by the moments of signals that are never computed
    (:func:`filtered_moments`).

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
        When the epoch is shorter than 32 samples.
    """

    def __init__(
        self,
        n_electrodes: int,
        n_samples: int,
        *,
        n_temporal: Size = 8,
        depth: Size = 2,
        kernel: Size = 64,
        dropout: Probability = 0.5,
    ) -> None:
        super().__init__()
        if n_samples < 32:
            raise DetectorError(
                f"epochs of {n_samples} samples are too short for EEGNet, which averages over 4 "
                "times 8 samples; use a longer epoch or a higher rate"
            )
        n_maps = n_temporal * depth
        self.temporal = nn.Conv2d(1, n_temporal, (1, kernel), bias=False)
        self.temporal_norm = nn.BatchNorm2d(n_temporal, momentum=MOMENTUM)
        bound = 1 / math.sqrt(n_electrodes)
        self.spatial = nn.Parameter(
            torch.empty(n_temporal, depth, n_electrodes).uniform_(-bound, bound)
        )
        self.spatial_tail = Tail(n_maps, 4, dropout)
        self.depthwise = FilterEach(n_maps, 16)
        self.pointwise = nn.Linear(n_maps, n_maps, bias=False)
        self.separable_tail = Tail(n_maps, 8, dropout)
        self.output = MaxNormLinear(n_maps * (n_samples // 32), 2, max_norm=0.25)

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to what the output layer reads, [epoch, feature]."""
        maps = self.depthwise(self.spatial_tail(self.filtered(x)))  # [map, epoch, time]
        mixed = (self.pointwise.weight @ maps.flatten(1)).unflatten(1, maps.shape[1:])
        found: Tensor = self.separable_tail(mixed)
        return found.transpose(0, 1).flatten(1)

    def filtered(self, x: Tensor) -> Tensor:
        """Filter [epoch, electrode, time] in time and space, with batch norm: [map, epoch, time].

        Maps come first, so that each layer is one product of contiguous matrices.
        """
        norm, filters = self.temporal_norm, limit_norm(self.spatial, 1.0)
        kernels = self.temporal.weight.flatten(1)
        windows = x.transpose(1, 2)  # [epoch, time, electrode]
        mean, variance = self._temporal_moments(windows, kernels)
        scale = norm.weight / torch.sqrt(variance + norm.eps)
        shift = (norm.bias - scale * mean)[:, None] * filters.sum(dim=-1)  # [kernel, depth]
        signals = filters.flatten(0, 1) @ windows.flatten(0, 1).T  # [map, epoch * time]
        rows = signals.view(len(kernels), -1, x.shape[2])  # [kernel, depth * epoch, time]
        maps = torch.bmm(rows, band_matrices(scale[:, None] * kernels, x.shape[2]))
        return maps.view(shift.numel(), x.shape[0], -1) + shift.view(-1, 1, 1)

    def _temporal_moments(self, windows: Tensor, kernels: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and variance of the electrodes' signals after each kernel, [kernel].

        In training those of the batch, by which the running ones are updated; else the running
        ones.
        """
        norm = self.temporal_norm
        running = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
        if not norm.training:
            return running
        mean, variance = filtered_moments(windows, kernels)
        with torch.no_grad():
            unbiased = variance * windows.numel() / (windows.numel() - 1)
            for known, new in zip(running, (mean, unbiased), strict=True):
                known.mul_(1 - MOMENTUM).add_(MOMENTUM * new)
            norm.get_buffer("num_batches_tracked").add_(1)
        return mean, variance

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to two logits, [epoch, 2]."""
        logits: Tensor = self.output(self.features(x))
        return logits

    def spatial_filters(self) -> Tensor:
        """Return the weights of the spatial layer, [filter, electrode]."""
        return limit_norm(self.spatial, 1.0).flatten(0, 1).detach()

    def temporal_kernels(self) -> Tensor:
        """Return the kernel of each spatial filter's signal, [filter, 1, time]."""
        kernels = self.temporal.weight.detach()[:, 0]  # [kernel, 1, time]
        return kernels.repeat_interleave(self.spatial.shape[1], dim=0)
