"""The detectors there are. A new detector is one file and one line in ``OUR_DETECTORS``."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from p300.errors import DetectorError
from p300.lazy import imported
from p300.plugins import Registry, said_in_docs


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
    shares
        Whether fits to parts of a study share what :meth:`p300.detectors.base.Detector.share`
        derives of each subject.
    alignment, adaptation
        How its domains are brought together, and what it learns from the tested subject, where the
        experiment does not say; as entries of a config.
    alone
        Of what is a detector only with its alignment and adaptation (a method): the name of the
        detector in it, under which it is resolved, recorded and stored.
    resolves
        ``module:function`` that checks what the names of parameters do not tell, and returns all
        parameters resolved; it takes them and what messages call their place.
    kind
        What ``place`` names, where it is at hand already: of a session no module need have it.
    """

    place: str
    title: str
    citation: str
    year: int | None
    network: bool = False
    stackable: bool = True
    defaults: Mapping[str, Any] = field(default_factory=dict)
    tuned: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    shares: bool = False
    alignment: Any = None
    adaptation: str = "none"
    alone: str | None = None
    resolves: str | None = None
    kind: Any = field(default=None, repr=False, compare=False)

    def load(self) -> Any:
        """Return what :attr:`place` names."""
        return imported(self.place) if self.kind is None else self.kind


CECOTTI_8 = ("Fz", "Cz", "Pz", "P3", "P4", "PO7", "PO8", "Oz")
"""The electrodes of CNN-2a (Cecotti & Gräser 2011)."""


def _cecotti(title: str, **defaults: Any) -> DetectorInfo:
    """Return the line of one of the paper's classifiers: one network, used in seven ways."""
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
    """Return settings of modern training chosen on the first runs of BNCI 2015-003 alone.

    With some 700 epochs to learn from, strong decay is worth up to .06 of AUC
    (docs/detectors.md).
    """
    return {"modern": {"learning_rate": learning_rate, "weight_decay": weight_decay}}


def _older(weight_decay: float, patience: int) -> dict[str, dict[str, float]]:
    """Return settings of modern training chosen on three simulated subjects (docs/family_tree.md).

    A patience of 10 was chosen by the validation losses of a run of the config, to save time.
    """
    found = {"learning_rate": 3e-3, "weight_decay": weight_decay, "patience": patience}
    return {"modern": found}


RECOMMENDED = "recommended"
"""What is taken where nothing speaks against it (docs/detector.md)."""

OUR_DETECTORS = {
    RECOMMENDED: DetectorInfo(
        "p300.detectors.linear.lda:ShrinkageLDA",
        "Shrinkage LDA on window means, each session aligned as it comes, adapting without labels",
        "This project (docs/detector.md); after Blankertz et al., NeuroImage 56:814-825, 2011",
        None,
        shares=True,
        alignment={"method": "euclidean", "mode": "running"},
        adaptation="self_calibrated",
        alone="slda",
    ),
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
        shares=True,
    ),
    "xdawn_lda": DetectorInfo(
        "p300.detectors.linear.xdawn:XdawnLDA",
        "xDAWN spatial filters, then shrinkage LDA on window means",
        "Rivet et al., IEEE TBME 56(8):2035-2043, 2009",
        2009,
        shares=True,
    ),
    "xdawn_ts": DetectorInfo(
        "p300.detectors.linear.xdawn:XdawnTangentSpace",
        "xDAWN covariances, tangent space, logistic regression",
        "Barachant & Congedo, arXiv:1409.0107, 2014",
        2014,
        shares=True,
    ),
    "erpcov_mdm": DetectorInfo(
        "p300.detectors.linear.erpcov:ErpCovarianceMDM",
        "ERP covariances, minimum distance to mean",
        "Barachant & Congedo, arXiv:1409.0107, 2014",
        2014,
    ),
    "estimator": DetectorInfo(
        "p300.detectors.estimators.calibrated:described_detector",
        "A classifier or pipeline of scikit-learn's kind, of any installed package",
        "Buitinck et al., API design for machine learning software, arXiv:1309.0238, 2013",
        None,
        resolves="p300.detectors.estimators.described:resolve",
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
        "LeNet as textbooks have it: two sigmoid convolutions, average pooling, three full layers",
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
        "CNN-1 learned from other subjects, all weights then fine-tuned to a new one",
        "Yosinski et al., NIPS 2014, 3320-3328",
        2014,
        network=True,
        tuned=_modern(1e-2, 1.0),
        adaptation="fine_tuned",
    ),
}


def info_of_class(
    name: str, kind: object, title: str | None = None, citation: str = "", **known: Any
) -> DetectorInfo:
    """Return the line of a class that is at hand.

    Parameters
    ----------
    name
        Of the detector.
    kind
        A :class:`~p300.detectors.base.Detector`, or a torch network.
    title, citation
        For people; the title is by default the first line of its documentation.
    known
        Further fields of :class:`DetectorInfo`.

    Raises
    ------
    TypeError
        When it is neither.
    ValueError
        When the name that it stores itself under is another.
    """
    from p300.detectors.base import Detector

    is_detector = isinstance(kind, type) and issubclass(kind, Detector)
    if not is_detector and not _is_network(kind):
        raise TypeError(
            f"{kind!r} found, expected a DetectorInfo, a class derived from "
            "p300.detectors.base.Detector, or a torch.nn.Module (a classifier of scikit-learn is "
            "named in a config as estimator: module:Class)"
        )
    if is_detector and (own := getattr(kind, "name", None)) != name:
        raise ValueError(f"its class has the name {own!r}, expected {name!r}, as it is registered")
    place = f"{kind.__module__}:{kind.__qualname__}"  # type: ignore[attr-defined]  # a class
    said = title or said_in_docs(kind) or name
    return DetectorInfo(
        place, said, citation, known.pop("year", None), not is_detector, kind=kind, **known
    )


def _is_network(kind: object) -> bool:
    torch = sys.modules.get("torch")  # who has a network has imported it
    return torch is not None and isinstance(kind, type) and issubclass(kind, torch.nn.Module)


def _read(name: str, loaded: object) -> DetectorInfo:
    """Return the line of a plug-in: a class, or a line whose class is imported when it is used."""
    if not isinstance(loaded, DetectorInfo):
        return info_of_class(name, loaded)
    if not re.fullmatch(r"[\w.]+:\w+", str(loaded.place)):
        raise ValueError(f"place {loaded.place!r} found, expected module:class")
    return loaded


DETECTORS = Registry("detector", "p300.detectors", OUR_DETECTORS, _read, DetectorError)
"""Name -> line: ours, then plug-ins (:mod:`p300.plugins`)."""
