"""Convolutional networks for images of digits, given the electrode x time matrix as an image."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool1d, avg_pool2d, conv2d, pad

from p300.detectors.networks.cecotti import scaled_tanh
from p300.detectors.networks.older_networks import OlderNetwork
from p300.errors import DetectorError

FEWEST_ROWS = 16
"""Rows of an image of few electrodes: the fewest that the kernels and pooling of all networks here
fit into. More rows of zeros would only take time."""


class ElectrodeImage(nn.Module):
    """Make an epoch an image: a row an electrode, a column a mean over time.

    Time is averaged to ``size`` columns: an epoch of .65 s has then 49 a second (of 32 columns),
    twice the highest frequency that the default filter leaves. Electrodes stay what they are, one
    row each, in their order; where there are fewer than 16, rows of zeros are added above and below
    in equal numbers, so that kernels and pooling fit. More electrodes make a taller image, whose
    last full layer is wider.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    size
        Columns.

    Attributes
    ----------
    shape : rows and columns

    Raises
    ------
    DetectorError
        When there are fewer samples than columns.
    """

    def __init__(self, n_electrodes: int, n_samples: int, size: int) -> None:
        super().__init__()
        if n_samples < size:
            raise DetectorError(
                f"epochs of {n_samples} samples are too short for images of {size} columns; use "
                "a longer epoch or a higher rate"
            )
        self.shape = max(n_electrodes, FEWEST_ROWS), size
        above = (self.shape[0] - n_electrodes) // 2
        self.border = (0, 0, above, self.shape[0] - n_electrodes - above)

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to [epoch, 1, row, column]."""
        return pad(adaptive_avg_pool1d(x, self.shape[1]), self.border)[:, None]


C3_TABLE = (
    *[(k, (k + 1) % 6, (k + 2) % 6) for k in range(6)],
    *[(k, (k + 1) % 6, (k + 2) % 6, (k + 3) % 6) for k in range(6)],
    *[(k, (k + 1) % 6, (k + 3) % 6, (k + 4) % 6) for k in range(3)],
    tuple(range(6)),
)
"""The S2 maps that each of the 16 C3 maps reads: table I of LeCun et al. 1998."""


class TableConvolution(nn.Module):
    """A convolution whose maps read some of the input maps only.

    Parameters
    ----------
    table
        The input maps that each map reads.
    kernel
        Rows and columns of the kernels.
    """

    def __init__(self, table: tuple[tuple[int, ...], ...], kernel: int) -> None:
        super().__init__()
        pairs = [(out, read) for out, reads in enumerate(table) for read in reads]
        self.maps, self.reads = (torch.tensor(column) for column in zip(*pairs, strict=True))
        self.weight = nn.Parameter(torch.empty(len(pairs), kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(len(table)))
        n_inputs = max(len(reads) for reads in table) * kernel**2
        nn.init.uniform_(self.weight, -2.4 / n_inputs, 2.4 / n_inputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, input map, row, column] to [epoch, map, row, column]."""
        kernels = x.new_zeros(len(self.bias), x.shape[1], *self.weight.shape[1:])
        return conv2d(x, kernels.index_put((self.maps, self.reads), self.weight), self.bias)


class ScaledTanh(nn.Module):
    """LeCun's tanh, 1.7159 tanh(2x/3)."""

    def forward(self, x: Tensor) -> Tensor:
        """Squash every value."""
        return scaled_tanh(x)


class TrainablePooling(nn.Module):
    """Sums of 2 x 2 neighbours, with a coefficient and a bias for each map, then the tanh."""

    def __init__(self, n_maps: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((n_maps, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(n_maps, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map [epoch, map, row, column] to half the rows and columns."""
        return scaled_tanh(self.coefficient * (4 * avg_pool2d(x, 2)) + self.bias)


class LeNet5(OlderNetwork):
    """LeNet-5 of LeCun, Bottou, Bengio & Haffner, Proc IEEE 86:2278-2324, 1998.

    =====  =====================================================  ===============================
    layer  what                                                   free parameters
    =====  =====================================================  ===============================
    input  16 x 32 or more rows, see :class:`ElectrodeImage`
    C1     6 maps, 5 x 5                                          156
    S2     sums of 2 x 2, coefficient and bias a map              12
    C3     16 maps, 5 x 5, of the S2 maps in the paper's table    1,516
    S4     as S2                                                  32
    C5     120 maps that each read all of S4                      120 (16 * rows * columns + 1)
    F6     84 neurons, full                                       10,164
    =====  =====================================================  ===============================

    Up to 16 electrodes C5 has 9,720 parameters and all layers 21,770; on 32 x 32, as published, C5
    has 48,120. Activations are the scaled tanh. The paper's output, distances to drawn characters,
    is two neurons here. Initial weights are the paper's, uniform within 2.4 / fan-in, in C3, and
    torch's elsewhere.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    """

    def __init__(self, n_electrodes: int, n_samples: int) -> None:
        image = ElectrodeImage(n_electrodes, n_samples, 32)
        rows, columns = (((n - 4) // 2 - 4) // 2 for n in image.shape)
        layers = {
            "image": image,
            "c1": nn.Conv2d(1, 6, 5),
            "s2": TrainablePooling(6),
            "c3": TableConvolution(C3_TABLE, 5),
            "s4": TrainablePooling(16),
            "c5": nn.Conv2d(16, 120, (rows, columns)),
            "c5_tanh": ScaledTanh(),
            "flat": nn.Flatten(),
            "f6": nn.Linear(120, 84),
            "f6_tanh": ScaledTanh(),
        }
        super().__init__(n_electrodes, nn.Sequential(OrderedDict(layers)), 84)


class LeNet(OlderNetwork):
    """LeNet as textbooks have it: sigmoids, plain averages, full C3.

    Zhang, Lipton, Li & Smola, Dive into Deep Learning, 2023, section 7.6: two zeros on every side,
    initial weights of Glorot & Bengio (AISTATS 2010).

    ===========  =======================================  ===============================
    layer        what                                     free parameters
    ===========  =======================================  ===============================
    input        16 x 28 or more rows, see :class:`ElectrodeImage`
    convolution  6 maps, 5 x 5, 2 x 2 averages            156
    convolution  16 maps, 5 x 5, 2 x 2 averages           2,416
    full         120 neurons                              120 (16 * rows * columns + 1)
    full         84 neurons                               10,164
    output       2 neurons                                170
    ===========  =======================================  ===============================

    Up to 16 electrodes: 32,226 parameters; on 28 x 28 with ten outputs, as published, 61,706.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    """

    def __init__(self, n_electrodes: int, n_samples: int) -> None:
        image = ElectrodeImage(n_electrodes, n_samples, 28)
        rows, columns = ((n // 2 - 4) // 2 for n in image.shape)
        hidden = nn.Sequential(
            image,
            nn.Conv2d(1, 6, 5, padding=2),
            nn.Sigmoid(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.Sigmoid(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(16 * rows * columns, 120),
            nn.Sigmoid(),
            nn.Linear(120, 84),
            nn.Sigmoid(),
        )
        super().__init__(n_electrodes, hidden, 84)
        for layer in [*hidden, self.output]:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)


class SmallCNN(OlderNetwork):
    """The small network of many tutorials: three convolutions, two of them with max pooling.

    An early example of the Keras library (about 2015). It learns there by gradient descent with
    Nesterov's momentum: ``training: momentum``. The decay of 1e-6 there is the learning rate's, a
    step, and without effect in trainings as short as these.

    ===========  =======================================  ===============================
    layer        what                                     free parameters
    ===========  =======================================  ===============================
    input        16 x 28 or more rows, see :class:`ElectrodeImage`
    convolution  4 maps, 5 x 5, tanh                      104
    convolution  8 maps, 3 x 3, tanh, 2 x 2 maxima        296
    convolution  16 maps, 3 x 3, relu, 2 x 2 maxima       1,168
    full         128 neurons, tanh                        128 (16 * rows * columns + 1)
    output       2 neurons                                258
    ===========  =======================================  ===============================

    Up to 16 electrodes: 10,146 parameters; on 28 x 28 34,722.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    """

    def __init__(self, n_electrodes: int, n_samples: int) -> None:
        image = ElectrodeImage(n_electrodes, n_samples, 28)
        rows, columns = (((n - 6) // 2 - 2) // 2 for n in image.shape)
        hidden = nn.Sequential(
            image,
            nn.Conv2d(1, 4, 5),
            nn.Tanh(),
            nn.Conv2d(4, 8, 3),
            nn.Tanh(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(16 * rows * columns, 128),
            nn.Tanh(),
        )
        super().__init__(n_electrodes, hidden, 128)
