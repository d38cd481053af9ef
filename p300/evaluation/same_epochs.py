"""Whether detectors were tested on the same epochs, without which they cannot be compared."""

from __future__ import annotations

import numpy as np
import pandas as pd

from p300.errors import RunError

EPOCH = ["subject", "session", "run", "character", "repetition", "code", "target"]
"""Columns of the score table that name an epoch and its truth."""

_UNKNOWN = -1  # where a run has no codes, how many epochs it has is all that can be compared


def check_same_epochs(scores: pd.DataFrame) -> None:
    """Refuse detectors of a data set and protocol that were tested on different epochs.

    Parameters
    ----------
    scores
        Score table, of one or several runs; ``detector`` tells apart what is to be compared.

    Raises
    ------
    RunError
        Telling two detectors and the first subject, run, flash or target in which they differ.
    """
    lacking = [column for column in EPOCH if column not in scores]
    if lacking:
        raise RunError(f"score table without the columns {lacking}; expected {EPOCH}")
    for (dataset, protocol), part in scores.groupby(["dataset", "protocol"], sort=False):
        tested = [(str(name), _count_epochs(own)) for name, own in part.groupby("detector")]
        name, expected = tested[0]
        for other, found in tested[1:]:
            if different := _tell_difference(name, expected, other, found):
                raise RunError(
                    f"{dataset}, {protocol}: {name} and {other} were not tested on the same "
                    f"epochs, so they cannot be compared: {different}. Run both on the same "
                    "subjects, protocol options and epoch (tmin, tmax)"
                )


def _count_epochs(scores: pd.DataFrame) -> pd.Series[int]:
    """Count how often each epoch was tested; repeats of a fold count once."""
    first_seed = scores.groupby("fold")["seed"].transform("first")
    epochs = scores.loc[scores["seed"] == first_seed, EPOCH].copy()
    texts, numbers = EPOCH[:3], EPOCH[3:6]
    epochs[texts] = epochs[texts].astype(str)
    epochs[numbers] = epochs[numbers].astype("Int64").fillna(_UNKNOWN).astype(np.int64)
    epochs["target"] = epochs["target"].astype(bool)
    return epochs.value_counts(sort=False)


def _tell_difference(name: str, one: pd.Series[int], other_name: str, other: pd.Series[int]) -> str:
    """Describe the coarsest difference of two tables of epochs, nothing where they are the same."""
    for depth in (1, 3, 6, 7):  # subjects, runs, flashes, targets
        a, b = (counts.groupby(level=EPOCH[:depth]).sum() for counts in (one, other))
        whole = depth <= 3
        if whole:  # subjects and runs that one of them lacks altogether
            a, b = a.clip(upper=1), b.clip(upper=1)
        balance = a.sub(b, fill_value=0)
        unlike = balance[balance != 0]
        if len(unlike):
            key = unlike.index.to_frame().iloc[0]
            named = [f"{column} {value}" for column, value in key.items() if value != _UNKNOWN]
            where = ", ".join(named)
            owner = name if unlike.iloc[0] > 0 else other_name
            return f"{'only ' * whole}{owner} has {'more epochs of ' * (not whole)}{where}"
    return ""
