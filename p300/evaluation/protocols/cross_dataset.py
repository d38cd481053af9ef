"""Across data sets: another laboratory, amplifier, montage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from p300.errors import ProtocolError
from p300.evaluation.leaks import Fold
from p300.evaluation.protocols.base import Protocol, Scope, dealt, grouped
from p300.ranges import Names, Several
from p300.recordings.units import UNITS


def cross_dataset(
    flashes: pd.DataFrame,
    *,
    duration: float,  # noqa: ARG001
    train: Names | None = None,
    test: Names | None = None,
    n_folds: Several | None = None,
) -> Iterator[Fold]:
    """Test all subjects of a data set, trained on all subjects of others.

    By default each data set is tested in turn, trained on all the others. Whether one person took
    part in two data sets cannot be known from their files.

    Parameters
    ----------
    flashes
        As in :func:`~p300.evaluation.protocols.within_subject.within_subject`, of several data
        sets.
    duration
        Length of an epoch in seconds.
    train
        Data sets to train on; by default all but the tested one.
    test
        Data sets to test, one at a time; by default all, or those that ``train`` does not name.
    n_folds
        Groups that the tested data sets are dealt into; those of a group are tested with what was
        learned from all data sets outside it, which is fitted once. None leaves one data set out at
        a time.

    Raises
    ------
    ProtocolError
        When there is one data set only, a named one is not there, or one is to be trained on and
        tested.
    """
    positions = dict(grouped(flashes, ["dataset"]))
    if len(positions) < 2:
        raise ProtocolError(
            f"cross_dataset: one data set only ({list(positions)}); at least two are needed"
        )
    asked = {*(train or ()), *(test or ())}
    if unknown := sorted(asked - set(positions)):
        raise ProtocolError(f"cross_dataset: no data sets {unknown}; there are {list(positions)}")
    if both := sorted(set(train or ()) & set(test or ())):
        raise ProtocolError(f"cross_dataset: {both} are to be trained on and tested")
    left = [name for name in positions if name not in (train or ())]
    if not left:
        raise ProtocolError(f"cross_dataset: {list(train or ())} leave no data set to test")
    units = [(name, positions[name]) for name in test or left]
    for named, group in dealt(units, n_folds, "cross_dataset", "data_sets"):
        out = [name for name, _ in group]
        learned = train or tuple(name for name in positions if name not in out)
        if not learned:
            raise ProtocolError(
                f"cross_dataset: n_folds {n_folds} leaves no data set to learn from; give more"
            )
        rows = np.sort(np.concatenate([positions[name] for name in learned]))
        several = len(flashes.iloc[rows][UNITS["subject"]].drop_duplicates()) > 1
        validation = "subject" if several else "character"
        # The name becomes a file's, which can be 255 bytes long.
        known_from = "+".join(learned) if len(learned) < 5 else f"{len(learned)}_data_sets"
        for tested, own in group:
            name = named or f"{tested}_from_{known_from}"
            yield Fold(name, rows, own, validation, "dataset")


PROTOCOL = Protocol(
    cross_dataset,
    Scope.DATASETS,
    "Leave a data set out: the detector learns from all subjects of other data sets and is "
    "tested on all subjects of one that it has never seen, on the electrodes that all of them "
    "have. Nothing is fitted to the tested subjects but what a detector's own alignment does.",
    "each data set, learned from all others",
)
