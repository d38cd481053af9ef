"""Recordings of one data set whose electrodes are measured against different references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

AVERAGED, NOT_AVERAGED = 0.02, 0.1
"""Standard deviation of the mean over electrodes as a share of theirs: below the first the
reference is their average, above the second it is not. Real recordings have 0.44 to 0.98."""

FEWEST = 4
"""Electrodes that are needed to tell."""


@dataclass(frozen=True)
class Reference:
    """What a recording tells of its reference.

    Parameters
    ----------
    named
        What its file calls it, "" where it does not.
    averaged
        Whether the electrodes add up to zero; None where that cannot be told.
    silent
        Electrodes that are 0 V throughout, as one is that is measured against itself.
    electrodes
        All others.
    """

    named: str
    averaged: bool | None
    silent: frozenset[str]
    electrodes: frozenset[str]


def tell_reference(
    data: Floats, electrodes: Sequence[str], good: Sequence[bool], named: str
) -> Reference:
    """Tell what a recording is referenced to.

    Parameters
    ----------
    data
        [electrode, sample], volts.
    electrodes
        Names of the rows.
    good
        Which hold EEG.
    named
        What the file calls the reference.
    """
    silent = {name for name, row in zip(electrodes, data, strict=True) if not row.any()}
    # Bad electrodes may have been part of the average or not.
    shares = [_share(data)] + ([] if all(good) else [_share(data[np.flatnonzero(good)])])
    averaged = None
    if data.shape[0] >= FEWEST and min(shares) < AVERAGED:
        averaged = True
    elif data.shape[0] >= FEWEST and min(shares) > NOT_AVERAGED:
        averaged = False
    return Reference(named, averaged, frozenset(silent), frozenset(electrodes) - silent)


def _share(data: Floats) -> float:
    """Return the standard deviation of the mean over electrodes as a share of theirs."""
    spread = float(np.sqrt(data.var(axis=1).mean())) if len(data) else 0.0
    return float(data.mean(axis=0).std()) / spread if spread else 1.0


def compare_references(references: Mapping[str, Reference]) -> list[str]:
    """Say in words where recordings differ in their reference.

    Parameters
    ----------
    references
        Name of a recording, as messages call it -> what it tells.
    """
    remedy = (
        "amplitudes and scalp maps are those of different references; make them alike with "
        "preprocessing.reference (average, or electrodes that all have), or make them two data sets"
    )
    said = []
    for kind, of in (("named", _called), ("averaged", _summed)):
        groups: dict[str, list[str]] = {}
        for where, reference in references.items():
            if text := of(reference):
                groups.setdefault(text, []).append(where)
        if len(groups) > 1:
            rarer_first = sorted(groups.items(), key=lambda group: len(group[1]))
            told = "; ".join(f"{text} in {listed(names)}" for text, names in rarer_first)
            what = "by their files the reference is " if kind == "named" else "the electrodes "
            said.append(f"{rarer_first[0][1][0]}: {what}{told}; {remedy}")
    for name in sorted({name for one in references.values() for name in one.silent}):
        zero = [where for where, one in references.items() if name in one.silent]
        alive = [where for where, one in references.items() if name in one.electrodes]
        if alive:
            said.append(
                f"{zero[0]}: electrode {name} is 0 V throughout, as a reference is, in "
                f"{listed(zero)}, and was recorded in {listed(alive)}; {remedy}"
            )
    return said


def _called(reference: Reference) -> str:
    return " ".join(reference.named.casefold().split())


def _summed(reference: Reference) -> str:
    if reference.averaged is None:
        return ""
    return "add up to zero (average reference)" if reference.averaged else "do not add up to zero"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Name a few recordings and count the others."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
