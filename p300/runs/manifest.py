"""What a run was made of: versions, machine, data, warnings."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import warnings
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import p300
from p300.adaptation.registry import ADAPTATIONS
from p300.detectors.catalogue import DETECTORS
from p300.errors import RunWarning
from p300.evaluation.method import Method
from p300.plugins import plugin_versions
from p300.runs.config import Experiment
from p300.threads import THREADS

FITTING = ("numpy", "scipy", "scikit-learn", "torch", "pyriemann")
"""Packages that a fit may depend on."""
PACKAGES = (*FITTING, "mne", "mne-bids", "pandas", "pyarrow")


def describe_run(experiment: Experiment) -> dict[str, Any]:
    """Return versions, machine, seed and detectors with all their parameters, JSON-ready."""
    return {
        "p300": p300.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES}
        | plugin_versions(),
        "machine": {
            "system": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
        },
        "threads_per_worker": THREADS,
        "seed": experiment.seed,
        "detectors": experiment.detectors,
    }


@cache
def fitting_versions() -> dict[str, str]:
    """Return the versions of p300 and the packages that a fit may depend on."""
    packages = {name: importlib.metadata.version(name) for name in FITTING}
    return {"p300": p300.__version__, **packages}


def versions_behind(method: Method) -> dict[str, str]:
    """Return the same, and the versions of the packages that bring a method's plug-ins."""
    own = DETECTORS.versions(method.name) | ADAPTATIONS.versions(method.adaptation.name)
    return {**fitting_versions(), **own}


def warn_of_versions(fits: Iterable[Mapping[str, Any]], run: Path) -> None:
    """Name the packages of which the fits of a run were made with several versions.

    Parameters
    ----------
    fits
        Contents of ``fits/ID.json``.
    run
        For the message.

    Warns
    -----
    RunWarning
        Naming them with their versions.
    """
    made_with = [fit["versions"] for fit in fits]
    found = {name: {each.get(name, "none") for each in made_with} for name in fitting_versions()}
    for name in {name for each in made_with for name in each} - found.keys():
        found[name] = {each[name] for each in made_with if name in each}  # of those that need it
    mixed = [f"{name} {', '.join(sorted(v))}" for name, v in found.items() if len(v) > 1]
    if mixed:
        warnings.warn(
            f"{run}: folds were fitted with different versions ({'; '.join(mixed)}), which may "
            "give different scores; fits/ID.json names those of each. To have them alike, run "
            "again into another folder",
            RunWarning,
            stacklevel=3,
        )
