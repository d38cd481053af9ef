"""The configs that come with the package, found by name from anywhere.

They are the files of the folder ``configs`` of the repository; ``setup.py`` puts the same files
into a wheel, as ``p300/configs``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import p300
from p300.arguments import did_you_mean
from p300.errors import ConfigError, RunWarning
from p300.yaml_text import read_yaml

QUICKSTART = "quickstart"
"""The name of the config that is run where none is given."""

SUFFIX = ".yaml"


@dataclass(frozen=True)
class ShippedConfig:
    """What is told of a config before it is run."""

    name: str
    file: Path
    description: str
    data: tuple[str, ...]
    """What it reads: of each source its path, seen from the data folder, and its name in brackets;
    of a source that needs no files its name alone."""


def shipped_folder() -> Path:
    """Return the folder of the configs: in the package where it was installed, else beside it."""
    package = Path(p300.__file__).parent
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def shipped_configs() -> dict[str, Path]:
    """Return name -> file of the configs that come with the package, in the order of names."""
    return {file.stem: file for file in sorted(shipped_folder().glob(f"*{SUFFIX}"))}


def find_config(config: str | Path | None) -> Path:
    """Return the file of a config that was given by its path or its name.

    A file of that name wins over a config that comes with the package, and a warning says so. What
    is neither is returned as it is: who reads it tells what there is (:func:`not_found`).

    Parameters
    ----------
    config
        A path; as text, also the name of a shipped config; None for the quickstart.
    """
    if config is None:
        return shipped_folder() / f"{QUICKSTART}{SUFFIX}"
    path = Path(config)
    shipped = shipped_configs().get(config) if isinstance(config, str) else None
    if shipped is None:
        return path
    if not path.is_file():
        return shipped
    warnings.warn(
        f"{path}: read is the file of this name in {Path.cwd()}, not the config that comes with "
        f"p300 ({shipped}); give that path for the other",
        RunWarning,
        stacklevel=2,
    )
    return path


def not_found(config: Path) -> str:
    """Return a message on a config that is neither a file nor shipped: what there is instead."""
    names = list(shipped_configs())
    here = (file.name for file in sorted(Path().glob(f"*{SUFFIX}")))
    near = did_you_mean(config.stem, [*names, *here]) or "."
    return (
        f"{config}: no such file (looked from {Path.cwd()}){near} Give the path of a YAML config, "
        f"or the name of one that comes with p300: {', '.join(names)}"
    )


def shipped_config(name: str) -> ShippedConfig:
    """Read what a shipped config tells of itself; its detectors and protocols are not checked.

    Raises
    ------
    ConfigError
        When none has that name; the nearest name is suggested.
    """
    known = shipped_configs()
    if name not in known:
        raise ConfigError(
            f"unknown config {name!r}{did_you_mean(name, known)} There are: {', '.join(known)}"
        )
    content = read_yaml(known[name].read_text(encoding="utf-8"), str(known[name]))
    sources = [source for sources in content["datasets"].values() for source in _listed(sources)]
    return ShippedConfig(
        name,
        known[name],
        content["description"],
        tuple(
            f"{source['path']} ({source['source']})" if "path" in source else source["source"]
            for source in sources
        ),
    )


def _listed(sources: Any) -> list[dict[str, Any]]:
    return [sources] if isinstance(sources, dict) else sources
