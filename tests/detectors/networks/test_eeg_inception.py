"""EEG-Inception: the counts of the authors' code, block by block."""

from __future__ import annotations

import torch

from p300.detectors.networks.eeg_inception import EEGInception


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_parameters_of_the_authors_code():
    net = EEGInception(8, 128)
    assert count(net.first) == 920 + 48 + 384 + 96
    assert count(net.second) == 48 * 8 * (16 + 8 + 4) + 48
    assert count(net.third) == 12 * 24 * 8 + 24 + 6 * 12 * 4 + 12
    assert count(net.output) == 50
    assert count(net) == 14_926


def test_each_scale_keeps_the_windows_length_and_place():
    x = torch.zeros(1, 1, 4, 81)
    x[..., 40] = 1.0
    for branch, kernel in zip(EEGInception(4, 81).eval().first, (64, 32, 16), strict=True):
        with torch.no_grad():
            response = branch(x) - branch(torch.zeros_like(x))
        times = torch.nonzero(response.abs().amax(dim=(0, 1)) > 1e-6).ravel()
        assert response.shape == (1, 16, 81)
        assert times[0] == 40 - kernel // 2
        assert times[-1] == 40 + (kernel - 1) // 2


def test_spatial_filters_are_no_longer_than_one():
    net = EEGInception(64, 83)
    with torch.no_grad():
        for branch in net.first:
            branch.spatial *= 100
    lengths = net.spatial_filters().norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(48))
