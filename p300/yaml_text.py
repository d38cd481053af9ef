"""YAML that people write, read so that whatever is wrong with it is named."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain
from typing import Any

import yaml

from p300.errors import ConfigError

MOST_VALUES = 100_000
"""Values that a text may stand for, aliases written out: a few lines of them can mean billions."""


def read_yaml(text: str, where: str) -> Any:
    """Return what YAML text says.

    Parameters
    ----------
    text
        One document.
    where
        What messages call the text.

    Raises
    ------
    ConfigError
        When it is not valid, has a key twice or stands for more than :data:`MOST_VALUES` values.
    """
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return None
        if _count_values(root, {}) > MOST_VALUES:
            raise ValueError(f"it stands for more than {MOST_VALUES:,} values, aliases written out")
        return loader.construct_document(root)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {error}") from error
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        # A date that there is not, an endless number, a tag that does not suit its value.
        raise ConfigError(f"{where}: not valid YAML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{where}: not valid YAML: brackets without end") from error


def _count_values(node: yaml.Node, known: dict[int, float]) -> float:
    """Return how many values a node stands for; without end where it is in itself."""
    if id(node) not in known:
        known[id(node)] = math.inf
        inner: Iterable[yaml.Node] = ()
        if isinstance(node, yaml.MappingNode):
            _refuse_twice(node)
            inner = chain.from_iterable(node.value)
        elif isinstance(node, yaml.SequenceNode):
            inner = node.value
        known[id(node)] = 1 + sum(_count_values(one, known) for one in inner)
    return known[id(node)]


def _refuse_twice(node: yaml.MappingNode) -> None:
    """Refuse a mapping with a key twice, of which YAML would take the last without a word."""
    seen = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if (key.tag, key.value) in seen:
                line = key.start_mark.line + 1
                raise ValueError(f"key {key.value!r} is there twice, again in line {line}")
            seen.add((key.tag, key.value))
