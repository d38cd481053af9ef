"""The folds of an experiment: every data set, protocol, detector and repeat."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from p300.config import Experiment
from p300.epochs import UNITS, Epochs
from p300.errors import DataWarning, P300Error
from p300.evaluation.folds import Task, seed_of
from p300.evaluation.preparation import read_recordings
from p300.evaluation.protocols import ACROSS_SUBJECTS, Fold, make_folds
from p300.preprocessing import describe_flashes
from p300.speller.selections import has_codes

FEWEST_CHARACTERS = 2
"""Characters that a detector needs to learn from them alone: one is held out for calibration."""


def preview(experiment: Experiment, data: Path) -> list[Task]:
    """Give the folds that a run would fit, reading the recordings but computing nothing."""
    settings, tasks = experiment.preprocessing, []
    for dataset in experiment.datasets:
        tables = [describe_flashes(r) for r in read_recordings(experiment, dataset, data)]
        flashes = pd.concat(tables, ignore_index=True).dropna(subset="target")
        tasks += list(
            plan_dataset(
                experiment,
                dataset,
                flashes.reset_index(drop=True),
                settings.tmax - settings.tmin,
            )
        )
    return tasks


def plan(experiment: Experiment, prepared: dict[str, Path]) -> list[Task]:
    """Give every fold of every data set, protocol, detector and repeat, in order."""
    tasks: list[Task] = []
    for dataset, folder in prepared.items():
        epochs = Epochs.load(folder)
        planned = plan_dataset(experiment, dataset, epochs.flashes, epochs.window)
        tasks += [replace(task, epochs=folder) for task in planned]
    return tasks


def plan_dataset(
    experiment: Experiment, dataset: str, flashes: pd.DataFrame, window: float
) -> Iterator[Task]:
    """Yield the tasks of one data set from its flash table; their epochs' folder is not set.

    Raises
    ------
    ProtocolError
        When a protocol does not fit the data; the data set is named.

    Warns
    -----
    DataWarning
        Naming a data set among several with one subject, where protocols across subjects are left
        out, or without flash codes, where detectors are left out that need them to adapt.
    """
    labels = _able_to_adapt(experiment, dataset, flashes)
    single = len(flashes["subject"].unique()) == 1
    for protocol, options in experiment.protocols.items():
        if protocol in ACROSS_SUBJECTS and single and len(experiment.datasets) > 1:
            warnings.warn(
                f"data set {dataset}: {protocol} is left out, there is one subject only",
                DataWarning,
                stacklevel=2,
            )
            continue
        try:
            folds = make_folds(protocol, flashes, window, options)
        except P300Error as error:
            raise type(error)(f"data set {dataset}: {error}") from error
        for fold in folds:
            for label in labels:
                adaptation = experiment.adaptation(label)
                if adaptation == "from_scratch" and _too_few(fold, flashes):
                    continue
                for repeat in range(experiment.repeats):
                    yield Task(
                        experiment=experiment.name,
                        dataset=dataset,
                        protocol=protocol + fold.variant,
                        fold=fold.name,
                        detector=label,
                        repeat=repeat,
                        call=experiment.detector_call(label),
                        seed=seed_of(experiment.seed, dataset, protocol, fold.name, str(repeat)),
                        epochs=Path(),
                        train=fold.train,
                        test=fold.test,
                        validation=fold.validation,
                        cross_fit=experiment.spelling.dynamic,
                        alignment=experiment.alignment(label),
                        adaptation=adaptation,
                        calibration=fold.calibration,
                    )


def _able_to_adapt(experiment: Experiment, dataset: str, flashes: pd.DataFrame) -> list[str]:
    """Give the detectors that can be used on a data set of an experiment with several."""
    labels = list(experiment.detectors)
    if len(experiment.datasets) == 1 or has_codes(flashes).any():
        return labels
    unable = [n for n in labels if experiment.adaptation(n) in ("self_calibrated", "labelled")]
    if unable:
        warnings.warn(
            f"data set {dataset}: no flash codes are known, so {', '.join(unable)} cannot adapt "
            "and are left out",
            DataWarning,
            stacklevel=3,
        )
    return [label for label in labels if label not in unable]


def _too_few(fold: Fold, flashes: pd.DataFrame) -> bool:
    """Tell whether there are too few calibration characters to learn from these alone."""
    if fold.calibration is None:
        return False
    characters = flashes.iloc[fold.calibration][UNITS["character"]].drop_duplicates()
    return len(characters) < FEWEST_CHARACTERS
