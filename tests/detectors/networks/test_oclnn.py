"""OCLNN: the paper's count and its pieces of the window."""

from __future__ import annotations

import torch

from p300.detectors.networks.oclnn import OCLNN


def test_parameters_of_the_papers_form():
    net = OCLNN(64, 240, kernel=16)
    assert net.output.in_features == 16 * 15  # the window in fifteen pieces
    assert sum(p.numel() for p in net.parameters()) == 16_882


def test_each_piece_of_the_window_has_features_of_its_own():
    net = OCLNN(3, 43, kernel=8).eval()
    x = torch.randn(1, 3, 43)
    changed = x.clone()
    changed[:, :, 16:24] += 10.0  # the third piece
    changed[:, :, 40:] += 10.0  # beyond the last whole kernel
    with torch.no_grad():
        difference = (net.features(x) != net.features(changed)).reshape(16, 5).any(dim=0)
    assert difference.tolist() == [False, False, True, False, False]
