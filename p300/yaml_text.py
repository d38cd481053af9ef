"""YAML that people write, read so that whatever is wrong with it is named."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import yaml

from p300.errors import ConfigError

MOST_VALUES = 100_000
"""Values that a text may stand for, aliases written out: a few lines of them can mean billions."""

AS_WRITTEN = frozenset(
    ("layout", "subjects", "distinct_subjects", "electrodes", "drop", "target", "nontarget")
)
"""Keys whose lists hold names, however much a name looks like a number, a date or a truth value:
YAML 1.1 would read the row 56789_ of a layout as 56789, subject 010 as 8 and mark NO as false."""

_TEXT = "tag:yaml.org,2002:str"


def read_yaml(text: str, where: str, inside: Sequence[str] = ()) -> Any:
    """Return what YAML text says; lists below a key of :data:`AS_WRITTEN` hold text as written.

    Parameters
    ----------
    text
        One document.
    where
        What messages call the text.
    inside
        The keys whose value the text is, as an option or an override has them.

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
        names, item = (not AS_WRITTEN.isdisjoint(keys) for keys in (inside, inside[:-1]))
        return loader.construct_document(_keep_text(root, names=names, item=item))
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {error}") from error
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        # A date that there is not, an endless number, a tag that does not suit its value.
        raise ConfigError(f"{where}: not valid YAML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{where}: not valid YAML: brackets without end") from error


def _keep_text(node: yaml.Node, *, names: bool, item: bool) -> yaml.Node:
    """Return a node in which items of lists are text where the lists hold names.

    A value that is no list stays what it is: ``layout: null`` means none.
    """
    marks = (node.start_mark, node.end_mark)
    if isinstance(node, yaml.ScalarNode):
        return yaml.ScalarNode(_TEXT if names and item else node.tag, node.value, *marks)
    if isinstance(node, yaml.SequenceNode):
        items = [_keep_text(one, names=names, item=True) for one in node.value]
        return yaml.SequenceNode(node.tag, items, *marks)
    pairs = [
        (key, _keep_text(one, names=names or _is_of_names(key), item=False))
        for key, one in node.value
    ]
    return yaml.MappingNode(node.tag, pairs, *marks)


def _is_of_names(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value in AS_WRITTEN


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
