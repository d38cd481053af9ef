"""What a finished run found of a stored detector, for its model card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from p300.columns import label_protocols
from p300.detectors.registry import resolved_parameters
from p300.detectors.sharing.card import Figure, Measured
from p300.errors import RunError
from p300.evaluation.metrics import METRICS
from p300.evaluation.protocols import PROTOCOLS
from p300.runs import RunFolder

if TYPE_CHECKING:
    from p300.detectors.storage import StoredDetector
    from p300.runs.config import Experiment

MEAN = "mean"

LEFT_OUT = {"electrodes", "sfreq", "missing_electrodes"}
"""Settings of the preprocessing that a run may leave to its recordings, and a stored detector
tells."""


def measured_in(
    run: str | Path, stored: StoredDetector, adaptation: str | None, label: str | None = None
) -> Measured:
    """Return the figures of the detector of a run that has a stored detector's settings.

    Parameters
    ----------
    run
        A finished run folder.
    stored
        The detector.
    adaptation
        Name of the adaptation that is stored with it, if any.
    label
        Which of the run's detectors, where several have these settings.

    Raises
    ------
    RunError
        When the run is not finished, no detector of it has these settings, or several have.
    """
    folder = RunFolder(run)
    folder.check_finished()
    experiment = folder.experiment()
    chosen = _label_of(folder, experiment, stored, adaptation, label)
    table = label_protocols(folder.metrics())
    own = table[(table["detector"] == chosen) & table["metric"].isin(_shown())]
    names = own.drop_duplicates("protocol").set_index("protocol")["protocol_name"]
    return Measured(
        experiment.name,
        {str(k): PROTOCOLS[name].short if name in PROTOCOLS else "" for k, name in names.items()},
        [_figure(row) for row in own.to_dict("records")],
    )


def _shown() -> list[str]:
    """Return the metrics of single flashes."""
    return [metric.name for metric in METRICS.values() if metric.measure is not None]


def _figure(row: dict[Any, Any]) -> Figure:
    value, low, high = (
        None if pd.isna(row[key]) else float(row[key]) for key in ("value", "low", "high")
    )
    return Figure(
        dataset=str(row["dataset"]),
        protocol=str(row["protocol"]),
        subject=None if row["subject"] == MEAN else str(row["subject"]),
        metric=str(row["metric"]),
        title=METRICS[row["metric"]].title,
        value=value,
        interval=None if low is None or high is None else (low, high),
        n=int(row["n"]),
    )


def _label_of(
    folder: RunFolder,
    experiment: Experiment,
    stored: StoredDetector,
    adaptation: str | None,
    label: str | None,
) -> str:
    """Return the label of the run's detector with the stored one's settings."""
    different = _other_preprocessing(experiment, stored)
    if different:
        raise RunError(
            f"{folder.path}: this run preprocesses otherwise than the stored detector (different: "
            f"{', '.join(different)}), so its figures are not the detector's; give its own run"
        )
    there = ", ".join(experiment.detectors)
    alike = [
        name for name in experiment.detectors if _is_alike(experiment, name, stored, adaptation)
    ]
    if label is not None and label not in alike:
        raise RunError(
            f"{folder.path}: no detector {label!r} with the stored one's settings found; there "
            f"are: {there}; of these settings: {', '.join(alike) or 'none'}"
        )
    if label is None and len(alike) != 1:
        what = f"{', '.join(alike)} have" if alike else "none has"
        raise RunError(
            f"{folder.path}: of its detectors ({there}) {what} the settings of the stored one "
            "(name, parameters, alignment, adaptation), expected exactly one; "
            + ("name it with --label" if alike else "give the run of this detector")
        )
    return label or alike[0]


def _is_alike(
    experiment: Experiment, label: str, stored: StoredDetector, adaptation: str | None
) -> bool:
    from pydantic_core import to_jsonable_python

    method, settings = experiment.methods[label], dict(experiment.detectors[label])
    del settings["alignment"], settings["adaptation"]
    own = {"detector": stored.detector.name, **resolved_parameters(stored.detector)}
    return (
        settings == to_jsonable_python(own)
        and method.alignment == stored.alignment
        and (method.adaptation.name if method.adaptation.about else None) == adaptation
    )


def _other_preprocessing(experiment: Experiment, stored: StoredDetector) -> list[str]:
    """Return the settings of the preprocessing that differ."""
    run, own = experiment.preprocessing.model_dump(), stored.settings.model_dump()
    return [
        key
        for key, value in run.items()
        if value != own[key] and not (key in LEFT_OUT and value in (None, "refuse"))
    ]
