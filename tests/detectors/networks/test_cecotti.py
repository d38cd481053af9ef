"""CNN-1: the paper's counts, its wiring, its limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.detectors.networks.cecotti import CNN1
from p300.detectors.training.loop import Learner, train_network
from p300.detectors.training.network import training_settings
from p300.detectors.training.rules import LEARNING_RULES
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


def plain_layers(net, x):
    """The layers one after another, their activations by torch's tanh."""
    tanh = lambda z: 1.7159 * torch.tanh(z * (2 / 3))  # noqa: E731
    l1 = tanh(torch.einsum("fe,net->nft", net.spatial.weight, x) + net.spatial.bias[:, None])
    pieces = l1[:, :, : net.n_positions * net.kernel].unflatten(2, (net.n_positions, net.kernel))
    l2 = torch.einsum("nfpk,fkm->nfmp", pieces, net.temporal_weight)
    l2 = tanh(l2 + net.temporal_bias.transpose(1, 2))
    return net.output(torch.sigmoid(net.hidden(l2.flatten(1))))


class PlainCNN1(CNN1):
    """The network of the plain layers."""

    def forward(self, x):
        return plain_layers(self, x)


@pytest.mark.parametrize("n_samples", [78, 85])  # whole kernels, and samples that are not seen
def test_all_gradients_are_those_of_the_plain_layers(n_samples):
    torch.manual_seed(0)
    net = CNN1(64, n_samples)
    for weights in net.parameters():
        weights.data *= 3  # where activations are curved
    x, pulling = torch.randn(64, 64, n_samples, requires_grad=True), torch.randn(64, 2)
    names, weights = zip(*net.named_parameters(), strict=True)
    found, expected = (
        torch.autograd.grad((outputs * pulling).sum(), [x, *weights])
        for outputs in (net(x), plain_layers(net, x))
    )
    for name, mine, theirs in zip(["x", *names], found, expected, strict=True):
        assert (mine - theirs).abs().max() < 3e-6 * theirs.abs().max(), name


def test_training_differs_from_that_of_the_plain_layers_by_rounding():
    y = torch.arange(300) % 4 == 0
    torch.manual_seed(0)
    X = torch.randn(300, 8, 80)
    X[y, :, 30:50] += 0.3
    torch.manual_seed(1)
    nets = CNN1(8, 80), PlainCNN1(8, 80)
    nets[1].load_state_dict(nets[0].state_dict())
    how, losses = replace(training_settings("cnn1", "modern"), max_passes=5), []
    for net in nets:
        parts = torch.arange(240), torch.arange(240, 300)
        learner = Learner(net, *parts, torch.Generator().manual_seed(1), torch.get_rng_state())
        history = train_network(learner, LEARNING_RULES["modern"], how, X, y.long())
        losses.append([row["validation_loss"] for row in history.passes])
    np.testing.assert_allclose(*losses, rtol=1e-4)
    assert len(set(losses[0])) == 5


def test_what_is_stored_keeps_its_names_and_shapes():
    shapes = {name: tuple(weight.shape) for name, weight in CNN1(64, 78).state_dict().items()}
    assert shapes == {
        "temporal_weight": (10, 13, 5),
        "temporal_bias": (10, 1, 5),
        "spatial.weight": (10, 64),
        "spatial.bias": (10,),
        "hidden.weight": (100, 300),
        "hidden.bias": (100,),
        "output.weight": (2, 100),
        "output.bias": (2,),
    }
