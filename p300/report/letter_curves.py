"""Letters over repetitions: one curve of all subjects, with one kind of interval."""

from __future__ import annotations

from enum import Enum

import pandas as pd

from p300.columns import GROUP
from p300.evaluation.intervals import FEWEST, summarise_mean
from p300.evaluation.metric_at import FIXED
from p300.speller import accuracy_curve, wilson_interval

_KEYS = [*GROUP, "rule", "decoded"]


class Over(Enum):
    """What the interval of a curve is over."""

    SUBJECTS = "over subjects"
    CHARACTERS = "Wilson, over characters"

    @property
    def short(self) -> str:
        """The same in a caption."""
        if self is Over.SUBJECTS:
            return "mean over subjects, 95 % interval over subjects"
        return "all characters together, Wilson's 95 % interval over characters"

    @property
    def curve(self) -> str:
        """What is averaged, and what the interval tells."""
        if self is Over.SUBJECTS:
            return "mean of the subjects, with its 95 % interval over subjects"
        return (
            "all characters as one sample, with Wilson's 95 % interval over characters (there is "
            f"none over subjects below {FEWEST} of them)"
        )

    @property
    def about(self) -> str:
        """What the interval tells of, and what not."""
        if self is Over.SUBJECTS:
            return "Intervals are over subjects: how far the mean might move had others spelled."
        return (
            "Intervals take characters as independent: they are about these subjects, not about "
            "how others would do."
        )


def interval_over(rates: pd.DataFrame) -> Over:
    """Return the one kind of interval for all curves of a run.

    Parameters
    ----------
    rates
        From :func:`p300.speller.curves.subject_rates`.

    Returns
    -------
    Over subjects where all data sets and protocols have enough of them.
    """
    n = rates.groupby(["dataset", "protocol"], sort=False)["subject"].nunique()
    return Over.SUBJECTS if n.min() >= FEWEST else Over.CHARACTERS


def letter_curve(rates: pd.DataFrame, over: Over) -> pd.DataFrame:
    """Return characters right against repetitions, all subjects together.

    Parameters
    ----------
    rates
        From :func:`p300.speller.curves.subject_rates`; dynamic stopping is left out.
    over
        The kind of interval.

    Returns
    -------
    One row a data set, protocol, calibration_characters, detector, rule, decoded and repetitions:
    value, low and high. As :func:`mean_curve`, or :func:`p300.speller.curves.accuracy_curve` with
    all characters as one sample.
    """
    if over is Over.SUBJECTS:
        return mean_curve(rates, "accuracy")
    curve = accuracy_curve(rates)
    pooled = curve[curve["subject"] == "pooled"]
    return pooled[[*_KEYS, "repetitions", "value", "low", "high"]].reset_index(drop=True)


def mean_curve(rates: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the mean over subjects of a figure against repetitions.

    Only where all subjects have so many repetitions: else the means are of different subjects.

    Parameters
    ----------
    rates
        From :func:`p300.speller.curves.subject_rates`; dynamic stopping is left out.
    column
        Of the figure.

    Returns
    -------
    As :func:`letter_curve`; low and high are NaN below
    :data:`p300.evaluation.intervals.FEWEST` subjects.
    """
    rows = []
    fixed = rates[rates["stopping"] == FIXED]
    for labels, own in fixed.groupby(_KEYS, sort=False, dropna=False):
        named = dict(zip(_KEYS, labels, strict=True))
        wide = own.pivot_table(index="subject", columns="repetitions", values=column)
        for n, values in wide.dropna(axis="columns").items():
            mean = summarise_mean(values.to_numpy(dtype=float))
            rows.append({**named, "repetitions": n, **mean})
    curve = pd.DataFrame(rows, columns=[*_KEYS, "repetitions", "value", "low", "high"])
    return curve.astype({"repetitions": "Int64", "low": "float64", "high": "float64"})


def pooled(rates: pd.DataFrame) -> dict[str, float]:
    """Take the characters of one row a subject as one sample: value, low and high (Wilson)."""
    right, n = float((rates["accuracy"] * rates["n"]).sum()), float(rates["n"].sum())
    low, high = wilson_interval(right, n)
    return {"value": right / n, "low": float(low), "high": float(high)}
