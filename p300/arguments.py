"""Check arguments that come from a configuration against the function that will take them."""

from __future__ import annotations

import difflib
import inspect
import reprlib
import typing
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

from p300.errors import ConfigError, P300Error

_Name = TypeVar("_Name", bound=Hashable)


LONGEST_KEY = 100
"""Letters of a key that is named as it is."""


def did_you_mean(found: object, known: Iterable[str]) -> str:
    """Return ", did you mean 'x'?" for the nearest known word, or an empty string."""
    near = difflib.get_close_matches(str(found), list(known), n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def repeated(names: Iterable[_Name]) -> list[_Name]:
    """Return the names that are there more than once, each once, in their order.

    There may be a hundred thousand: one pass tells.
    """
    return [name for name, times in Counter(names).items() if times > 1]


class ArgumentGroup:
    """Arguments that several functions take, as one object.

    A subclass is a dataclass. Who writes a configuration sees its fields, each on its own, in the
    place of a parameter of its type.
    """


def accepted_arguments(
    function: Callable[..., Any], skip: Iterable[str] = ()
) -> dict[str, inspect.Parameter]:
    """Return the named parameters of a function or class, less those in ``skip``.

    The fields of an :class:`ArgumentGroup` stand in the place of the parameter of its type.
    """
    hidden = {"self", *skip}
    groups = argument_groups(function)
    accepted: dict[str, inspect.Parameter] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in groups:
            accepted |= accepted_arguments(groups[name], skip)
        elif name not in hidden and parameter.kind in (
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        ):
            accepted[name] = parameter
    return accepted


def accepted_types(
    functions: Callable[..., Any] | Iterable[Callable[..., Any]], skip: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the annotations, with their ranges, of what one or several functions accept."""
    types: dict[str, Any] = {}
    for function in [functions] if callable(functions) else functions:
        hints = _hints(function)
        for group in argument_groups(function).values():
            hints |= _hints(group)
        types |= {name: hints.get(name, Any) for name in accepted_arguments(function, skip)}
    return types


def group_arguments(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as a function takes them: those of an :class:`ArgumentGroup` put together.

    Parameters
    ----------
    function
        Takes them.
    given
        Each argument on its own, checked.
    """
    grouped = dict(given)
    for name, group in argument_groups(function).items():
        fields = accepted_arguments(group)
        grouped[name] = group(**{key: grouped.pop(key) for key in fields if key in grouped})
    return grouped


def argument_groups(function: Callable[..., Any]) -> dict[str, type[ArgumentGroup]]:
    """Return the parameters of a function that stand for several arguments."""
    return {
        name: hint
        for name, hint in _hints(function).items()
        if inspect.isclass(hint) and issubclass(hint, ArgumentGroup) and name != "return"
    }


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    target = function.__init__ if inspect.isclass(function) else function
    return typing.get_type_hints(target, include_extras=True)


def parse_options(options: Iterable[str]) -> dict[str, Any]:
    """Read options given as ``key=value``, value in YAML.

    Raises
    ------
    ConfigError
        For one without an equals sign, or whose value is not valid YAML.
    """
    from p300.yaml_text import read_yaml

    parsed: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise ConfigError(f"--option {option!r}: expected KEY=VALUE")
        parsed[key.strip()] = read_yaml(value, f"--option {key.strip()}", [key.strip()])
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
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    from p300.ranges import describe

    annotations = accepted_types(functions, skip)
    config = ConfigDict(arbitrary_types_allowed=True)
    checked = {}
    for name, value in given.items():
        if name not in annotations:
            raise error(
                f"{where}: unknown key {name!r}{did_you_mean(name, annotations)} "
                f"There are: {', '.join(sorted(annotations)) or 'none'}"
            )
        try:
            # Scalars of numpy, as grids of parameters hold, stand for Python's own.
            plain = value.item() if getattr(value, "shape", None) == () else value
            checked[name] = TypeAdapter(annotations[name], config=config).validate_python(plain)
        except ValidationError as failure:
            problem = failure.errors()[0]["msg"]
            raise error(
                f"{where}.{name}: {shown(value)} ({type(value).__name__}) found: {problem}; "
                f"expected {describe(annotations[name])}{_number_hint(value)}"
            ) from failure
    return checked


def _number_hint(value: object) -> str:
    """Return how a number is written that YAML reads as text, as it reads 1e-3."""
    try:
        return f"; write {float(value)!r}" if isinstance(value, str) else ""
    except ValueError:
        return ""


def as_key(value: object) -> str:
    """Return a key as a message can name it: as it is where that is one short line."""
    plain = isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_KEY
    return str(value) if plain else shown(value)


def shown(value: object) -> str:
    """Return a value as a message can show it, however long it is."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python writes no number of thousands of digits
        return "an endless number"
