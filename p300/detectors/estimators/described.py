"""An unfitted estimator as keys and values of a config, and back.

Either a class with its parameters, ``{estimator: "module:Class", parameters: {...}}``, or the steps
of a pipeline in order, ``{steps: {name: {estimator: ..., parameters: ...}, ...}}``. A parameter
may be such an estimator itself.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

from p300.arguments import as_key, check_arguments, did_you_mean, shown
from p300.detectors.estimators.places import estimator_class, place_of
from p300.errors import DetectorError

KEYS = frozenset(("estimator", "parameters", "steps"))
"""What describes an estimator; a parameter with no other keys is one."""


def resolve(parameters: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the parameters of a detector with what describes its estimator resolved.

    All parameters of the estimator stand in it then, those left to defaults too.

    Parameters
    ----------
    parameters
        Of the detector ``estimator``: those of :data:`KEYS` among others.
    where
        What messages call the place.

    Raises
    ------
    DetectorError
        For a class that is not found, an unknown parameter, or a value that it does not take.
    """
    own = {key: parameters[key] for key in KEYS if parameters.get(key) is not None}
    made = make_estimator(own, where)
    check_classifier(made, where)
    rest = {key: value for key, value in parameters.items() if key not in KEYS}
    return {**describe(made), **rest}


def check_classifier(made: Any, where: str) -> None:
    """Refuse what gives no scores."""
    scoring = ("decision_function", "predict_proba")
    if not any(hasattr(made, each) for each in scoring):
        raise DetectorError(
            f"{where}: {type(made).__name__} gives no scores; the last step must be a classifier "
            f"with {' or '.join(scoring)}"
        )


def make_estimator(given: Mapping[str, Any], where: str) -> Any:
    """Make the unfitted estimator that keys and values describe; see :func:`resolve`."""
    if unknown := [key for key in given if key not in KEYS]:
        raise DetectorError(
            f"{where}: unknown key {as_key(unknown[0])!r}{did_you_mean(unknown[0], KEYS)} There "
            "are: estimator and parameters, or steps"
        )
    if (given.get("estimator") is None) == (given.get("steps") is None):
        raise DetectorError(f"{where}: expected either estimator or steps, and one of them")
    if given.get("steps") is not None:
        return _pipeline(given, where)
    kind = estimator_class(given["estimator"], f"{where}.estimator")
    parameters = given.get("parameters") or {}
    if not (isinstance(parameters, Mapping) and all(isinstance(key, str) for key in parameters)):
        raise DetectorError(
            f"{where}.parameters: {shown(parameters)} found, expected names with values"
        )
    return _made(kind, parameters, f"{where}.parameters")


def _pipeline(given: Mapping[str, Any], where: str) -> Any:
    """Make a pipeline of named steps."""
    from sklearn.pipeline import Pipeline

    steps = given["steps"]
    named = isinstance(steps, Mapping) and all(isinstance(one, Mapping) for one in steps.values())
    if not named or not steps or given.get("parameters"):
        raise DetectorError(
            f"{where}.steps: {shown(steps)} found, expected names of steps in order, each with its "
            "estimator and parameters"
        )
    for name in steps:
        if not (isinstance(name, str) and name.isidentifier() and "__" not in name):
            raise DetectorError(f"{where}.steps: {shown(name)} found, expected a name")
    made = {name: make_estimator(one, f"{where}.steps.{name}") for name, one in steps.items()}
    for name in list(made)[:-1]:
        if not hasattr(made[name], "transform"):
            raise DetectorError(
                f"{where}.steps.{name}: {type(made[name]).__name__} has no transform; only the "
                "last step may be without"
            )
    return Pipeline(list(made.items()))


def _made(kind: type[Any], parameters: Mapping[str, Any], where: str) -> Any:
    """Make an estimator; what its class knows of its parameters is checked."""
    known = inspect.signature(kind).parameters
    takes_any = any(each.kind is each.VAR_KEYWORD for each in known.values())
    names = [key for key, each in known.items() if each.kind in _NAMED]
    values = {}
    for name, value in parameters.items():
        if name not in names and not takes_any:
            raise DetectorError(
                f"{where}: unknown key {as_key(name)!r}{did_you_mean(name, names)} "
                f"{kind.__name__} has: {', '.join(names) or 'none'}"
            )
        values[name] = _value(value, known.get(name), f"{where}.{name}")
    if kind.__module__.partition(".")[0] == "p300":  # ours say their ranges
        values = check_arguments(kind, values, where=where, error=DetectorError)
    try:
        made = kind(**values)
        if hasattr(made, "_parameter_constraints"):  # those of scikit-learn say theirs
            made._validate_params()
        kept = made.get_params(deep=False)
    except Exception as error:  # of a foreign class
        raise DetectorError(f"{where}: {kind.__name__} does not take them: {error}") from error
    if lost := [name for name in values if name not in kept]:
        raise DetectorError(
            f"{where}.{lost[0]}: {kind.__name__} forgets it when it is copied (get_params does not "
            "tell it), so it cannot be set"
        )
    return made


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _value(value: Any, parameter: inspect.Parameter | None, where: str) -> Any:
    """Return a parameter's value as its class takes it."""
    if isinstance(value, Mapping) and value and value.keys() <= KEYS:
        return make_estimator(value, where)
    # YAML has no tuples, some classes take nothing else.
    if isinstance(value, list) and parameter is not None and isinstance(parameter.default, tuple):
        return tuple(value)
    return value


def describe(made: Any) -> dict[str, Any]:
    """Return what :func:`make_estimator` makes the same of, JSON-ready.

    Raises
    ------
    DetectorError
        Naming a parameter that cannot be written, such as a function.
    """
    from sklearn.pipeline import Pipeline

    if type(made) is Pipeline:
        return {"steps": {name: describe(step) for name, step in made.steps}}
    kind, found = type(made), dict[str, Any]()
    known = inspect.signature(kind).parameters
    for name, value in made.get_params(deep=False).items():
        plain = _plain(value)
        if plain is not _UNWRITTEN:
            found[name] = plain
        elif name not in known or value is not known[name].default:
            raise DetectorError(
                f"parameter {name} of {kind.__name__} is {shown(value)}, which no config can say; "
                "expected numbers, text, lists, names with values, or estimators of modules (put a "
                "function into the transform of a class of your own)"
            )
    return {"estimator": place_of(kind), "parameters": found}


_UNWRITTEN = object()


def _plain(value: Any) -> Any:
    """Return a parameter as JSON has it, ``_UNWRITTEN`` where it cannot."""
    value = value.item() if getattr(value, "shape", None) == () else value
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _UNWRITTEN
    if isinstance(value, list | tuple):
        items = [_plain(each) for each in value]
        return _UNWRITTEN if _UNWRITTEN in items else items
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        inner = {key: _plain(each) for key, each in value.items()}
        taken = value and value.keys() <= KEYS  # it would read as an estimator
        return _UNWRITTEN if taken or _UNWRITTEN in inner.values() else inner
    if hasattr(value, "get_params") and not isinstance(value, type):
        return describe(value)
    return _UNWRITTEN
