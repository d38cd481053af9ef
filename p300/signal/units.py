"""Which epochs belong together, and which share samples with others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.int64]

STRETCH = 10.0
"""Seconds of a run that stand for a character where characters are unknown."""

_INSTANT = 1e-6  # seconds; less than any sample lasts, more than onsets are wrong by


def number_units(flashes: pd.DataFrame, columns: Sequence[str]) -> Numbers:
    """Return a number for each row of a flash table: equal numbers belong together.

    Where a character is unknown, the :data:`STRETCH` of the run that the flash lies in is taken
    for one: an oddball experiment has none, and its epochs must not all be one unit. Where the
    onset is unknown too the run is one: nobody can tell which of its epochs share samples.

    Parameters
    ----------
    flashes
        Columns of :attr:`p300.signal.epochs.Epochs.flashes`.
    columns
        Those that name a unit, such as dataset, subject and session.

    Returns
    -------
    [flash] integers in order of first appearance.
    """
    if "character" in columns and flashes["character"].isna().any():
        # Below zero, so that none is mistaken for a character.
        stretch = (-1 - flashes["onset"] // STRETCH).astype("Int64")
        flashes = flashes.assign(character=flashes["character"].astype("Int64").fillna(stretch))
    grouped = flashes.groupby(list(columns), sort=False, dropna=False)
    return np.asarray(grouped.ngroup(), dtype=np.int64)


def touched_units(
    units: Numbers, runs: Numbers, onsets: npt.NDArray[np.float64], duration: float
) -> Numbers:
    """Return the units that each epoch shares samples with, its own first.

    Two epochs of a run share samples where their onsets are less than an epoch apart.

    Parameters
    ----------
    units, runs
        [epoch], the unit and the run of each.
    onsets
        [epoch], seconds from the start of the run; NaN where unknown, such a run being one unit.
    duration
        Length of an epoch in seconds.

    Returns
    -------
    [epoch] where no epoch touches another unit than its own, which are then ``units``; else
    [epoch, n]: the units touched by each epoch, its own first, repeated where it touches fewer.
    """
    if not len(units):
        return units
    onsets = np.nan_to_num(onsets)
    order = np.lexsort((onsets, runs))
    unit, clock = units[order], onsets[order] + runs[order] * (np.ptp(onsets) + 2 * duration)
    # Runs lie more than an epoch apart on this clock, so that one search serves all of them.
    begins = np.flatnonzero(np.diff(unit, prepend=unit[0] - 1))
    turn = np.searchsorted(begins, np.arange(len(unit)), side="right") - 1
    first = turn[np.searchsorted(clock, clock - (duration - _INSTANT), side="right")]
    last = turn[np.searchsorted(clock, clock + (duration - _INSTANT), side="left") - 1]
    count = last - first + 1
    if count.max() == 1:
        return units
    touched = np.empty((len(units), int(count.max())), dtype=np.int64)
    for k in range(touched.shape[1]):
        touched[order, k] = unit[begins[first + (turn - first + k) % count]]
    return touched
