"""The epochs of several data sets in one folder, for protocols across data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.evaluation.protocols import PROTOCOLS, Scope
from p300.files import write_json
from p300.runs.cache import EPOCHS, entries_made_with, hash_facts, is_whole, new_entry, publish
from p300.runs.config import Experiment
from p300.runs.records import MadeOf
from p300.signal.epoch_arrays import writing_epochs
from p300.signal.epochs import Epochs, common_electrodes
from p300.signal.positions import join_positions
from p300.stored import StoredFolder

BLOCK = 1000
"""Epochs copied at a time."""


def read_made_of(entry: Path) -> dict[str, Any]:
    """Return what an entry of the cache was made of; see :class:`p300.runs.records.MadeOf`."""
    stored = StoredFolder(entry)
    content = stored.json("made_of.json")
    stored.check("made_of.json", content, MadeOf)
    return content


def name_together(experiment: Experiment) -> str:
    """Return the name of all data sets of an experiment together.

    Returns
    -------
    Their names joined by "+"; empty where no protocol needs several of them in one folder.
    """
    across = any(PROTOCOLS[name].scope is Scope.DATASETS for name in experiment.protocols)
    return "+".join(experiment.datasets) if across and len(experiment.datasets) > 1 else ""


def combined_epochs(experiment: Experiment, entries: Mapping[str, Path]) -> Path:
    """Return the folder of the epochs of several data sets, made in the cache where it is not.

    They have the electrodes that all data sets have, in the first one's order.

    Parameters
    ----------
    experiment
        Whose preprocessing they were made with.
    entries
        Data set -> folder of its epochs in the cache.

    Raises
    ------
    EpochsError
        When the data sets do not go together; see :func:`p300.signal.epochs.concatenate`.

    Warns
    -----
    DataWarning
        Naming the electrodes that some data sets lack.
    """
    parts = [Epochs.load(entry) for entry in entries.values()]
    electrodes = common_electrodes(parts)
    settings = experiment.preprocessing.model_dump(mode="json")
    parent = entries_made_with("+".join(entries), settings)
    entry = parent / hash_facts([folder.name for folder in entries.values()])
    if is_whole(entry, EPOCHS):
        return entry
    shape = (sum(map(len, parts)), len(electrodes), parts[0].X.shape[2])
    described = replace(
        parts[0],
        X=np.broadcast_to(np.float32(0), shape),
        flashes=pd.concat([part.flashes for part in parts], ignore_index=True),
        electrodes=electrodes,
        layouts={name: layout for part in parts for name, layout in part.layouts.items()},
        positions=join_positions(parts, electrodes),
    )
    with new_entry(parent) as folder:
        described.save_tables(folder)
        with writing_epochs(folder, shape) as write:
            for block in _blocks(parts, electrodes):
                write(block)
        made_of = [read_made_of(made)["recordings"] for made in entries.values()]
        recordings = [about for several in made_of for about in several]
        write_json(folder / "made_of.json", {"recordings": recordings, "warnings": []})
        publish(folder, entry, EPOCHS)
    return entry


def _blocks(parts: list[Epochs], electrodes: tuple[str, ...]) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the epochs of all parts, few at a time."""
    for part in parts:
        rows = [part.electrodes.index(name) for name in electrodes]
        for start in range(0, len(part), BLOCK):
            yield np.asarray(part.X[start : start + BLOCK])[:, rows]
