"""SepConv1D of Alvarado-González et al., Neurocomputing 425:37-52, 2021: a few filters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from p300.errors import DetectorError
from p300.ranges import Size

Kernel = Annotated[Size, Field(ge=4, multiple_of=4)]
"""Its half is the stride, its quarter the padding."""


class SepConv1D(nn.Module):
    """One depthwise separable convolution.

    =========  =============================================================  =====================
    layer      what                                                           free parameters
    =========  =============================================================  =====================
    depthwise  one kernel an electrode, ``kernel`` samples, stride half that  Nelec kernel
    pointwise  ``n_filters`` mixtures of the electrodes, tanh                 n_filters (Nelec + 1)
    output     2 neurons, full                                                2 (n_filters P + 1)
    =========  =============================================================  =====================

    P = T // (kernel / 2) positions, the epoch padded with a quarter kernel of zeros on both sides.
    The paper's form of four filters on 6 electrodes x 206 samples
    at 256 Hz, with a kernel of 16 and one sigmoid output: 225 parameters; with two outputs 326.

    From the paper and its public code; different are the two outputs, trained with cross-entropy,
    and a kernel of 8 samples, the same 63 ms at 128 Hz. Each electrode has a kernel of its own, so
    there are no filters that act on space alone.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    n_filters
        Mixtures of the electrodes; the paper finds four to be enough.
    kernel
        Length of the temporal kernels in samples, a multiple of 4.

    Raises
    ------
    DetectorError
        When the padded epoch is shorter than one kernel.
    """

    def __init__(
        self, n_electrodes: int, n_samples: int, *, n_filters: Size = 4, kernel: Kernel = 8
    ) -> None:
        super().__init__()
        stride, padding = kernel // 2, kernel // 4
        if n_samples < kernel:
            raise DetectorError(
                f"epochs of {n_samples} samples are too short for SepConv1D's kernels of "
                f"{kernel}; use a longer epoch, a higher rate or a shorter kernel"
            )
        self.separable = nn.Sequential(
            nn.Conv1d(
                n_electrodes, n_electrodes, kernel, stride, padding, groups=n_electrodes, bias=False
            ),
            nn.Conv1d(n_electrodes, n_filters, 1),
            nn.Tanh(),
            nn.Flatten(),
        )
        self.output = nn.Linear(n_filters * (n_samples // stride), 2)

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to what the output layer reads, [epoch, feature]."""
        found: Tensor = self.separable(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to two logits, [epoch, 2]."""
        logits: Tensor = self.output(self.features(x))
        return logits
