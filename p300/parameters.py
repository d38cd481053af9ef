"""What a parameter is for: its sentence, beside its default and the values that it may have.

The sentence stands in one place, the section *Parameters* of the docstring of what takes the
parameter, and is shown by ``p300 detectors NAME``, ``p300 datasets show NAME`` and ``p300 schema``.
Of a class whose import takes seconds it is read from the module's source.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from p300.arguments import accepted_arguments, accepted_types, argument_groups
from p300.ranges import describe

_ROLE = re.compile(r":\w+:`(~?)([^`]+)`")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a detector, a source, a protocol or an adaptation, as people are told of it.

    Parameters
    ----------
    name
        In configs.
    default
        Its value where none is given; ``inspect.Parameter.empty`` where one must be.
    annotation
        Its type with its range, see :mod:`p300.ranges`.
    sentence
        What it is for, in plain text with code in backquotes; "" where a plug-in does not say.
    """

    name: str
    default: Any
    annotation: Any
    sentence: str

    @property
    def is_required(self) -> bool:
        """Whether a value must be given."""
        return self.default is inspect.Parameter.empty

    @property
    def values(self) -> str:
        """Which values it may have, in words: ``whole number at least 1``."""
        return describe(self.annotation)


def parameters_of(
    functions: Callable[..., Any] | Iterable[Callable[..., Any]],
    said: Mapping[str, str] | None = None,
    skip: Iterable[str] = (),
) -> list[Parameter]:
    """Return the parameters of one or several functions or classes, in their order.

    Parameters
    ----------
    functions
        What takes them.
    said
        Name -> sentence; by default as their own docstrings say.
    skip
        Parameters that are not for the configuration.
    """
    every = [functions] if callable(functions) else list(functions)
    types = accepted_types(every, skip)
    if said is None:
        said = {name: text for each in every for name, text in said_by(each).items()}
    return [
        Parameter(name, parameter.default, types[name], said.get(name, ""))
        for each in every
        for name, parameter in accepted_arguments(each, skip).items()
    ]


def said_by(code: Any) -> dict[str, str]:
    """Return what the docstring of a function or class says of each parameter.

    Of a class those of its bases count too, of grouped arguments that of their group.
    """
    if not inspect.isclass(code):
        found = said_in(code.__doc__)
    else:
        found = {}
        for kind in reversed(code.__mro__[:-1]):
            found |= said_in(vars(kind).get("__doc__"))
    for group in argument_groups(code).values():
        found |= said_by(group)
    return found


def said_at(place: str) -> dict[str, str]:
    """Return the same of ``module:name`` by the source of the module, which is not imported.

    Bases of a class count where they are in the same module.
    """
    module, _, name = place.partition(":")
    spec = find_spec(module)
    source = getattr(spec and spec.loader, "get_source", lambda _: None)(module)
    defined = {
        node.name: node
        for node in ast.parse(source or "").body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    return _said_by_node(defined, name)


def _said_by_node(
    defined: Mapping[str, ast.ClassDef | ast.FunctionDef], name: str
) -> dict[str, str]:
    if name not in defined:
        return {}
    node, found = defined[name], dict[str, str]()
    for base in getattr(node, "bases", []):
        found |= _said_by_node(defined, ast.unparse(base))
    return found | said_in(ast.get_docstring(node))


def said_in(docstring: str | None) -> dict[str, str]:
    """Return what a docstring of numpy's kind says of each parameter, on one line each."""
    _, _, section = inspect.cleandoc(docstring or "").partition("Parameters\n----------\n")
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line, below in pairwise([*section.splitlines(), ""]):
        if below.startswith("---"):
            break  # the title of the next section
        if line and not line[0].isspace():
            names = [name.strip() for name in line.partition(":")[0].split(",")]
        else:
            for name in names:
                found.setdefault(name, []).append(line.strip())
    return {name: plain(" ".join(filter(None, words))) for name, words in found.items()}


def plain(text: str) -> str:
    """Return text of a docstring for people: what it refers to by name, code in backquotes."""
    return _ROLE.sub(_named, " ".join(text.split())).replace("``", "`")


def _named(role: re.Match[str]) -> str:
    short, target = role.groups()
    return f"`{target.rpartition('.')[2] if short else target}`"
