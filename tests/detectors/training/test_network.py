"""What every network of the registry must do, before any training."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from p300.detectors import DETECTORS
from p300.detectors.registry import network_class
from p300.errors import DetectorError

NETWORKS = {
    info.place: name
    for name, info in DETECTORS.items()
    if info.network and name != "braindecode"  # whose models are other people's
}

every_network = pytest.mark.parametrize("name", NETWORKS.values())


def made(name, n_electrodes=8, n_samples=83):
    torch.manual_seed(0)
    return network_class(name)(n_electrodes, n_samples)


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("cnn1", 31_092),
        ("eegnet", 1_298),
        ("eeg_inception", 14_902),
        ("bn3", 36_050),
        ("oclnn", 1_362),
        ("sepconv1d", 262),
        ("mlp", 4_194),
        ("lstm", 1_698),
        ("lenet5", 21_770),
        ("lenet", 32_226),
        ("small_cnn", 10_146),
        ("autoencoder", 10_402),
        ("dbn", 10_402),
        ("stepnet", 866),
    ],
)
def test_parameters_at_8_electrodes_and_83_samples(name, n):
    assert count(made(name)) == n


@every_network
@settings(max_examples=8, deadline=None)
@given(st.integers(1, 64), st.integers(78, 84), st.integers(1, 5))
def test_the_output_layer_reads_the_features(name, n_electrodes, n_samples, n_epochs):
    network = made(name, n_electrodes, n_samples).eval()
    x = torch.randn(n_epochs, n_electrodes, n_samples)
    with torch.no_grad():
        features = network.features(x)
        assert features.shape == (n_epochs, network.output.in_features)
        assert isinstance(network.output, nn.Linear)
        assert network(x).shape == (n_epochs, 2)
        assert torch.equal(network(x), network.output(features))


@every_network
def test_every_weight_is_used(name):
    network = made(name)
    network(torch.randn(16, 8, 83)).square().sum().backward()
    assert [key for key, p in network.named_parameters() if p.grad is None] == []


@every_network
def test_spatial_filters_and_kernels_have_the_shapes_of_cnn_1s(name):
    network = made(name, n_electrodes=5)
    if hasattr(network, "spatial_filters"):
        filters = network.spatial_filters()
        assert filters.shape[1:] == (5,)
        assert not filters.requires_grad
    if hasattr(network, "temporal_kernels"):
        assert network.temporal_kernels().ndim == 3
        assert len(network.temporal_kernels()) == len(filters)


@every_network
def test_a_window_that_is_too_short_is_refused(name):
    with pytest.raises(DetectorError, match="epochs of 6 samples are too short"):
        made(name, n_samples=6)
