"""Across subjects: subjects that the detector has never seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from p300.errors import ProtocolError
from p300.evaluation.leaks import Fold
from p300.evaluation.protocols.base import Protocol, Scope, all_but, dealt, grouped
from p300.ranges import Several


def cross_subject(
    flashes: pd.DataFrame,
    *,
    duration: float,  # noqa: ARG001
    n_folds: Several | None = None,
) -> Iterator[Fold]:
    """Test subjects, trained on all others; validation subjects come from the others.

    Parameters
    ----------
    flashes
        As in :func:`~p300.evaluation.protocols.within_subject.within_subject`.
    duration
        Length of an epoch in seconds.
    n_folds
        Groups that the subjects are dealt into, in the order of the recordings; a group is tested
        at a time. None leaves one subject out at a time, which takes a fit for each of them.

    Raises
    ------
    ProtocolError
        When there is one subject only, or there are fewer than groups.
    """
    subjects = list(grouped(flashes, ["subject"]))
    if len(subjects) < 2:
        raise ProtocolError(
            f"cross_subject: one subject only ({[s for s, _ in subjects]}); at least two are "
            "needed, or use within_subject"
        )
    for named, group in dealt(subjects, n_folds, "cross_subject", "subjects"):
        test = np.sort(np.concatenate([rows for _, rows in group]))
        train = all_but(test, len(flashes))
        # With one other subject none can be spared: validation takes its characters.
        validation = "subject" if len(subjects) - len(group) > 1 else "character"
        yield Fold(named or f"sub-{group[0][0]}", train, test, validation, "subject")


PROTOCOL = Protocol(
    cross_subject,
    Scope.SUBJECTS,
    "Leave one subject out: the detector learns from all other subjects and is tested on a "
    "subject that it has never seen. Nothing is fitted to the tested subject but what a "
    "detector's own alignment or adaptation does.",
    "each subject, learned from all others",
)
