"""Recordings to epochs: the first step of a run, taken once for all runs."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from p300.columns import AVERAGES
from p300.errors import DataWarning, RunError
from p300.evaluation.protocols import PROTOCOLS, Scope
from p300.files import write_json
from p300.recordings import Recording, Study, content_hash, open_recordings
from p300.runs import RunFolder
from p300.runs.cache import (
    DATA_SET,
    entries_made_with,
    hash_facts,
    is_whole,
    new_entry,
    publish,
    remove_leftovers,
)
from p300.runs.config import Experiment, Source
from p300.runs.dataset_epochs import assemble, identify
from p300.runs.joint_epochs import combined_epochs, name_together, read_made_of
from p300.runs.manifest import describe_run
from p300.runs.pool import Processes
from p300.runs.progress import Progress, silent
from p300.runs.readings import Files, Known, files_of
from p300.signal.epochs import Epochs
from p300.stored import StoredFolder


def new_study(experiment: Experiment) -> Study:
    """Return a study that the recordings of an experiment are yet to be let into."""
    return Study(experiment.distinct_subjects, crossing=bool(name_together(experiment)))


def read_recordings(
    experiment: Experiment, dataset: str, data: Path, study: Study | None = None
) -> Iterator[Recording]:
    """Yield the recordings of a data set of the experiment, one at a time.

    Parameters
    ----------
    experiment, dataset
        Name the sources.
    data
        Folder that the sources' paths are seen from.
    study
        That the recordings are let into; by default one of their own.

    Raises
    ------
    StudyError
        See :meth:`p300.recordings.study.Study.admit`.
    """
    yield from (study or new_study(experiment)).admit(
        dataset,
        itertools.chain.from_iterable(
            open_recordings(
                source.source,
                _place(source, data),
                dataset=dataset,
                subjects=source.subjects,
                **source.options,
            )
            for source in experiment.datasets[dataset]
        ),
    )


def check_study(study: Study, experiment: Experiment) -> list[str]:
    """Check who is who against the protocols, when all data sets of an experiment are read.

    Returns
    -------
    What was warned of.

    Raises
    ------
    StudyError
        When subjects that are guessed would be crossed.

    Warns
    -----
    DataWarning
        Naming recordings that two data sets share.
    """
    across = [name for name in experiment.protocols if PROTOCOLS[name].scope is Scope.SUBJECTS]
    for dataset in experiment.datasets:
        study.refuse_guessed(dataset, across)
    if shared := study.copies_between_datasets():
        warnings.warn(shared, DataWarning, stacklevel=3)
    return [shared] if shared else []


def _place(source: Source, data: Path) -> Path | None:
    return data / source.path if source.path is not None else None


@dataclass(frozen=True)
class Prepared:
    """The epochs of an experiment, and what they were made of.

    Parameters
    ----------
    folders
        Data set -> folder of its epochs in the cache; where a protocol needs it, also that of all
        data sets together, see :func:`~p300.runs.joint_epochs.name_together`.
    sources
        Name of a recording -> the file that it was read from now.
    warnings
        What was warned of when all data sets had been read.
    """

    folders: dict[str, Path]
    sources: Mapping[str, str]
    warnings: Sequence[str]


HERE = Processes(1)


def prepare(
    experiment: Experiment,
    *,
    data: Path,
    progress: Progress = silent,
    verify: bool = False,
    processes: Processes = HERE,
) -> Prepared:
    """Preprocess all data sets of an experiment, or find their epochs in the cache.

    Parameters
    ----------
    experiment
        Names the data sets.
    data
        Folder that the sources' paths are seen from.
    progress
        Called as it proceeds.
    verify
        Read all recordings, those too whose files are as they were.
    processes
        Who filters recordings and cuts their epochs.

    Raises
    ------
    StudyError
        When it cannot be told who is who, see :class:`p300.recordings.study.Study`.
    NoRoomError
        When the disk of the cache is full.
    """
    remove_leftovers()
    study = new_study(experiment)
    folders = {
        name: cached_epochs(
            experiment, name, data, progress, study, verify=verify, processes=processes
        )
        for name in experiment.datasets
    }
    shared = check_study(study, experiment)
    if together := name_together(experiment):
        folders[together] = combined_epochs(experiment, dict(folders))
    return Prepared(folders, study.sources(), shared)


def keep_prepared(experiment: Experiment, prepared: Prepared, run: Path) -> None:
    """Keep in a run folder what it was prepared from, or check that it is the same as before.

    Parameters
    ----------
    experiment
        Whose folder it is.
    prepared
        From :func:`prepare`.
    run
        The folder.

    Raises
    ------
    RunError
        When the run was prepared from data that have changed since.
    """
    folder = RunFolder(run)
    entries = {name: prepared.folders[name] for name in experiment.datasets}
    made_of = [read_made_of(entry) for entry in entries.values()]
    recordings = [  # an entry of the cache may have been made of files elsewhere
        {**about, "source": prepared.sources[about["recording"]]}
        for made in made_of
        for about in made["recordings"]
    ]
    contents = {name: entry.name for name, entry in entries.items()}
    if folder.is_prepared():
        _check_unchanged(folder.manifest(), recordings, contents, run)
        return
    averages = [
        StoredFolder(entry).table("averages.parquet", AVERAGES) for entry in entries.values()
    ]
    said = [*(text for made in made_of for text in made["warnings"]), *prepared.warnings]
    about = {
        **describe_run(experiment),
        "contents": contents,
        "recordings": recordings,
        "warnings": list(dict.fromkeys(said)),
    }
    folder.keep_prepared(entries, pd.concat(averages, ignore_index=True), about)


def _check_unchanged(
    manifest: dict[str, Any], recordings: list[dict[str, Any]], contents: dict[str, str], run: Path
) -> None:
    """Refuse to go on with a run whose data have changed since it was prepared.

    Parameters
    ----------
    manifest
        Of the run.
    recordings
        Summaries of the recordings that are there now.
    contents
        Data set -> hash of all of its recordings that the epochs depend on, now.
    run
        For messages.
    """
    stored, found = (
        {about["recording"]: about["sha256"] for about in summaries}
        for summaries in (manifest["recordings"], recordings)
    )
    changed = sorted(name for name in {*stored, *found} if stored.get(name) != found.get(name))
    if not changed:
        changed = [
            f"data set {name} (bad electrodes, positions, layout, or names or order of recordings)"
            for name in contents
            if manifest["contents"].get(name) != contents[name]
        ]
    if changed:
        raise RunError(
            f"{run}: {changed} changed since this run was prepared; name another folder with "
            "--out, or remove this one"
        )


def cached_epochs(
    experiment: Experiment,
    dataset: str,
    data: Path,
    progress: Progress = silent,
    study: Study | None = None,
    *,
    verify: bool = False,
    processes: Processes = HERE,
) -> Path:
    """Return the folder of a data set's labelled, normalised epochs; make it where there is none.

    Beside the epochs lie ``averages.parquet``, ``epoch_images.parquet`` and ``made_of.json``: the
    recordings and what was warned of when they were read and cut. The warnings are given again each
    time. The recordings are let into ``study``, by default one of their own. Those whose files are
    as they were (:mod:`p300.runs.readings`) are not read, unless it is asked to ``verify``.

    Raises
    ------
    RunError
        When there are no recordings.
    P300Error
        Whatever the recordings or settings raise.
    """
    study = study or new_study(experiment)
    parent = entries_made_with(dataset, experiment.preprocessing.model_dump(mode="json"))
    files = files_of(experiment, dataset, data)
    if parent.is_dir():  # without it nothing was cached, and recordings need not be read twice
        known = None if verify or files is None else files.recall()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # they are stored with the entry
            if known is not None:
                study.recall(dataset, known.seen)
                entry = parent / known.content
            else:
                stage = f"reading {dataset}"
                recordings = _counted(experiment, dataset, data, study, stage, progress)
                entry = parent / hash_facts([identify(r, content_hash(r)) for r in recordings])
        if is_whole(entry, DATA_SET):
            if known is None:
                _remember(files, study, experiment, dataset, data, entry)
            for text in read_made_of(entry)["warnings"]:
                warnings.warn(text, DataWarning, stacklevel=2)
            return entry
    entry = _made(experiment, dataset, data, progress, study, parent, processes)
    _remember(files, study, experiment, dataset, data, entry)
    return entry


def known_epochs(experiment: Experiment, dataset: str, data: Path, study: Study) -> Epochs | None:
    """Return the epochs of a data set from the cache, where its recordings need not be read.

    Their signal is not looked at: it may be damaged. Parameters are those of
    :func:`cached_epochs`, and so are warnings.
    """
    parent = entries_made_with(dataset, experiment.preprocessing.model_dump(mode="json"))
    files = files_of(experiment, dataset, data) if parent.is_dir() else None
    known = files.recall() if files is not None else None
    if known is None or not is_whole(parent / known.content, DATA_SET, unread=("X.npy",)):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # they are stored with the entry
        study.recall(dataset, known.seen)
    for text in read_made_of(parent / known.content)["warnings"]:
        warnings.warn(text, DataWarning, stacklevel=2)
    return Epochs.load(parent / known.content)


def _made(
    experiment: Experiment,
    dataset: str,
    data: Path,
    progress: Progress,
    study: Study,
    parent: Path,
    processes: Processes,
) -> Path:
    """Preprocess the recordings of a data set into an entry of the cache."""
    with new_entry(parent) as folder:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            recordings = _counted(
                experiment, dataset, data, study, f"preparing {dataset}", progress
            )
            facts, about = assemble(
                recordings, dataset, experiment.preprocessing, folder, processes
            )
        for warning in caught:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
        said = [str(w.message) for w in caught if issubclass(w.category, DataWarning)]
        made_of = {"recordings": about, "warnings": list(dict.fromkeys(said))}
        write_json(folder / "made_of.json", made_of)
        entry = parent / hash_facts(facts)
        publish(folder, entry, DATA_SET)
    return entry


def _remember(
    files: Files | None,
    study: Study,
    experiment: Experiment,
    dataset: str,
    data: Path,
    entry: Path,
) -> None:
    """Keep what was found when the recordings of a data set were read."""
    if files is not None:
        known = Known(study.seen(dataset), entry.name)
        files.keep(known, files_of(experiment, dataset, data))


def _counted(
    experiment: Experiment,
    dataset: str,
    data: Path,
    study: Study,
    stage: str,
    progress: Progress,
) -> Iterator[Recording]:
    """Yield the recordings of a data set and report each that is dealt with."""
    recordings = read_recordings(experiment, dataset, data, study)
    for done, recording in enumerate(recordings, start=1):
        yield recording
        progress(stage, done, 0)
