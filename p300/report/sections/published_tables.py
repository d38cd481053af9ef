"""Tables of published figures, each with a run's own of the same metric beneath."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from p300.evaluation.metric_at import SUM
from p300.report.letter_curves import Over, interval_over, letter_curve
from p300.report.page import Row, Table
from p300.report.prose import NONE, count
from p300.report.published.classes import LETTERS, PublishedMetric
from p300.report.published.figures import PublishedFigure
from p300.report.run_results import MEAN, RunResults

Point = int | None
"""Number of repetitions after which a figure is; None where there is none, or it was not told."""


class Numbered:
    """The sources of figures that were shown, numbered in that order."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self.of_letters = False
        """Whether any of these figures is of letters."""

    def mark(self, figure: PublishedFigure) -> str:
        """Return the number of a figure's source, as it stands behind the method."""
        self.of_letters |= figure.measured.ours == LETTERS
        note = f"{figure.note[0].upper()}{figure.note[1:]}. " if figure.note else ""
        told = f"{figure.source}, {figure.year}.", f"{note}Certainty: {figure.certainty}."
        return f"[{self._numbers.setdefault(told, len(self._numbers) + 1)}]"

    def told(self) -> Iterator[tuple[str, str]]:
        """Yield each number and what is told of its source."""
        for (source, told), number in self._numbers.items():
            yield f"[{number}]", f"{source} {told}"


def published_tables(
    results: RunResults,
    dataset: str,
    protocols: Sequence[str],
    figures: Sequence[PublishedFigure],
    sources: Numbered,
    *,
    alike: bool,
) -> Iterator[Table]:
    """Yield a table for each metric of figures that were published under one protocol.

    Parameters
    ----------
    results
        The run.
    dataset
        As its tables call it.
    protocols
        Those of its protocols whose figures stand beneath.
    figures
        What was published.
    sources
        Numbers their sources.
    alike
        Whether that protocol is the run's.
    """
    under = "Published under the same protocol" if alike else "Published under another protocol"
    for title in dict.fromkeys(figure.measured.title for figure in figures):
        own_metric = [figure for figure in figures if figure.measured.title == title]
        metric = own_metric[0].measured
        points: list[Point] = sorted({f.measured.repetitions for f in own_metric}, key=_order)
        rows = [Row((f"{under}: {own_metric[0].protocol}",), "head")]
        rows += _published_rows(own_metric, points, sources)
        for protocol in protocols:
            own = list(_own_rows(results, (dataset, protocol), metric, points))
            nothing = "" if own else ": nothing of the kind was measured"
            rows += [Row((f"This run, {protocol}{nothing}",), "head"), *own]
        letters = metric.ours == LETTERS
        caption = f"{title} after n repetitions, {dataset}" if letters else f"{title}, {dataset}"
        headings = [_heading(n) for n in points] if letters else [title]
        yield Table(("Method", "Subjects", *headings), tuple(rows), caption)


def _order(point: Point) -> tuple[bool, int]:
    return point is None, point or 0


def _heading(point: Point) -> str:
    return "all" if point is None else f"{point}"


def _published_rows(
    figures: Sequence[PublishedFigure], points: Sequence[Point], sources: Numbered
) -> Iterator[Row]:
    """Yield a row for every method of a source."""
    lines: dict[tuple[object, ...], dict[Point, PublishedFigure]] = {}
    for figure in sorted(figures, key=lambda figure: figure.year):
        line = figure.year, figure.method, figure.source, figure.dataset, figure.n_subjects
        lines.setdefault(line, {})[figure.measured.repetitions] = figure
    for at in lines.values():
        (one, *_) = at.values()
        marks = dict.fromkeys(map(sources.mark, at.values()))
        cells = [at[point].spread if point in at else NONE for point in points]
        named = f"{one.method} ({one.year}) {' '.join(marks)}"
        yield Row((named, count(one.n_subjects), *cells))


@dataclass(frozen=True)
class _Own:
    """A figure of the run in the unit of the published one; low and high may be NaN."""

    value: float
    low: float
    high: float


def _own_rows(
    results: RunResults,
    where: tuple[str, str],
    metric: PublishedMetric,
    points: Sequence[Point],
) -> Iterator[Row]:
    """Yield of each detector under a (data set, protocol) its means, then their intervals."""
    letters = metric.ours == LETTERS
    table = results.rates if letters else results.metrics
    over = interval_over(table) if letters and len(table) else Over.SUBJECTS
    table = table[(table["dataset"] == where[0]) & (table["protocol"] == where[1])]
    for detector, own in table.groupby("detector", sort=False):
        n_subjects = own.loc[own["subject"] != MEAN, "subject"].nunique()
        found = _of_letters(own, over) if letters else _of_flashes(own, str(metric.ours))
        if not found:
            continue
        values, spans = [], []
        for point in points:
            one, digits = found.get(point), metric.digits
            values.append(f"{one.value * metric.scale:.{digits}f}" if one else NONE)
            ends = [metric.scale * end for end in (one.low, one.high)] if one else []
            known = one is not None and not pd.isna(one.low)
            spans.append("–".join(f"{end:.{digits - 1}f}" for end in ends) if known else NONE)
        yield Row((str(detector), count(n_subjects), *values))
        if set(spans) != {NONE}:
            yield Row((f"95 %, {over.value}", "", *spans), "range")


def _of_letters(rates: pd.DataFrame, over: Over) -> dict[Point, _Own]:
    """Return the characters right of one detector after each number of repetitions, and all."""
    curve = letter_curve(rates[rates["rule"] == SUM], over)
    found: dict[Point, _Own] = {
        int(n): _Own(float(value), float(low), float(high))
        for n, value, low, high in curve[["repetitions", "value", "low", "high"]].itertuples(
            index=False
        )
    }
    return found | {None: found[max(n for n in found if n is not None)]} if found else {}


def _of_flashes(metrics: pd.DataFrame, name: str) -> dict[Point, _Own]:
    """Return the mean of one detector's figure of single flashes, if there is one."""
    mean = metrics[(metrics["metric"] == name) & (metrics["subject"] == MEAN)]
    mean = mean[mean["repetitions"].isna()]
    if mean.empty:
        return {}
    value, low, high = mean[["value", "low", "high"]].astype(float).iloc[0]
    return {None: _Own(float(value), float(low), float(high))}
