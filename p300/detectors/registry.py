"""Detectors made by name, with their parameters checked; see :mod:`p300.detectors.catalogue`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from p300.arguments import accepted_arguments, accepted_types, check_arguments, did_you_mean
from p300.detectors.catalogue import DETECTORS, DetectorInfo
from p300.detectors.declared import NETWORK, WRAPPER, declared_or_imported
from p300.detectors.training.settings import RULE_SETTINGS, Settings
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


@dataclass(frozen=True)
class NamedDetector:
    """A detector by its name, with parameters that are checked: all but made.

    Parameters
    ----------
    name
        One of :data:`DETECTORS`.
    given
        Parameters that differ from the defaults of its class: those given, and the registry's.
    """

    name: str
    given: Mapping[str, Any]

    def make(self) -> Detector:
        """Return the detector, unfitted; what it is made of is imported."""
        info, functions = detector_info(self.name), _functions(self.name)
        if not info.network:
            plain: Detector = imported(info.place)(**self.given)
            return plain
        _, wrapper, module = (accepted_arguments(each, _HIDDEN) for each in functions)
        own = dict(self.given)
        options = {key: own.pop(key) for key in module if key in own}
        wrapping = {key: own.pop(key) for key in wrapper if key in own}
        network = imported(NETWORK)(self.name, options or None, **own)
        detector: Detector = imported(WRAPPER)(network, **wrapping)
        return detector

    def resolved(self) -> dict[str, Any]:
        """Return what :func:`resolved_parameters` says of the detector, without making it."""
        return _resolved(self.name, {**_own_parameters(self.name), **self.given})

    @property
    def learns_like(self) -> str:
        """The same text for detectors that learn the same from the same epochs and seed."""
        info, learned = detector_info(self.name), self.resolved()
        if info.network:
            return repr([info.place, sorted(learned.items())])
        return f"{info.place.replace(':', '.')}{dict(sorted(learned.items()))}"  # as made ones say


def name_detector(
    name: str, parameters: Mapping[str, Any], where: str | None = None
) -> NamedDetector:
    """Check the parameters of a detector, without importing what it is made of.

    An estimator of another library is imported: what it takes is known to itself alone.

    Parameters
    ----------
    name, parameters
        As of :func:`make_detector`, which also tells what is raised.
    where
        What messages call the place.
    """
    info, where = detector_info(name), where or f"detectors.{name}"
    checked = check_arguments(
        _functions(name), parameters, where=where, error=DetectorError, skip=_HIDDEN
    )
    if info.resolves:
        checked = imported(info.resolves)(checked, where)
    return NamedDetector(name, {**info.defaults, **checked})


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
    return name_detector(name, parameters).make()


def detector_parameters(name: str, training: str | None = None) -> dict[str, Any]:
    """Return the parameters of a detector with their defaults.

    Parameters
    ----------
    name
        One of :data:`DETECTORS`.
    training
        The learning rule whose settings are the defaults of a network; None for the detector's own.
    """
    info = detector_info(name)
    rule = _rule_settings(name, training or info.defaults.get("training", "modern"))
    return {**_own_parameters(name), **rule, **info.defaults}


def _own_parameters(name: str) -> dict[str, Any]:
    """Return the defaults of the functions that a detector is made by."""
    return {
        key: parameter.default
        for function in _functions(name)
        for key, parameter in accepted_arguments(function, _HIDDEN).items()
    }


def training_settings(name: str, training: str) -> Settings:
    """Return the settings of a learning rule, with those that suit a network of the registry."""
    if training not in RULE_SETTINGS:
        raise DetectorError(f"unknown training {training!r}, there are: {', '.join(RULE_SETTINGS)}")
    return replace(RULE_SETTINGS[training], **detector_info(name).tuned.get(training, {}))


def _rule_settings(name: str, training: str) -> dict[str, Any]:
    """Return the settings of a learning rule for a network; nothing for other detectors."""
    if not detector_info(name).network:
        return {}
    return asdict(training_settings(name, training))


def resolved_parameters(detector: Detector) -> dict[str, Any]:
    """Return all parameters of a detector that an experiment sets, those left to defaults too.

    A seed and the names of electrodes are not among them: each fold gives its own.
    """
    return _resolved(detector.name, detector.parameters())


def _resolved(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of a detector, where None leaves one to the learning rule."""
    training = given.get("training", "")
    rule = _rule_settings(name, training)
    left = {key: value for key, value in rule.items() if given[key] is None}
    found = {**detector_parameters(name, training), **given, **left}
    return {key: value for key, value in found.items() if key not in ("seed", "electrodes")}


def parameter_ranges(name: str) -> dict[str, str]:
    """Return in words which values each parameter of a detector may have."""
    from p300.ranges import describe

    types = accepted_types(_functions(name), _HIDDEN)
    return {key: describe(annotation) for key, annotation in types.items()}


_HIDDEN = ("network", "network_options", "n_electrodes", "n_samples")


def _functions(name: str) -> list[Callable[..., Any]]:
    """Return what takes the arguments: the class itself; of a network also what wraps it.

    Or their declarations, see :mod:`p300.detectors.declared`.
    """
    info = detector_info(name)
    places = [NETWORK, WRAPPER, info.place] if info.network else [info.place]
    return [declared_or_imported(place) for place in places]
