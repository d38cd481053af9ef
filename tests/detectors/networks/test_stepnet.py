"""StepNet: its counts, the windows it takes, its kernels as kernels of the samples."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import conv1d

from p300.detectors.networks.stepnet import StepNet
from p300.errors import DetectorError


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(("n_electrodes", "n_samples", "n"), [(8, 83, 866), (64, 78, 1_282)])
def test_the_parameter_counts_of_the_docstring(n_electrodes, n_samples, n):
    assert count(StepNet(n_electrodes, n_samples)) == n < 5_000


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 64), st.integers(70, 100), st.integers(1, 5))
def test_any_montage_and_window(n_electrodes, n_samples, n_epochs):
    network = StepNet(n_electrodes, n_samples).eval()
    x = torch.randn(n_epochs, n_electrodes, n_samples)
    with torch.no_grad():
        features = network.features(x)
        assert features.shape == (n_epochs, network.output.in_features)
        assert torch.equal(network(x), network.output(features))


def test_samples_beyond_the_last_whole_step_are_not_seen():
    network = StepNet(3, 83).eval()
    x = torch.randn(2, 3, 83)
    beyond, within = x.clone(), x.clone()
    beyond[:, :, 80:] += 1
    within[:, :, 79] += 1
    with torch.no_grad():
        assert torch.equal(network(x), network(beyond))
        assert not torch.allclose(network(x), network(within))


def test_filters_and_kernels_are_those_of_the_samples():
    network = StepNet(5, 83, maps_per_filter=3).eval()
    x = torch.randn(2, 5, 83)
    read = []
    network.maps.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    with torch.no_grad():
        network(x)
        in_space = torch.einsum("net,fe->nft", x, network.spatial_filters())
        kernels = network.temporal_kernels().flatten(0, 1).unsqueeze(1)
        both = conv1d(in_space, kernels, stride=5, groups=8)  # [epoch, filter * map, place]
    torch.testing.assert_close(read[0], both.transpose(1, 2).flatten(0, 1), atol=1e-5, rtol=1e-4)


def test_a_window_of_fewer_than_two_places_is_refused():
    network = StepNet(3, 25)
    assert network(torch.randn(1, 3, 25)).shape == (1, 2)  # one window may be a whole step of AdamW
    with pytest.raises(DetectorError, match=r"24 samples are too short .* need 5 steps"):
        StepNet(3, 24)
