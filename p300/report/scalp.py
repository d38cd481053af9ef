"""Figures of the EEG itself: averaged responses and what spatial filters look for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.evaluation.intervals import FEWEST, mean_interval
from p300.recordings.montage import standard_positions
from p300.report import style
from p300.report.scalp_maps import draw_scalp_maps
from p300.report.style import INK, LIGHT, NONTARGET, TARGET, WIDTH, label
from p300.signal.averages import with_both_kinds
from p300.signal.positions import Positions, known_positions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    FloatArray = npt.NDArray[np.float64]

MIDLINE = ("Fz", "Cz", "Pz", "Oz")
MOST_MAPS = 10
ROW = 0.01
"""Metres from front to back within which electrodes are of one row."""
NOTHING: Mapping[str, str] = MappingProxyType({})
ROOM = 0.2
"""Share of their height that is left above curves for a legend."""
UNEQUAL_SCALES = 20.0
"""Ratio of amplitudes from which a mean over subjects in microvolts shows the loudest alone."""


@dataclass(frozen=True, eq=False)
class Band:
    """A curve, [time], and the ends of its 95 % interval where there is one."""

    mean: FloatArray
    low: FloatArray | None = None
    high: FloatArray | None = None

    def draw(self, ax: Axes, times: FloatArray, colour: str, name: str = "") -> None:
        """Draw the curve and its interval over times in seconds."""
        if self.low is not None and self.high is not None:
            ax.fill_between(1e3 * times, self.low, self.high, color=colour, alpha=0.18, lw=0)
        ax.plot(1e3 * times, self.mean, color=colour, lw=1.7, label=name)
        ax.set_xlim(1e3 * times[0], 1e3 * times[-1])


@dataclass(frozen=True, eq=False)
class Response:
    """Electrode -> target, nontarget, difference -> curve; the times in s, the unit of values."""

    curves: Mapping[str, Mapping[str, Band]]
    times: FloatArray
    unit: str


def plot_grand_average(
    averages: pd.DataFrame,
    positions: Positions | None = None,
    *,
    unit: str = "µV",
    electrodes: Sequence[str] | None = None,
    details: Mapping[str, str] = NOTHING,
) -> Figure:
    """Plot the responses to target and non-target flashes and their difference.

    Parameters
    ----------
    averages
        Tidy averages of one data set: subject, kind ("target" or "nontarget"), electrode, time in
        s, microvolts. Lines are means over subjects with their 95 % intervals, from six subjects.
        Where amplitudes differ more than :data:`UNEQUAL_SCALES`-fold (another unit, a loose
        electrode), each electrode of each subject is divided by its robust standard deviation
        first.
    positions
        Of the electrodes; by default the 10-05 system's, by their names.
    unit
        Of the values, where they are no microvolts.
    electrodes
        To show, by default :func:`central_electrodes`.
    details
        Electrode -> what stands under its name.
    """
    names = list(electrodes or central_electrodes(list(averages["electrode"].unique()), positions))
    return draw_responses(responses_at(averages, names, unit), details)


def draw_responses(response: Response, details: Mapping[str, str] = NOTHING) -> Figure:
    """Draw target and non-target curves of some electrodes and, under them, their difference.

    Parameters
    ----------
    response
        What to draw.
    details
        Electrode -> what stands under its name.
    """
    names = list(response.curves)
    width = min(WIDTH / 4, WIDTH / len(names)) if len(names) > 1 else WIDTH / 2
    figure, axes = style.panels(2, len(names), width=width, height=2.3, share=False)
    for k, (electrode, bands) in enumerate(response.curves.items()):
        top, bottom = axes[0][k], axes[1][k]
        draw_pair(top, response, electrode)
        bottom.axhline(0, color=LIGHT, lw=0.7, zorder=0)
        bands["difference"].draw(bottom, response.times, INK, "difference")
        style.title(top, label(electrode), details.get(electrode, ""))
        bottom.set_xlabel("Time from flash (ms)")
        top.tick_params(labelbottom=False)
    share_y(axes[0], ROOM)
    share_y(axes[1])
    for row, name in zip(axes, ("Response", "Difference"), strict=True):
        row[0].set_ylabel(f"{name} ({response.unit})")
    draw_legend(axes[0][0], 2 if len(names) <= 4 else 1)
    return figure


def draw_pair(ax: Axes, response: Response, electrode: str) -> None:
    """Draw the target and the non-target curve of an electrode."""
    ax.axhline(0, color=LIGHT, lw=0.7, zorder=0)
    for kind, colour, name in (
        ("nontarget", NONTARGET, "non-target"),
        ("target", TARGET, "target"),
    ):
        response.curves[electrode][kind].draw(ax, response.times, colour, name)


def amplitude_ratio(averages: pd.DataFrame) -> float:
    """Return the ratio of the largest to the smallest amplitude among subjects and electrodes."""
    return _ratio(amplitudes(averages))


def central_electrodes(electrodes: Sequence[str], positions: Positions | None = None) -> list[str]:
    """Choose the midline electrodes, without any the four nearest to Cz."""
    midline = [name for name in MIDLINE if name in electrodes]
    if midline:
        return midline
    places, vertex = known_positions(positions), standard_positions()["Cz"]
    distance = {name: math.dist(places[name], vertex) for name in electrodes if name in places}
    return sorted(distance, key=lambda name: distance[name])[:4] or list(electrodes)[:4]


def front_to_back(electrodes: Sequence[str], positions: Positions | None = None) -> list[int]:
    """Order electrodes from the front of the head to its back, each row from left to right.

    Those whose positions are unknown come last, as they are. Returns the positions in the list.
    """
    places = known_positions(positions)
    known = [k for k, name in enumerate(electrodes) if name in places]
    known.sort(key=lambda k: -places[electrodes[k]][1])
    rows: list[list[int]] = []
    for k in known:
        # Rows of the 10-20 system are arcs; within a centimetre is one row.
        if rows and places[electrodes[rows[-1][0]]][1] - places[electrodes[k]][1] < ROW:
            rows[-1].append(k)
        else:
            rows.append([k])
    ordered = [k for row in rows for k in sorted(row, key=lambda k: places[electrodes[k]][0])]
    return ordered + [k for k in range(len(electrodes)) if k not in known]


def amplitudes(averages: pd.DataFrame) -> pd.Series[float]:
    """Give, in every row, the robust standard deviation of its subject and electrode in µV."""
    values = averages.groupby(["subject", "electrode"])["microvolts"]
    distance = (averages["microvolts"] - values.transform("median")).abs()
    by_electrode = distance.groupby([averages["subject"], averages["electrode"]])
    spread = 1.4826 * by_electrode.transform("median")
    return spread.where(spread > 0, 1.0)


def _ratio(scales: pd.Series[float]) -> float:
    return float(scales.max() / scales.min())


def responses_at(averages: pd.DataFrame, electrodes: Sequence[str], unit: str) -> Response:
    """Return the responses at some electrodes, means over the subjects that have both kinds.

    Where amplitudes differ more than :data:`UNEQUAL_SCALES`-fold they are divided, see
    :func:`plot_grand_average`.
    """
    shown = with_both_kinds(averages[averages["electrode"].isin(electrodes)])
    scales = amplitudes(shown)
    if _ratio(scales) > UNEQUAL_SCALES:
        shown, unit = shown.assign(microvolts=shown["microvolts"] / scales), "robust SD"
    table = shown.pivot_table(
        index="subject", columns=["kind", "electrode", "time"], values="microvolts"
    )
    curves = {}
    for name in electrodes:
        target, nontarget = (table[kind][name].to_numpy(float) for kind in ("target", "nontarget"))
        curves[name] = {
            "target": _over_subjects(target),
            "nontarget": _over_subjects(nontarget),
            "difference": _over_subjects(target - nontarget),
        }
    return Response(curves, table["target"][electrodes[0]].columns.to_numpy(float), unit)


def _over_subjects(curves: FloatArray) -> Band:
    """Return the mean over subjects of [subject, time] with its 95 % interval."""
    mean = curves.mean(axis=0)
    if len(curves) < FEWEST:
        return Band(mean)
    low, high = np.array([mean_interval(values) for values in curves.T]).T
    return Band(mean, low, high)


def share_y(row: Sequence[Axes], room: float = 0.0) -> None:
    """Give axes beside each other the same limits, told by the first alone.

    Parameters
    ----------
    row
        The axes.
    room
        To leave above what is drawn, as a share of its height.
    """
    limits = [ax.get_ylim() for ax in row]
    low, high = min(low for low, _ in limits), max(high for _, high in limits)
    for ax in row:
        ax.set_ylim(low, high + room * (high - low))
        ax.tick_params(labelleft=ax is row[0])


def draw_legend(ax: Axes, n_columns: int) -> None:
    """Name the curves in the room above them."""
    ax.legend(
        frameon=False, fontsize=9, labelcolor=INK, loc="upper left", ncols=n_columns,
        handlelength=1.1, columnspacing=0.9, borderpad=0, borderaxespad=0.2,
    )  # fmt: skip


def plot_spatial_patterns(patterns: pd.DataFrame, positions: Positions | None = None) -> Figure:
    """Plot what each spatial filter of a detector responds to as a scalp map.

    A pattern tells where on the scalp the activity is seen that a filter extracts; the weights of
    the filter itself do not (Haufe et al., NeuroImage 87:96-110, 2014).

    Parameters
    ----------
    patterns
        [filter, electrode]. The :data:`MOST_MAPS` of the largest norm are shown, each divided by
        its largest absolute value and turned so that this value is positive.
    positions
        Of the electrodes; by default the 10-05 system's, by their names.
    """
    order = np.argsort(-np.linalg.norm(patterns.to_numpy(float), axis=1), kind="stable")
    shown = patterns.iloc[np.sort(order[:MOST_MAPS])]
    peaks = shown.to_numpy(float)[np.arange(len(shown)), np.abs(shown.to_numpy()).argmax(axis=1)]
    scaled = shown.div(np.where(peaks, peaks, 1.0), axis=0).rename(index=lambda k: f"filter {k}")
    return draw_scalp_maps(scaled, "Pattern (largest value = 1)", "RdBu_r", (-1, 0, 1), positions)
