"""Recordings to epochs: the first step of a run, taken once for all runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from p300.config import Experiment, Source
from p300.errors import DataWarning, RunError, RunWarning
from p300.evaluation.assembly import assemble, identify
from p300.evaluation.cache import entries_made_with, hash_facts, is_whole, new_entry, publish
from p300.evaluation.combination import combined_epochs, name_together
from p300.evaluation.manifest import describe_run
from p300.files import read_json, write_json
from p300.recordings import Recording, content_hash, open_recordings
from p300.runs import RunFolder

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done and how much there is (0: not known)."""


def silent(stage: str, done: int, total: int) -> None:
    """Report no progress."""


def read_recordings(experiment: Experiment, dataset: str, data: Path) -> Iterator[Recording]:
    """Yield the recordings of a data set of the experiment, one at a time."""
    for source in experiment.datasets[dataset]:
        yield from open_recordings(
            source.source,
            _place(source, data),
            dataset=dataset,
            subjects=source.subjects,
            **source.options,
        )


def _place(source: Source, data: Path) -> Path | None:
    return data / source.path if source.path is not None else None


def prepare(experiment: Experiment, *, data: Path, progress: Progress = silent) -> dict[str, Path]:
    """Preprocess all data sets of an experiment, or find their epochs in the cache.

    Returns
    -------
    Data set -> folder of its epochs in the cache; where a protocol needs it, also that of all
    data sets together, see :func:`~p300.evaluation.combination.name_together`.
    """
    entries = {
        name: cached_epochs(experiment, name, data, progress) for name in experiment.datasets
    }
    prepared = dict(entries)
    if together := name_together(experiment):
        prepared[together] = combined_epochs(experiment, entries)
    return prepared


def keep_prepared(experiment: Experiment, prepared: Mapping[str, Path], run: Path) -> None:
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

    Warns
    -----
    RunWarning
        When an older p300 prepared the run, which did not keep all that could have changed.
    """
    folder = RunFolder(run)
    entries = {name: prepared[name] for name in experiment.datasets}
    made_of = [read_json(entry / "made_of.json") for entry in entries.values()]
    recordings = [about for made in made_of for about in made["recordings"]]
    contents = {name: entry.name for name, entry in entries.items()}
    if folder.is_prepared():
        _check_unchanged(folder.manifest(), recordings, contents, run)
        return
    averages = [pd.read_parquet(entry / "averages.parquet") for entry in entries.values()]
    said = [text for made in made_of for text in made["warnings"]]
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
    then = manifest.get("contents")
    if then is None:
        warnings.warn(
            f"{run}: prepared by an older p300, which did not keep bad electrodes, positions and "
            "layouts; whether they have changed since cannot be told",
            RunWarning,
            stacklevel=3,
        )
    elif not changed:
        changed = [
            f"data set {name} (bad electrodes, positions, layout, or names or order of recordings)"
            for name in contents
            if then.get(name) != contents[name]
        ]
    if changed:
        raise RunError(
            f"{run}: {changed} changed since this run was prepared; name another folder with "
            "--out, or remove this one"
        )


def cached_epochs(
    experiment: Experiment, dataset: str, data: Path, progress: Progress = silent
) -> Path:
    """Give the folder of a data set's labelled, normalised epochs; make it where there is none.

    Beside the epochs lie ``averages.parquet`` and ``made_of.json``: the recordings and what was
    warned of when they were read and cut. The warnings are given again each time.

    Raises
    ------
    RunError
        When there are no recordings.
    P300Error
        Whatever the recordings or settings raise.
    """
    parent = entries_made_with(dataset, experiment.preprocessing.model_dump(mode="json"))
    if parent.is_dir():  # without it nothing was cached, and recordings need not be read twice
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # they are stored with the entry
            recordings = _counted(experiment, dataset, data, f"reading {dataset}", progress)
            entry = parent / hash_facts([identify(r, content_hash(r)) for r in recordings])
        if is_whole(entry):
            for text in read_json(entry / "made_of.json")["warnings"]:
                warnings.warn(text, DataWarning, stacklevel=2)
            return entry
    with new_entry(parent) as folder:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            recordings = _counted(experiment, dataset, data, f"preparing {dataset}", progress)
            facts, about = assemble(recordings, dataset, experiment.preprocessing, folder)
        for warning in caught:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
        said = [str(w.message) for w in caught if issubclass(w.category, DataWarning)]
        made_of = {"recordings": about, "warnings": list(dict.fromkeys(said))}
        write_json(folder / "made_of.json", made_of)
        entry = parent / hash_facts(facts)
        publish(folder, entry)
    return entry


def _counted(
    experiment: Experiment, dataset: str, data: Path, stage: str, progress: Progress
) -> Iterator[Recording]:
    """Yield the recordings of a data set and report each that is dealt with."""
    for done, recording in enumerate(read_recordings(experiment, dataset, data), start=1):
        yield recording
        progress(stage, done, 0)
