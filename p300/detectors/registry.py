"""Detectors made by name, with their parameters checked; see :mod:`p300.detectors.catalogue`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from p300.arguments import accepted_arguments, accepted_types, check_arguments, did_you_mean
from p300.detectors.catalogue import DETECTORS, DetectorInfo
from p300.errors import DetectorError
from p300.lazy import imported

if TYPE_CHECKING:
    from torch import nn

    from p300.detectors.base import Detector


def detector_info(name: str) -> DetectorInfo:
    """Return the registry's line of a detector.

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
    found: type[nn.Module] = imported(detector_info(name).place)
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
    return asdict(imported("p300.detectors.training.network:training_settings")(name, training))


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
        return [imported(info.place)]
    network, wrapper = (
        imported(f"p300.detectors.{place}")
        for place in ("training.network:NetworkDetector", "meta.flat_parameters:wrap_network")
    )
    return [network, wrapper, imported(info.place)]
