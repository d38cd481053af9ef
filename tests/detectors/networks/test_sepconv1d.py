"""SepConv1D: the count of the published code, and what it computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from p300.detectors.networks.sepconv1d import SepConv1D


@pytest.mark.parametrize(("n_filters", "n"), [(4, 225), (32, 1_121)])
def test_parameters_of_the_published_form(n_filters, n):
    net = SepConv1D(6, 206, n_filters=n_filters, kernel=16)
    assert net.output.in_features == 25 * n_filters
    two_outputs_more = net.output.in_features + 1
    assert sum(p.numel() for p in net.parameters()) == n + two_outputs_more


def test_forward_pass_equals_the_equations_written_out():
    net = SepConv1D(3, 21)
    x = np.random.default_rng(0).standard_normal((3, 21))
    p = {k: v.detach().double().numpy() for k, v in net.named_parameters()}
    kernels, mix = p["separable.0.weight"][:, 0], p["separable.1.weight"][:, :, 0]
    padded = np.pad(x, ((0, 0), (2, 2)))
    pieces = np.stack([padded[:, 4 * j : 4 * j + 8] for j in range(5)])  # [position, electrode, t]
    filtered = np.einsum("pet,et->ep", pieces, kernels)
    features = np.tanh(mix @ filtered + p["separable.1.bias"][:, None]).ravel()
    expected = p["output.weight"] @ features + p["output.bias"]
    with torch.no_grad():
        found = net(torch.from_numpy(x).float()[None])[0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
