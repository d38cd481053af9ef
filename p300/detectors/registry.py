"""The detectors, by name. A new detector is one file and one line in ``DETECTORS``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from p300.arguments import accepted_arguments, accepted_types, check_arguments, did_you_mean
from p300.errors import DetectorError

if TYPE_CHECKING:
    from torch import nn

    from p300.detectors.base import Detector


@dataclass(frozen=True)
class DetectorInfo:
    """One line of the registry.

    Parameters
    ----------
    place
        ``module:class`` of a :class:`~p300.detectors.base.Detector`, or of a torch network.
    title, citation
        For people.
    year
        When the source appeared; None where there is none.
    network
        Whether ``place`` is a torch network, trained by
        :class:`~p300.detectors.training.network.NetworkDetector`.
    stackable
        Whether networks of this class can learn as one batched model: recurrent layers cannot, and
        of other libraries' networks it is not known.
    defaults
        What makes this detector of its class: arguments that differ from the class's own.
    tuned
        Learning rule -> settings of it that suit this network better than the rule's own.
    adaptation
        What it learns from the tested person where the experiment does not say.
    """

    place: str
    title: str
    citation: str
    year: int | None
    network: bool = False
    stackable: bool = True
    defaults: Mapping[str, Any] = field(default_factory=dict)
    tuned: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    adaptation: str = "none"


CECOTTI_8 = ("Fz", "Cz", "Pz", "P3", "P4", "PO7", "PO8", "Oz")
"""The electrodes of CNN-2a (Cecotti & Gräser 2011)."""


def _cecotti(title: str, **defaults: Any) -> DetectorInfo:
    """Give the line of one of the paper's classifiers: one network, used in seven ways."""
    return DetectorInfo(
        "p300.detectors.networks.cecotti:CNN1",
        title,
        "Cecotti & Gräser, IEEE TPAMI 33(3):433-445, 2011",
        2011,
        network=True,
        defaults=defaults,
        tuned=_modern(1e-2, 1.0),
    )


def _modern(learning_rate: float, weight_decay: float) -> dict[str, dict[str, float]]:
    """Give settings of modern training chosen on the first runs of BNCI 2015-003 alone.

    With some 700 windows to learn from, strong decay is worth up to .06 of AUC
    (docs/detectors.md).
    """
    return {"modern": {"learning_rate": learning_rate, "weight_decay": weight_decay}}


def _older(weight_decay: float, patience: int) -> dict[str, dict[str, float]]:
    """Give settings of modern training chosen on three simulated subjects (docs/family_tree.md).

    A patience of 10 was chosen by the validation losses of a run of the config, to save time.
    """
    found = {"learning_rate": 3e-3, "weight_decay": weight_decay, "patience": patience}
    return {"modern": found}


DETECTORS = {
    "cnn1": _cecotti("CNN-1: spatial filters, then temporal filters, five layers"),
    "cnn2a": _cecotti("CNN-2a: CNN-1 on eight named electrodes", picks=CECOTTI_8),
    "cnn2b": _cecotti("CNN-2b: CNN-1 on the eight electrodes that a CNN-1 weighs most", picks=8),
    "cnn3": _cecotti("CNN-3: CNN-1 with one spatial filter", n_filters=1),
    "mcnn1": _cecotti(
        "MCNN-1: five CNN-1, each on all targets and a fifth of the non-targets",
        division="non_targets",
        n_members=5,
    ),
    "mcnn2": _cecotti(
        "MCNN-2: five CNN-1, each on a fifth of the training record", division="time", n_members=5
    ),
    "mcnn3": _cecotti("MCNN-3: three CNN-1 from different initial weights", n_members=3),
    "eegnet": DetectorInfo(
        "p300.detectors.networks.eegnet:EEGNet",
        "EEGNet-8,2: temporal, then spatial filters, then a separable convolution",
        "Lawhern et al., J Neural Eng 15:056013, 2018",
        2018,
        network=True,
        tuned=_modern(3e-3, 1.0),
    ),
    "eeg_inception": DetectorInfo(
        "p300.detectors.networks.eeg_inception:EEGInception",
        "EEG-Inception: temporal and spatial filters at three scales of time",
        "Santamaría-Vázquez et al., IEEE TNSRE 28(12):2773-2782, 2020",
        2020,
        network=True,
        tuned=_modern(3e-3, 1.0),
    ),
    "bn3": DetectorInfo(
        "p300.detectors.networks.bn3:BN3",
        "BN3: batch-normalised spatial, then temporal filters, two full layers",
        "Liu et al., Neurocomputing 275:288-297, 2018",
        2018,
        network=True,
        tuned=_modern(2e-3, 5.0),
    ),
    "oclnn": DetectorInfo(
        "p300.detectors.networks.oclnn:OCLNN",
        "OCLNN: one convolution over space and time",
        "Shan, Liu & Stefanov, IJCAI 2018, 1604-1610",
        2018,
        network=True,
        tuned=_modern(3e-3, 3.0),
    ),
    "sepconv1d": DetectorInfo(
        "p300.detectors.networks.sepconv1d:SepConv1D",
        "SepConv1D: one separable convolution with four filters",
        "Alvarado-González et al., Neurocomputing 425:37-52, 2021",
        2021,
        network=True,
        tuned=_modern(1e-2, 1.0),
    ),
    "stepnet": DetectorInfo(
        "p300.detectors.networks.stepnet:StepNet",
        "StepNet: spatial filters, then separable convolutions over steps of 40 ms",
        "This project; after CNN-1 and EEGNet",
        None,
        network=True,
        tuned=_modern(1e-2, 1.0),
    ),
    "braindecode": DetectorInfo(
        "p300.detectors.networks.braindecode_model:braindecode_model",
        "A model of braindecode, where that is installed",
        "https://braindecode.org",
        None,
        network=True,
        stackable=False,
    ),
    "slda": DetectorInfo(
        "p300.detectors.linear.lda:ShrinkageLDA",
        "Shrinkage LDA on window means",
        "Blankertz et al., NeuroImage 56:814-825, 2011",
        2011,
    ),
    "xdawn_lda": DetectorInfo(
        "p300.detectors.linear.xdawn:XdawnLDA",
        "xDAWN spatial filters, then shrinkage LDA on window means",
        "Rivet et al., IEEE TBME 56(8):2035-2043, 2009",
        2009,
    ),
    "xdawn_ts": DetectorInfo(
        "p300.detectors.linear.xdawn:XdawnTangentSpace",
        "xDAWN covariances, tangent space, logistic regression",
        "Barachant & Congedo, arXiv:1409.0107, 2014",
        2014,
    ),
    "erpcov_mdm": DetectorInfo(
        "p300.detectors.linear.erpcov:ErpCovarianceMDM",
        "ERP covariances, minimum distance to mean",
        "Barachant & Congedo, arXiv:1409.0107, 2014",
        2014,
    ),
    "perceptron": DetectorInfo(
        "p300.detectors.linear.single_layer:Perceptron",
        "Perceptron on window means, its weights averaged over all steps",
        "Rosenblatt, Psychological Review 65:386-408, 1958",
        1958,
    ),
    "logistic": DetectorInfo(
        "p300.detectors.linear.single_layer:Logistic",
        "Logistic regression on window means",
        "Cox, J R Stat Soc B 20:215-242, 1958",
        1958,
    ),
    "mlp": DetectorInfo(
        "p300.detectors.networks.mlp:MLP",
        "Multilayer perceptron: full layers on window means",
        "Rumelhart, Hinton & Williams, Nature 323:533-536, 1986",
        1986,
        network=True,
        tuned=_older(1.0, patience=15),
    ),
    "lstm": DetectorInfo(
        "p300.detectors.networks.lstm:LSTM",
        "LSTM: a recurrent network over time, electrodes as features",
        "Hochreiter & Schmidhuber, Neural Computation 9:1735-1780, 1997",
        1997,
        network=True,
        stackable=False,
        tuned=_older(1.0, patience=30),
    ),
    "lenet5": DetectorInfo(
        "p300.detectors.networks.image_networks:LeNet5",
        "LeNet-5 on the electrode x time matrix as an image",
        "LeCun et al., Proc IEEE 86:2278-2324, 1998",
        1998,
        network=True,
        tuned=_older(0.1, patience=10),
    ),
    "lenet": DetectorInfo(
        "p300.detectors.networks.image_networks:LeNet",
        "LeNet as taught: two sigmoid convolutions, average pooling, three full layers",
        "Zhang et al., Dive into Deep Learning, 2023, section 7.6",
        2023,
        network=True,
        tuned=_older(0.3, patience=10),
    ),
    "small_cnn": DetectorInfo(
        "p300.detectors.networks.image_networks:SmallCNN",
        "Small CNN: three convolutions with max pooling, one full layer",
        "An early example of the Keras library, about 2015",
        2015,
        network=True,
        defaults={"training": "momentum"},
        tuned={"momentum": {"patience": 8}},
    ),
    "autoencoder": DetectorInfo(
        "p300.detectors.networks.layerwise:Autoencoder",
        "Stacked autoencoder, layer by layer, then learned with labels",
        "Bengio et al., NIPS 2006, 153-160",
        2006,
        network=True,
        tuned=_older(0.3, patience=10),
    ),
    "dbn": DetectorInfo(
        "p300.detectors.networks.layerwise:DBN",
        "Deep belief network: restricted Boltzmann machines, then learned with labels",
        "Hinton, Osindero & Teh, Neural Computation 18:1527-1554, 2006",
        2006,
        network=True,
        tuned=_older(0.3, patience=10),
    ),
    "sparse_coding": DetectorInfo(
        "p300.detectors.linear.sparse_coding:SparseCoding",
        "Sparse codes by a learned dictionary, logistic regression",
        "Olshausen & Field, Nature 381:607-609, 1996",
        1996,
    ),
    "gan_augmented": DetectorInfo(
        "p300.detectors.networks.cecotti:CNN1",
        "CNN-1 that also learns from targets made by a generative adversarial network",
        "Goodfellow et al., NIPS 2014, 2672-2680",
        2014,
        network=True,
        defaults={"augmentation": "gan"},
        tuned=_modern(1e-2, 1.0),
    ),
    "finetuned": DetectorInfo(
        "p300.detectors.networks.cecotti:CNN1",
        "CNN-1 learned from other people, all weights then fine-tuned to a new one",
        "Yosinski et al., NIPS 2014, 3320-3328",
        2014,
        network=True,
        tuned=_modern(1e-2, 1.0),
        adaptation="fine_tuned",
    ),
}


def detector_info(name: str) -> DetectorInfo:
    """Give the registry's line of a detector.

    Raises
    ------
    DetectorError
        When there is none of that name; the nearest is suggested.
    """
    if not isinstance(name, str) or name not in DETECTORS:
        raise DetectorError(
            f"unknown detector {name!r}{did_you_mean(name, DETECTORS)} "
            f"There are: {', '.join(DETECTORS)}"
        )
    return DETECTORS[name]


def network_class(name: str) -> type[nn.Module]:
    """Import the torch network of a detector."""
    found: type[nn.Module] = _import(detector_info(name).place)
    return found


def make_detector(name: str, **parameters: Any) -> Detector:
    """Make an unfitted detector.

    Parameters
    ----------
    name
        One of :data:`DETECTORS`.
    parameters
        Its parameters, see ``p300 detectors NAME``.

    Raises
    ------
    DetectorError
        Unknown detector, unknown parameter, or a value of the wrong type or out of range.
    """
    info = detector_info(name)
    functions = _functions(name)
    checked = check_arguments(
        functions, parameters, where=f"detectors.{name}", error=DetectorError, skip=_HIDDEN
    )
    settings = {**info.defaults, **checked}
    if not info.network:
        plain: Detector = functions[0](**settings)
        return plain
    takes = accepted_arguments(functions[2], _HIDDEN)
    options = {key: value for key, value in settings.items() if key in takes}
    own = {key: value for key, value in settings.items() if key not in takes}
    wrapping = {
        key: own.pop(key) for key in accepted_arguments(functions[1], _HIDDEN) if key in own
    }
    detector: Detector = functions[1](functions[0](name, options or None, **own), **wrapping)
    return detector


def detector_parameters(name: str, training: str | None = None) -> dict[str, Any]:
    """Return the parameters of a detector with their defaults.

    Parameters
    ----------
    name
        One of :data:`DETECTORS`.
    training
        The learning rule whose settings are the defaults of a network; None for the detector's own.
    """
    info, found = detector_info(name), dict[str, Any]()
    for function in _functions(name):
        takes = accepted_arguments(function, _HIDDEN)
        found |= {key: parameter.default for key, parameter in takes.items()}
    rule = _rule_settings(name, training or info.defaults.get("training", "modern"))
    return {**found, **rule, **info.defaults}


def _rule_settings(name: str, training: str) -> dict[str, Any]:
    """Return the settings of a learning rule for a network; nothing for other detectors."""
    if not detector_info(name).network:
        return {}
    return asdict(_import("p300.detectors.training.network:training_settings")(name, training))


def resolved_parameters(detector: Detector) -> dict[str, Any]:
    """Return all parameters of a detector that an experiment sets, those left to defaults too.

    A seed and the names of electrodes are not among them: each fold gives its own.
    """
    given = detector.parameters()
    training = given.get("training", "")
    rule = _rule_settings(detector.name, training)
    left = {key: value for key, value in rule.items() if given[key] is None}
    found = {**detector_parameters(detector.name, training), **given, **left}
    return {key: value for key, value in found.items() if key not in ("seed", "electrodes")}


def parameter_ranges(name: str) -> dict[str, str]:
    """Return in words which values each parameter of a detector may have."""
    from p300.ranges import describe

    types = accepted_types(_functions(name), _HIDDEN)
    return {key: describe(annotation) for key, annotation in types.items()}


_HIDDEN = ("network", "network_options", "n_electrodes", "n_samples")


def _functions(name: str) -> list[Callable[..., Any]]:
    """Return what takes the arguments: the class itself; of a network also what wraps it."""
    info = detector_info(name)
    if not info.network:
        return [_import(info.place)]
    network, wrapper = (
        _import(f"p300.detectors.{place}")
        for place in ("training.network:NetworkDetector", "meta.flat_parameters:wrap_network")
    )
    return [network, wrapper, _import(info.place)]


def _import(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
