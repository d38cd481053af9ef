"""Detectors in the order of their years: what each step of the line was worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from p300.detectors.catalogue import DETECTORS
from p300.evaluation.intervals import FEWEST
from p300.evaluation.metrics import HEADLINE
from p300.report import style
from p300.report.in_words import tables_in_words
from p300.report.page import Row, Section, Table, Text, picture
from p300.report.prose import NONE, span
from p300.report.run_results import MEAN, RunResults
from p300.report.sections.detection_tables import about_intervals, mean_with_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEWEST_YEARS = 5
"""Years that a run's detectors must be of; fewer make no line."""

_COLOUR = style.PALETTE[0]


def by_year(results: RunResults) -> Section | None:
    """Show detectors from the oldest to the newest; None where they are of few years."""
    years = detector_years(results)
    if len(set(years.values()) - {None}) < FEWEST_YEARS:
        return None
    caption = (
        f"{HEADLINE.title} of single flashes, detectors in the order in which their sources "
        "appeared. Light dots: subjects. Diamonds: mean over subjects with its 95 % interval, from "
        f"{FEWEST} subjects on. Dashed: guessing."
    )
    shown = _tables(results, years)
    figure = plot_ladder(results.metrics, years)
    plot = picture("ladder", figure, caption, tables_in_words(shown))
    reading = (
        "The year is that of the source a detector is named after; how it is trained here may be "
        "younger. Parameters are all fitted numbers. Seconds are the median time to learn a fold; "
        "where there are two numbers, of the fastest and of the slowest protocol."
    )
    return Section("Detectors by year", (plot, Text(reading), *shown))


def detector_years(results: RunResults) -> dict[str, int | None]:
    """Return the year of every detector of a run, oldest first, those without a year last."""
    years: dict[str, int | None] = {}
    for label in results.unique("detector"):
        info = DETECTORS.get(results.detector_name(label))
        years[label] = info.year if info else None
    return dict(sorted(years.items(), key=lambda item: item[1] or np.inf))


def plot_ladder(metrics: pd.DataFrame, years: dict[str, int | None]) -> Figure:
    """Plot the ROC-AUC of detectors against their years: a column a data set, a row a protocol.

    Parameters
    ----------
    metrics
        Metrics of a run (:attr:`RunResults.metrics`).
    years
        From :func:`detector_years`.
    """
    auc = metrics[metrics["metric"] == HEADLINE.name]
    datasets, protocols = auc["dataset"].unique(), auc["protocol"].unique()
    figure, axes = style.panels(
        len(protocols), len(datasets), width=style.WIDTH / len(datasets), height=2.5
    )
    names = [f"{years[label] or NONE}  {style.label(label, 16)}" for label in years]
    for row, protocol in zip(axes, protocols, strict=True):
        for ax, dataset in zip(row, datasets, strict=True):
            part = auc[(auc["protocol"] == protocol) & (auc["dataset"] == dataset)]
            if part.empty:
                ax.axis("off")
                continue
            _draw(ax, part, list(years))
            style.title(ax, style.label(protocol, 40), style.label(dataset, 40))
        row[0].set_ylabel(HEADLINE.axis)
    for ax in axes[-1]:
        ax.set_xticks(range(len(names)), names, rotation=90)
    return figure


def _draw(ax: Axes, auc: pd.DataFrame, labels: list[str]) -> None:
    """Draw one panel: subjects and mean of each detector at its place in the line."""
    place = auc["detector"].map({label: k for k, label in enumerate(labels)})
    subjects = auc["subject"] != MEAN
    ax.scatter(place[subjects], auc.loc[subjects, "value"], s=14, color=_COLOUR, alpha=0.3, lw=0)
    mean = auc[~subjects].assign(place=place[~subjects]).sort_values("place")
    ends = [mean["value"] - mean["low"], mean["high"] - mean["value"]]
    ax.errorbar(
        mean["place"], mean["value"], np.nan_to_num(ends), fmt="D", ms=4.5, color=style.INK,
        lw=1.4, capsize=2.5, zorder=3,
    )  # fmt: skip
    if HEADLINE.chance is not None:
        ax.axhline(HEADLINE.chance, color=style.GREY, lw=0.8, ls=(0, (4, 3)), zorder=0)
    ax.set_xlim(-0.6, len(labels) - 0.4)


def _tables(results: RunResults, years: dict[str, int | None]) -> list[Table]:
    """Return one table a data set: year, size, time and mean ROC-AUC of every detector."""
    metrics = results.metrics
    auc = metrics[(metrics["metric"] == HEADLINE.name) & (metrics["subject"] == MEAN)]
    tables = []
    for dataset, means in auc.groupby("dataset", sort=False):
        fits = results.fits
        fits = fits[fits["dataset"] == dataset] if len(fits) else fits
        protocols = list(means["protocol"].unique())
        rows = []
        for label in years:
            mine = means[means["detector"] == label]
            cells = [mean_with_interval(mine[mine["protocol"] == p]) for p in protocols]
            rows.append(Row((label, str(years[label] or NONE), *_size(fits, label), *cells)))
        columns = ("Detector", "Year", "Parameters", "Seconds", *map(str, protocols))
        caption = f"{dataset}: mean {HEADLINE.title} over subjects ({about_intervals(means)})"
        tables.append(Table(columns, tuple(rows), caption))
    return tables


def _size(fits: pd.DataFrame, label: str) -> tuple[str, str]:
    """Write how many parameters a detector has and how long it learns."""
    mine = fits[fits["detector"] == label] if len(fits) else fits
    if mine.empty or not {"n_parameters", "fit_seconds"} <= set(mine):
        return NONE, NONE
    seconds = mine.groupby("protocol")["fit_seconds"].median()
    return span(mine["n_parameters"].dropna()), span(seconds, digits=1)
