"""The epochs of a data set put together on disk, with one recording in memory at a time."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from p300.errors import DataWarning, NoRoomError, RunError
from p300.recordings import Recording, summarise_recording
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
    recordings: Iterable[Recording], dataset: str, settings: Preprocessing, folder: Path
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Write the labelled, normalised epochs of a data set and their ``averages.parquet``.

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
    facts: list[Any] = []
    summaries: list[dict[str, Any]] = []
    impressions: list[Impression] = []
    # Cut epochs wait on disk until it is known which electrodes all recordings have.
    parts: dict[Path, Epochs] = {}
    n_bytes = 0
    for recording in recordings:
        part = cut_epochs(recording, settings)
        impressions.append(take_impression(recording, part))
        n_bytes += part.X.nbytes
        try:
            saved = part.save(folder / "parts" / str(len(parts)))
        except NoRoomError as error:
            error.needed = n_bytes
            raise
        parts[saved] = _without_signal(part)
        about = summarise_recording(recording)
        summaries.append({**about, "preprocessing": describe(recording, settings)})
        facts.append(identify(recording, about["sha256"]))
    if not parts:
        raise RunError(f"data set {dataset}: no recordings found")
    warn_of_scales(
        (about["recording"].rsplit("/ses-", 1)[0], 1e-6 * about["amplitude_microvolts"])
        for about in summaries
    )
    warn_of_doubts(impressions)
    _join(parts, dataset, settings, folder)
    (folder / "parts").rmdir()
    return facts, summaries


def _without_signal(epochs: Epochs) -> Epochs:
    """Return epochs without their signal, which take no memory."""
    return replace(epochs, X=np.broadcast_to(np.float32(0), epochs.X.shape))


def _join(
    parts: Mapping[Path, Epochs], dataset: str, settings: Preprocessing, folder: Path
) -> None:
    """Move the parts into one, labelled and normalised, on the electrodes that all have."""
    electrodes = common_electrodes(list(parts.values()))
    flashes = pd.concat([part.flashes for part in parts.values()], ignore_index=True)
    known = flashes["target"].notna()
    _warn_unlabelled(dataset, flashes[~known])
    first = next(iter(parts.values()))
    shape = (int(known.sum()), len(electrodes), first.X.shape[2])
    described = replace(
        first,
        X=np.broadcast_to(np.float32(0), shape),
        flashes=flashes[known].reset_index(drop=True),
        electrodes=electrodes,
        layouts=join_layouts((part.flashes, part.layouts) for part in parts.values()),
        positions=join_positions(list(parts.values()), electrodes),
    )
    described.save_tables(folder)
    averages = []
    with writing_epochs(folder, shape) as write:
        for path in parts:
            # One rate, where those of the recordings are the same but for rounding.
            part = replace(Epochs.load(path), sfreq=first.sfreq, tmin=first.tmin).pick(electrodes)
            part = part.select(part.flashes["target"].notna().to_numpy(dtype=bool))
            averages.append(part.averages())
            write(normalise(part, settings).X)
            shutil.rmtree(path)
    _pool(averages).to_parquet(folder / "averages.parquet", index=False)


def _pool(averages: list[pd.DataFrame]) -> pd.DataFrame:
    """Average the averages of a subject's recordings, each counting by its epochs."""
    table = pd.concat(averages, ignore_index=True)
    keys = ["dataset", "subject", "kind", "electrode", "time"]
    weighed = table.assign(microvolts=table["microvolts"] * table["n"])
    sums = weighed.groupby(keys, sort=False, as_index=False)[["microvolts", "n"]].sum()
    sums["microvolts"] /= sums["n"]
    return sums.sort_values(keys[:3], kind="stable", ignore_index=True)


def _warn_unlabelled(dataset: str, unlabelled: pd.DataFrame) -> None:
    if len(unlabelled):
        runs = unlabelled[["subject", "session", "run"]].drop_duplicates()
        warnings.warn(
            f"data set {dataset}: the targets of {len(unlabelled)} flashes are not known "
            f"(subject, session, run: {runs.to_numpy().tolist()}); they are left out",
            DataWarning,
            stacklevel=2,
        )
