"""BN3: its counts, and its spatial filters as filters of the input."""

from __future__ import annotations

import torch

from p300.detectors.networks.bn3 import BN3


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_parameters_of_the_papers_form():
    net = BN3(64, 160, kernel=20)
    assert count(net.input) == 128
    assert count(net.spatial) == 16 * 65
    assert count(net.temporal) == 16 * (16 * 20 + 1) + 32
    assert count(net.hidden) == 128 * (16 * 8 + 1) + 128 * 129
    one_output = count(net) - 129
    assert one_output == 39_489


def test_spatial_filters_read_the_input_itself():
    net = BN3(5, 40)
    x = 3 + 2 * torch.randn(50, 5, 40)
    for _ in range(20):
        net(x)  # learns means and variances
    net.eval()
    seen = []
    net.temporal.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        net(x)
        filtered = torch.einsum("net,se->nst", x, net.spatial_filters())
    offsets = seen[0] - filtered
    torch.testing.assert_close(offsets, offsets[:1, :, :1].expand_as(offsets), atol=1e-4, rtol=0)
