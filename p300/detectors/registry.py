"""The detectors, by name. A new detector is one file and one line in ``DETECTORS``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from p300.arguments import accepted_arguments, check_arguments, did_you_mean
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
    network
        Whether ``place`` is a torch network, trained by
        :class:`~p300.detectors.network.NetworkDetector`.
    defaults
        Settings of the training that suit this network better than the general ones.
    """

    place: str
    title: str
    citation: str
    network: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)


DETECTORS = {
    "cnn1": DetectorInfo(
        "p300.detectors.cecotti:CNN1",
        "CNN-1: spatial filters, then temporal filters, five layers",
        "Cecotti & Gräser, IEEE TPAMI 33(3):433-445, 2011",
        network=True,
        # Chosen on the first runs of BNCI 2015-003 alone: with some 900 windows to learn from,
        # strong decay is worth .06 of AUC (docs/detectors.md).
        defaults={"learning_rate": 1e-2, "weight_decay": 2.0},
    ),
    "slda": DetectorInfo(
        "p300.detectors.lda:ShrinkageLDA",
        "Shrinkage LDA on window means",
        "Blankertz et al., NeuroImage 56:814-825, 2011",
    ),
}


def detector_info(name: str) -> DetectorInfo:
    """Give the registry's line of a detector.

    Raises
    ------
    DetectorError
        When there is none of that name; the nearest is suggested.
    """
    if name not in DETECTORS:
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
        Unknown detector, unknown parameter or a value of the wrong type.
    """
    info = detector_info(name)
    functions = _functions(name)
    checked = check_arguments(
        functions, parameters, where=f"detectors.{name}", error=DetectorError, skip=_HIDDEN
    )
    if not info.network:
        plain: Detector = functions[0](**checked)
        return plain
    options = {k: v for k, v in checked.items() if k in accepted_arguments(functions[1], _HIDDEN)}
    training = {k: v for k, v in checked.items() if k not in options}
    network: Detector = functions[0](name, options or None, **{**info.defaults, **training})
    return network


def detector_parameters(name: str) -> dict[str, Any]:
    """Give the parameters of a detector with their defaults."""
    found: dict[str, Any] = {}
    for function in _functions(name):
        takes = accepted_arguments(function, _HIDDEN)
        found |= {key: parameter.default for key, parameter in takes.items()}
    return {**found, **detector_info(name).defaults}


_HIDDEN = ("network", "network_options", "n_electrodes", "n_samples")


def _functions(name: str) -> list[Callable[..., Any]]:
    """Give the classes whose arguments the detector takes, the detector's own first."""
    info = detector_info(name)
    if not info.network:
        return [_import(info.place)]
    return [_import("p300.detectors.network:NetworkDetector"), _import(info.place)]


def _import(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
