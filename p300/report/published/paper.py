"""What Cecotti & Gräser (2011) published, on BCI Competition III, data set II."""

from __future__ import annotations

import math
from importlib.resources import files
from typing import Literal

import pandas as pd

SOURCE = "bci3_ii"
"""Kind of source of the data set on which the paper's figures are."""

STAND_IN = "bci2_iib"
"""Kind of source of the data set that stands in for it: BCI Competition II, data set IIb, from the
same laboratory with the same matrix, montage, rate and timing (configs/bci2_iib.yaml)."""

PAPER_NAMES = {
    "cnn1": "CNN-1", "cnn2a": "CNN-2a", "cnn2b": "CNN-2b", "cnn3": "CNN-3",
    "mcnn1": "MCNN-1", "mcnn2": "MCNN-2", "mcnn3": "MCNN-3",
}  # fmt: skip
"""Name in the registry -> name in Cecotti & Gräser (2011)."""

PAPER_YEAR = 2011

DISCRIMINATIVE = ("Pz", "Cz", "CPz", "PO7", "PO8")
"""Electrodes that the paper finds most discriminative in both of its subjects."""


def published(what: Literal["results", "detection"]) -> pd.DataFrame:
    """Read published figures on the test sets of subjects A and B.

    Parameters
    ----------
    what
        "results": characters_percent, of 100, by repetitions. "detection": tp, tn, fp, fn, of
        3,000 targets and 15,000 non-targets.

    Returns
    -------
    Columns dataset, method, year, subject ("mean" where only the mean of A and B was published)
    and the figures. Sources: Cecotti & Gräser, IEEE TPAMI 33(3):433-445, 2011; Rakotomamonjy &
    Guigue, IEEE TBME 55(3):1147-1154, 2008; later work by its year.
    """
    place = files("p300") / "report" / "published" / f"{what}.csv"
    with place.open(encoding="utf-8") as stream:
        return pd.read_csv(stream)


def compare(value: float, low: float, high: float) -> str:
    """Mark a published value by where it lies.

    Returns
    -------
    "✓" within the interval from ``low`` to ``high``, "▲" above it, "▼" below it; nothing where
    there is no value or no interval.
    """
    if math.isnan(value + low + high):
        return ""
    if value > high:
        return "▲"
    return "▼" if value < low else "✓"
