"""Figure of a comparison: every subject under every detector, and the differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from p300.evaluation.intervals import FEWEST
from p300.report import style
from p300.report.prose import p_text
from p300.report.run_results import MEAN
from p300.report.style import GREY, INK, LIGHT, WIDTH, detector_colours, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE = 0.42  # inches a comparison


def plot_differences(metrics: pd.DataFrame, table: pd.DataFrame, name: str) -> Figure:
    """Plot paired figures of subjects and the differences of detectors with their intervals.

    Parameters
    ----------
    metrics
        Rows of ``metrics.json`` of one metric. One row of panels a data set and protocol.
    table
        From :func:`p300.evaluation.statistics.compare_detectors`, of these rows.
    name
        Of the metric, in words.
    """
    groups = list(table.groupby(["dataset", "protocol"], sort=False))
    most = max(len(part) for _, part in groups)
    figure, axes = style.panels(
        len(groups), 2, width=WIDTH / 2, height=max(2.9, 1.3 + _LINE * most), share=False
    )
    colours = detector_colours(metrics["detector"].unique())
    for (left, right), ((dataset, protocol), part) in zip(axes, groups, strict=True):
        here = metrics[(metrics["dataset"] == dataset) & (metrics["protocol"] == protocol)]
        tested = {str(d): colours[d] for d in here["detector"].unique()}
        of_mean = here["subject"] == MEAN
        values = here[~of_mean].pivot_table(index="subject", columns="detector", values="value")
        _draw_pairs(left, values[list(tested)], list(tested.values()))
        left.set_ylabel(name)
        style.title(left, label(protocol, 40), label(dataset, 40))
        right.sharex(axes[0][1])
        _draw_differences(right, values, part.to_dict("records"))
        right.set_xlabel(f"Difference of {name}")
        known = part["low"].notna().any()
        detail = "with 95 % interval" if known else f"(no interval below {FEWEST} subjects)"
        style.title(right, "First − second", f"mean {detail}; dots: subjects")
    return figure


def _draw_pairs(ax: Axes, values: pd.DataFrame, colours: list[str]) -> None:
    """Draw the figures of subjects under every detector, and their means."""
    x = np.arange(values.shape[1], dtype=float)
    for line in values.to_numpy(float):
        ax.plot(x, line, color=LIGHT, lw=0.9, zorder=1)
        ax.scatter(x, line, c=colours, s=24, alpha=0.75, lw=0, zorder=2)
    ax.plot(x - 0.12, values.mean(), "D", ms=5.5, color=INK, zorder=3)
    ax.set_xticks(x, [label(detector, 22) for detector in values])
    if len(x) > 3 or max(len(str(detector)) for detector in values) > 14:
        for text in ax.get_xticklabels():
            text.set(rotation=30, ha="right", rotation_mode="anchor")
    ax.set_xlim(-0.5, len(x) - 0.5)


def _draw_differences(ax: Axes, values: pd.DataFrame, pairs: list[dict[Any, Any]]) -> None:
    """Draw one line a pair: differences of subjects, their mean and its interval, p."""
    from matplotlib.ticker import MaxNLocator

    y = -np.arange(len(pairs), dtype=float)
    for place, pair in zip(y, pairs, strict=True):
        single = (values[pair["first"]] - values[pair["second"]]).dropna()
        below = np.full(len(single), place - 0.2)
        ax.plot(single, below, "o", color=GREY, ms=4.5, alpha=0.5, mew=0)
        ends = np.array([[pair["difference"] - pair["low"]], [pair["high"] - pair["difference"]]])
        ax.errorbar(
            pair["difference"], place, xerr=np.nan_to_num(ends), fmt="D", ms=5.5, color=INK,
            lw=1.6, capsize=3, zorder=3,
        )  # fmt: skip
        ax.annotate(
            f"p {p_text(pair['p'])}\nHolm {p_text(pair['p_holm'])}", (1, place), (6, 0),
            xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=8,
            color=GREY, va="center",
        )  # fmt: skip
    ax.axvline(0, color=GREY, lw=0.8, ls=(0, (4, 3)), zorder=0)
    ax.set_yticks(y, [f"{label(p['first'], 22)} −\n{label(p['second'], 22)}" for p in pairs])
    ax.set_ylim(y[-1] - 0.8, 0.8)
    ax.margins(x=0.12)
    ax.xaxis.set_major_locator(MaxNLocator(5))
