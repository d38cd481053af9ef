"""Figures of what a detector looks at: electrodes, temporal kernels, saliency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.detectors.patterns import frequency_response
from p300.report import style
from p300.report.scalp import MOST_MAPS, front_to_back
from p300.report.scalp_maps import draw_scalp_maps
from p300.report.style import GREY, INK, LIGHT, PALETTE, WIDTH, label
from p300.signal.positions import Positions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    FloatArray = npt.NDArray[np.float64]

MOST_ROW_NAMES = 16
"""Electrodes that are named beside a saliency map."""


def plot_electrode_ranking(weights: pd.DataFrame, positions: Positions | None = None) -> Figure:
    """Plot how heavily each electrode weighs as scalp maps, one a subject.

    Parameters
    ----------
    weights
        Sums of absolute weights (:func:`p300.detectors.meta.electrode_choice.electrode_weights`),
        [subject, electrode]. The first :data:`MOST_MAPS` rows are shown, each from 0 to its
        largest value.
    positions
        Of the electrodes; by default the 10-05 system's, by their names.
    """
    shown = weights.iloc[:MOST_MAPS]
    relative = shown.div(shown.max(axis=1).where(lambda most: most > 0, 1.0), axis=0)
    return draw_scalp_maps(relative, "Weight (largest = 1)", "YlOrBr", (0, 0.5, 1), positions)


def plot_temporal_kernels(kernels: npt.ArrayLike, sfreq: float) -> Figure:
    """Plot the kernels that read each spatial filter and their gain by frequency.

    Parameters
    ----------
    kernels
        [filter, map, time]. The :data:`MOST_MAPS` filters of the largest kernels are shown. Above:
        the kernels, divided by the largest absolute value of all. Below: their gain relative to
        what they let through of white noise, thin; thick the root mean square over the kernels.
    sfreq
        Rate of the signal that they read, in Hz.
    """
    given = np.asarray(kernels, dtype=np.float64)
    largest = np.argsort(-np.linalg.norm(given, axis=(1, 2)), kind="stable")
    chosen = np.sort(largest[:MOST_MAPS])
    times = 1e3 * np.arange(given.shape[2]) / sfreq
    n_columns = min(5, len(chosen))
    n_rows = -(-len(chosen) // n_columns)
    figure, axes = style.panels(
        n_rows, n_columns, width=WIDTH / max(n_columns, 3), height=2.9, share=False, ratios=(1, 0.9)
    )
    peak = np.abs(given[chosen]).max() or 1.0
    for k, number in enumerate(chosen):
        row, column = divmod(k, n_columns)
        upper, lower = axes[2 * row][column], axes[2 * row + 1][column]
        upper.axhline(0, color=LIGHT, lw=0.7, zorder=0)
        for order, kernel in enumerate(given[number]):
            upper.plot(times, kernel / peak, color=PALETTE[order % len(PALETTE)], lw=1.1)
        upper.set(ylim=(-1.08, 1.08), xlim=(0, times[-1]), yticks=[-1, 0, 1])
        _draw_gains(lower, given[number], sfreq)
        style.title(upper, f"filter {number + 1}")
        upper.set_xlabel("Time in the kernel (ms)")
        lower.set_xlabel("Frequency (Hz)")
        for ax, name in ((upper, "Weight"), (lower, "Gain")):
            ax.tick_params(labelleft=column == 0, labelsize=8)
            ax.xaxis.label.set_fontsize(8.5)
            ax.set_ylabel(name if column == 0 else "")
    for ax in (ax for pair in axes[-2:] for ax in pair[len(chosen) - n_columns * (n_rows - 1) :]):
        ax.remove()
    return figure


def _relative_gains(kernels: FloatArray, sfreq: float) -> tuple[FloatArray, FloatArray]:
    """Return frequencies and the gains of kernels, [kernel, time], relative to white noise."""
    frequencies, gains = frequency_response(kernels, sfreq)
    power = (kernels**2).sum(axis=1, keepdims=True)
    return frequencies, gains / np.sqrt(np.where(power > 0, power, 1.0))


def _draw_gains(ax: Axes, kernels: FloatArray, sfreq: float) -> None:
    """Draw the gain of every kernel of a filter and the root of their mean square."""
    frequencies, gains = _relative_gains(kernels, sfreq)
    for order, gain in enumerate(gains):
        ax.plot(frequencies, gain, color=PALETTE[order % len(PALETTE)], lw=0.7, alpha=0.6)
    _draw_mean_gain(ax, frequencies, gains, INK)


def _draw_mean_gain(ax: Axes, frequencies: FloatArray, gains: FloatArray, colour: str) -> None:
    ax.plot(frequencies, np.sqrt((gains**2).mean(axis=0)), color=colour, lw=2)
    ax.axhline(1, color=LIGHT, lw=0.7, ls=(0, (4, 3)), zorder=0)
    ax.set(xlim=(0, frequencies[-1]), ylim=(0, None))


def plot_kernel_gains(kernels: Mapping[str, npt.ArrayLike], sfreq: float) -> Figure:
    """Plot the gain by frequency of all temporal kernels of several detectors.

    Parameters
    ----------
    kernels
        Detector -> [filter, map, time]. Line: the root mean square over the kernels of the gain
        relative to what each lets through of white noise (dashed). Band: the middle 80 % of them.
    sfreq
        Rate of the signal that they read, in Hz.
    """
    colours = style.detector_colours(kernels)
    n_columns = min(4, len(kernels))
    n_rows = -(-len(kernels) // n_columns)
    figure, axes = style.panels(n_rows, n_columns, width=WIDTH / 4, height=2.2)
    flat = [ax for row in axes for ax in row]
    for ax, (name, given) in zip(flat, kernels.items(), strict=False):
        array = np.asarray(given, dtype=np.float64)
        rows = array.reshape(-1, array.shape[2])
        frequencies, gains = _relative_gains(rows, sfreq)
        low, high = np.percentile(gains, [10, 90], axis=0)
        ax.fill_between(frequencies, low, high, color=colours[name], alpha=0.18, lw=0)
        _draw_mean_gain(ax, frequencies, gains, colours[name])
        style.title(ax, label(name, 20), f"{len(rows)} kernels", colours[name])
        ax.set_xlabel("Frequency (Hz)")
        ax.tick_params(labelbottom=True)
    for row in axes:
        row[0].set_ylabel("Gain")
    for ax in flat[len(kernels) :]:
        ax.remove()
    return figure


def plot_saliency(
    saliencies: Mapping[str, pd.DataFrame], positions: Positions | None = None
) -> Figure:
    """Plot what a small rise of each sample adds to the log-odds of a target.

    Parameters
    ----------
    saliencies
        Detector -> mean gradient over target epochs
        (:func:`p300.detectors.patterns.saliency`), electrodes in rows, times from the flash in
        s in columns. Each is divided by its largest absolute value; electrodes are put in order
        from the front to the back.
    positions
        Of the electrodes; by default the 10-05 system's, by their names.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    most = max(len(table) for table in saliencies.values())
    n_columns = min(4, len(saliencies))
    n_rows = -(-len(saliencies) // n_columns)
    width = WIDTH / max(n_columns, 2)
    figure, axes = style.panels(
        n_rows, n_columns, width=width, height=min(3.8, 1.2 + 0.16 * most), share=False
    )
    flat = [ax for row in axes for ax in row]
    for ax, (name, table) in zip(flat, saliencies.items(), strict=False):
        _draw_saliency(ax, table.iloc[front_to_back([str(e) for e in table.index], positions)])
        style.title(ax, label(name, 20))
    for ax in flat[len(saliencies) :]:
        ax.remove()
    scale = ScalarMappable(Normalize(-1, 1), "RdBu_r")
    used = flat[: len(saliencies)]
    bar = figure.colorbar(scale, ax=used, shrink=0.7, aspect=22, pad=0.02, ticks=[-1, 0, 1])
    bar.ax.tick_params(labelsize=8, length=0, labelcolor=GREY)
    bar.outline.set_visible(False)
    bar.set_label("Log-odds (largest = 1)", fontsize=8, color=INK)
    return figure


def _draw_saliency(ax: Axes, table: pd.DataFrame) -> None:
    """Draw electrode x time, the rows in the order given."""
    values, times = table.to_numpy(float), 1e3 * table.columns.to_numpy(float)
    half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.5
    ax.imshow(
        values / (np.abs(values).max() or 1.0), cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto",
        interpolation="nearest",
        extent=(times[0] - half, times[-1] + half, len(table) - 0.5, -0.5),
    )  # fmt: skip
    named = range(0, len(table), -(-len(table) // MOST_ROW_NAMES))
    ax.set_yticks(list(named), [label(table.index[k], 8) for k in named])
    ax.tick_params(labelsize=8, length=0)
    ax.set_xlabel("Time from flash (ms)")
