"""A recurrent network with long short-term memory that reads the epoch along time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from p300.detectors.networks.older_networks import OlderNetwork, WindowMeans
from p300.ranges import Size


class MemoryCells(nn.LSTM):
    """Memory cells, their forget gates open at first, that give their outputs at the last step."""

    def __init__(self, n_electrodes: int, n_cells: int) -> None:
        super().__init__(n_electrodes, n_cells, batch_first=True)
        with torch.no_grad():  # gates lie in the order input, forget, cell, output
            self.get_parameter("bias_ih_l0")[n_cells : 2 * n_cells] = 1
            self.get_parameter("bias_hh_l0")[n_cells : 2 * n_cells] = 0

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Map [epoch, electrode, step] to [epoch, cell]."""
        outputs: Tensor = super().forward(x.transpose(1, 2))[0]
        return outputs[:, -1]


class LSTM(OlderNetwork):
    """One layer of memory cells; electrodes are the features of each step in time.

    Hochreiter & Schmidhuber, Neural Computation 9:1735-1780, 1997, with the forget gate of Gers et
    al., Neural Computation 12:2451-2471, 2000, open at first (threshold 1).

    ========  ====================================================  ========================
    layer     what                                                  free parameters
    ========  ====================================================  ========================
    means     ``n_steps`` an electrode, so that the response is
              some ten steps away from the last, not forty
    cells     ``n_hidden`` cells with three gates                   4 n (Nelec + n + 2)
    output    2 neurons, full, read the last step                   2 (n + 1)
    ========  ====================================================  ========================

    8 electrodes: 1,664 + 34 = 1,698 parameters.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    n_hidden
        Number of memory cells.
    n_steps
        Number of means over time, the steps of the recurrence.
    """

    def __init__(
        self, n_electrodes: int, n_samples: int, *, n_hidden: Size = 16, n_steps: Size = 20
    ) -> None:
        cells = MemoryCells(n_electrodes, n_hidden)
        super().__init__(
            n_electrodes, nn.Sequential(WindowMeans(n_samples, n_steps), cells), n_hidden
        )
