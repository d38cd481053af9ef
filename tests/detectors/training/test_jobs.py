"""When networks are trained as one batched model."""

from __future__ import annotations

import torch
from studies import make_epochs

from p300.detectors import make_detector
from p300.detectors.training.jobs import batching_is_faster

CARD = torch.device("cuda")


def job_of(name, **parameters):
    epochs = make_epochs(1, 1, amplitude=1e-5, n_characters=4)
    detector = make_detector(name, **parameters)
    return detector.prepare(epochs.X, epochs.y, epochs.units("character"))


def test_only_several_networks_on_a_graphics_card_are_batched():
    one, three = job_of("cnn1"), job_of("mcnn3")
    assert batching_is_faster([one, one], CARD)
    assert batching_is_faster([three], CARD)
    assert not batching_is_faster([one], CARD)
    assert not batching_is_faster([one, one], torch.device("cpu"))
    recurrent = job_of("lstm")
    assert not batching_is_faster([recurrent, recurrent], CARD)
