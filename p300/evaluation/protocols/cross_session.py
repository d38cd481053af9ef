"""Across sessions: another day of the same subject."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from p300.errors import ProtocolError
from p300.evaluation.leaks import Fold
from p300.evaluation.protocols.base import Protocol, Scope, grouped


def cross_session(flashes: pd.DataFrame, *, duration: float) -> Iterator[Fold]:  # noqa: ARG001
    """Test each session of a subject, trained on the subject's other sessions.

    Raises
    ------
    ProtocolError
        When a subject has one session only.
    """
    for subject, rows in grouped(flashes, ["subject"]):
        sessions = list(grouped(flashes.iloc[rows], ["session"]))
        if len(sessions) < 2:
            raise ProtocolError(
                f"cross_session: subject {subject} has one session only; at least two are needed"
            )
        for session, inner in sessions:
            test = rows[inner]
            name = f"sub-{subject}_ses-{session}"
            yield Fold(name, np.setdiff1d(rows, test), test, "character", "session")


PROTOCOL = Protocol(
    cross_session,
    Scope.SUBJECT,
    "Each subject on its own: the detector learns from some sessions of a subject and is "
    "tested on another session of the same subject.",
    "each session, learned from the subject's other sessions",
)
