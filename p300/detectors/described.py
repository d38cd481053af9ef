"""What our detectors are called in full, what they see, what they are cited by.

Texts for people who read a report, apart from :mod:`p300.detectors.catalogue`, by which detectors
are made. A detector that is not here, such as a plug-in's, is told of by the title and citation of
its line there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from p300.detectors.catalogue import DETECTORS


@dataclass(frozen=True)
class Description:
    """What is told of a detector.

    Parameters
    ----------
    name
        In full, as a sentence has it.
    sees
        What of an epoch it is given to learn from; a parameter in braces stands for its value.
    references
        Keys of :mod:`p300.references`, the source of the detector first.
    software
        Packages that it is computed with, beside those that all need.
    chosen_on
        Sources on whose recordings the settings of its training were chosen when it was made.
    citation
        Its source in words, where it has no key.
    """

    name: str
    sees: str = ""
    references: tuple[str, ...] = ()
    software: tuple[str, ...] = ()
    chosen_on: tuple[str, ...] = ()
    citation: str = ""


_WHOLE = "the whole epoch, every sample at every electrode"
_PIECES = "the means of {n_windows} consecutive pieces of the epoch"
_MEANS = f"{_PIECES} at every electrode"
_FIRST_RUNS = ("bnci2015_003",)
_SIMULATED = ("simulated",)


def _network(
    name: str, *references: str, sees: str = _WHOLE, chosen_on: tuple[str, ...] = _FIRST_RUNS
) -> Description:
    return Description(name, sees, references, ("torch",), chosen_on)


def _older(name: str, *references: str, sees: str) -> Description:
    return _network(name, *references, sees=sees, chosen_on=_SIMULATED)


DESCRIPTIONS: Mapping[str, Description] = {
    "cnn1": _network("the convolutional network CNN-1", "cecotti2011"),
    "cnn2a": _network(
        "the convolutional network CNN-2a, CNN-1 on eight named electrodes",
        "cecotti2011",
        sees="every sample of the epoch at eight electrodes named in advance",
    ),
    "cnn2b": _network(
        "the convolutional network CNN-2b, CNN-1 on the electrodes that a CNN-1 weighs most",
        "cecotti2011",
        sees=(
            "every sample of the epoch at eight electrodes, those that a CNN-1 fitted to the same "
            "training epochs weighs most"
        ),
    ),
    "cnn3": _network(
        "the convolutional network CNN-3, CNN-1 with one spatial filter", "cecotti2011"
    ),
    "mcnn1": _network(
        "MCNN-1, the mean of five CNN-1 that share the targets and divide the non-targets",
        "cecotti2011",
    ),
    "mcnn2": _network(
        "MCNN-2, the mean of five CNN-1, each learned from a fifth of the training record",
        "cecotti2011",
    ),
    "mcnn3": _network(
        "MCNN-3, the mean of three CNN-1 from different initial weights", "cecotti2011"
    ),
    "eegnet": _network("the convolutional network EEGNet", "lawhern2018"),
    "eeg_inception": _network("the convolutional network EEG-Inception", "santamaria2020"),
    "bn3": _network("the convolutional network BN3", "liu2018"),
    "oclnn": _network("the convolutional network OCLNN", "shan2018"),
    "sepconv1d": _network("the convolutional network SepConv1D", "alvarado2021"),
    "stepnet": _network(
        "the convolutional network StepNet of p300, made after CNN-1 and EEGNet",
        "cecotti2011",
        "lawhern2018",
        sees="the means of consecutive pieces of {step} samples of the epoch at every electrode",
    ),
    "braindecode": Description(
        "the network {model} of braindecode", _WHOLE, ("braindecode",), ("torch", "braindecode")
    ),
    "slda": Description("shrinkage linear discriminant analysis", _MEANS, ("blankertz2011",)),
    "xdawn_lda": Description(
        "shrinkage linear discriminant analysis behind xDAWN spatial filters",
        f"{_PIECES} in each spatially filtered signal",
        ("rivet2009", "blankertz2011", "ledoit2004"),
        ("pyriemann",),
    ),
    "xdawn_ts": Description(
        "logistic regression in the tangent space of xDAWN covariances",
        (
            "the covariance of each epoch behind {n_filters} xDAWN filters, stacked under the mean "
            "target response, as a tangent vector"
        ),
        ("barachant2014", "rivet2009"),
        ("pyriemann",),
    ),
    "erpcov_mdm": Description(
        "minimum distance to the mean of ERP covariances",
        "the covariance of each epoch stacked under components of the mean target response",
        ("barachant2014",),
        ("pyriemann",),
    ),
    "estimator": Description(
        "an estimator of scikit-learn's kind",
        "what its own steps make of the whole epoch",
        ("buitinck2013",),
    ),
    "perceptron": Description(
        "Rosenblatt's perceptron, its weights averaged over all steps",
        _MEANS,
        ("rosenblatt1958", "freund1999"),
    ),
    "logistic": Description("logistic regression", _MEANS, ("cox1958",)),
    "mlp": _older("a multilayer perceptron", "rumelhart1986", sees=_MEANS),
    "lstm": _older(
        "a network of long short-term memory cells (LSTM)",
        "hochreiter1997",
        "gers2000",
        sees="a sequence of {n_steps} means of consecutive pieces of the epoch at every electrode",
    ),
    "lenet5": _older(
        "the convolutional network LeNet-5",
        "lecun1998",
        sees="the epoch as an image, a row for each electrode, a column for each mean over time",
    ),
    "lenet": _older(
        "the convolutional network LeNet as textbooks have it",
        "zhang2023",
        sees="the epoch as an image, a row for each electrode, a column for each mean over time",
    ),
    "small_cnn": Description(
        "a small convolutional network, after an early example of the Keras library",
        "the epoch as an image, a row for each electrode, a column for each mean over time",
        software=("torch",),
    ),
    "autoencoder": _older("a stacked autoencoder", "bengio2006", sees=_MEANS),
    "dbn": _older("a deep belief network", "hinton2006", sees=_MEANS),
    "sparse_coding": Description(
        "logistic regression on sparse codes by a learned dictionary",
        f"sparse codes of {_MEANS}",
        ("olshausen1996", "mairal2009", "cox1958"),
    ),
    "gan_augmented": _network(
        "CNN-1 that also learns from targets made by a generative adversarial network",
        "goodfellow2014",
        "cecotti2011",
    ),
    "finetuned": _network(
        "CNN-1 learned from other subjects and then fine-tuned", "yosinski2014", "cecotti2011"
    ),
}
"""Detector -> what is told of it."""

COVARIANCES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "shrinkage": ("a shrunk covariance matrix", ("ledoit2004",)),
    "toeplitz": ("a block-Toeplitz covariance matrix", ("sosulski2022", "ledoit2004")),
}
"""Setting ``covariance`` -> what it is, and its sources."""

LEARNING: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "modern": ("class-weighted cross-entropy and AdamW", ("loshchilov2019",)),
    "paper": ("the squared error and plain gradient descent", ("cecotti2011",)),
    "squared": ("the squared error and AdamW", ("loshchilov2019",)),
    "absolute": ("the absolute error and AdamW", ("loshchilov2019",)),
    "momentum": ("cross-entropy and gradient descent with Nesterov momentum", ("sutskever2013",)),
}
"""Setting ``training`` -> what a network learns by, and its sources."""


class _Values(dict[str, Any]):
    """Values of parameters; what a run of another version did not have is left open."""

    def __missing__(self, key: str) -> str:
        return "some"


def describe(name: str, settings: Mapping[str, Any]) -> Description:
    """Return what is told of a detector.

    Parameters
    ----------
    name
        In the registry, or of a plug-in that is here no more.
    settings
        Its resolved parameters.
    """
    info = DETECTORS.get(name)
    if info is None:
        return Description(f"the detector {name}, of which this installation knows nothing")
    if (found := DESCRIPTIONS.get(name)) is not None:
        values = _Values(settings)
        return replace(
            found,
            name=found.name.format_map(values),
            sees=found.sees.format_map(values),
            # Other rules of learning have their own settings, chosen by nobody here.
            chosen_on=found.chosen_on if settings.get("training") in info.tuned else (),
        )
    title = info.title[:1].lower() + info.title[1:]
    return Description(title, citation=info.citation, software=("torch",) if info.network else ())
