"""CNN-1: the paper's counts, its wiring, its limits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.detectors.networks.cecotti import CNN1
from p300.errors import DetectorError


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("n_electrodes", "n_filters", "n"), [(64, 10, 31_652), (8, 10, 31_092), (64, 1, 3_437)]
)
def test_the_papers_parameter_counts(n_electrodes, n_filters, n):
    assert count(CNN1(n_electrodes, 78, n_filters=n_filters)) == n


def test_parameters_by_layer():
    net = CNN1(64, 78)
    assert count(net.spatial) == 650
    assert net.temporal_weight.numel() + net.temporal_bias.numel() == 700
    assert count(net.hidden) == 30_100
    assert count(net.output) == 202


def written_out(net, x):
    """The network's equations, one scalar at a time."""
    p = {k: v.detach().double().numpy() for k, v in net.named_parameters()}
    ns, kernel, maps = p["temporal_weight"].shape
    n_positions = x.shape[1] // kernel
    tanh = lambda v: 1.7159 * np.tanh(2 * v / 3)  # noqa: E731
    l1 = np.array([tanh(p["spatial.weight"][m] @ x + p["spatial.bias"][m]) for m in range(ns)])
    l2 = np.array([
        [
            tanh(
                sum(l1[m, kernel * j + i] * p["temporal_weight"][m, i, k] for i in range(kernel))
                + p["temporal_bias"][m, 0, k]
            )
            for j in range(n_positions)
        ]
        for m in range(ns)
        for k in range(maps)
    ])  # fmt: skip
    l3 = 1 / (1 + np.exp(-(p["hidden.weight"] @ l2.ravel() + p["hidden.bias"])))
    return p["output.weight"] @ l3 + p["output.bias"]


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 9), st.integers(13, 60), st.integers(0, 1000))
def test_forward_pass_equals_the_equations_written_out(n_electrodes, n_samples, seed):
    torch.manual_seed(seed)
    net = CNN1(n_electrodes, n_samples, n_filters=3, maps_per_filter=2, n_hidden=7)
    x = np.random.default_rng(seed).standard_normal((4, n_electrodes, n_samples))
    with torch.no_grad():
        outputs = net(torch.from_numpy(x).float()).numpy()
    np.testing.assert_allclose(outputs, [written_out(net, one) for one in x], atol=1e-5)


def test_each_temporal_map_reads_one_spatial_filter():
    net = CNN1(4, 26, n_filters=3, maps_per_filter=2)
    x = torch.randn(1, 4, 26)
    with torch.no_grad():
        before = net.hidden.weight.new_tensor(0)  # keeps dtype
        maps = []
        net.hidden.register_forward_pre_hook(lambda _, inputs: maps.append(inputs[0].clone()))
        net(x)
        net.spatial.weight[1] += 1.0
        net(x)
    changed = (maps[0] - maps[1]).abs().reshape(3, 2 * 2).amax(dim=1) > before
    assert changed.tolist() == [False, True, False]


def test_gradients_are_those_of_the_function():
    net = CNN1(3, 26, n_filters=2, maps_per_filter=2, n_hidden=4).double()
    x = torch.randn(2, 3, 26, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(net, (x,))


def test_a_window_shorter_than_a_kernel_is_refused():
    with pytest.raises(DetectorError, match=r"epochs of 12 samples .* kernels of 13"):
        CNN1(8, 12)
