"""Older learning rules: their errors, by hand."""

from __future__ import annotations

import pytest
import torch

from p300.detectors.registry import training_settings
from p300.detectors.training.rules import LEARNING_RULES


@pytest.mark.parametrize(("rule", "expected"), [("squared", 0.25), ("absolute", 0.5)])
def test_both_classes_weigh_alike(rule, expected):
    y = torch.tensor([1, 0, 0, 0, 0, 0])
    loss = LEARNING_RULES[rule].loss(y)
    assert float(loss(torch.zeros(6, 2), y)) == pytest.approx(expected)
    # The one target wrong for sure, all five non-targets right: half of the error there can be.
    says_no = torch.tensor([[50.0, -50.0]]).repeat(6, 1)
    assert float(loss(says_no, y)) == pytest.approx(0.5)


def test_momentum_is_nesterovs_at_the_stated_rate():
    network = torch.nn.Linear(3, 2)
    settings = training_settings("small_cnn", "momentum")
    optimiser = LEARNING_RULES["momentum"].optimiser(network, settings)
    (group,) = optimiser.param_groups
    assert (group["lr"], group["momentum"], group["nesterov"]) == (0.05, 0.9, True)
    assert group["weight_decay"] == 1e-6
