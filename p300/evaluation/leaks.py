"""A fold, and the proof that it does not leak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.detectors.splits import FEWEST_GROUPS
from p300.errors import ProtocolError
from p300.recordings.units import UNITS
from p300.signal.units import number_units

MINIMUM_TARGETS = 10
"""Fewest target epochs that a training fold must have."""

Index = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Fold:
    """One training set and one test set.

    Parameters
    ----------
    name
        What is tested, such as ``sub-03`` or ``sub-03_ses-1_run-2``.
    train, test
        Positions in the flash table.
    validation
        The level (a key of :data:`p300.recordings.units.UNITS`) whose whole units a detector may
        set aside from the training set for early stopping and calibration.
    apart
        The level at which training and test set must have nothing in common, None where only
        their epochs must not touch.
    calibration
        Positions of epochs of the tested subject that a detector may adapt to; None where the
        protocol has none.
    calibration_characters
        How many characters ``calibration`` holds, a number as text or "all"; None where the
        protocol has none.
    """

    name: str
    train: Index
    test: Index
    validation: str
    apart: str | None
    calibration: Index | None = None
    calibration_characters: str | None = None


def everything(flashes: pd.DataFrame) -> Fold:
    """Return the fold of a detector that is to be stored: it learns from all, nothing is tested."""
    several = len(flashes[UNITS["subject"]].drop_duplicates()) > 2
    nothing = np.arange(0)
    rows = np.arange(len(flashes))
    return Fold("all", rows, nothing, "subject" if several else "character", None)


def check_fold(fold: Fold, flashes: pd.DataFrame, duration: float) -> None:
    """Refuse a fold that leaks or cannot be learned from.

    Raises
    ------
    ProtocolError
        When training and test set share a unit that they must not share, when a training and a
        test epoch of one recording share samples or nobody can tell, when a detector could
        set nothing aside because nobody can tell, when there are fewer than
        :data:`MINIMUM_TARGETS` training targets, or when the test set lacks a class.
    """
    told = flashes[list({*UNITS["character"], "onset", "target"})]
    train, test = told.iloc[fold.train], told.iloc[fold.test]
    if fold.calibration is not None:
        _check_calibration(fold, flashes)
    if fold.apart is not None:
        columns = UNITS[fold.apart]
        shared = (
            _like(train, test, columns).drop_duplicates().merge(test[columns].drop_duplicates())
        )
        if len(shared):
            raise ProtocolError(
                f"fold {fold.name} would leak: training and test set share the {fold.apart} "
                f"{shared.iloc[0].to_dict()}"
            )
    by_run = _like(train, test, [*UNITS["run"], "onset"], "subject").groupby(
        UNITS["run"], dropna=False
    )["onset"]
    learned = {run: np.sort(onset.to_numpy()) for run, onset in by_run}
    for run, onset in test.groupby(UNITS["run"], dropna=False)["onset"]:
        if run in learned and (onset.isna().any() or np.isnan(learned[run]).any()):
            raise ProtocolError(f"fold {fold.name} would leak: {no_onsets(f'run {run}')}")
        if run in learned and _nearest(onset.to_numpy(), learned[run]) < duration - 1e-9:
            raise ProtocolError(
                f"fold {fold.name} would leak: epochs of {duration:g} s in the training and the "
                f"test set overlap in run {run}"
            )
    if train["onset"].isna().any() and _n_units(train, fold.validation) < FEWEST_GROUPS:
        raise ProtocolError(
            f"fold {fold.name} learns from one run only, of which a detector sets a part aside, "
            f"but {no_onsets('it')}"
        )
    n_targets = int(train["target"].sum())
    if n_targets < MINIMUM_TARGETS:
        raise ProtocolError(
            f"fold {fold.name} has {n_targets} targets in its training set of {len(train)} "
            f"flashes; at least {MINIMUM_TARGETS} are needed"
        )
    if test["target"].nunique() < 2:
        raise ProtocolError(
            f"fold {fold.name} has {int(test['target'].sum())} targets in its test set of "
            f"{len(test)} flashes; targets and non-targets are needed"
        )


def _like(
    train: pd.DataFrame, test: pd.DataFrame, columns: Sequence[str], by: str | None = None
) -> pd.DataFrame:
    """Return columns of the training flashes that have a tested value in one, by default the last.

    No others can share a unit with a tested flash; they are many.
    """
    by = columns[-1] if by is None else by
    return train.loc[train[by].isin(test[by].unique()), list(columns)]


def _n_units(flashes: pd.DataFrame, level: str) -> int:
    return len(np.unique(number_units(flashes, UNITS[level])))


def no_onsets(where: str) -> str:
    """Return why epochs of which no onsets are known cannot be divided, and the ways out."""
    return (
        f"the onsets of the flashes of {where} are unknown, so that nobody can tell which epochs "
        "share samples, and none may be learned from beside one that is tested. Give the onsets "
        "(options 'variables' or 'onset_interval' of the source epochs), or several runs or "
        "sessions, or test across subjects"
    )


def _check_calibration(fold: Fold, flashes: pd.DataFrame) -> None:
    """Refuse calibration epochs of a tested run, or of another subject."""
    assert fold.calibration is not None  # asked for only then
    given, test = flashes.iloc[fold.calibration], flashes.iloc[fold.test]
    runs = given[UNITS["run"]].drop_duplicates()
    if len(runs.merge(test[UNITS["run"]].drop_duplicates())) or not set(given["subject"]) <= set(
        test["subject"]
    ):
        raise ProtocolError(
            f"fold {fold.name} would leak: its calibration epochs are of a tested run or of "
            "another subject"
        )


def _nearest(a: npt.NDArray[np.float64], sorted_b: npt.NDArray[np.float64]) -> float:
    """Return the smallest distance between a value of ``a`` and one of ``sorted_b``."""
    after = np.searchsorted(sorted_b, a)
    right = np.abs(sorted_b[np.minimum(after, len(sorted_b) - 1)] - a)
    left = np.abs(a - sorted_b[np.maximum(after - 1, 0)])
    return float(min(left.min(), right.min()))
