"""The folds of an experiment: every data set, protocol, detector and repeat."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from p300.errors import DataWarning, P300Error
from p300.evaluation.fold import seed_of, too_few_characters
from p300.evaluation.leaks import Fold
from p300.evaluation.protocols import PROTOCOLS, Scope, make_folds
from p300.recordings import Layout
from p300.recordings.layout import has_codes
from p300.runs.config import Experiment
from p300.runs.joint_epochs import name_together
from p300.runs.preparation import check_study, known_epochs, new_study, read_recordings
from p300.runs.tasks import Task
from p300.signal.epochs import Epochs, join_layouts
from p300.signal.preprocessing import kept_flashes
from p300.signal.sampling import epoch_grid


def preview(experiment: Experiment, data: Path) -> list[Task]:
    """Return the folds that a run would fit, computing nothing.

    Recordings are read, unless their epochs are in the cache and their files as they were.
    """
    study = new_study(experiment)
    tables: dict[str, pd.DataFrame] = {}
    layouts: dict[str, Layout] = {}
    durations: dict[str, float] = {}
    for dataset in experiment.datasets:
        known = known_epochs(experiment, dataset, data, study)
        if known is not None:
            tables[dataset] = known.flashes
            layouts |= known.layouts
            durations[dataset] = known.duration
            continue
        parts: list[tuple[pd.DataFrame, dict[str, Layout]]] = []
        for recording in read_recordings(experiment, dataset, data, study):
            shown = {dataset: recording.layout} if recording.layout else {}
            grid = epoch_grid(recording, experiment.preprocessing)
            durations.setdefault(dataset, grid.seconds)
            parts.append((kept_flashes(recording, experiment.preprocessing), shown))
        layouts |= join_layouts(parts)
        flashes = pd.concat([table for table, _ in parts], ignore_index=True)
        flashes = flashes.dropna(subset="target")
        tables[dataset] = flashes.reset_index(drop=True)
    check_study(study, experiment)
    if name := name_together(experiment):
        tables[name] = pd.concat(tables.values(), ignore_index=True)
        durations[name] = next(iter(durations.values()))
    tasks: list[Task] = []
    for name, flashes in tables.items():
        tasks += plan_dataset(experiment, name, flashes, durations[name], layouts)
    return tasks


def plan(experiment: Experiment, prepared: Mapping[str, Path]) -> list[Task]:
    """Return every fold of every data set, protocol, detector and repeat, in order.

    Parameters
    ----------
    experiment
        Names them.
    prepared
        Data set -> folder of its epochs; also that of all data sets together, see
        :func:`~p300.runs.joint_epochs.name_together`, where a protocol needs it.
    """
    tasks: list[Task] = []
    for name, folder in prepared.items():
        epochs = Epochs.load(folder)
        planned = plan_dataset(experiment, name, epochs.flashes, epochs.duration, epochs.layouts)
        tasks += [replace(task, epochs=folder) for task in planned]
    return tasks


def plan_dataset(
    experiment: Experiment,
    name: str,
    flashes: pd.DataFrame,
    duration: float,
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
    duration
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
        scope = PROTOCOLS[protocol].scope
        if several and together != (scope is Scope.DATASETS):
            continue
        if scope is Scope.SUBJECTS and single and several:
            warnings.warn(
                f"data set {name}: {protocol} is left out, there is one subject only",
                DataWarning,
                stacklevel=2,
            )
            continue
        try:
            folds = make_folds(protocol, flashes, duration, options)
        except P300Error as error:
            raise type(error)(f"data set {name}: {error}") from error
        for fold in folds:
            tested = str(flashes["dataset"].iloc[fold.test[0]])
            if together:
                used = flashes.iloc[[*fold.train, *fold.test]]
                labels = _able_to_adapt(experiment, tested, used, layouts)
            for label in (own for own in labels if own in wanted):
                if not too_few_characters(fold, experiment.methods[label], flashes):
                    yield from _repeat(experiment, protocol, fold, name, tested, label)


def _repeat(
    experiment: Experiment, protocol: str, fold: Fold, name: str, dataset: str, label: str
) -> Iterator[Task]:
    """Yield the task of a detector on a fold of a tested data set, for each repeat.

    The seed is that of the data the fold is of (``name``): folds that learn the same from several
    data sets, and test different ones, are fitted once.
    """
    for repeat in range(experiment.repeats):
        yield Task(
            experiment=experiment.name,
            dataset=dataset,
            protocol=protocol,
            detector=label,
            fold=fold,
            repeat=repeat,
            method=experiment.methods[label],
            seed=seed_of(experiment.seed, name, protocol, fold.name, str(repeat)),
            epochs=Path(),
            score_training=experiment.spelling.dynamic,
        )


def _able_to_adapt(
    experiment: Experiment, tested: str, flashes: pd.DataFrame, layouts: Mapping[str, Layout]
) -> list[str]:
    """Return the detectors of an experiment with several data sets that can be tested on one.

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
    unable = [label for label in labels if experiment.methods[label].adaptation.needs_codes]
    if unable:
        why = f"{', '.join(other)} had another layout" if other else "no flash codes are known"
        warnings.warn(
            f"data set {tested}: {why}, so {', '.join(unable)} cannot adapt and are left out",
            DataWarning,
            stacklevel=3,
        )
    return [label for label in labels if label not in unable]
