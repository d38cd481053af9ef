"""What a few characters of a new subject are worth, with labels and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from p300.evaluation.intervals import FEWEST, summarise_mean
from p300.evaluation.metric_at import MetricAt
from p300.evaluation.metrics import HEADLINE, Metric
from p300.report import style
from p300.report.in_words import tables_in_words
from p300.report.metric_records import find_metric
from p300.report.page import Row, Section, Table, Text, picture
from p300.report.prose import NONE, number, several
from p300.report.run_results import MEAN, RunResults
from p300.report.sections.detection_tables import about_intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = (HEADLINE.name, "characters@5")
"""Figures (:meth:`p300.evaluation.metric_at.MetricAt.parse`); the second only where characters were
spelled."""

ALL = "all"
_SHIFT = 0.08
"""Between the detectors at one number of characters, so that their bars do not hide each other."""
_CAPTION = (
    "What a detector knows of a new subject after so many of their characters. Dots: mean over the "
    "subjects that have all these numbers of characters; bars: 95 % interval over "
    f"subjects, from {FEWEST} on. "
    "The last run of each subject is tested, always the same epochs."
)


def calibration_curve(results: RunResults) -> Section | None:
    """Show figures against the number of calibration characters; None with fewer than two."""
    curve = calibration_points(results)
    if curve.empty or curve["characters"].nunique() < 2:
        return None
    shown = _tables(curve)
    figure = plot_calibration_curve(curve)
    plot = picture("calibration_curve", figure, _CAPTION, tables_in_words(shown))
    reading = (
        "Each detector learns from all other subjects and from the first characters of the tested "
        "subject's earlier runs, as far as its adaptation does (see What was run)."
    )
    return Section("Calibration curve", (Text(reading), plot, *shown))


def calibration_points(results: RunResults) -> pd.DataFrame:
    """Return means over the subjects that were tested with every number of characters.

    Returns
    -------
    Columns dataset, figure (of :data:`SHOWN`), detector, characters (a number as text, or
    "all"), value, low, high, n.
    """
    metrics = results.metrics
    metrics = metrics[(metrics["subject"] != MEAN) & metrics["calibration_characters"].notna()]
    parts = [MetricAt.parse(name).among(metrics).assign(figure=name) for name in SHOWN]
    rows = pd.concat(parts, ignore_index=True).dropna(subset="value")
    rows = rows.rename(columns={"calibration_characters": "characters"})
    points = []
    for (dataset, figure), group in rows.groupby(["dataset", "figure"], sort=False):
        numbers = group.groupby("subject")["characters"].nunique()
        whole = set(numbers.index[numbers == numbers.max()])
        same = group[group["subject"].isin(whole)]
        for (detector, n), part in same.groupby(["detector", "characters"], sort=False):
            where = {"dataset": dataset, "figure": figure, "detector": detector}
            points.append({**where, "characters": n, **summarise_mean(part["value"])})
    return pd.DataFrame(points)


def _record(figure: str) -> Metric:
    record = find_metric(MetricAt.parse(figure))
    assert record is not None  # one of those shown
    return record


def plot_calibration_curve(curve: pd.DataFrame) -> Figure:
    """Plot one row of panels a data set, one panel a figure of :data:`SHOWN`.

    Parameters
    ----------
    curve
        From :func:`calibration_points`.
    """
    datasets = list(curve["dataset"].unique())
    figures = [known for known in SHOWN if known in set(curve["figure"])]
    colours = style.detector_colours(curve["detector"].unique())
    figure, axes = style.panels(
        len(datasets), len(figures), width=style.WIDTH / 2, height=3.4, share=False
    )
    for row, dataset in zip(axes, datasets, strict=True):
        for ax, shown in zip(row, figures, strict=True):
            record = _record(shown)
            part = curve[(curve["dataset"] == dataset) & (curve["figure"] == shown)]
            _draw(ax, part, colours, record.scale)
            style.title(ax, record.axis, f"{dataset}, {several(int(part['n'].max()), 'subject')}")
            ax.set_xlabel("Characters of the new subject")
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=len(names), frameon=False)
    return figure


def _draw(ax: Axes, part: pd.DataFrame, colours: dict[str, str], scale: float) -> None:
    order = _ordered(part["characters"])
    places = {n: k for k, n in enumerate(order)}
    for k, (detector, line) in enumerate(part.groupby("detector", sort=False)):
        line = line.sort_values("characters", key=lambda c: c.map(places))
        x = line["characters"].map(places).to_numpy(float) + _SHIFT * k
        colour = colours[str(detector)]
        ax.plot(
            x, scale * line["value"], "o-", color=colour, lw=2, ms=4.5, label=style.label(detector)
        )
        low, high = (scale * line[end].to_numpy(dtype=float) for end in ("low", "high"))
        ax.vlines(x, low, high, color=colour, alpha=0.45, lw=1.4)
    middle = _SHIFT * (part["detector"].nunique() - 1) / 2
    ax.set_xticks(np.arange(len(order)) + middle, order)


def _ordered(characters: pd.Series[str]) -> list[str]:
    """Return numbers of characters in ascending order, "all" last."""
    return sorted(characters.unique(), key=lambda n: np.inf if n == ALL else int(n))


def _tables(curve: pd.DataFrame) -> list[Table]:
    """Return the numbers of the figure."""
    tables = []
    for (dataset, figure), part in curve.groupby(["dataset", "figure"], sort=False):
        order, record = _ordered(part["characters"]), _record(str(figure))
        digits = 0 if record.percent else 3
        rows = []
        for detector, line in part.groupby("detector", sort=False):
            points = line.to_dict("records")
            cells = {str(p["characters"]): _cell(p, record.scale, digits) for p in points}
            rows.append(Row((str(detector), *(cells.get(n, NONE) for n in order))))
        caption = (
            f"{record.axis} by characters of the new subject: {dataset} ({about_intervals(part)})"
        )
        tables.append(Table(("Detector", *order), tuple(rows), caption))
    return tables


def _cell(point: dict[Any, Any], scale: float, digits: int) -> str:
    value = number(scale * point["value"], digits)
    if point["low"] is None or np.isnan(point["low"]):
        return value
    ends = (number(scale * point[end], digits) for end in ("low", "high"))
    return f"{value} ({'–'.join(ends)})"
