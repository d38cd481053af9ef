"""Recordings to epochs: the first step of a run, kept in its folder."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from p300.config import Experiment, Source
from p300.epochs import Epochs, concatenate
from p300.errors import DataWarning, RunError
from p300.evaluation.manifest import describe_run
from p300.files import read_json, write_json, written_whole
from p300.preprocessing import cut_epochs, describe, normalise, subsampling_factor
from p300.recordings import Recording, content_hash, open_recordings, summarise_recording

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


def prepare(
    experiment: Experiment,
    run: Path,
    *,
    data: Path,
    jobs: int = 1,
    progress: Progress = silent,
) -> dict[str, Path]:
    """Preprocess all data sets of an experiment into a run folder.

    Writes ``epochs/DATASET``, ``averages.parquet`` (microvolts, before normalising) and
    ``manifest.json``, which comes last.

    Returns
    -------
    Data set -> folder of its epochs.

    Raises
    ------
    RunError
        When the folder was prepared from data that have changed since.
    """
    folders = {name: run / "epochs" / name for name in experiment.datasets}
    manifest = run / "manifest.json"
    if manifest.exists():
        _check_unchanged(experiment, read_json(manifest), run, data)
        return folders
    summaries: list[dict[str, Any]] = []
    averages: list[pd.DataFrame] = []
    caught: list[str] = []
    for name, folder in folders.items():
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always", DataWarning)
            epochs, described = _cut_dataset(experiment, name, data, progress)
            averages.append(epochs.averages())
            epochs = normalise(epochs, experiment.preprocessing)
        summaries += described
        for warning in raised:
            if issubclass(warning.category, DataWarning):
                caught.append(str(warning.message))
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
        if not folder.is_dir():
            epochs.save(folder)
    with written_whole(run / "averages.parquet") as temporary:
        pd.concat(averages, ignore_index=True).to_parquet(temporary, index=False)
    about = describe_run(experiment, jobs)
    write_json(
        manifest, {**about, "recordings": summaries, "warnings": list(dict.fromkeys(caught))}
    )
    return folders


def _cut_dataset(
    experiment: Experiment, name: str, data: Path, progress: Progress
) -> tuple[Epochs, list[dict[str, Any]]]:
    """Cut one data set, in volts, and tell what was read."""
    settings, parts, summaries = experiment.preprocessing, [], []
    for recording in read_recordings(experiment, name, data):
        parts.append(cut_epochs(recording, settings))
        factor = subsampling_factor(recording, settings)
        summaries.append(
            {
                **summarise_recording(recording),
                "preprocessing": describe(settings, recording.sfreq, factor),
            }
        )
        progress(f"preparing {name}", len(summaries), 0)
    if not parts:
        raise RunError(f"data set {name}: no recordings found")
    epochs = concatenate(parts)
    unlabelled = epochs.flashes["target"].isna()
    if unlabelled.any():
        runs = epochs.flashes.loc[unlabelled, ["subject", "session", "run"]].drop_duplicates()
        warnings.warn(
            f"data set {name}: the targets of {int(unlabelled.sum())} flashes are not known "
            f"(subject, session, run: {runs.to_numpy().tolist()}); they are left out",
            DataWarning,
            stacklevel=2,
        )
        epochs = epochs.select(~unlabelled.to_numpy(dtype=bool))
    return epochs, summaries


def _check_unchanged(
    experiment: Experiment, manifest: dict[str, Any], run: Path, data: Path
) -> None:
    """Refuse to go on with epochs whose recordings have changed since they were made."""
    stored = {about["recording"]: about["sha256"] for about in manifest["recordings"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # they were shown when the run was prepared
        found = {
            recording.name: content_hash(recording)
            for dataset in experiment.datasets
            for recording in read_recordings(experiment, dataset, data)
        }
    changed = sorted(name for name in {*stored, *found} if stored.get(name) != found.get(name))
    if changed:
        raise RunError(
            f"{run}: {changed} changed since this run was prepared; name another folder with "
            "--out, or remove this one"
        )
