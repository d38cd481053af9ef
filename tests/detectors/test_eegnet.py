"""EEGNet: the paper's counts, its limits on weights, the order of its filters."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv1d, pad

from p300.detectors.eegnet import EEGNet, limit_norm


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(("n_temporal", "n"), [(8, 2_258), (4, 1_066)])
def test_the_papers_parameter_counts(n_temporal, n):
    assert count(EEGNet(64, 128, n_temporal=n_temporal)) == n


def test_parameters_by_layer():
    net = EEGNet(64, 128)
    assert count(net.temporal) == 512
    assert count(net.temporal_norm) == 16
    assert net.spatial.numel() == 1_024
    assert count(net.pooled) == 32
    assert count(net.separable) == 256 + 256 + 32
    assert count(net.output) == 130


def test_only_rows_that_are_too_long_are_shortened():
    weights = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]], requires_grad=True)
    limited = limit_norm(weights, 1.0)
    torch.testing.assert_close(limited, torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]]))
    limited.sum().backward()
    assert torch.isfinite(weights.grad).all()


def test_no_weights_beyond_their_limit_are_used():
    net = EEGNet(6, 64).eval()
    x = torch.randn(3, 6, 64)
    with torch.no_grad():
        net.spatial *= 100
        net.output.weight *= 100
        long = net(x)
        net.spatial *= 100
        net.output.weight *= 100
        torch.testing.assert_close(net(x), long)
    assert net.spatial_filters().norm(dim=1).max() <= 1 + 1e-6


def test_space_first_gives_what_time_first_gives():
    net = EEGNet(5, 83).eval()
    x = torch.randn(2, 5, 83)
    seen = []
    net.pooled.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        net(x)
        in_space = torch.einsum("net,se->nst", x, net.spatial_filters())
        kernels = net.temporal_kernels()
        both = conv1d(pad(in_space, (31, 32)), kernels, groups=16)
    # A fresh batch norm in evaluation divides by sqrt(1 + eps).
    torch.testing.assert_close(seen[0], both / (1 + 1e-5) ** 0.5, atol=1e-5, rtol=1e-4)
