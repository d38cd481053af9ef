"""The package's AdamW beside torch's."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from p300.detectors.networks.cecotti import CNN1
from p300.detectors.training.adamw import AdamW
from p300.detectors.training.rules import LEARNING_RULES, ModernTraining


def stepping(network, optimiser, rests=(), n=30):
    """The network's weights after some steps, the named weights without gradient in half."""
    drawn = torch.Generator().manual_seed(0)
    for step in range(n):
        optimiser.zero_grad(set_to_none=True)
        network(torch.randn(16, 8, 40, generator=drawn)).square().mean().backward()
        for name in rests if step % 2 else ():
            network.get_parameter(name).grad = None
        optimiser.step()
    return network.state_dict()


def both(rate=0.01, decay=0.1, rests=()):
    torch.manual_seed(0)
    network = CNN1(8, 40)
    torchs = copy.deepcopy(network)
    theirs = torch.optim.AdamW(torchs.parameters(), lr=rate, weight_decay=decay, fused=True)
    return (
        stepping(network, AdamW(network.parameters(), rate, decay), rests),
        stepping(torchs, theirs, rests),
    )


@pytest.mark.parametrize(("rate", "decay"), [(1e-3, 1e-2), (0.05, 0.0)])
def test_weights_are_those_of_torchs_to_the_last_digit(rate, decay):
    found, expected = both(rate, decay)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_weight_without_gradient_rests():
    found, expected = both(rests=("spatial.weight", "output.bias"))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_step_without_gradients_changes_nothing():
    network = CNN1(8, 40)
    before = copy.deepcopy(network.state_dict())
    AdamW(network.parameters(), 0.1, 0.1).step()
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)


def test_modern_training_takes_the_settings_rate_and_decay():
    settings = replace(ModernTraining.settings, learning_rate=0.03, weight_decay=0.2)
    torch.manual_seed(0)
    network = CNN1(8, 40)
    found = stepping(network, LEARNING_RULES["modern"].optimiser(network, settings))
    expected, _ = both(0.03, 0.2)
    for name, weight in found.items():
        np.testing.assert_array_equal(weight, expected[name])
