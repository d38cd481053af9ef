"""Figures of responses to flashes, drawn from the tables of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.report import style
from p300.report.prose import signed
from p300.report.scalp import (
    ROOM,
    UNEQUAL_SCALES,
    amplitudes,
    draw_legend,
    draw_pair,
    front_to_back,
    responses_at,
    share_y,
)
from p300.report.scalp_maps import draw_scalp_maps
from p300.report.style import GREY, INK, WIDTH, label
from p300.signal.averages import (
    best_electrodes,
    mean_over_subjects,
    subject_r_squared,
    with_both_kinds,
)
from p300.signal.positions import Positions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

    FloatArray = npt.NDArray[np.float64]

BEST = 4
"""Electrodes whose averages are shown."""

STEP = 0.05
"""Seconds from one map to the next, or a multiple of it."""

MOST_STEPS = 21
"""Maps of one figure."""

MOST_IMAGES = 12
"""Subjects whose epochs are shown in one figure."""

SMOOTHED = 0.02
"""Standard deviation of the smoothing over epochs as a share of their number, by default."""

_LEAST_SCALE = 0.01
_MANY = 16
_LABELLED = 24
_COLOURS = 33


def peak(mean: pd.DataFrame) -> tuple[str, float, float]:
    """Return where signed r squared is furthest from zero: electrode, seconds, value.

    Parameters
    ----------
    mean
        [electrode, time], from :func:`p300.signal.averages.mean_over_subjects`.
    """
    values = mean.to_numpy(float)
    row, column = np.unravel_index(np.abs(values).argmax(), values.shape)
    times = mean.columns.to_numpy(float)
    return str(mean.index[int(row)]), float(times[column]), float(values[row, column])


def describe_peak(mean: pd.DataFrame, electrode: str) -> str:
    """Return in words where the signed r squared of an electrode is furthest from zero."""
    _, time, value = peak(mean.loc[[electrode]])
    return f"r² {signed(value)} at {1e3 * time:.0f} ms"


def plot_r_squared(mean: pd.DataFrame, positions: Positions | None = None) -> Figure:
    """Plot the signed r squared of every electrode over time.

    Parameters
    ----------
    mean
        [electrode, time], from :func:`p300.signal.averages.mean_over_subjects`.
    positions
        Of the electrodes, which are ordered from front to back; by default the 10-05 system's, by
        their names.
    """
    figure = style.new_figure(WIDTH, 1.1 + map_height(len(mean)))
    draw_r_squared(figure.subplots(), mean, positions)
    return figure


def map_height(n_electrodes: int) -> float:
    """Return the inches that a line an electrode takes."""
    return max(1.2, (0.24 if n_electrodes <= _MANY else 0.105) * n_electrodes)


def draw_r_squared(
    ax: Axes, mean: pd.DataFrame, positions: Positions | None = None, heading: str = "",
    detail: str = "",
) -> None:  # fmt: skip
    """Draw signed r squared, [electrode, time], the front of the head at the top."""
    order = front_to_back(list(mean.index), positions)
    values, times = mean.to_numpy(float)[order], 1e3 * mean.columns.to_numpy(float)
    scale = max(_LEAST_SCALE, float(np.abs(values).max()))
    half = (times[1] - times[0]) / 2
    extent = (times[0] - half, times[-1] + half, len(values) - 0.5, -0.5)
    image = ax.imshow(
        values, cmap="RdBu_r", vmin=-scale, vmax=scale, aspect="auto", extent=extent,
        interpolation="nearest",
    )  # fmt: skip
    style.tidy(ax)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.axvline(0, color=GREY, lw=0.7)
    ax.set_yticks(range(len(order)), [label(mean.index[k], 12) for k in order])
    if len(order) > _LABELLED:
        ax.tick_params(axis="y", labelsize=6.5, length=0)
    ax.set_xlabel("Time from flash (ms)")
    style.title(ax, heading, detail)
    bar = ax.figure.colorbar(
        image, ax=ax, pad=0.01, aspect=14, ticks=[-scale, 0, scale], anchor=(0, 1),
        shrink=min(1.0, 10 / len(order)),
    )  # fmt: skip
    bar.ax.set_yticklabels([f"−{scale:.2g}", "0", f"+{scale:.2g}"])
    bar.ax.tick_params(labelsize=8, length=0, labelcolor=INK)
    bar.outline.set_visible(False)
    if not heading:
        bar.set_label("Signed r²", fontsize=8, color=INK)


def plot_difference_maps(averages: pd.DataFrame, positions: Positions | None = None) -> Figure:
    """Plot target minus non-target on the scalp, mean over subjects, every 50 ms.

    Where the epochs are long, every 100, 150, ... ms, so that there are :data:`MOST_STEPS` maps at
    most. Where one subject or electrode is louder than others by far (:func:`are_unequal`), each
    electrode of each subject is divided by the robust standard deviation of its averages.

    Parameters
    ----------
    averages
        Of one data set, columns :data:`p300.columns.AVERAGES`.
    positions
        Of the electrodes; by default the 10-05 system's, by their names.

    Raises
    ------
    RecordingError
        When the position of an electrode is unknown.
    """
    both, unit = with_both_kinds(averages), "µV"
    if are_unequal(both):
        both, unit = both.assign(microvolts=both["microvolts"] / amplitudes(both)), "robust SD"
    kinds = {
        kind: own.pivot_table(index="time", columns="electrode", values="microvolts")
        for kind, own in both.groupby("kind")
    }
    difference = (kinds["target"] - kinds["nontarget"])[list(both["electrode"].unique())]
    times = difference.index.to_numpy(float)
    at = [int(np.abs(times - time).argmin()) for time in _steps(times)]
    maps = difference.iloc[at].set_axis([f"{1e3 * times[k]:.0f} ms" for k in at])
    scale = float(f"{np.abs(maps.to_numpy()).max():.2g}") or 1.0
    name = f"Target − non-target ({unit})"
    return draw_scalp_maps(maps, name, "RdBu_r", (-scale, 0, scale), positions)


def are_unequal(averages: pd.DataFrame) -> bool:
    """Return whether a map in microvolts would show one subject or one electrode alone.

    That is where amplitudes of subjects differ more than
    :data:`~p300.report.scalp.UNEQUAL_SCALES`-fold, or an electrode's and those of most others.
    """
    scales = amplitudes(averages)
    typical = scales.groupby(averages["subject"]).median()
    loudest = (scales / averages["subject"].map(typical)).max()
    return bool(max(loudest, typical.max() / typical.min()) > UNEQUAL_SCALES)


def _steps(times: FloatArray) -> FloatArray:
    """Return the times of the maps: multiples of a step within the epoch."""
    begin, end = (np.array([times[0], times[-1]]) / STEP).round(6)
    every = int(np.ceil((np.floor(end) - np.ceil(begin) + 1) / MOST_STEPS))
    some: FloatArray = STEP * every * np.arange(np.ceil(begin / every), np.floor(end / every) + 1)
    return some


def plot_epoch_images(images: pd.DataFrame, smooth: float = SMOOTHED) -> Figure:
    """Plot the target epochs of every subject in the order of time, a panel a subject.

    Parameters
    ----------
    images
        Of one data set, columns :data:`p300.columns.EPOCH_IMAGES`; the first
        :data:`MOST_IMAGES` subjects are shown.
    smooth
        Standard deviation of the Gaussian that smooths over the epochs of a run, as a share of all.
    """
    subjects = list(images["subject"].unique())[:MOST_IMAGES]
    n_columns = min(4, len(subjects))
    n_rows = -(-len(subjects) // n_columns)
    width, height = (WIDTH / 4, 2.1) if n_columns > 2 else (WIDTH / 2, 2.8)
    figure, axes = style.panels(n_rows, n_columns, width=width, height=height, share=False)
    every = [ax for row in axes for ax in row]
    for ax, subject in zip(every, subjects, strict=False):
        own = images[images["subject"] == subject]
        limit = draw_epoch_image(ax, own, smooth)
        n = int(own.groupby(["session", "run", "line"])["n"].first().sum())
        style.title(ax, label(subject), f"{n:,} targets, ±{limit:.2g} µV")
    for ax in every[len(subjects) :]:
        ax.remove()
    for row in axes:
        row[0].set_ylabel("Target epoch")
    for ax in every[max(0, len(subjects) - n_columns) : len(subjects)]:
        ax.set_xlabel("Time from flash (ms)")
    return figure


def draw_epoch_image(ax: Axes, image: pd.DataFrame, smooth: float = SMOOTHED) -> float:
    """Draw the target epochs of one subject from the first at the top to the last.

    Returns the amplitude in µV that the colours reach to.
    """
    from matplotlib import colormaps

    wide = image.pivot_table(
        index=["session", "run", "line", "n"], columns="time", values="microvolts", sort=False
    )
    numbers = wide.groupby(level=["session", "run"], sort=False).ngroup()
    runs = np.asarray(numbers, dtype=np.int64)
    n = wide.index.get_level_values("n").to_numpy(int)
    values = smoothed(wide.to_numpy(float), runs, smooth)
    limit = float(np.quantile(np.abs(values), 0.995)) or 1.0
    times = wide.columns.to_numpy(float)
    drawn = draw_lines(ax, values.repeat(n, axis=0), runs.repeat(n), times, limit)
    # Of so many images on a page: few colours and whole pixels take a quarter of the space.
    drawn.set(cmap=colormaps["RdBu_r"].resampled(_COLOURS), interpolation="nearest")
    return limit


def smoothed(values: FloatArray, runs: npt.NDArray[np.int64], share: float) -> FloatArray:
    """Smooth over the epochs of each run by a Gaussian, a share of all epochs wide."""
    from scipy.ndimage import gaussian_filter1d

    sigma = share * len(values)
    if sigma <= 0:
        return values
    out = np.empty_like(values)
    for run in np.unique(runs):
        out[runs == run] = gaussian_filter1d(values[runs == run], sigma, axis=0)
    return out


def draw_lines(
    ax: Axes, values: FloatArray, runs: npt.NDArray[np.int64], times: FloatArray, limit: float
) -> AxesImage:
    """Draw epochs, [epoch, time], below each other, and a line between runs."""
    style.tidy(ax)
    half = 500 * (times[1] - times[0])
    extent = (1e3 * times[0] - half, 1e3 * times[-1] + half, len(values), 0)
    image = ax.imshow(
        values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", extent=extent,
        interpolation="antialiased",
    )  # fmt: skip
    for edge in np.flatnonzero(np.diff(runs)) + 1:
        ax.axhline(float(edge), color=INK, lw=0.6)
    ax.axvline(0, color=GREY, lw=0.7)
    return image


def plot_subject_responses(
    averages: pd.DataFrame,
    image: pd.DataFrame | None = None,
    positions: Positions | None = None,
) -> Figure:
    """Plot the responses of one subject.

    Above: target and non-target averages at its best electrodes. Below: signed r squared of every
    electrode over time, and its target epochs in the order of time.

    Parameters
    ----------
    averages
        Of one subject, columns :data:`p300.columns.AVERAGES`, with deviations.
    image
        Of the same subject, columns :data:`p300.columns.EPOCH_IMAGES`.
    positions
        Of the electrodes; by default the 10-05 system's, by their names.
    """
    mean = mean_over_subjects(subject_r_squared(averages))
    best = best_electrodes(mean, BEST)
    response = responses_at(averages, best, "µV")
    below = max(1.9, 0.85 * map_height(len(mean)))
    height = 3.3 + below
    figure = style.new_figure(WIDTH, height)
    figure.set_layout_engine("none")  # many such figures are drawn, and their layout is known

    def axes(left: float, bottom: float, width: float, tall: float) -> Axes:
        return figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, tall / height))

    top = [axes(0.75 + 2.25 * k, height - 2.05, 2.0, 1.5) for k in range(len(best))]
    for ax, name in zip(top, best, strict=True):
        style.tidy(ax)
        draw_pair(ax, response, name)
        style.title(ax, label(name), describe_peak(mean, name))
    share_y(top, ROOM)
    top[0].set_ylabel(f"Response ({response.unit})")
    draw_legend(top[0], 2)
    drawn = image is not None and len(image) > 0
    ax = axes(0.75, 0.55, 5.75 if drawn else 8.75, below)
    where, time, value = peak(mean)
    told = f"furthest from zero: {signed(value)} at {label(where)}, {1e3 * time:.0f} ms"
    draw_r_squared(ax, mean, positions, "Signed r²", told)
    if image is not None and drawn:
        ax = axes(7.3, 0.55, 2.2, below)
        limit = draw_epoch_image(ax, image)
        where = label(image["electrode"].iloc[0], 12)
        style.title(ax, f"Targets at {where}", f"in the order of time, ±{limit:.2g} µV")
        ax.set_xlabel("Time from flash (ms)")
    return figure
