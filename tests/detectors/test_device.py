"""Where networks are trained: chosen around the fit, no parameter of a detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from studies import make_epochs

from p300.detectors import make_detector
from p300.detectors.device import chosen_device, resolve_device, training_on
from p300.errors import DetectorError, TrainingWarning
from p300.evaluation.leaks import Fold
from p300.evaluation.method import Method
from p300.runs.tasks import Task


def only(monkeypatch, *there):
    """Pretend that torch finds these graphics cards."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in there)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in there)


@pytest.mark.parametrize(
    ("there", "expected"), [((), "cpu"), (("cuda", "mps"), "cuda"), (("mps",), "mps")]
)
def test_auto_takes_the_fastest_there_is(there, expected, monkeypatch):
    only(monkeypatch, *there)
    assert resolve_device("auto") == expected


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    only(monkeypatch, "mps")
    with pytest.raises(DetectorError, match=r"'cuda' asked for, but torch .* finds none here"):
        resolve_device("cuda")
    with pytest.raises(DetectorError, match="unknown device 'gpu', there are: auto, cpu, cuda"):
        resolve_device("gpu")


def test_the_choice_ends_with_its_block(monkeypatch):
    only(monkeypatch, "cuda")
    assert chosen_device() == "cpu"
    with training_on("auto"):
        assert chosen_device() == "cuda"
        with training_on("cpu"):
            assert chosen_device() == "cpu"
        assert chosen_device() == "cuda"
    assert chosen_device() == "cpu"


def test_tasks_take_it_along(monkeypatch):
    only(monkeypatch, "cuda")
    with training_on("cuda"):
        here = (np.arange(1), np.arange(1))
        fold = Fold("f", *here, "character", None)
        task = Task("e", "d", "p", "slda", fold, 0, Method.read("slda", {}), 0, Path())
    assert task.device == "cuda"


def test_networks_learn_on_the_device_chosen(monkeypatch):
    """Torch's device without memory stands for a graphics card: nothing can be read from it."""
    monkeypatch.setattr("p300.detectors.training.jobs.chosen_device", lambda: "meta")
    epochs = make_epochs(1, 1, amplitude=1e-5, n_characters=3)
    with pytest.raises((NotImplementedError, RuntimeError), match=r"(?i)meta"):
        make_detector("cnn1", max_passes=1).fit(epochs.X, epochs.y)


def test_a_network_that_cannot_be_batched_is_named(monkeypatch):
    monkeypatch.setattr("p300.detectors.training.jobs.chosen_device", lambda: "meta")
    epochs = make_epochs(1, 1, amplitude=1e-5, n_characters=3)
    with (
        pytest.warns(TrainingWarning, match="LSTM cannot be trained as one batched model: on meta"),
        pytest.raises((NotImplementedError, RuntimeError)),
    ):
        make_detector("lstm", max_passes=1).fit(epochs.X, epochs.y)


def test_a_fitted_network_is_on_the_processor():
    epochs = make_epochs(1, 1, amplitude=1e-5, n_characters=3)
    with training_on("cpu"):
        detector = make_detector("cnn1", max_passes=1).fit(epochs.X, epochs.y)
    assert {p.device.type for p in detector.network_.parameters()} == {"cpu"}
