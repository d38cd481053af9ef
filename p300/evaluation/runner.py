"""A run: recordings to epochs, folds to scores, scores to figures; resumable at every step."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from p300.config import Experiment, Source, load_experiment
from p300.epochs import UNITS, Epochs, concatenate
from p300.errors import DataWarning, P300Error, RunError
from p300.evaluation.folds import Task, run_task, seed_of
from p300.evaluation.manifest import describe_run
from p300.evaluation.metrics import summarise_scores, tabulate_subjects
from p300.evaluation.protocols import ACROSS_SUBJECTS, Fold, make_folds
from p300.files import read_json, write_json, written_whole
from p300.preprocessing import (
    cut_epochs,
    describe,
    describe_flashes,
    normalise,
    subsampling_factor,
)
from p300.recordings import Recording, content_hash, open_recordings, summarise_recording
from p300.speller.selections import has_codes

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done and how much there is (0: not known)."""


FEWEST_CHARACTERS = 2
"""Characters that a detector needs to learn from them alone: one is held out for calibration."""


def silent(stage: str, done: int, total: int) -> None:
    """Report no progress."""


def evaluate(
    experiment: Experiment,
    run: str | Path,
    *,
    data: str | Path = ".",
    jobs: int = 1,
    progress: Progress = silent,
) -> Path:
    """Run an experiment into a folder: epochs, score table, metrics.

    What is there already is kept: an interrupted run goes on where it stopped, a finished one
    computes nothing.

    Parameters
    ----------
    experiment
        What to run.
    run
        The run folder.
    data
        Folder that the sources' paths are seen from.
    jobs
        Worker processes, each with one thread.
    progress
        Called as the run proceeds.

    Returns
    -------
    The run folder.

    Raises
    ------
    RunError
        When the folder belongs to another experiment, or its data have changed.
    P300Error
        Whatever the recordings, settings or detectors raise.
    """
    run = Path(run)
    claim_folder(experiment, run)
    if is_evaluated(run):
        return run
    prepared = prepare(experiment, run, data=Path(data), jobs=jobs, progress=progress)
    tasks = plan(experiment, prepared)
    for task in tasks:
        if len([other for other in tasks if other.id == task.id]) > 1:
            raise RunError(f"two folds are named {task.id}; rename a data set or a detector")
    _run_tasks(tasks, run, jobs, progress)
    scores = pd.concat(
        [pd.read_parquet(run / "scores" / f"{task.id}.parquet") for task in tasks],
        ignore_index=True,
    )
    with written_whole(run / "scores.parquet") as temporary:
        scores.to_parquet(temporary, index=False)
    write_metrics(experiment, run)
    return run


def is_evaluated(run: Path) -> bool:
    """Tell whether the scores and metrics of a run are complete."""
    return (run / "metrics.json").is_file() and (run / "scores.parquet").is_file()


def claim_folder(experiment: Experiment, run: Path) -> None:
    """Make a run folder, or check that an existing one belongs to the experiment.

    Raises
    ------
    RunError
        When it belongs to another experiment or is not a run folder.
    """
    config = run / "config.yaml"
    if not config.exists():
        if run.exists() and (not run.is_dir() or any(run.iterdir())):
            raise RunError(
                f"{run}: exists but is not a run folder (it has no config.yaml); name another "
                "folder with --out"
            )
        with written_whole(config) as temporary:
            temporary.write_text(experiment.to_yaml(), encoding="utf-8")
        return
    there = load_experiment(config)
    if there != experiment:
        mine, theirs = experiment.model_dump(mode="json"), there.model_dump(mode="json")
        different = [key for key in mine if mine[key] != theirs[key]]
        raise RunError(
            f"{run}: this run folder belongs to another config (different: "
            f"{', '.join(different)}); name another folder with --out, or remove this one"
        )


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


def _run_tasks(tasks: list[Task], run: Path, jobs: int, progress: Progress) -> None:
    """Run what is not done yet, in this process or in several."""
    missing = [t for t in tasks if not (run / "scores" / f"{t.id}.parquet").is_file()]
    done = len(tasks) - len(missing)
    progress("fitting", done, len(tasks))
    for _ in _map_folds(missing, run, min(jobs, len(missing))):
        done += 1
        progress("fitting", done, len(tasks))


def _map_folds(tasks: list[Task], run: Path, jobs: int) -> Iterator[None]:
    """Run tasks and yield as each is done, in whatever order."""
    if jobs <= 1:
        for task in tasks:
            run_task(task, run)
            yield
        return
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", max_nbytes=None)
    yield from parallel(delayed(run_task)(task, run) for task in tasks)


def write_metrics(experiment: Experiment, run: Path) -> None:
    """Compute ``metrics.json`` from a run's score table and fits."""
    scores = pd.read_parquet(run / "scores.parquet")
    fits = pd.DataFrame([read_json(path) for path in sorted((run / "fits").glob("*.json"))])
    keys = ["dataset", "protocol", "fold", "detector", "seed"]
    subjects = scores[[*keys, "subject"]].drop_duplicates()
    timed = fits[[*keys, "fit_seconds"]].merge(subjects)
    seconds = tabulate_subjects(timed, lambda fold: {"fit_seconds": fold["fit_seconds"].mean()})
    rows = pd.concat([summarise_scores(scores), seconds], ignore_index=True)
    write_json(run / "metrics.json", {"rows": plain_rows(experiment, rows)})


def plain_rows(experiment: Experiment, metrics: pd.DataFrame) -> list[dict[str, Any]]:
    """Give rows of metrics JSON-ready, with their alignment, and None for what is missing."""
    alignment = metrics["detector"].map(lambda label: experiment.alignment(label).name)
    table = metrics.assign(alignment=alignment)
    return table.astype(object).where(table.notna(), None).to_dict("records")  # type: ignore[return-value]
