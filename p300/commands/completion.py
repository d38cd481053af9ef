"""What a shell offers for the names in a command, quickly: nothing that computes is imported.

``p300 --install-completion`` sets a shell up. A file's name is completed by the shell itself, where
nothing here begins like it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

from p300.errors import P300Error

Offered = list[tuple[str, str]]
"""Names, each with what it stands for, which some shells show."""


def detector_names(incomplete: str) -> Offered:
    """Offer the detectors there are."""
    from p300.detectors import DETECTORS

    return _beginning(incomplete, ((name, info.title) for name, info in DETECTORS.items()))


def source_names(incomplete: str) -> Offered:
    """Offer the sources of recordings."""
    from p300.recordings.registry import SOURCES, source_info

    return _beginning(incomplete, ((name, source_info(name).title) for name in SOURCES))


def fetched_names(incomplete: str) -> Offered:
    """Offer the sources whose files can be fetched."""
    from p300.recordings.registry import SOURCES, source_module

    known = ((name, source_module(name).INFO) for name in SOURCES)
    return _beginning(incomplete, ((name, info.title) for name, info in known if info.files))


def config_names(incomplete: str) -> Offered:
    """Offer the configs that come with the package, and those that lie here."""
    from p300.runs.shipped_configs import SUFFIX

    here = ((file.name, "in this folder") for file in sorted(Path().glob(f"*{SUFFIX}")))
    return _beginning(incomplete, (*shipped_names(incomplete), *here))


def shipped_names(incomplete: str) -> Offered:
    """Offer the configs that come with the package."""
    from p300.runs.shipped_configs import shipped_configs

    return _beginning(incomplete, ((name, "comes with p300") for name in shipped_configs()))


def labels_in_config(context: typer.Context, incomplete: str) -> Offered:
    """Offer the names that the config of the command gives its detectors."""
    return _beginning(incomplete, _labels(context))


def _labels(context: typer.Context) -> Iterator[tuple[str, str]]:
    from p300.runs.shipped_configs import find_config
    from p300.yaml_text import read_yaml

    # While an option waits for its value, the arguments before it are not told apart yet.
    file = find_config(context.params.get("config") or next(iter(context.args), None))
    try:
        content = read_yaml(file.read_text(encoding="utf-8"), str(file))
        labels = [str(label) for label in content["detectors"]]
    except (P300Error, OSError, ValueError, TypeError, KeyError):  # who runs the command is told
        labels = []
    yield from ((label, "") for label in labels)


def _beginning(incomplete: str, named: Iterable[tuple[str, str]]) -> Offered:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they would stand in the line that is being typed
        return [pair for pair in named if pair[0].startswith(incomplete)]
