"""Figures of spelled characters: accuracy, bit rate, where errors lie in the matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.columns import Decoded
from p300.recordings.layout import Layout
from p300.report.panels import Panel, detector_panels, label_outside
from p300.report.style import GREY, INK, LIGHT, legend_above
from p300.speller import LETTER_METRICS, accuracy_curve, wilson_interval
from p300.speller.selections import NOTHING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    FloatArray = npt.NDArray[np.float64]


def plot_characters(rates: pd.DataFrame) -> Figure:
    """Plot characters right against repetitions, and where dynamic stopping stands.

    Parameters
    ----------
    rates
        From :func:`p300.speller.curves.subject_rates`. One panel a data set, protocol and detector.
        The thick lines take all characters as one sample; the band is Wilson's 95 % interval for
        the sum of probabilities, the bars those of the same post-hoc, and of dynamic stopping.
    """
    figure, grid = detector_panels(rates, height=2.7)
    for panel in grid:
        ax, curve = panel.ax, accuracy_curve(panel.table)
        curve[["value", "low", "high"]] *= 100
        instant = curve["decoded"] == Decoded.INSTANT
        _draw_again(ax, curve[~instant & (curve["rule"] == "sum")])
        curve = curve[instant]
        _draw_subjects(ax, curve[curve["rule"] == "sum"], panel.colour)
        pooled = curve[curve["subject"] == "pooled"]
        for rule, part in pooled.groupby("rule", sort=False):
            _draw_rule(ax, str(rule), part["repetitions"], part["value"], panel.colour)
            if rule == "sum":
                n = part["repetitions"].astype(float)
                ax.fill_between(n, part["low"], part["high"], color=panel.colour, alpha=0.15, lw=0)
        _draw_dynamic_accuracy(ax, panel.table[panel.table["decoded"] == Decoded.INSTANT])
    # All panels share their axes.
    grid[0].ax.set_ylim(0, 101)
    _count_repetitions(grid[0].ax, rates)
    legend_above(figure, grid[0].ax)
    label_outside(grid, "Repetitions", LETTER_METRICS["characters"].axis)
    return figure


def _draw_subjects(ax: Axes, values: pd.DataFrame, colour: str) -> None:
    """Draw a thin line a subject; columns subject, repetitions, value."""
    for subject, part in values.groupby("subject"):
        if subject not in ("pooled", "mean"):
            n = part["repetitions"].astype(float)
            ax.plot(n, part["value"], color=colour, lw=0.7, alpha=0.4)


def _draw_rule(
    ax: Axes, rule: str, n: pd.Series[int], values: pd.Series[float], colour: str
) -> None:
    """Draw the thick line of a rule."""
    look = {
        "sum": {"color": colour, "lw": 2.4, "label": "sum of probabilities"},
        "posterior": {"color": INK, "lw": 1.6, "ls": (0, (2.5, 1.5)), "label": "posterior"},
    }[rule]
    ax.plot(n.astype(float), values, **look)  # type: ignore[arg-type]


def _draw_again(ax: Axes, curve: pd.DataFrame) -> None:
    """Draw what was decoded again at the end, with intervals; nothing where nothing was."""
    pooled = curve[curve["subject"] == "pooled"]
    if pooled.empty:
        return
    value, n = pooled["value"], pooled["repetitions"].astype(float)
    ends = (value - pooled["low"], pooled["high"] - value)
    ax.errorbar(
        n, value, ends, color=GREY, lw=1.6, ls="-.", elinewidth=0.8, capsize=1.5,
        zorder=3, label="sum of probabilities, post-hoc",
    )  # fmt: skip


def _draw_dynamic_accuracy(ax: Axes, rates: pd.DataFrame) -> None:
    """Mark dynamic stopping at its mean repetitions, with Wilson's interval."""
    dynamic = rates[rates["stopping"] == "dynamic"]
    if dynamic.empty:
        return
    n = dynamic["n"].sum()
    right = float((dynamic["accuracy"] * dynamic["n"]).sum())
    low, high = wilson_interval(right, n)
    _draw_diamond(ax, _mean_repetitions(dynamic), 100 * np.array([right / n, low, high]))


def _draw_diamond(ax: Axes, repetitions: float, value: FloatArray) -> None:
    """Draw value, low and high of dynamic stopping."""
    middle, low, high = value
    ends = [[middle - low], [high - middle]]
    ax.errorbar(
        repetitions, middle, np.nan_to_num(ends), fmt="D", ms=5.5, color=INK, mec="white",
        mew=0.6, lw=1.4, capsize=2.5, zorder=4, label="dynamic stopping",
    )  # fmt: skip


def _mean_repetitions(dynamic: pd.DataFrame) -> float:
    return float(np.average(dynamic["mean_repetitions"], weights=dynamic["n"]))


def _count_repetitions(ax: Axes, rates: pd.DataFrame) -> None:
    """Set the axis of repetitions: the first, then every fifth."""
    most = int(rates["repetitions"].max())
    ax.set_xlim(1 - 0.03 * most, most + 0.03 * most)
    ax.set_xticks([1, *range(5, most + 1, 5)] if most >= 5 else list(range(1, most + 1)))


def plot_bit_rates(rates: pd.DataFrame) -> Figure:
    """Plot bits a minute against repetitions, and where dynamic stopping stands.

    Parameters
    ----------
    rates
        From :func:`p300.speller.curves.subject_rates`. The thick lines are means of the subjects'
        rates, as far as all subjects have so many repetitions; a ring marks the best fixed number
        of the sum of probabilities, a dotted line the rate of dynamic stopping.
    """
    from matplotlib.ticker import MaxNLocator

    figure, grid = detector_panels(rates, height=2.7)
    for panel in grid:
        ax, table = panel.ax, panel.table
        fixed = table[table["stopping"] == "fixed"]
        values = fixed.rename(columns={"bits_per_minute": "value"})
        _draw_subjects(ax, values[values["rule"] == "sum"], panel.colour)
        for rule, part in fixed.groupby("rule", sort=False):
            mean = _mean_rates(part)
            n = mean.index.to_series()
            _draw_rule(ax, str(rule), n, mean, panel.colour)
            if rule == "sum":
                best = int(mean.argmax())
                ax.plot(
                    n.iloc[best], mean.iloc[best], "o", ms=7, mfc="white", mec=panel.colour,
                    mew=1.8, zorder=3, label="best fixed number",
                )  # fmt: skip
        dynamic = table[table["stopping"] == "dynamic"]
        if len(dynamic):
            rate = float(dynamic["bits_per_minute"].mean())
            ax.axhline(rate, color=INK, lw=0.9, ls=(0, (1, 2)), zorder=0)
            _draw_diamond(ax, float(dynamic["mean_repetitions"].mean()), np.full(3, rate))
    # All panels share their axes.
    _count_repetitions(grid[0].ax, rates)
    grid[0].ax.set_ylim(bottom=0)
    grid[0].ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    legend_above(figure, grid[0].ax)
    label_outside(grid, "Repetitions", LETTER_METRICS["bits_per_minute"].axis)
    return figure


def _mean_rates(fixed: pd.DataFrame) -> pd.Series[float]:
    """Return the mean over subjects of the rates of one rule, by repetitions."""
    wide = fixed.pivot_table(index="subject", columns="repetitions", values="bits_per_minute")
    # Only where all subjects have so many repetitions: else the means are of different subjects.
    return wide.dropna(axis="columns").mean()


def error_offsets(characters: pd.DataFrame, layout: Layout) -> npt.NDArray[np.int64]:
    """Count by how many rows and columns decided symbols miss the true ones.

    Parameters
    ----------
    characters
        Columns symbol and true_symbol; rows whose truth is not known are left out, and those where
        nobody attended or nothing was spelled.
    layout
        Its ``shape`` must be known.

    Returns
    -------
    [2 rows - 1, 2 columns - 1]; right decisions are in the middle, decisions below the true symbol
    lie below it and those to the right of it right.

    Raises
    ------
    ValueError
        When the layout has no shape.
    """
    if layout.shape is None:
        raise ValueError("the layout has no shape, expected its number of rows and columns")
    n_rows, n_columns = layout.shape
    known = characters.dropna(subset="true_symbol")
    known = known[(known["true_symbol"] != NOTHING) & (known["symbol"] != NOTHING)]
    place = {symbol: k for k, symbol in enumerate(layout.symbols)}
    true, decided = (
        known[column].map(place).to_numpy(dtype=np.intp) for column in ("true_symbol", "symbol")
    )
    counts = np.zeros((2 * n_rows - 1, 2 * n_columns - 1), dtype=np.int64)
    rows = decided // n_columns - true // n_columns + n_rows - 1
    columns = decided % n_columns - true % n_columns + n_columns - 1
    np.add.at(counts, (rows, columns), 1)
    return counts


def plot_confusion(characters: pd.DataFrame, layouts: Mapping[str, Layout]) -> Figure:
    """Plot where wrong symbols lie in the matrix, seen from the true one.

    Parameters
    ----------
    characters
        Decisions (:data:`p300.columns.CHARACTERS`), of as many rules and numbers of
        repetitions as shall be counted together. One panel a data set, protocol and detector.
    layouts
        Data set -> layout; every shape must be known.
    """
    from matplotlib.colors import LinearSegmentedColormap

    figure, grid = detector_panels(characters, height=2.4, share=False)
    for panel in grid:
        counts = error_offsets(panel.table, layouts[panel.dataset])
        n_rows, n_columns = (size // 2 for size in counts.shape)
        right, total = counts[n_rows, n_columns], counts.sum()
        errors = counts.astype(float)
        errors[n_rows, n_columns] = np.nan
        share = 100 * errors / max(total - right, 1)
        shades = LinearSegmentedColormap.from_list(
            "errors", ["#ffffff", panel.colour]
        ).with_extremes(bad=LIGHT)
        ax = panel.ax
        ax.imshow(
            share, cmap=shades, vmin=0, aspect="auto",
            extent=(-n_columns - 0.5, n_columns + 0.5, n_rows + 0.5, -n_rows - 0.5),
        )  # fmt: skip
        _annotate_errors(panel, share, int(total - right), int(total))
        ax.set_xticks(range(-n_columns, n_columns + 1))
        ax.set_yticks(range(-n_rows, n_rows + 1))
        ax.tick_params(length=0, labelsize=7.5)
    label_outside(grid, "Columns to the right", "Rows below")
    return figure


def _annotate_errors(panel: Panel, share: FloatArray, n_errors: int, n: int) -> None:
    """Write the larger shares into their cells and the share of errors into the corner."""
    n_rows, n_columns = (size // 2 for size in share.shape)
    for (row, column), value in np.ndenumerate(share):
        if value >= 2:
            dark = value > 0.6 * np.nanmax(share)
            panel.ax.text(
                column - n_columns, row - n_rows, f"{value:.0f}", fontsize=6.5, ha="center",
                va="center", color="white" if dark else INK,
            )  # fmt: skip
    panel.ax.annotate(
        f"{100 * n_errors / n:.0f} % wrong", (1, 1), (-3, -3), xycoords="axes fraction",
        textcoords="offset points", fontsize=7.5, color=GREY, ha="right", va="top",
    )  # fmt: skip
