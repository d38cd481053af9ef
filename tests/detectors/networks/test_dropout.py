"""Dropout by bytes: the distribution of torch's, and its gradient."""

from __future__ import annotations

import pytest
import torch
from torch.func import vmap

from p300.detectors.networks.dropout import BytesDropout


def kept(p, *size):
    torch.manual_seed(1)
    return BytesDropout(p)(torch.ones(*size))


@pytest.mark.parametrize("p", [0.25, 0.5, 0.75])
def test_each_place_is_dropped_as_often_as_asked(p):
    found = kept(p, 20_000, 8)  # eight values share a number
    assert torch.unique(found).tolist() == pytest.approx([0, 1 / (1 - p)])
    shares = (found == 0).float().mean(dim=0)
    deviation = (p * (1 - p) / 20_000) ** 0.5
    assert (shares - p).abs().max() < 4 * deviation


def test_values_are_dropped_independently():
    dropped = (kept(0.25, 20_000, 16) == 0).float()
    correlations = torch.corrcoef(dropped.T) - torch.eye(16)
    assert correlations.abs().max() < 5 / 20_000**0.5
    following = torch.corrcoef(torch.stack([dropped[:-1].flatten(), dropped[1:].flatten()]))
    assert abs(following[0, 1]) < 5 / (20_000 * 16) ** 0.5


@pytest.mark.parametrize("size", [(1,), (3, 5), (7, 8, 9)])
def test_any_size(size):
    assert kept(0.25, *size).shape == size


def test_gradients_pass_where_values_do():
    torch.manual_seed(0)
    x = torch.randn(5, 77, requires_grad=True)
    found = BytesDropout(0.25)(x)
    found.sum().backward()
    torch.testing.assert_close(found, x * x.grad)


def test_nothing_is_dropped_in_evaluation_or_at_nought():
    x = torch.randn(100)
    assert torch.equal(BytesDropout(0.25).eval()(x), x)
    assert torch.equal(BytesDropout(0.0)(x), x)


def test_a_seed_gives_the_same_values_again():
    assert torch.equal(kept(0.25, 100), kept(0.25, 100))


def test_each_network_of_a_batch_drops_its_own():
    layer = BytesDropout(0.25)
    found = vmap(layer, randomness="different")(torch.ones(3, 50, 8))
    assert not torch.equal(found[0], found[1])
    assert (found == 0).float().mean() == pytest.approx(0.25, abs=0.06)
