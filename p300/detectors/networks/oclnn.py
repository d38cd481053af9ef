"""OCLNN of Shan, Liu & Stefanov, IJCAI 2018, 1604-1610: one layer over space and time at once."""

from __future__ import annotations

from torch import Tensor, nn

from p300.errors import DetectorError
from p300.ranges import Size


class OCLNN(nn.Module):
    """One-convolution-layer network.

    ===========  =======================================================  =======================
    layer        what                                                     free parameters
    ===========  =======================================================  =======================
    convolution  16 kernels over all electrodes and ``kernel`` samples,   16 (Nelec kernel + 1)
                 stride = length, ReLU, dropout .25
    output       2 neurons, full                                          2 (16 T // kernel + 1)
    ===========  =======================================================  =======================

    64 electrodes x 240 samples with the paper's kernel of 16 at 240 Hz: 16,882 parameters.

    The paper cuts the epoch into fifteen pieces, one kernel each, 67 ms long; the kernel here
    keeps the 67 ms, 8 samples at 120 Hz, so that a longer epoch has more pieces. It decays
    the weights by an L2 penalty of .01; here the optimiser does.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    kernel
        Length and stride of the kernels in samples; samples beyond the last whole kernel are not
        seen.

    Raises
    ------
    DetectorError
        When the epoch is shorter than one kernel.
    """

    def __init__(self, n_electrodes: int, n_samples: int, *, kernel: Size = 8) -> None:
        super().__init__()
        if n_samples < kernel:
            raise DetectorError(
                f"epochs of {n_samples} samples are too short for OCLNN's kernels of {kernel}; "
                "use a longer epoch, a higher rate or a shorter kernel"
            )
        self.convolution = nn.Sequential(
            nn.Conv1d(n_electrodes, 16, kernel, stride=kernel),
            nn.ReLU(),
            nn.Dropout(0.25),
            nn.Flatten(),
        )
        self.output = nn.Linear(16 * (n_samples // kernel), 2)

    def features(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to what the output layer reads, [epoch, feature]."""
        found: Tensor = self.convolution(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to two logits, [epoch, 2]."""
        logits: Tensor = self.output(self.features(x))
        return logits
