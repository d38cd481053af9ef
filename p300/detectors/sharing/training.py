"""What a detector was trained on, as it is stored with it: numbers of people, and no names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, StrictStr

from p300.ranges import Natural

if TYPE_CHECKING:
    from p300.signal.epochs import Epochs


class TrainedOn(BaseModel):
    """One data set of the training epochs."""

    dataset: StrictStr
    sources: list[StrictStr] = []
    """Kinds of source (``p300 datasets``) that it was read from; empty where that is not known."""
    n_subjects: Natural
    n_sessions: Natural
    n_epochs: int
    n_targets: int


def trained_on(
    epochs: Epochs, sources: Mapping[str, Sequence[str]] | None = None
) -> tuple[TrainedOn, ...]:
    """Return what training epochs consist of, one data set after the other.

    Parameters
    ----------
    epochs
        Of one or several data sets.
    sources
        Data set -> kinds of source that it was read from.
    """
    import pandas as pd

    found = []
    for dataset, rows in epochs.flashes.groupby("dataset", sort=False):
        targets = pd.to_numeric(rows["target"]).sum()
        one = TrainedOn(
            dataset=str(dataset),
            sources=list((sources or {}).get(str(dataset), ())),
            n_subjects=int(rows["subject"].nunique()),
            n_sessions=len(rows[["subject", "session"]].drop_duplicates()),
            n_epochs=len(rows),
            n_targets=int(targets),
        )
        found.append(one)
    return tuple(found)
