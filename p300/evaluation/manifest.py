"""What a run was made of: versions, machine, data, warnings."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from typing import Any

import p300
from p300.config import Experiment
from p300.detectors.device import chosen_device

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "mne", "mne-bids", "pandas", "pyarrow")
THREADS = 1
"""Threads of a worker process: one, so that workers do not slow each other down and a sum is
always taken in the same order."""


def describe_run(experiment: Experiment, jobs: int | str) -> dict[str, Any]:
    """Give versions, machine and seed, JSON-ready; jobs may be the address of a cluster."""
    return {
        "p300": p300.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "machine": {
            "system": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
        },
        "threads_per_worker": THREADS,
        "device": chosen_device(),
        "jobs": jobs,
        "seed": experiment.seed,
    }
