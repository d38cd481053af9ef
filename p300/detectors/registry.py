"""Detectors made by name, with their parameters checked; see :mod:`p300.detectors.catalogue`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from p300.arguments import accepted_arguments, check_arguments
from p300.detectors.catalogue import DETECTORS, DetectorInfo, info_of_class
from p300.detectors.declared import DECLARED, NETWORK, WRAPPER, declared_or_imported
from p300.detectors.training.settings import RULE_SETTINGS, Settings
from p300.errors import DetectorError
from p300.lazy import imported
from p300.parameters import Parameter, parameters_of, said_at, said_by

if TYPE_CHECKING:
    from torch import nn

    from p300.detectors.base import Detector


def detector_info(name: str) -> DetectorInfo:
    """Return the registry's line of a detector.

    Raises
    ------
    DetectorError
        When there is none of that name; the nearest is suggested, or why a plug-in is left out.
    """
    return DETECTORS.require(name)


KindT = TypeVar("KindT", bound=type)


def register_detector(
    name: str, *, title: str | None = None, citation: str = "", **known: Any
) -> Callable[[KindT], KindT]:
    """Return a decorator that makes a class a detector of this session, by its name.

    It then works in configs and in :func:`p300.evaluate_epochs` like those of the package, in this
    process: other processes cannot import what a notebook defines. Registered again, it replaces
    the one before.

    Parameters
    ----------
    name
        In configs; it becomes the ``name`` of the class.
    title, citation
        For people; the title is by default the first line of the class's documentation.
    known
        Further fields of :class:`~p300.detectors.catalogue.DetectorInfo`.

    Raises
    ------
    DetectorError
        When the name is taken, or the class is no :class:`~p300.detectors.base.Detector` and no
        torch network.
    """

    def register(kind: KindT) -> KindT:
        from p300.detectors.base import Detector

        if isinstance(kind, type) and issubclass(kind, Detector):
            kind.name = name
        try:
            DETECTORS[name] = info_of_class(name, kind, title, citation, **known)
        except TypeError as error:
            raise DetectorError(f"detector {name!r}: {error}") from error
        return kind

    return register


def network_class(name: str) -> type[nn.Module]:
    """Import the torch network of a detector."""
    with DETECTORS.blaming(name):
        found: type[nn.Module] = detector_info(name).load()
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
            with DETECTORS.blaming(self.name):
                plain: Detector = info.load()(**self.given)
            return _named_so(plain, self.name)
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
    with DETECTORS.blaming(name):
        checked = check_arguments(
            _functions(name), parameters, where=where, error=DetectorError, skip=_HIDDEN
        )
    if info.resolves:
        checked = imported(info.resolves)(checked, where)
    return NamedDetector(info.alone or name, {**info.defaults, **checked})


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
        Unknown detector, unknown parameter, or a value of the wrong type or out of range; a name
        that stands for a detector with its alignment and adaptation, which one alone has not.
    """
    named = name_detector(name, parameters)
    if named.name != name:
        raise DetectorError(
            f"{name!r} is {named.name} with an alignment and an adaptation, which a detector alone "
            f"has not: take p300.Method.read({name!r}, {{}}), or make_detector({named.name!r})"
        )
    return named.make()


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


def described_parameters(name: str) -> list[Parameter]:
    """Return the parameters of a detector with defaults, ranges and what each is for.

    Nothing that fits is imported: what a declared class says of its parameters is read from its
    module's source.

    Parameters
    ----------
    name
        One of :data:`DETECTORS`.

    Raises
    ------
    DetectorError
        When there is none of that name, or the code of a plug-in raises.
    """
    info, defaults = detector_info(name), detector_parameters(name)
    places = [NETWORK, WRAPPER, info.place] if info.network else [info.place]
    with DETECTORS.blaming(name):
        said: dict[str, str] = {}
        for place, function in zip(places, _functions(name), strict=True):
            said |= said_at(place) if DECLARED.get(place) is function else said_by(function)
        found = parameters_of(_functions(name), said, _HIDDEN)
        return [replace(each, default=defaults[each.name]) for each in found]


def parameter_ranges(name: str) -> dict[str, str]:
    """Return in words which values each parameter of a detector may have."""
    with DETECTORS.blaming(name):
        return {each.name: each.values for each in parameters_of(_functions(name), {}, _HIDDEN)}


_HIDDEN = ("network", "network_options", "n_electrodes", "n_samples")


def _functions(name: str) -> list[Callable[..., Any]]:
    """Return what takes the arguments: the class itself; of a network also what wraps it.

    Or their declarations, see :mod:`p300.detectors.declared`.
    """
    info = detector_info(name)
    with DETECTORS.blaming(name):
        own: Callable[..., Any] = DECLARED.get(info.place) or info.load()
    around = [declared_or_imported(place) for place in (NETWORK, WRAPPER)]
    return [*around, own] if info.network else [own]


def _named_so(made: Detector, name: str) -> Detector:
    """Return a detector, checked to be one that is stored under its name in the registry."""
    from p300.detectors.base import Detector

    if not isinstance(made, Detector) or made.name != name:
        raise DetectorError(
            f"detector {name!r} of {DETECTORS.package(name)}: {made!r} found, expected a "
            f"p300.detectors.base.Detector whose name is {name!r}"
        )
    return made
