"""StepNet, a small network of this project: spatial filters, then kernels over steps of time."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from p300.errors import DetectorError
from p300.ranges import Probability, Size


class StepNet(nn.Module):
    """Spatial, TEmporal, Pointwise: the three layers that give the network its name.

    The epoch is averaged over steps of about 40 ms, as shrinkage LDA sees it: the response has
    little above 12 Hz, and the rest of the network has a fifth of the work.

    =========  =============================================================  ===================
    layer      what                                                           free parameters
    =========  =============================================================  ===================
    steps      means of ``step`` samples
    spatial    ``n_filters`` filters over all electrodes                      Ns Nelec
    temporal   ``maps_per_filter`` kernels a spatial filter, ``kernel``       D Ns (kernel + 2)
               steps long, at each step; each reads its filter's signal
               alone; batch norm, ELU, dropout
    pointwise  ``n_mixtures`` mixtures of all maps at each place, batch       M (D Ns + 2)
               norm, ELU, dropout
    output     2 neurons, full; P = T // step - kernel + 1 places             2 (M P + 1)
    =========  =============================================================  ===================

    8 electrodes x 83 samples: 64 + 96 + 288 + 418 = 866 parameters; 64 electrodes x 78: 1,282.

    Temporal and pointwise layer together are a separable convolution (Chollet, CVPR 2017,
    1800-1807), as in EEGNet (Lawhern et al., J Neural Eng 15:056013, 2018); that space comes before
    time is CNN-1's order (Cecotti & Gräser, IEEE TPAMI 33(3):433-445, 2011). Sizes are for 120 to
    128 Hz; at another rate set ``step``.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    n_filters
        Ns, the number of spatial filters.
    maps_per_filter
        D, the number of kernels that read each spatial filter.
    step
        Samples averaged; samples beyond the last whole step are not seen.
    kernel
        Length of the temporal kernels in steps.
    n_mixtures
        M, the outputs of the pointwise layer.
    dropout
        Share of values dropped after the temporal and after the pointwise layer.

    Raises
    ------
    DetectorError
        When the kernels have fewer than two places in the epoch.
    """

    def __init__(
        self,
        n_electrodes: int,
        n_samples: int,
        *,
        n_filters: Size = 8,
        maps_per_filter: Size = 2,
        step: Size = 5,
        kernel: Size = 4,
        n_mixtures: Size = 16,
        dropout: Probability = 0.5,
    ) -> None:
        super().__init__()
        n_steps = n_samples // step
        n_places = n_steps - kernel + 1
        if n_places < 2:  # batch norm cannot do with one place of one epoch
            raise DetectorError(
                f"epochs of {n_samples} samples are too short for StepNet's kernels of {kernel} "
                f"steps of {step} samples, which need {kernel + 1} steps; use a longer epoch, a "
                "higher rate, or shorter kernels or steps"
            )
        self.step, self.kernel, self.n_seen = step, kernel, n_steps * step
        n_maps = n_filters * maps_per_filter
        self.spatial = nn.Linear(n_electrodes, n_filters, bias=False)
        bound = 1 / math.sqrt(kernel)
        self.temporal = nn.Parameter(
            torch.empty(n_filters, kernel, maps_per_filter).uniform_(-bound, bound)
        )
        self.maps = nn.Sequential(nn.BatchNorm1d(n_maps), nn.ELU(), nn.Dropout(dropout))
        self.pointwise = nn.Sequential(
            nn.Linear(n_maps, n_mixtures, bias=False),
            nn.BatchNorm1d(n_mixtures),
            nn.ELU(),
            nn.Dropout(dropout),
        )
        self.output = nn.Linear(n_mixtures * n_places, 2)

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to what the output layer reads, [epoch, feature]."""
        seen = x.transpose(1, 2)[:, : self.n_seen]  # [epoch, time, electrode]
        # Averaging before the spatial filters gives what averaging behind them would, in less time.
        signals = self.spatial(seen.unflatten(1, (-1, self.step)).mean(2))  # [epoch, step, filter]
        pieces = signals.unfold(1, self.kernel, 1)  # [epoch, place, filter, kernel]
        # A matrix product for each spatial filter: its kernels read its signal alone.
        rows = pieces.permute(2, 0, 1, 3).flatten(1, 2)  # [filter, epoch * place, kernel]
        maps = torch.bmm(rows, self.temporal).transpose(0, 1).flatten(1)
        mixtures = self.pointwise(self.maps(maps))  # [epoch * place, mixture]
        found: Tensor = mixtures.unflatten(0, (x.shape[0], -1)).flatten(1)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to two logits, [epoch, 2]."""
        logits: Tensor = self.output(self.features(x))
        return logits

    def spatial_filters(self) -> Tensor:
        """Return the weights of the spatial layer, [filter, electrode]."""
        return self.spatial.weight.detach()

    def temporal_kernels(self) -> Tensor:
        """Return the kernels as they read the samples of the epoch, [filter, map, time]."""
        per_sample = self.temporal.detach() / self.step
        return per_sample.repeat_interleave(self.step, dim=1).transpose(1, 2)
