"""Figures of spelled characters: accuracy, bit rate, where errors lie in the matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.columns import Decoded
from p300.evaluation.intervals import summarise_mean
from p300.evaluation.metric_at import DYNAMIC, FIXED, SUM
from p300.recordings.layout import Layout
from p300.report.letter_curves import Over, interval_over, letter_curve, mean_curve, pooled
from p300.report.panels import Key, Panel, detector_panels, label_outside
from p300.report.style import GREY, INK, LIGHT, legend_above
from p300.speller import LETTER_METRICS
from p300.speller.selections import NOTHING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    FloatArray = npt.NDArray[np.float64]


_AGAIN = "sum of probabilities, post-hoc"


def plot_characters(
    rates: pd.DataFrame, published: Mapping[Key, Mapping[int, float]] | None = None
) -> Figure:
    """Plot characters right against repetitions, and where dynamic stopping stands.

    Parameters
    ----------
    rates
        From :func:`p300.speller.curves.subject_rates`. One panel a data set, protocol and detector.
        Thick lines are all subjects together, bands their 95 % intervals, all of the kind that
        :func:`p300.report.letter_curves.interval_over` gives: solid as spelled at the time, dashed
        post-hoc.
    published
        (data set, protocol, detector) -> percentages by repetitions that were published of it.
    """
    figure, grid = detector_panels(rates, height=2.7)
    over = interval_over(rates)
    for panel in grid:
        ax, curves = panel.ax, letter_curve(panel.table, over)
        curves[["value", "low", "high"]] *= 100
        instant = curves["decoded"] == Decoded.INSTANT
        at_once = panel.table[panel.table["decoded"] == Decoded.INSTANT]
        by_sum = at_once[(at_once["rule"] == SUM) & (at_once["stopping"] == FIXED)]
        _draw_subjects(ax, by_sum.assign(value=100 * by_sum["accuracy"]), panel.colour)
        for rule, part in curves[instant].groupby("rule", sort=False):
            _draw_rule(ax, str(rule), part["repetitions"], part["value"], panel.colour)
            if rule == SUM:
                _draw_band(ax, part, panel.colour)
        _draw_again(ax, curves[~instant & (curves["rule"] == SUM)])
        _draw_published(ax, (published or {}).get((panel.dataset, panel.protocol, panel.detector)))
        _draw_dynamic_accuracy(ax, at_once, over)
    # All panels share their axes.
    grid[0].ax.set_ylim(0, 101)
    _count_repetitions(grid[0].ax, rates)
    legend_above(figure, *(panel.ax for panel in grid))
    label_outside(grid, "Repetitions", LETTER_METRICS["characters"].axis)
    return figure


def _draw_subjects(ax: Axes, values: pd.DataFrame, colour: str) -> None:
    """Draw a thin line a subject; columns subject, repetitions, value."""
    for _, part in values.groupby("subject"):
        n = part["repetitions"].astype(float)
        ax.plot(n, part["value"], color=colour, lw=0.7, alpha=0.4)


def _draw_rule(
    ax: Axes, rule: str, n: pd.Series[int], values: pd.Series[float], colour: str
) -> None:
    """Draw the thick line of a rule."""
    look = {
        "sum": {"color": colour, "lw": 2.4, "label": "sum of probabilities"},
        "posterior": {"color": INK, "lw": 1.3, "label": "posterior"},
    }[rule]
    ax.plot(n.astype(float), values, **look)  # type: ignore[arg-type]


def _draw_band(ax: Axes, curve: pd.DataFrame, colour: str, alpha: float = 0.15) -> None:
    """Draw the interval of a curve, where it has one."""
    if curve["low"].notna().any():
        n = curve["repetitions"].astype(float)
        ax.fill_between(n, curve["low"], curve["high"], color=colour, alpha=alpha, lw=0)


def _draw_again(ax: Axes, curve: pd.DataFrame) -> None:
    """Draw what was decoded again at the end, with its interval; nothing where nothing was."""
    if curve.empty:
        return
    n = curve["repetitions"].astype(float)
    _draw_band(ax, curve, GREY, 0.2)
    ax.plot(n, curve["value"], color=GREY, lw=2.0, ls="--", zorder=3, label=_AGAIN)


def _draw_published(ax: Axes, percent: Mapping[int, float] | None) -> None:
    """Draw the published percentages of a panel's detector, if there are any."""
    if percent:
        ax.plot(
            list(percent), list(percent.values()), "s", ms=4, mfc="white", mec=INK, mew=1.0,
            zorder=4, label="published",
        )  # fmt: skip


def _draw_dynamic_accuracy(ax: Axes, rates: pd.DataFrame, over: Over) -> None:
    """Mark dynamic stopping at its mean repetitions, with the interval."""
    dynamic = rates[rates["stopping"] == DYNAMIC]
    if dynamic.empty:
        return
    if over is Over.SUBJECTS:
        share = summarise_mean(dynamic["accuracy"].to_numpy(dtype=np.float64))
        repetitions = float(dynamic["mean_repetitions"].mean())
    else:
        share = pooled(dynamic)
        repetitions = float(np.average(dynamic["mean_repetitions"], weights=dynamic["n"]))
    ends = np.array([share["value"], share["low"], share["high"]], dtype=np.float64)
    _draw_diamond(ax, repetitions, 100 * ends)


def _draw_diamond(ax: Axes, repetitions: float, value: FloatArray) -> None:
    """Draw value, low and high of dynamic stopping."""
    middle, low, high = value
    ends = [[middle - low], [high - middle]]
    ax.errorbar(
        repetitions, middle, np.nan_to_num(ends), fmt="D", ms=5.5, color=INK, mec="white",
        mew=0.6, lw=1.4, capsize=2.5, zorder=4, label="dynamic stopping",
    )  # fmt: skip


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
        rates, as far as all subjects have so many repetitions, the band the 95 % interval over
        subjects of the sum of probabilities, where there are enough of them; a ring marks the best
        fixed number of that sum, a dotted line the rate of dynamic stopping.
    """
    from matplotlib.ticker import MaxNLocator

    figure, grid = detector_panels(rates, height=2.7)
    for panel in grid:
        ax, table = panel.ax, panel.table
        fixed = table[table["stopping"] == "fixed"]
        values = fixed.rename(columns={"bits_per_minute": "value"})
        _draw_subjects(ax, values[values["rule"] == "sum"], panel.colour)
        for rule, part in mean_curve(fixed, "bits_per_minute").groupby("rule", sort=False):
            n, mean = part["repetitions"], part["value"]
            _draw_rule(ax, str(rule), n, mean, panel.colour)
            if rule == SUM:
                _draw_band(ax, part, panel.colour)
                best = int(mean.argmax())
                ax.plot(
                    int(n.iloc[best]), mean.iloc[best], "o", ms=7, mfc="white", mec=panel.colour,
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
    legend_above(figure, *(panel.ax for panel in grid))
    label_outside(grid, "Repetitions", LETTER_METRICS["bits_per_minute"].axis)
    return figure


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
