"""What is known of a protocol, and what protocols share: groups of subjects, runs, data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd

from p300.errors import ProtocolError
from p300.evaluation.leaks import Fold, Index


class Scope(Enum):
    """What training and test set of a protocol lie within."""

    SUBJECT = "a subject"
    SUBJECTS = "several subjects of a data set"
    DATASETS = "several data sets"


@dataclass(frozen=True)
class Protocol:
    """What the rest of the program knows of a protocol.

    Parameters
    ----------
    folds
        Takes a flash table, ``duration`` (s, of an epoch) and its options; yields folds.
    scope
        What training and test set lie within.
    about
        Who trains and who is tested, for the report.
    short
        The same in a few words, for a config.
    """

    folds: Callable[..., Iterator[Fold]]
    scope: Scope
    about: str
    short: str

    @property
    def learns_from_others(self) -> bool:
        """Whether a fold's detector has learned from other subjects than the tested ones."""
        return self.scope is not Scope.SUBJECT


def grouped(flashes: pd.DataFrame, columns: list[str]) -> Iterator[tuple[Any, Index]]:
    """Yield (label, positions) of each group in order of first appearance."""
    grouped = flashes.groupby(columns if len(columns) > 1 else columns[0], sort=False)
    for label, rows in grouped.indices.items():
        yield label, np.asarray(rows, dtype=np.intp)


def all_but(test: Index, n: int) -> Index:
    """Return the positions of ``n`` epochs that are not tested, in order."""
    left = np.ones(n, dtype=bool)
    left[test] = False
    return np.flatnonzero(left)


def dealt(
    units: list[tuple[Any, Index]], n_folds: int | None, protocol: str, kind: str
) -> Iterator[tuple[str, list[tuple[Any, Index]]]]:
    """Yield the groups that are tested together and the name of each, "" where it is one unit."""
    if n_folds is None:
        yield from (("", [unit]) for unit in units)
        return
    if n_folds > len(units):
        raise ProtocolError(
            f"{protocol}: n_folds {n_folds} found, but there are {len(units)} {kind}; give at most "
            "as many, or leave it out to leave one out at a time"
        )
    for k in range(n_folds):
        group = units[k::n_folds]
        yield f"{kind}-{k + 1}-of-{n_folds}" if n_folds < len(units) else "", group
