"""Within the subject: other runs, or other parts of one run, of the same subject."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.errors import ProtocolError
from p300.evaluation.leaks import Fold, Index, no_onsets
from p300.evaluation.protocols.base import Protocol, Scope, grouped
from p300.ranges import Several


def within_subject(
    flashes: pd.DataFrame,
    *,
    duration: float,
    test_runs: Literal["each", "last"] = "each",
    n_blocks: Several = 5,
) -> Iterator[Fold]:
    """Train and test on the same subject, on different runs.

    A subject with one run is divided into blocks of consecutive characters, each tested in turn;
    training epochs closer to the block than an epoch are left out.

    Parameters
    ----------
    flashes
        Columns of :attr:`p300.signal.epochs.Epochs.flashes`, of one data set.
    duration
        Length of an epoch in seconds.
    test_runs
        ``each`` run is tested in turn, or only the ``last`` one, trained on those before it.
    n_blocks
        Most blocks of a subject with one run.

    Raises
    ------
    ProtocolError
        When a subject has one run with one character only, or with unknown onsets.
    """
    for subject, rows in grouped(flashes, ["subject"]):
        runs = list(grouped(flashes.iloc[rows], ["session", "run"]))
        if len(runs) == 1:
            yield from _blocks(flashes, rows, f"sub-{subject}", duration, n_blocks)
            continue
        for (session, run), inner in runs[-1:] if test_runs == "last" else runs:
            test = rows[inner]
            name = f"sub-{subject}_ses-{session}_run-{run}"
            yield Fold(name, np.setdiff1d(rows, test), test, "character", "run")


def _blocks(
    flashes: pd.DataFrame, rows: Index, name: str, duration: float, n_blocks: int
) -> Iterator[Fold]:
    """Divide one run into blocks of whole characters, or of flashes where these are unknown."""
    run = flashes.iloc[rows]
    onset = run["onset"].to_numpy()
    if np.isnan(onset).any():
        raise ProtocolError(f"within_subject: {name} has one run; {no_onsets('this run')}")
    known = bool(run["character"].notna().all())
    unit = (
        run["character"].to_numpy(dtype=np.int64)
        if known
        else (onset - onset.min()) // (4 * duration)
    )
    unit = np.unique(unit, return_inverse=True)[1]
    n_units = int(unit.max()) + 1
    if n_units < 2:
        raise ProtocolError(
            f"within_subject: {name} has one run with one character only; nothing can be held out"
        )
    n_blocks = min(n_blocks, n_units)
    block = unit * n_blocks // n_units if known else _blocks_of_flashes(onset, duration, n_blocks)
    for k in range(n_blocks):
        tested = block == k
        far = (onset <= onset[tested].min() - duration) | (onset >= onset[tested].max() + duration)
        yield Fold(f"{name}_block-{k + 1}", rows[~tested & far], rows[tested], "character", None)


def _blocks_of_flashes(
    onset: npt.NDArray[np.float64], duration: float, n_blocks: int
) -> npt.NDArray[np.int64]:
    """Return the block of each flash: consecutive ones, as many in each block up to a quarter.

    A block ends at a pause of an epoch or more where there is one so near, because no epoch has to
    be left out there.
    """
    order = np.argsort(onset, kind="stable")
    pauses = np.flatnonzero(np.diff(onset[order]) >= duration) + 1
    begins = np.arange(1, n_blocks) * len(onset) // n_blocks
    for k, even in enumerate(begins):
        near = pauses[np.abs(pauses - even) <= len(onset) // (4 * n_blocks)]
        begins[k] = min(near, key=lambda pause: abs(pause - even), default=even)
    block = np.empty(len(onset), dtype=np.int64)
    block[order] = np.searchsorted(begins, np.arange(len(onset)), side="right")
    return block


PROTOCOL = Protocol(
    within_subject,
    Scope.SUBJECT,
    "Each subject on its own: the detector learns from some runs (or characters) of a "
    "subject and is tested on other runs (or characters) of the same subject.",
    "each subject on its own, tested on what was held out",
)
