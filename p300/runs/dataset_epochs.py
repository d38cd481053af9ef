"""The epochs of a data set put together on disk, with few recordings in memory at a time."""

from __future__ import annotations

import itertools
import shutil
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from p300.columns import EPOCH_IMAGES
from p300.errors import DataWarning, NoRoomError, RunError
from p300.recordings import Recording, summarise_recording
from p300.runs.pool import Processes, WorkerKilledError
from p300.signal.averages import (
    average_epochs,
    best_electrodes,
    image_targets,
    mean_over_subjects,
    pool_averages,
    subject_r_squared,
)
from p300.signal.epoch_arrays import writing_epochs
from p300.signal.epochs import Epochs, common_electrodes, join_layouts
from p300.signal.plausibility.doubts import warn_of_doubts
from p300.signal.plausibility.impression import Impression, take_impression
from p300.signal.positions import join_positions
from p300.signal.preprocessing import (
    Preprocessing,
    cut_epochs,
    describe,
    normalise,
    warn_of_scales,
)


def identify(recording: Recording, sha256: str) -> list[Any]:
    """Return all of a recording that its epochs depend on, JSON-ready.

    Not the file that it was read from: the same recording in another folder is the same.

    Parameters
    ----------
    recording
        Any.
    sha256
        Its :func:`~p300.recordings.content_hash`.
    """
    return [
        recording.name,
        sha256,
        list(recording.raw.info["bads"]),
        [channel["loc"][:3].tolist() for channel in recording.raw.info["chs"]],
        recording.layout.to_dict() if recording.layout else None,
    ]


def assemble(
    recordings: Iterable[Recording],
    dataset: str,
    settings: Preprocessing,
    folder: Path,
    processes: Processes,
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Write the labelled, normalised epochs of a data set, their averages and their image.

    The files are those that :data:`p300.runs.cache.DATA_SET` names, but ``made_of.json``.

    Parameters
    ----------
    recordings
        All of the data set.
    dataset
        Its name.
    settings
        Of the preprocessing.
    folder
        Where to; exists and is empty.
    processes
        Who cuts the recordings. They are read one after another by this process.

    Returns
    -------
    What the epochs were made of, see :func:`identify`; and a summary of each recording, JSON-ready.

    Raises
    ------
    RunError
        When there are no recordings.
    P300Error
        Whatever the recordings or settings raise.

    Warns
    -----
    DataWarning
        Of recordings that are doubtful beside the others, see
        :func:`~p300.signal.plausibility.doubts.warn_of_doubts`.
    """
    cut: dict[int, CutRecording] = {}
    calls = (
        (recording, settings, folder / "parts" / str(k)) for k, recording in enumerate(recordings)
    )
    try:
        cut.update(processes.done(cut_recording, calls))
    except NoRoomError as error:
        error.needed += sum(_n_bytes(one.epochs) for one in cut.values())
        raise
    except WorkerKilledError as error:
        raise RunError(
            f"data set {dataset}: {error} while recordings were prepared (most often because "
            "memory ran out); take fewer --jobs"
        ) from error
    several = [cut[k] for k in range(len(cut))]
    for text in itertools.chain.from_iterable(one.warnings for one in several):
        warnings.warn(text, DataWarning, stacklevel=2)
    if not several:
        raise RunError(f"data set {dataset}: no recordings found")
    summaries = [one.summary for one in several]
    warn_of_scales(
        (about["recording"].rsplit("/ses-", 1)[0], 1e-6 * about["amplitude_microvolts"])
        for about in summaries
    )
    warn_of_doubts([one.impression for one in several])
    _join(several, dataset, settings, folder)
    (folder / "parts").rmdir()
    return [one.facts for one in several], summaries


@dataclass(frozen=True, eq=False)
class CutRecording:
    """What is known of a recording whose epochs wait on disk.

    Until all are read it is not known which electrodes they have in common.

    Parameters
    ----------
    folder
        Of its saved epochs.
    epochs
        The same without their signal.
    averages
        Of its labelled epochs in volts, see :func:`~p300.signal.averages.average_epochs`.
    impression
        Beside which the other recordings are judged.
    summary
        See :func:`~p300.recordings.summarise_recording`; and what the preprocessing does.
    facts
        See :func:`identify`.
    warnings
        What was warned of.
    """

    folder: Path
    epochs: Epochs
    averages: pd.DataFrame
    impression: Impression
    summary: dict[str, Any]
    facts: list[Any]
    warnings: tuple[str, ...]


def cut_recording(recording: Recording, settings: Preprocessing, folder: Path) -> CutRecording:
    """Cut the epochs of a recording and save them.

    Parameters
    ----------
    recording, settings
        As in :func:`~p300.signal.preprocessing.cut_epochs`.
    folder
        Where to; does not exist.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        epochs = cut_epochs(recording, settings)
        impression = take_impression(recording, epochs)
        summary = summarise_recording(recording)
        summary["preprocessing"] = describe(recording, settings)
    for other in (one for one in caught if not issubclass(one.category, DataWarning)):
        warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    try:
        saved = epochs.save(folder)
    except NoRoomError as error:
        error.needed = _n_bytes(epochs)
        raise
    return CutRecording(
        saved,
        _without_signal(epochs),
        average_epochs(epochs),
        impression,
        summary,
        identify(recording, summary["sha256"]),
        tuple(str(one.message) for one in caught if issubclass(one.category, DataWarning)),
    )


def _n_bytes(epochs: Epochs) -> int:
    return epochs.X.size * epochs.X.itemsize


def _without_signal(epochs: Epochs) -> Epochs:
    """Return epochs without their signal, which take no memory."""
    return replace(epochs, X=np.broadcast_to(np.float32(0), epochs.X.shape))


def _join(
    several: Sequence[CutRecording], dataset: str, settings: Preprocessing, folder: Path
) -> None:
    """Move the recordings into one, labelled and normalised, on the electrodes that all have."""
    parts = [one.epochs for one in several]
    electrodes = common_electrodes(parts)
    flashes = pd.concat([part.flashes for part in parts], ignore_index=True)
    known = flashes["target"].notna()
    _warn_unlabelled(dataset, flashes[~known])
    first = parts[0]
    shape = (int(known.sum()), len(electrodes), first.X.shape[2])
    described = replace(
        first,
        X=np.broadcast_to(np.float32(0), shape),
        flashes=flashes[known].reset_index(drop=True),
        electrodes=electrodes,
        layouts=join_layouts((part.flashes, part.layouts) for part in parts),
        positions=join_positions(parts, electrodes),
    )
    described.save_tables(folder)
    averages = pool_averages([one.averages for one in several], electrodes, first.times)
    averages.to_parquet(folder / "averages.parquet", index=False)
    imaged = best_electrodes(mean_over_subjects(subject_r_squared(averages)), 1)
    n_targets = averages[averages["kind"] == "target"].groupby("subject")["n"].first()
    lines: list[pd.DataFrame] = []
    with writing_epochs(folder, shape) as write:
        for one in several:
            # One rate, where those of the recordings are the same but for rounding.
            part = replace(Epochs.load(one.folder), sfreq=first.sfreq, tmin=first.tmin)
            part = part.pick(electrodes)
            part = part.select(part.flashes["target"].notna().to_numpy(dtype=bool))
            if imaged and part.y.any():
                subject = str(part.flashes["subject"].iloc[0])
                lines.append(image_targets(part, imaged[0], int(n_targets[subject])))
            write(normalise(part, settings).X)
            shutil.rmtree(one.folder)
    image = pd.concat(lines, ignore_index=True) if lines else EPOCH_IMAGES.empty()
    image.to_parquet(folder / "epoch_images.parquet", index=False)


def _warn_unlabelled(dataset: str, unlabelled: pd.DataFrame) -> None:
    if len(unlabelled):
        runs = unlabelled[["subject", "session", "run"]].drop_duplicates()
        warnings.warn(
            f"data set {dataset}: the targets of {len(unlabelled)} flashes are not known "
            f"(subject, session, run: {runs.to_numpy().tolist()}); they are left out",
            DataWarning,
            stacklevel=2,
        )
