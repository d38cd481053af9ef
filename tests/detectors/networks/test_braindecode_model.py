"""Models of braindecode: what is passed to them, and what is said where they cannot be had."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest
from studies import make_epochs
from torch import nn

from p300.detectors import detector_parameters, make_detector
from p300.detectors.networks.braindecode_model import braindecode_model
from p300.errors import DetectorError


class Made(nn.Module):
    """Stands in for a model of braindecode."""

    def __init__(self, n_outputs, n_chans, n_times, sfreq):
        super().__init__()
        if n_times < 10:
            raise ValueError("kernel longer than the window")
        self.asked = (n_outputs, n_chans, n_times, sfreq)
        self.layer = nn.Linear(n_chans * n_times, n_outputs)

    def forward(self, x):
        return self.layer(x.flatten(1))


def importing(monkeypatch, found):
    """Make the import of braindecode's models give ``found``, or raise it."""
    real = importlib.import_module

    def import_module(name, package=None):
        if name != "braindecode.models":
            return real(name, package)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(importlib, "import_module", import_module)


@pytest.mark.parametrize(
    "reason",
    [
        ModuleNotFoundError("No module named 'braindecode'"),
        OSError("libcudart.so.12: cannot open shared object file"),
        RuntimeError("PyTorch and TorchAudio were compiled with different CUDA versions"),
    ],
)
def test_without_braindecode_the_error_says_why_and_what_to_do(monkeypatch, reason):
    importing(monkeypatch, reason)
    epochs = make_epochs(1, 1)
    detector = make_detector("braindecode", model="EEGConformer")
    with pytest.raises(DetectorError) as failure:
        detector.fit(epochs.X, epochs.y, groups=epochs.units("character"))
    for said in (str(reason), "pip install 'p300[braindecode]'", "torchaudio", "CPU-only"):
        assert said in str(failure.value)


def test_its_parameters_are_known_without_it(monkeypatch):
    importing(monkeypatch, ModuleNotFoundError("No module named 'braindecode'"))
    assert detector_parameters("braindecode")["model"] == "EEGConformer"


def test_a_model_gets_the_size_of_the_windows(monkeypatch):
    importing(monkeypatch, SimpleNamespace(Made=Made))
    assert braindecode_model(8, 83, model="Made", sfreq=128.0).asked == (2, 8, 83, 128.0)
    epochs = make_epochs(1, 1)
    detector = make_detector("braindecode", model="Made", max_passes=2, patience=2)
    detector.fit(epochs.X, epochs.y, groups=epochs.units("character"))
    assert detector.decision_function(epochs.X).shape == epochs.y.shape
    assert detector.spatial_filters() is None


def test_unknown_models_and_windows_they_cannot_take_are_refused(monkeypatch):
    importing(monkeypatch, SimpleNamespace(Made=Made, torch=SimpleNamespace()))
    with pytest.raises(DetectorError, match="no model 'Mode', did you mean 'Made'"):
        braindecode_model(8, 83, model="Mode")
    with pytest.raises(DetectorError, match="no model 'torch'"):
        braindecode_model(8, 83, model="torch")
    with pytest.raises(DetectorError, match=r"8 electrodes x 5 samples .* kernel longer"):
        braindecode_model(8, 5, model="Made")
