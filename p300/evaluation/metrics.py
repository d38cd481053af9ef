"""Figures of merit, all from the score table alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.columns import GROUP, METRIC_ROWS, Decoded
from p300.evaluation.intervals import summarise_mean
from p300.lazy import imported
from p300.plugins import Registry

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Measure = Callable[[Integers, Floats, Floats], float]


@dataclass(frozen=True)
class Metric:
    """A figure of merit, and all that tables, figures and comparisons need to know of it.

    Parameters
    ----------
    name
        In the column ``metric`` of ``metrics.json``.
    title
        For people.
    measure
        Function of labels (0 or 1), scores (log-odds of a target) and thresholds, each [epoch];
        None for a figure that is not computed from scores.
    smaller_is_better
        Of all others larger is.
    chance
        What guessing reaches, where that is the same for all data.
    short
        Heading of a narrow column, where the title is too long for one.
    percent
        Whether it is a share that people read in percent.
    """

    name: str
    title: str
    measure: Measure | None = None
    smaller_is_better: bool = False
    chance: float | None = None
    short: str = ""
    percent: bool = False

    @property
    def heading(self) -> str:
        """Heading of a column."""
        return self.short or self.title

    @property
    def axis(self) -> str:
        """Label of an axis, with the unit."""
        return f"{self.title} (%)" if self.percent else self.title

    @property
    def scale(self) -> float:
        """What values are multiplied by where people read them."""
        return 100.0 if self.percent else 1.0


def detection_metrics(
    target: npt.ArrayLike, score: npt.ArrayLike, threshold: npt.ArrayLike
) -> dict[str, float]:
    """Measure single-flash detection by every record of :data:`METRICS` that has a measure.

    Parameters
    ----------
    target
        1 for a target, 0 for a non-target, [epoch]; both must occur.
    score
        Log-odds of a target, [epoch].
    threshold
        Log-odds above which an epoch counts as detected; one number or [epoch].

    Returns
    -------
    Name of the metric -> value; without those of plug-ins that raise, which are warned of.
    """
    y, s = np.asarray(target, dtype=np.int64), np.asarray(score, dtype=np.float64)
    t = np.broadcast_to(np.asarray(threshold, dtype=np.float64), s.shape)
    found = {}
    for name, metric in METRICS.items():
        if metric.measure is None:
            continue
        try:
            found[name] = _finite(metric.measure(y, s, t))
        except Exception as error:  # noqa: BLE001 — of a plug-in
            METRICS.leave_out(name, error)
    return found


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise ValueError(f"{value!r} found, expected a finite number")
    return float(value)


def _by(place: str) -> Measure:
    """Return a measure of this room by its file and function."""

    def measure(target: Integers, score: Floats, threshold: Floats) -> float:
        return float(imported(f"p300.evaluation.{place}")(target, score, threshold))

    return measure


OUR_METRICS = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", "ROC-AUC", _by("measures:roc_auc"), chance=0.5),
        Metric(
            "balanced_accuracy", "Balanced accuracy", _by("measures:balanced_accuracy"), chance=0.5
        ),
        Metric("average_precision", "Average precision", _by("measures:average_precision")),
        Metric("recall", "Recall", _by("measures:recall")),
        Metric("precision", "Precision", _by("measures:precision")),
        Metric("f1", "F1", _by("measures:f1")),
        Metric("log_loss", "Log loss", _by("measures:log_loss"), smaller_is_better=True),
        Metric(
            "expected_calibration_error", "Expected calibration error",
            _by("measures:calibration_error"), smaller_is_better=True, short="ECE",
        ),
        Metric("fit_seconds", "Seconds to fit", smaller_is_better=True),
    )
}  # fmt: skip
"""Name -> record of every figure of single flashes, in the order of tables. A new one is a
function in a file of this room and one line here. Those of letters are in
:mod:`p300.speller.letter_metrics`."""


def _read(name: str, loaded: object) -> Metric:
    """Check the record of a plug-in."""
    if not (isinstance(loaded, Metric) and callable(loaded.measure)):
        raise TypeError(f"{loaded!r} found, expected a p300.evaluation.metrics.Metric with measure")
    if loaded.name != name:
        raise ValueError(f"a Metric of the name {loaded.name!r} found, expected {name!r}")
    return loaded


METRICS = Registry("metric", "p300.metrics", OUR_METRICS, _read)
"""Name -> record: ours, then plug-ins (:mod:`p300.plugins`)."""


def register_metric(name: str, title: str, **known: Any) -> Callable[[Measure], Measure]:
    """Return a decorator that makes a function a metric of this session.

    Parameters
    ----------
    name, title, known
        Fields of :class:`Metric`.

    Raises
    ------
    ConfigError
        When the name is taken.
    """

    def register(measure: Measure) -> Measure:
        METRICS.register(name, Metric(name, title, measure, **known))
        return measure

    return register


HEADLINE = METRICS["roc_auc"]
"""The figure that reports begin with, and that comparisons are about unless told otherwise."""


def summarise_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Measure every data set, protocol, detector and subject of a score table.

    Each fold and seed is measured on its own, then averaged within the subject: the subject is
    the unit of every mean and interval.

    Parameters
    ----------
    scores
        Columns of :data:`p300.columns.SCORES`.

    Returns
    -------
    Tidy rows, columns of :data:`p300.columns.METRIC_ROWS`; ``low`` and ``high`` are the 95 %
    interval of a mean, ``n`` tested epochs of a subject, subjects of a mean.
    """
    return tabulate_subjects(scores, _detection_row)


def _detection_row(fold: pd.DataFrame) -> dict[str, float]:
    return detection_metrics(fold["target"], fold["score"], fold["threshold"])


def tabulate_subjects(
    scores: pd.DataFrame, measure: Callable[[pd.DataFrame], dict[str, float]]
) -> pd.DataFrame:
    """Apply a measure to each fold and seed, average within subjects, then over subjects."""
    keys = [*GROUP, "subject"]
    measured = [
        {**dict(zip([*keys, "fold", "seed"], labels, strict=True)), **measure(fold), "n": len(fold)}
        for labels, fold in scores.groupby([*keys, "fold", "seed"], sort=False, dropna=False)
    ]
    wide = pd.DataFrame(measured)
    # What a plug-in could not measure of some folds is not the mean of the others.
    metrics = [
        name
        for name in wide
        if name not in (*keys, "fold", "seed", "n")
        and (METRICS.is_ours(str(name)) or wide[name].notna().all())
    ]
    by_subject = wide.groupby(keys, sort=False, dropna=False)[metrics].mean().reset_index()
    # A repeat tests the same epochs again: each fold counts once.
    once = wide.drop_duplicates([*keys, "fold"]).groupby(keys, sort=False, dropna=False)
    by_subject["n"] = once["n"].sum().to_numpy()
    rows: list[dict[str, Any]] = []
    for labels, table in by_subject.groupby(GROUP, sort=False, dropna=False):
        where = dict(zip(GROUP, labels, strict=True)) | {
            "alignment": "none",
            "decoded": Decoded.INSTANT,
        }
        for metric in metrics:
            rows += [
                {**where, "subject": s, "metric": metric, "value": v, "n": int(n)}
                for s, v, n in zip(table["subject"], table[metric], table["n"], strict=True)
            ]
            mean = summarise_mean(table[metric].to_numpy())
            rows.append({**where, "subject": "mean", "metric": metric, **mean})
    return METRIC_ROWS.read(pd.DataFrame(rows).reindex(columns=METRIC_ROWS.names), "metrics")
