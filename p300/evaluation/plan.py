"""The folds of an experiment: every data set, protocol, detector and repeat."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from p300.config import Experiment
from p300.epochs import UNITS, Epochs, join_layouts
from p300.errors import DataWarning, P300Error
from p300.evaluation.combination import name_together
from p300.evaluation.folds import Task, seed_of
from p300.evaluation.leaks import Fold
from p300.evaluation.preparation import read_recordings
from p300.evaluation.protocols import PROTOCOLS, make_folds
from p300.preprocessing import describe_flashes
from p300.recordings import Layout
from p300.speller.selections import has_codes

FEWEST_CHARACTERS = 2
"""Characters that a detector needs to learn from them alone: one is held out for calibration."""


def preview(experiment: Experiment, data: Path) -> list[Task]:
    """Give the folds that a run would fit, reading the recordings but computing nothing."""
    settings = experiment.preprocessing
    tables: dict[str, pd.DataFrame] = {}
    layouts: dict[str, Layout] = {}
    for dataset in experiment.datasets:
        parts: list[tuple[pd.DataFrame, dict[str, Layout]]] = []
        for recording in read_recordings(experiment, dataset, data):
            shown = {dataset: recording.layout} if recording.layout else {}
            parts.append((describe_flashes(recording), shown))
        layouts |= join_layouts(parts)
        flashes = pd.concat([table for table, _ in parts], ignore_index=True)
        flashes = flashes.dropna(subset="target")
        tables[dataset] = flashes.reset_index(drop=True)
    if name := name_together(experiment):
        tables[name] = pd.concat(tables.values(), ignore_index=True)
    tasks: list[Task] = []
    for name, flashes in tables.items():
        window = settings.tmax - settings.tmin
        tasks += plan_dataset(experiment, name, flashes, window, layouts)
    return tasks


def plan(experiment: Experiment, prepared: Mapping[str, Path]) -> list[Task]:
    """Give every fold of every data set, protocol, detector and repeat, in order.

    Parameters
    ----------
    experiment
        Names them.
    prepared
        Data set -> folder of its epochs; also that of all data sets together, see
        :func:`~p300.evaluation.combination.name_together`, where a protocol needs it.
    """
    tasks: list[Task] = []
    for name, folder in prepared.items():
        epochs = Epochs.load(folder)
        planned = plan_dataset(experiment, name, epochs.flashes, epochs.window, epochs.layouts)
        tasks += [replace(task, epochs=folder) for task in planned]
    return tasks


def plan_dataset(
    experiment: Experiment,
    name: str,
    flashes: pd.DataFrame,
    window: float,
    layouts: Mapping[str, Layout],
) -> Iterator[Task]:
    """Yield the tasks of a data set from its flash table; their epochs' folder is not set.

    Parameters
    ----------
    experiment
        Names protocols, detectors and seeds.
    name
        The data set, or the name of all of them together: then the tasks of the protocols across
        data sets are given, and no others.
    flashes
        All labelled.
    window
        Length of an epoch in seconds.
    layouts
        Data set -> stimulus layout, where it is known.

    Raises
    ------
    ProtocolError
        When a protocol does not fit the data; the data set is named.

    Warns
    -----
    DataWarning
        Naming a data set among several with one subject, where protocols across subjects are left
        out, or without flash codes or with another layout, where detectors are left out that need
        them to adapt.
    """
    together = name == name_together(experiment)
    labels = [] if together else _able_to_adapt(experiment, name, flashes, layouts)
    single = len(flashes["subject"].unique()) == 1
    several = len(experiment.datasets) > 1
    for protocol in experiment.protocols:
        wanted, options = experiment.protocol_call(protocol)
        within = PROTOCOLS[protocol].within
        if several and together != (within == "datasets"):
            continue
        if within == "dataset" and single and several:
            warnings.warn(
                f"data set {name}: {protocol} is left out, there is one subject only",
                DataWarning,
                stacklevel=2,
            )
            continue
        try:
            folds = make_folds(protocol, flashes, window, options)
        except P300Error as error:
            raise type(error)(f"data set {name}: {error}") from error
        for fold in folds:
            tested = str(flashes["dataset"].iloc[fold.test[0]])
            if together:
                used = flashes.iloc[[*fold.train, *fold.test]]
                labels = _able_to_adapt(experiment, tested, used, layouts)
            for label in (own for own in labels if own in wanted):
                if experiment.adaptation(label) != "from_scratch" or not _too_few(fold, flashes):
                    yield from _repeat(experiment, protocol, fold, tested, label)


def _repeat(
    experiment: Experiment, protocol: str, fold: Fold, dataset: str, label: str
) -> Iterator[Task]:
    """Yield the task of a detector on a fold, as often as it is to be repeated."""
    for repeat in range(experiment.repeats):
        yield Task(
            experiment=experiment.name,
            dataset=dataset,
            protocol=protocol,
            calibration_characters=fold.calibration_characters,
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
            adaptation=experiment.adaptation(label),
            calibration=fold.calibration,
        )


def _able_to_adapt(
    experiment: Experiment, tested: str, flashes: pd.DataFrame, layouts: Mapping[str, Layout]
) -> list[str]:
    """Give the detectors of an experiment with several data sets that can be tested on one.

    Parameters
    ----------
    experiment
        Names the detectors.
    tested
        The data set.
    flashes
        All that is trained on and tested.
    layouts
        Data set -> stimulus layout.
    """
    labels = list(experiment.detectors)
    coded = set(flashes.loc[has_codes(flashes), "dataset"])
    other = sorted(name for name in coded if layouts.get(name) != layouts.get(tested))
    if len(experiment.datasets) == 1 or (tested in coded and not other):
        return labels
    unable = [n for n in labels if experiment.adaptation(n) in ("self_calibrated", "labelled")]
    if unable:
        why = f"{', '.join(other)} had another layout" if other else "no flash codes are known"
        warnings.warn(
            f"data set {tested}: {why}, so {', '.join(unable)} cannot adapt and are left out",
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
