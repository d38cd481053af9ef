"""Who trains, who tests: each protocol yields named folds and proves that they do not leak."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.arguments import check_arguments, did_you_mean
from p300.epochs import UNITS
from p300.errors import DataWarning, ProtocolError

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
        The level (a key of :data:`p300.epochs.UNITS`) whose whole units a detector may set aside
        from the training set for early stopping and calibration.
    apart
        The level at which training and test set must have nothing in common, None where only
        their windows must not touch.
    calibration
        Positions of epochs of the tested subject that a detector may adapt to; None where the
        protocol has none.
    variant
        Added to the protocol's name where it is measured in several ways.
    """

    name: str
    train: Index
    test: Index
    validation: str
    apart: str | None
    calibration: Index | None = None
    variant: str = ""


def within_subject(
    flashes: pd.DataFrame,
    *,
    window: float,
    test_runs: Literal["each", "last"] = "each",
    n_blocks: int = 5,
) -> Iterator[Fold]:
    """Train and test on the same subject, on different runs.

    A subject with one run is divided into blocks of consecutive characters, each tested in turn;
    training epochs closer to the block than a window are left out.

    Parameters
    ----------
    flashes
        Columns of :attr:`p300.epochs.Epochs.flashes`, of one data set.
    window
        Length of an epoch in seconds.
    test_runs
        ``each`` run is tested in turn, or only the ``last`` one, trained on those before it.
    n_blocks
        Most blocks of a subject with one run.
    """
    for subject, rows in _grouped(flashes, ["subject"]):
        runs = list(_grouped(flashes.iloc[rows], ["session", "run"]))
        if len(runs) == 1:
            yield from _blocks(flashes, rows, f"sub-{subject}", window, n_blocks)
            continue
        for (session, run), inner in runs[-1:] if test_runs == "last" else runs:
            test = rows[inner]
            name = f"sub-{subject}_ses-{session}_run-{run}"
            yield Fold(name, np.setdiff1d(rows, test), test, "character", "run")


def cross_session(flashes: pd.DataFrame, *, window: float) -> Iterator[Fold]:  # noqa: ARG001
    """Test each session of a subject, trained on the subject's other sessions.

    Raises
    ------
    ProtocolError
        When a subject has one session only.
    """
    for subject, rows in _grouped(flashes, ["subject"]):
        sessions = list(_grouped(flashes.iloc[rows], ["session"]))
        if len(sessions) < 2:
            raise ProtocolError(
                f"cross_session: subject {subject} has one session only; at least two are needed"
            )
        for session, inner in sessions:
            test = rows[inner]
            name = f"sub-{subject}_ses-{session}"
            yield Fold(name, np.setdiff1d(rows, test), test, "character", "session")


def cross_subject(flashes: pd.DataFrame, *, window: float) -> Iterator[Fold]:  # noqa: ARG001
    """Test each subject, trained on all others; validation subjects come from the others.

    Raises
    ------
    ProtocolError
        When there is one subject only.
    """
    subjects = list(_grouped(flashes, ["subject"]))
    if len(subjects) < 2:
        raise ProtocolError(
            f"cross_subject: one subject only ({[s for s, _ in subjects]}); at least two are "
            "needed, or use within_subject"
        )
    for subject, test in subjects:
        train = np.setdiff1d(np.arange(len(flashes)), test)
        # With one other subject none can be spared: validation takes its characters.
        validation = "subject" if len(subjects) > 2 else "character"
        yield Fold(f"sub-{subject}", train, test, validation, "subject")


def few_shot(
    flashes: pd.DataFrame,
    *,
    window: float,
    characters: tuple[int | Literal["all"], ...] = (0, 1, 2, 3, 5, "all"),
) -> Iterator[Fold]:
    """Test the last run of each subject, trained on all others and adapted to a few characters.

    Parameters
    ----------
    flashes
        As in :func:`within_subject`.
    window
        Length of an epoch in seconds.
    characters
        Numbers of characters, from the first one of the subject's earlier runs on, that a detector
        may adapt to; each is a protocol of its own (``few_shot-3``). What is done with them is the
        ``adaptation`` of the detector.

    Raises
    ------
    ProtocolError
        When there is one subject only, or a subject with one run only.

    Warns
    -----
    DataWarning
        Naming subjects left out because the characters or codes of their earlier runs are not
        known, or the characters too few. With no character to adapt to all subjects are tested.
    """
    left_out: dict[str, list[str]] = {}
    for fold in cross_subject(flashes, window=window):
        runs = list(_grouped(flashes.iloc[fold.test], ["session", "run"]))
        if len(runs) < 2:
            raise ProtocolError(
                f"few_shot: {fold.name} has one run only; one to adapt to and one to test are "
                "needed"
            )
        earlier = np.sort(np.concatenate([fold.test[rows] for _, rows in runs[:-1]]))
        for number in characters:
            calibration = _first_characters(flashes, earlier, number)
            if calibration is None:
                left_out.setdefault(fold.name, []).append(str(number))
                continue
            test, variant = fold.test[runs[-1][1]], f"-{number}"
            yield replace(fold, test=test, calibration=calibration, variant=variant)
    for name, numbers in left_out.items():
        warnings.warn(
            f"few_shot: {name} is left out with {', '.join(numbers)} characters to adapt to; "
            "fewer with codes are known in the earlier runs",
            DataWarning,
            stacklevel=2,
        )


def _first_characters(
    flashes: pd.DataFrame, rows: Index, number: int | Literal["all"]
) -> Index | None:
    """Give the positions of the first characters of some rows, None where there are not so many."""
    if number == 0:
        return rows[:0]
    table = flashes.iloc[rows]
    if table[["character", "code"]].isna().any(axis=None):
        return None
    unit = table.groupby(UNITS["character"], sort=False).ngroup().to_numpy()
    if number == "all":
        return rows
    return rows[unit < number] if unit.max() + 1 >= number else None


PROTOCOLS: dict[str, Callable[..., Iterator[Fold]]] = {
    "within_subject": within_subject,
    "cross_session": cross_session,
    "cross_subject": cross_subject,
    "few_shot": few_shot,
}
"""A new protocol is one function and one line here."""

ACROSS_SUBJECTS = ("cross_subject", "few_shot")
"""Protocols that need several subjects."""


def check_protocol(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Check a protocol's name and options.

    Raises
    ------
    ProtocolError
        For an unknown protocol or option, or a value of the wrong type.
    """
    if name not in PROTOCOLS:
        raise ProtocolError(
            f"unknown protocol {name!r}{did_you_mean(name, PROTOCOLS)} "
            f"There are: {', '.join(PROTOCOLS)}"
        )
    return check_arguments(
        PROTOCOLS[name],
        options,
        where=f"protocols.{name}",
        error=ProtocolError,
        skip=("flashes", "window"),
    )


def make_folds(
    protocol: str, flashes: pd.DataFrame, window: float, options: Mapping[str, Any] | None = None
) -> list[Fold]:
    """Give the checked folds of a protocol.

    Parameters
    ----------
    protocol
        A key of :data:`PROTOCOLS`.
    flashes
        Flash table of one data set, all labelled.
    window
        Length of an epoch in seconds.
    options
        Options of the protocol.

    Raises
    ------
    ProtocolError
        When the protocol does not fit the data or a fold would leak; see :func:`check_fold`.
    """
    checked = check_protocol(protocol, options or {})
    if flashes.empty:
        raise ProtocolError(
            "no flash is known to be a target or not; detectors can be applied to such recordings "
            "(p300 predict) but not trained or tested on them"
        )
    folds = list(PROTOCOLS[protocol](flashes, window=window, **checked))
    for fold in folds:
        check_fold(fold, flashes, window)
    return folds


def check_fold(fold: Fold, flashes: pd.DataFrame, window: float) -> None:
    """Refuse a fold that leaks or cannot be learned from.

    Raises
    ------
    ProtocolError
        When training and test set share a unit that they must not share, when a training and a
        test window of one recording share samples, when there are fewer than
        :data:`MINIMUM_TARGETS` training targets, or when the test set lacks a class.
    """
    train, test = flashes.iloc[fold.train], flashes.iloc[fold.test]
    if fold.calibration is not None:
        _check_calibration(fold, flashes)
    if fold.apart is not None:
        columns = UNITS[fold.apart]
        shared = train[columns].drop_duplicates().merge(test[columns].drop_duplicates())
        if len(shared):
            raise ProtocolError(
                f"fold {fold.name} would leak: training and test set share the {fold.apart} "
                f"{shared.iloc[0].to_dict()}"
            )
    by_run = train.groupby(UNITS["run"], dropna=False)["onset"]
    learned = {run: np.sort(onset.to_numpy()) for run, onset in by_run}
    for run, onset in test.groupby(UNITS["run"], dropna=False)["onset"]:
        if run in learned and _nearest(onset.to_numpy(), learned[run]) < window - 1e-9:
            raise ProtocolError(
                f"fold {fold.name} would leak: windows of {window:g} s in the training and the "
                f"test set overlap in run {run}"
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


def _grouped(flashes: pd.DataFrame, columns: list[str]) -> Iterator[tuple[Any, Index]]:
    """Yield (label, positions) of each group in order of first appearance."""
    grouped = flashes.groupby(columns if len(columns) > 1 else columns[0], sort=False)
    for label, rows in grouped.indices.items():
        yield label, np.asarray(rows, dtype=np.intp)


def _blocks(
    flashes: pd.DataFrame, rows: Index, name: str, window: float, n_blocks: int
) -> Iterator[Fold]:
    """Divide one run into blocks of whole characters, or of time where characters are unknown."""
    run = flashes.iloc[rows]
    onset = run["onset"].to_numpy()
    if run["character"].notna().all():
        unit = np.unique(run["character"].to_numpy(dtype=np.int64), return_inverse=True)[1]
    else:
        unit = np.floor((onset - onset.min()) / (4 * window)).astype(np.int64)
    n_units = int(unit.max()) + 1
    if n_units < 2:
        raise ProtocolError(
            f"within_subject: {name} has one run with one character only; nothing can be held out"
        )
    n_blocks = min(n_blocks, n_units)
    block = unit * n_blocks // n_units
    for k in range(n_blocks):
        tested = block == k
        far = (onset <= onset[tested].min() - window) | (onset >= onset[tested].max() + window)
        yield Fold(f"{name}_block-{k + 1}", rows[~tested & far], rows[tested], "character", None)


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
    """Give the smallest distance between a value of ``a`` and one of ``sorted_b``."""
    after = np.searchsorted(sorted_b, a)
    right = np.abs(sorted_b[np.minimum(after, len(sorted_b) - 1)] - a)
    left = np.abs(a - sorted_b[np.maximum(after - 1, 0)])
    return float(min(left.min(), right.min()))
