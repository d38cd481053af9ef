"""Figures of epochs: averages, topographies, single epochs in the order they came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from p300.errors import EpochsError
from p300.report import style
from p300.report.response_figures import SMOOTHED, draw_lines, plot_r_squared, smoothed
from p300.report.scalp import Band, Response, central_electrodes, draw_responses, plot_grand_average
from p300.report.scalp_maps import describe_unplaced, draw_scalp_maps
from p300.report.style import GREY, INK, LIGHT, NONTARGET, TARGET, WIDTH, label
from p300.signal.averages import mean_over_subjects, subject_r_squared

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from p300.signal.epochs import Epochs

    FloatArray = npt.NDArray[np.float64]

MOST_PEAKS = 5
"""Topographies that are drawn where no times are given."""

PEAKS_APART = 0.06
"""Seconds at least between two peaks."""

LEAST_PEAK = 0.3
"""Share of the largest peak that another one has at least."""

_NO_SUBJECT = "no subject with targets and non-targets found, expected at least one"

NORMAL = 1.96
"""Standard errors on each side that hold 95 %."""


def plot_averages(
    epochs: Epochs,
    electrodes: Sequence[str] | None = None,
    over: Literal["subjects", "epochs"] | None = None,
) -> Figure:
    """Plot the responses to target and non-target flashes and their difference.

    Parameters
    ----------
    epochs
        Labelled.
    electrodes
        To show; by default those of the midline, without any the four nearest to Cz.
    over
        ``subjects``: means over subjects with their 95 % intervals, from six subjects, as reports
        have them. ``epochs``: means over all epochs; bands of 1.96 standard errors, which take
        epochs for independent, though neighbours that overlap are not quite. By default subjects
        where there are several.

    Raises
    ------
    EpochsError
        When epochs are not labelled, of one kind alone, or an electrode is not there.
    """
    shown = _labelled(epochs)
    names = list(electrodes or central_electrodes(epochs.electrodes, epochs.positions or None))
    shown = shown.pick(names)
    scale, unit = _unit(epochs)
    if over is None:
        over = "subjects" if epochs.units("subject").max() > 0 else "epochs"
    if over == "subjects":
        averages = shown.averages()
        averages = averages.assign(
            microvolts=averages["microvolts"] * (scale / 1e6),
            subject=averages["dataset"] + "/" + averages["subject"],
        )
        return plot_grand_average(averages, unit=unit, electrodes=names)
    curves = {}
    for k, name in enumerate(names):
        bands = {kind: _band(scale * shown.X[rows, k]) for kind, rows in _kinds(shown).items()}
        curves[name] = bands | {"difference": _difference(bands["target"], bands["nontarget"])}
    return draw_responses(Response(curves, shown.times, unit))


def plot_topographies(epochs: Epochs, times: Sequence[float] | None = None) -> Figure:
    """Plot target minus non-target responses on the scalp, means over subjects.

    Parameters
    ----------
    epochs
        Labelled, with positions of all electrodes.
    times
        Seconds from the flash; by default the peaks of the root mean square over electrodes, five
        at most.

    Raises
    ------
    EpochsError
        When epochs are not labelled or of one kind alone, the position of an electrode is unknown,
        or a time is outside of the epochs.
    """
    shown = _labelled(epochs)
    unplaced = describe_unplaced(epochs.electrodes, epochs.positions)
    if unplaced:
        raise EpochsError(
            f"{unplaced} Set a montage (epochs.set_montage in MNE, the option montage of a source) "
            "or pick the others"
        )
    scale, unit = _unit(epochs)
    difference = scale * _mean_difference(shown)
    at = _peaks(difference, epochs.sfreq) if times is None else _samples(epochs, times)
    maps = _table(difference[:, at].T, epochs, at)
    largest = float(np.abs(maps.to_numpy()).max()) or 1.0
    scale_end = float(f"{largest:.2g}")
    name = f"Target − non-target ({unit})"
    return draw_scalp_maps(maps, name, "RdBu_r", (-scale_end, 0, scale_end), epochs.positions)


def plot_signed_r_squared(epochs: Epochs) -> Figure:
    """Plot how well single epochs tell targets from non-targets, by electrode and time.

    Signed r squared of each subject's epochs (:func:`p300.signal.separability.signed_r_squared`),
    mean over subjects, the front of the head at the top. The unit of the epochs does not matter.

    Parameters
    ----------
    epochs
        Labelled.

    Raises
    ------
    EpochsError
        When epochs are not labelled or no subject has both kinds.
    """
    averages = _labelled(epochs).averages()
    # Of one name in two data sets there are two.
    averages["subject"] = averages["dataset"] + "/" + averages["subject"]
    r_squared = subject_r_squared(averages)
    if r_squared.empty:
        raise EpochsError(_NO_SUBJECT)
    return plot_r_squared(mean_over_subjects(r_squared), epochs.positions or None)


def plot_image(epochs: Epochs, electrode: str | None = None, smooth: float | None = None) -> Figure:
    """Plot single epochs as an image, one a line, in the order they came in.

    Subjects, sessions and runs stand below each other, divided by lines; within a run epochs are
    sorted by their time. Non-target responses are smoothed as far as target responses are, as a
    share of their number, so that both images are alike.

    Parameters
    ----------
    epochs
        Labelled.
    electrode
        To show; by default Pz, or the first of the midline.
    smooth
        Standard deviation, in target epochs, of the Gaussian that smooths over epochs of a run; 0
        for none. By default a fiftieth of the target epochs.

    Raises
    ------
    EpochsError
        When epochs are not labelled or of one kind alone, or the electrode is not there.
    """
    shown = _labelled(epochs)
    central = central_electrodes(epochs.electrodes, epochs.positions or None)
    name = electrode or ("Pz" if "Pz" in epochs.electrodes else central[0])
    shown = shown.pick([name])
    scale, unit = _unit(epochs)
    order = _order(shown)
    values = scale * shown.X[order, 0].astype(np.float64)
    target, runs = shown.y[order] == 1, shown.units("run")[order]
    share = SMOOTHED if smooth is None else smooth / int(target.sum())
    images = {
        "target": (smoothed(values[target], runs[target], share), runs[target]),
        "non-target": (smoothed(values[~target], runs[~target], share), runs[~target]),
    }
    limit = (
        float(np.quantile(np.abs(np.concatenate([i for i, _ in images.values()])), 0.995)) or 1.0
    )
    figure = style.new_figure(WIDTH, 5.2)
    axes = figure.subplots(2, 2, sharex=True, height_ratios=[3, 1])
    for k, (kind, (lines, within)) in enumerate(images.items()):
        colour = TARGET if kind == "target" else NONTARGET
        image = draw_lines(axes[0, k], lines, within, shown.times, limit)
        style.title(axes[0, k], f"{label(name)}, {kind}", f"{len(lines):,} epochs", colour)
        mean = _band(values[target if kind == "target" else ~target])
        _draw_below(axes[1, k], mean, shown.times, colour)
    axes[0, 0].set_ylabel("Epoch, in the order of time")
    axes[1, 0].set_ylabel(f"Mean ({unit})")
    low = min(ax.get_ylim()[0] for ax in axes[1])
    high = max(ax.get_ylim()[1] for ax in axes[1])
    for ax in axes[1]:
        ax.set_ylim(low, high)
    bar = figure.colorbar(image, ax=list(axes[0]), pad=0.01, aspect=22, ticks=[-limit, 0, limit])
    bar.ax.set_yticklabels([f"−{limit:.2g}", "0", f"+{limit:.2g}"])
    bar.ax.tick_params(labelsize=8, length=0, labelcolor=INK)
    bar.outline.set_visible(False)
    bar.set_label(unit, fontsize=8, color=INK)
    return figure


def _labelled(epochs: Epochs) -> Epochs:
    if not len(epochs) or len(np.unique(epochs.y)) < 2:
        raise EpochsError(
            f"{len(epochs)} epochs, {int(epochs.y.sum())} of targets found, expected targets and "
            "non-targets to compare"
        )
    return epochs


def _unit(epochs: Epochs) -> tuple[float, str]:
    """Return what X is multiplied by to be shown, and the unit then."""
    scores = epochs.preprocessing.get("normaliser", "none") != "none"
    return (1.0, "SD of the epoch") if scores else (1e6, "µV")


def _kinds(epochs: Epochs) -> dict[str, npt.NDArray[np.bool_]]:
    return {"target": epochs.y == 1, "nontarget": epochs.y == 0}


def _band(values: npt.NDArray[np.floating]) -> Band:
    """Return mean and 95 % interval over epochs, [epoch, time]."""
    mean = values.mean(axis=0, dtype=np.float64)
    if len(values) < 2:
        return Band(mean)
    error = NORMAL * values.std(axis=0, ddof=1, dtype=np.float64) / np.sqrt(len(values))
    return Band(mean, mean - error, mean + error)


def _difference(one: Band, other: Band) -> Band:
    mean = one.mean - other.mean
    if one.high is None or other.high is None:
        return Band(mean)
    error = np.hypot(one.high - one.mean, other.high - other.mean)
    return Band(mean, mean - error, mean + error)


def _mean_difference(epochs: Epochs) -> FloatArray:
    """Return target minus non-target, mean over subjects that have both, [electrode, time]."""
    subjects, y = epochs.units("subject"), epochs.y
    differences = []
    for subject in range(subjects.max() + 1):
        of_targets, others = (
            np.flatnonzero((subjects == subject) & (y == kind)) for kind in (1, 0)
        )
        if len(of_targets) and len(others):
            means = [epochs.X[rows].mean(axis=0, dtype=np.float64) for rows in (of_targets, others)]
            differences.append(means[0] - means[1])
    if not differences:
        raise EpochsError(_NO_SUBJECT)
    mean: FloatArray = np.mean(differences, axis=0)
    return mean


def _peaks(difference: FloatArray, sfreq: float) -> npt.NDArray[np.int64]:
    """Return the samples at which the root mean square over electrodes peaks, ascending."""
    from scipy.signal import find_peaks

    power = np.sqrt(np.square(difference).mean(axis=0))
    apart = max(1, round(PEAKS_APART * sfreq))
    found, _ = find_peaks(power, distance=apart, height=LEAST_PEAK * float(power.max()))
    largest = found[np.argsort(-power[found], kind="stable")[:MOST_PEAKS]]
    return np.sort(largest) if len(largest) else np.array([int(power.argmax())])


def _samples(epochs: Epochs, times: Sequence[float]) -> npt.NDArray[np.int64]:
    wanted = np.asarray(times, dtype=np.float64).ravel()
    begin, end, half = epochs.times[0], epochs.times[-1], 0.5 / epochs.sfreq
    if not len(wanted) or not ((wanted >= begin - half) & (wanted <= end + half)).all():
        raise EpochsError(
            f"times {wanted.tolist()} found, expected some from {begin:g} to {end:.4g} s"
        )
    distance = np.abs(epochs.times[np.newaxis] - wanted[:, np.newaxis])
    return np.asarray(distance.argmin(axis=1), dtype=np.int64)


def _table(values: FloatArray, epochs: Epochs, at: npt.NDArray[np.int64]) -> pd.DataFrame:
    import pandas as pd

    names = [f"{1e3 * epochs.times[k]:.0f} ms" for k in at]
    return pd.DataFrame(values, index=names, columns=list(epochs.electrodes))


def _order(epochs: Epochs) -> npt.NDArray[np.int64]:
    """Return the epochs by run, in order of first appearance, and time within the run."""
    flashes = epochs.flashes
    time = flashes["onset"].fillna(flashes["sample"].astype(float)).to_numpy(dtype=np.float64)
    runs = [epochs.units(level) for level in ("run", "session", "subject")]
    return np.lexsort((time, *runs))


def _draw_below(ax: Axes, band: Band, times: FloatArray, colour: str) -> None:
    style.tidy(ax)
    ax.axhline(0, color=LIGHT, lw=0.7, zorder=0)
    ax.axvline(0, color=GREY, lw=0.7, zorder=0)
    band.draw(ax, times, colour)
    ax.set_xlabel("Time from flash (ms)")
