"""The ways to adapt, by name. A new one is one file under ``ways/`` and one line in ``WAYS``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from p300.arguments import check_arguments, did_you_mean
from p300.errors import ConfigError
from p300.lazy import imported
from p300.parameters import Parameter, parameters_of
from p300.plugins import Registry

if TYPE_CHECKING:
    from p300.adaptation.base import Adaptation

WAYS = {
    "none": "p300.adaptation.ways.none:NoAdaptation",
    "self_calibrated": "p300.adaptation.ways.self_calibrated:SelfCalibrated",
    "self_started": "p300.adaptation.ways.self_started:SelfStarted",
    "labelled": "p300.adaptation.ways.labelled:Labelled",
    "fine_tuned": "p300.adaptation.ways.fine_tuned:FineTuned",
    "from_scratch": "p300.adaptation.ways.from_scratch:FromScratch",
}
"""Name in a config -> ``module:class`` of an :class:`~p300.adaptation.base.Adaptation`."""


def _read(name: str, loaded: object) -> type[Adaptation[Any]]:
    """Check the class of a plug-in."""
    from p300.adaptation.base import Adaptation

    if not (isinstance(loaded, type) and issubclass(loaded, Adaptation)):
        raise TypeError(
            f"{loaded!r} found, expected a class derived from p300.adaptation.base.Adaptation"
        )
    if (own := getattr(loaded, "name", None)) != name:
        raise ValueError(f"its class has the name {own!r}, expected {name!r}")
    return loaded


ADAPTATIONS: Registry[str | type[Adaptation[Any]]] = Registry(
    "adaptation", "p300.adaptations", WAYS, _read
)
"""Name in a config -> the class, or where it is: ours, then plug-ins (:mod:`p300.plugins`)."""


def make_adaptation(given: object, where: str = "adaptation") -> Adaptation[Any]:
    """Return a way to adapt.

    Parameters
    ----------
    given
        One of :data:`ADAPTATIONS`, or its name under ``method`` beside its settings.
    where
        What the message calls the place.

    Raises
    ------
    ConfigError
        When there is none of that name (the nearest is suggested), or a setting is not one of it.
    """
    settings = dict(given) if isinstance(given, Mapping) else {"method": given}
    name = settings.pop("method", None)
    if not isinstance(name, str) or name not in ADAPTATIONS:
        expected = ADAPTATIONS.why(name) or (
            f", expected one of {', '.join(ADAPTATIONS)}{did_you_mean(str(name), ADAPTATIONS)}"
        )
        raise ConfigError(f"{where}: {name!r} found{expected}")
    way = adaptation_class(name)
    with ADAPTATIONS.blaming(name):
        return way(**check_arguments(way, settings, where=where, error=ConfigError))


def adaptation_class(name: str) -> type[Adaptation[Any]]:
    """Return the class of a way to adapt, which is there."""
    found = ADAPTATIONS[name]
    return imported(found) if isinstance(found, str) else found


def described_settings(name: str) -> list[Parameter]:
    """Return the settings of a way to adapt with defaults, ranges and what each is for."""
    way = adaptation_class(name)
    with ADAPTATIONS.blaming(name):
        return parameters_of(way)
