"""Who trains, who tests: each protocol yields named folds, which are checked for leaks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from p300.arguments import check_arguments, did_you_mean
from p300.errors import DataWarning, ProtocolError
from p300.evaluation.leaks import Fold, Index, check_fold
from p300.ranges import Names, Natural, Several
from p300.recordings.units import UNITS


def within_subject(
    flashes: pd.DataFrame,
    *,
    window: float,
    test_runs: Literal["each", "last"] = "each",
    n_blocks: Several = 5,
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


def cross_subject(
    flashes: pd.DataFrame,
    *,
    window: float,  # noqa: ARG001
    n_folds: Several | None = None,
) -> Iterator[Fold]:
    """Test subjects, trained on all others; validation subjects come from the others.

    Parameters
    ----------
    flashes
        As in :func:`within_subject`.
    window
        Length of an epoch in seconds.
    n_folds
        Groups that the subjects are dealt into, in the order of the recordings; a group is tested
        at a time. None leaves one subject out at a time, which takes a fit for each of them.

    Raises
    ------
    ProtocolError
        When there is one subject only, or there are fewer than groups.
    """
    subjects = list(_grouped(flashes, ["subject"]))
    if len(subjects) < 2:
        raise ProtocolError(
            f"cross_subject: one subject only ({[s for s, _ in subjects]}); at least two are "
            "needed, or use within_subject"
        )
    for named, group in _dealt(subjects, n_folds, "cross_subject", "subjects"):
        test = np.sort(np.concatenate([rows for _, rows in group]))
        train = np.setdiff1d(np.arange(len(flashes)), test)
        # With one other subject none can be spared: validation takes its characters.
        validation = "subject" if len(subjects) - len(group) > 1 else "character"
        yield Fold(named or f"sub-{group[0][0]}", train, test, validation, "subject")


def _dealt(
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


Characters = Annotated[tuple[Natural | Literal["all"], ...], Field(min_length=1)]
"""Numbers of characters to adapt to, one at least."""


def few_shot(
    flashes: pd.DataFrame,
    *,
    window: float,
    characters: Characters = (0, 1, 2, 3, 5, "all"),
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
        may adapt to; each is measured on its own. What is done with them is the ``adaptation`` of
        the detector.

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
            yield replace(
                fold,
                test=fold.test[runs[-1][1]],
                calibration=calibration,
                calibration_characters=str(number),
            )
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


def cross_dataset(
    flashes: pd.DataFrame,
    *,
    window: float,  # noqa: ARG001
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
        As in :func:`within_subject`, of several data sets.
    window
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
    positions = dict(_grouped(flashes, ["dataset"]))
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
    for named, group in _dealt(units, n_folds, "cross_dataset", "data_sets"):
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
        Takes a flash table, ``window`` (s) and its options; yields folds.
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


PROTOCOLS = {
    "within_subject": Protocol(
        within_subject,
        Scope.SUBJECT,
        "Each subject on its own: the detector learns from some runs (or characters) of a "
        "subject and is tested on other runs (or characters) of the same subject.",
        "each subject on its own, tested on what was held out",
    ),
    "cross_session": Protocol(
        cross_session,
        Scope.SUBJECT,
        "Each subject on its own: the detector learns from some sessions of a subject and is "
        "tested on another session of the same subject.",
        "each session, learned from the subject's other sessions",
    ),
    "cross_subject": Protocol(
        cross_subject,
        Scope.SUBJECTS,
        "Leave one subject out: the detector learns from all other subjects and is tested on a "
        "subject that it has never seen. Nothing is fitted to the tested subject, unless a "
        "detector says below how it is aligned or adapts.",
        "each subject, learned from all others",
    ),
    "few_shot": Protocol(
        few_shot,
        Scope.SUBJECTS,
        "Leave one subject out, and let the detector adapt to the first characters (the number is "
        "in the protocol's name) of the earlier runs of the tested subject; the last run is "
        "tested.",
        "each subject's last run, learned from all others and a few characters",
    ),
    "cross_dataset": Protocol(
        cross_dataset,
        Scope.DATASETS,
        "Leave a data set out: the detector learns from all subjects of other data sets and is "
        "tested on all subjects of one that it has never seen, on the electrodes that all of them "
        "have. Nothing is fitted to the tested subjects, unless a detector says below how it is "
        "aligned.",
        "each data set, learned from all others",
    ),
}
"""A new protocol is one function and one entry here."""


def check_protocol(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Check a protocol's name and options.

    Raises
    ------
    ProtocolError
        For an unknown protocol or option, or a value of the wrong type or out of range.
    """
    if name not in PROTOCOLS:
        raise ProtocolError(
            f"unknown protocol {name!r}{did_you_mean(name, PROTOCOLS)} "
            f"There are: {', '.join(PROTOCOLS)}"
        )
    return check_arguments(
        PROTOCOLS[name].folds,
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
        Flash table, all labelled; of one data set, or of several where the protocol is across them.
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
    folds = list(PROTOCOLS[protocol].folds(flashes, window=window, **checked))
    for fold in folds:
        check_fold(fold, flashes, window)
    return folds


def _grouped(flashes: pd.DataFrame, columns: list[str]) -> Iterator[tuple[Any, Index]]:
    """Yield (label, positions) of each group in order of first appearance."""
    grouped = flashes.groupby(columns if len(columns) > 1 else columns[0], sort=False)
    for label, rows in grouped.indices.items():
        yield label, np.asarray(rows, dtype=np.intp)


def _blocks(
    flashes: pd.DataFrame, rows: Index, name: str, window: float, n_blocks: int
) -> Iterator[Fold]:
    """Divide one run into blocks of whole characters, or of flashes where these are unknown."""
    run = flashes.iloc[rows]
    onset = run["onset"].to_numpy()
    known = bool(run["character"].notna().all())
    unit = (
        run["character"].to_numpy(dtype=np.int64)
        if known
        else (onset - onset.min()) // (4 * window)
    )
    unit = np.unique(unit, return_inverse=True)[1]
    n_units = int(unit.max()) + 1
    if n_units < 2:
        raise ProtocolError(
            f"within_subject: {name} has one run with one character only; nothing can be held out"
        )
    n_blocks = min(n_blocks, n_units)
    block = unit * n_blocks // n_units if known else _blocks_of_flashes(onset, window, n_blocks)
    for k in range(n_blocks):
        tested = block == k
        far = (onset <= onset[tested].min() - window) | (onset >= onset[tested].max() + window)
        yield Fold(f"{name}_block-{k + 1}", rows[~tested & far], rows[tested], "character", None)


def _blocks_of_flashes(
    onset: npt.NDArray[np.float64], window: float, n_blocks: int
) -> npt.NDArray[np.int64]:
    """Return the block of each flash: consecutive ones, as many in each block up to a quarter.

    A block ends at a pause of a window or more where there is one so near, because no epoch has to
    be left out there.
    """
    order = np.argsort(onset, kind="stable")
    pauses = np.flatnonzero(np.diff(onset[order]) >= window) + 1
    begins = np.arange(1, n_blocks) * len(onset) // n_blocks
    for k, even in enumerate(begins):
        near = pauses[np.abs(pauses - even) <= len(onset) // (4 * n_blocks)]
        begins[k] = min(near, key=lambda pause: abs(pause - even), default=even)
    block = np.empty(len(onset), dtype=np.int64)
    block[order] = np.searchsorted(begins, np.arange(len(onset)), side="right")
    return block
