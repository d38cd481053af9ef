"""Check arguments that come from a configuration against the function that will take them."""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from p300.errors import ConfigError, P300Error


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Give ", did you mean 'x'?" for the nearest known word, or an empty string."""
    near = difflib.get_close_matches(found, list(known), n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def accepted_arguments(
    function: Callable[..., Any], skip: Iterable[str] = ()
) -> dict[str, inspect.Parameter]:
    """Give the named parameters of a function or class, less those in ``skip``."""
    hidden = {"self", *skip}
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in hidden
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }


def parse_options(options: Iterable[str]) -> dict[str, Any]:
    """Read options given as ``key=value``, value in YAML.

    Raises
    ------
    ConfigError
        For one without an equals sign, or whose value is not valid YAML.
    """
    import yaml

    parsed: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise ConfigError(f"--option {option!r}: expected KEY=VALUE")
        try:
            parsed[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(f"--option {option!r}: the value is not valid YAML") from error
    return parsed


def check_arguments(
    functions: Callable[..., Any] | Iterable[Callable[..., Any]],
    given: Mapping[str, Any],
    *,
    where: str,
    error: type[P300Error],
    skip: Iterable[str] = (),
) -> dict[str, Any]:
    """Check names and types of arguments against one or several signatures.

    Parameters
    ----------
    functions
        The function or functions that together accept the arguments.
    given
        Argument name -> value, as read from a configuration.
    where
        What the message calls the place, such as ``detectors.cnn1``.
    error
        The exception class to raise.
    skip
        Parameters that are not for the configuration.

    Returns
    -------
    The arguments, converted to the annotated types (a YAML list to a tuple, for instance).

    Raises
    ------
    error
        For an unknown name (the nearest one is suggested) or a value of the wrong type.
    """
    annotations: dict[str, Any] = {}
    for function in [functions] if callable(functions) else functions:
        takes = accepted_arguments(function, skip)
        target = function.__init__ if inspect.isclass(function) else function
        hints = typing.get_type_hints(target, include_extras=True)  # with their ranges
        annotations |= {name: hints.get(name, Any) for name in takes}
    checked = {}
    for name, value in given.items():
        if name not in annotations:
            raise error(
                f"{where}: unknown key {name!r}{did_you_mean(name, annotations)} "
                f"There are: {', '.join(sorted(annotations)) or 'none'}"
            )
        try:
            checked[name] = TypeAdapter(annotations[name]).validate_python(value)
        except ValidationError as failure:
            problem = failure.errors()[0]["msg"]
            raise error(
                f"{where}.{name}: {value!r} ({type(value).__name__}) found: {problem}"
            ) from failure
    return checked
