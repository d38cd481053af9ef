"""BN3 of Liu et al., Neurocomputing 275:288-297, 2018: CNN-1's layers with batch normalisation."""

from __future__ import annotations

from torch import Tensor, nn

from p300.errors import DetectorError
from p300.ranges import Probability, Size


class BN3(nn.Module):
    """Batch-normalised network: space, then time, then two full layers.

    ========  ==========================================================  ========================
    layer     what                                                        free parameters
    ========  ==========================================================  ========================
    input     batch norm of each electrode                                2 Nelec
    spatial   16 filters over all electrodes, linear                      16 (Nelec + 1)
    temporal  16 kernels over all spatial filters, ``kernel`` samples     16 (16 kernel + 3)
              long, stride = length; batch norm, ReLU
    hidden    128 neurons, full, tanh, dropout                            128 (16 T // kernel + 1)
              128 neurons, full, tanh, dropout                            128 (128 + 1)
    output    2 neurons, full                                             2 (128 + 1)
    ========  ==========================================================  ========================

    64 electrodes x 160 samples with the paper's kernel of 20 at 240 Hz: 39,618 parameters, with
    one output instead of two 39,489.

    The paper's abstract tells of batch normalisation and ReLU in the input and the convolutional
    layers; the details are those of the public implementation by Alvarado-González et al. (2021),
    except that there the input is normalised by time sample, and the first full layer is not
    connected. Different from both: two outputs, trained with cross-entropy, and a kernel of 10
    samples, the same 83 ms at 120 Hz.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    kernel
        Length and stride of the temporal kernels in samples; samples beyond the last whole kernel
        are not seen.
    dropout
        Share of the hidden neurons dropped.

    Raises
    ------
    DetectorError
        When the epoch is shorter than one kernel.
    """

    def __init__(
        self, n_electrodes: int, n_samples: int, *, kernel: Size = 10, dropout: Probability = 0.8
    ) -> None:
        super().__init__()
        if n_samples < kernel:
            raise DetectorError(
                f"epochs of {n_samples} samples are too short for BN3's kernels of {kernel}; use "
                "a longer epoch, a higher rate or a shorter kernel"
            )
        self.input = nn.BatchNorm1d(n_electrodes)
        self.spatial = nn.Conv1d(n_electrodes, 16, 1)
        self.temporal = nn.Sequential(
            nn.Conv1d(16, 16, kernel, stride=kernel), nn.BatchNorm1d(16), nn.ReLU(), nn.Flatten()
        )
        self.hidden = nn.Sequential(
            nn.Linear(16 * (n_samples // kernel), 128), nn.Tanh(), nn.Dropout(dropout),
            nn.Linear(128, 128), nn.Tanh(), nn.Dropout(dropout),
        )  # fmt: skip
        self.output = nn.Linear(128, 2)

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to what the output layer reads, [epoch, feature]."""
        found: Tensor = self.hidden(self.temporal(self.spatial(self.input(x))))
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to two logits, [epoch, 2]."""
        logits: Tensor = self.output(self.features(x))
        return logits

    def spatial_filters(self) -> Tensor:
        """Return the spatial filters of the input before its normalisation, [filter, electrode]."""
        norm = self.input
        assert norm.running_var is not None
        gain = norm.weight / (norm.running_var + norm.eps).sqrt()
        return (self.spatial.weight[:, :, 0] * gain).detach()
