"""Few characters: a subject that the detector has seen a little of."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from p300.errors import DataWarning, ProtocolError
from p300.evaluation.leaks import Fold, Index
from p300.evaluation.protocols.base import Protocol, Scope, grouped
from p300.evaluation.protocols.cross_subject import cross_subject
from p300.ranges import Natural
from p300.recordings.units import UNITS

Characters = Annotated[tuple[Natural | Literal["all"], ...], Field(min_length=1)]
"""Numbers of characters to adapt to, one at least."""


def few_shot(
    flashes: pd.DataFrame,
    *,
    duration: float,
    characters: Characters = (0, 1, 2, 3, 5, "all"),
) -> Iterator[Fold]:
    """Test the last run of each subject, trained on all others and adapted to a few characters.

    Parameters
    ----------
    flashes
        As in :func:`~p300.evaluation.protocols.within_subject.within_subject`.
    duration
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
    for fold in cross_subject(flashes, duration=duration):
        runs = list(grouped(flashes.iloc[fold.test], ["session", "run"]))
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
    """Return the positions of the first characters of some rows, None where there are fewer."""
    if number == 0:
        return rows[:0]
    table = flashes.iloc[rows]
    if table[["character", "code"]].isna().any(axis=None):
        return None
    unit = table.groupby(UNITS["character"], sort=False).ngroup().to_numpy()
    if number == "all":
        return rows
    return rows[unit < number] if unit.max() + 1 >= number else None


PROTOCOL = Protocol(
    few_shot,
    Scope.SUBJECTS,
    "Leave one subject out, and let the detector adapt to the first characters (their number "
    "stands behind the name of the protocol) of the earlier runs of the tested subject; the last "
    "run is tested.",
    "each subject's last run, learned from all others and a few characters",
)
