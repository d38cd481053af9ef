"""When networks learn as one batched model."""

from __future__ import annotations

import numpy as np
import torch
from studies import make_epochs

from p300.detectors import make_detector
from p300.detectors.lessons import worth_stacking

CARD = torch.device("cuda")


def lesson_of(name, **parameters):
    epochs = make_epochs(1, 1, amplitude=1e-5, n_characters=4)
    detector = make_detector(name, **parameters)
    return next(detector.fitting(epochs.X, epochs.y, np.asarray(epochs.units("character"))))


def test_only_several_networks_on_a_graphics_card_are_stacked():
    one, three = lesson_of("cnn1"), lesson_of("mcnn3")
    assert worth_stacking([one, one], CARD)
    assert worth_stacking([three], CARD)
    assert not worth_stacking([one], CARD)
    assert not worth_stacking([one, one], torch.device("cpu"))
    recurrent = lesson_of("lstm")
    assert not worth_stacking([recurrent, recurrent], CARD)
