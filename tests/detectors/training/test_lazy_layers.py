"""Layers that learn their size from the first epochs: on them torch ends the process."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from p300 import make_detector, register_detector
from p300.detectors import DETECTORS
from p300.errors import DetectorError


def test_a_network_with_a_layer_without_a_size_is_refused():
    @register_detector("lazy", title="Lazy")
    class Lazy(nn.Sequential):
        def __init__(self, n_electrodes: int, n_samples: int) -> None:
            super().__init__(nn.Flatten(), nn.LazyLinear(2))

    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 2, 10)).astype(np.float32), np.tile([1, 0, 0], 20)
    try:
        with pytest.raises(DetectorError, match=r"LazyLinear.*n_electrodes=2 and n_samples=10"):
            make_detector("lazy", max_passes=1).fit(X, y, groups=np.repeat(np.arange(10), 6))
    finally:
        DETECTORS.pop("lazy")
