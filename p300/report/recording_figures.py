"""The figure of a recording: averages, separability by electrode and time, flash timing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.recordings.flashes import PAUSE
from p300.report import style
from p300.report.prose import several, signed
from p300.report.response_figures import draw_r_squared
from p300.report.style import GREY, INK, LIGHT, NONTARGET, TARGET, WIDTH, label
from p300.signal.separability import Responses

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    FloatArray = npt.NDArray[np.float64]

BEST = 4
"""Electrodes whose averages are shown."""

_UNITS = {"V": (1e6, "µV"), "SD": (1.0, "robust SD")}


def plot_recording(title: str, responses: Responses | None, intervals: FloatArray) -> Figure:
    """Plot what inspecting recordings gave.

    Parameters
    ----------
    title
        Stands above the figure.
    responses
        Averages and signed r squared; None where no targets are known: then only the flash
        intervals are drawn.
    intervals
        [interval], seconds from flash to flash, pauses included.
    """
    if responses is None:
        figure = style.new_figure(WIDTH, 2.6)
        _draw_intervals(figure.subplots(), intervals)
    else:
        rows = len(responses.electrodes)
        heights = [2.2, max(1.9, 0.6 + (0.24 if rows <= 16 else 0.13) * rows), 1.7]
        figure = style.new_figure(WIDTH, sum(heights) + 0.5)
        grid = figure.add_gridspec(3, BEST, height_ratios=heights)
        best = responses.best_electrodes(BEST)
        averages = [figure.add_subplot(grid[0, k]) for k in range(len(best))]
        _draw_averages(averages, responses, best)
        handles, names = averages[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="upper right", ncols=2, frameon=False, fontsize=9)
        counts = (
            f"{responses.n_targets:,} targets, {responses.n_nontargets:,} non-targets, "
            f"{several(responses.n_recordings, 'recording')}"
        )
        mean = pd.DataFrame(
            responses.r_squared, index=list(responses.electrodes), columns=responses.times
        )
        draw_r_squared(
            figure.add_subplot(grid[1, :]), mean, responses.positions,
            "Signed r² of single flashes", counts,
        )  # fmt: skip
        _draw_intervals(figure.add_subplot(grid[2, :]), intervals)
    figure.get_layout_engine().set(h_pad=0.08, w_pad=0.05)  # type: ignore[call-arg,union-attr]
    figure.suptitle(label(title, 110), x=0.01, ha="left", fontsize=11, color=GREY)
    return figure


def _draw_averages(axes: Sequence[Axes], responses: Responses, best: Sequence[int]) -> None:
    """Draw targets and non-targets at some electrodes, with their standard errors."""
    times = 1e3 * responses.times
    factor, unit = _UNITS[responses.unit]
    kinds = (
        ("non-target", NONTARGET, responses.nontarget, responses.nontarget_error),
        ("target", TARGET, responses.target, responses.target_error),
    )
    for ax, row in zip(axes, best, strict=True):
        style.tidy(ax)
        for zero in (ax.axhline, ax.axvline):
            zero(0, color=LIGHT, lw=0.7, zorder=0)
        for name, colour, mean, error in kinds:
            curve, width = factor * mean[row], factor * error[row]
            ax.fill_between(times, curve - width, curve + width, color=colour, alpha=0.22, lw=0)
            ax.plot(times, curve, color=colour, lw=1.6, label=name)
        peak = int(np.abs(responses.r_squared[row]).argmax())
        r2 = f"r² {signed(responses.r_squared[row, peak])} at {times[peak]:.0f} ms"
        style.title(ax, label(responses.electrodes[row]), r2)
        ax.set(xlim=(times[0], times[-1]), xlabel="Time from flash (ms)")
    limits = [ax.get_ylim() for ax in axes]
    for ax in axes:
        ax.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        ax.tick_params(labelleft=ax is axes[0])
    axes[0].set_ylabel(f"Mean ± SE ({unit})")


def _draw_intervals(ax: Axes, intervals: FloatArray) -> None:
    """Draw how often each onset interval came; the pauses between trains only as words."""
    style.tidy(ax)
    usual = float(np.median(intervals)) if len(intervals) else 0.0
    inside = 1e3 * intervals[intervals <= PAUSE * usual]
    pauses = intervals[intervals > PAUSE * usual]
    if len(inside) == 0:
        ax.text(0.5, 0.5, "a single flash", ha="center", color=GREY, transform=ax.transAxes)
        return
    low, high = float(inside.min()), float(inside.max())
    margin = max(0.15 * (high - low), 0.1 * 1e3 * usual)
    ax.hist(inside, bins=np.linspace(low - margin, high + margin, 121).tolist(), color=INK)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.yaxis.set_minor_formatter("")
    ax.set_ylim(bottom=0.7)
    ax.set(xlim=(low - margin, high + margin), xlabel="From flash to flash (ms)", ylabel="Flashes")
    detail = f"median {1e3 * usual:.0f} ms, {low:.0f} to {high:.0f} ms"
    if len(pauses):
        detail += f"; not drawn: {several(len(pauses), 'pause')}, median {np.median(pauses):.1f} s"
    style.title(ax, "Onset intervals", detail)
