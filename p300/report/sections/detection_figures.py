"""Figures of scores and training: detection by subject, ROC, calibration, learning curves.

Every figure comes from tables alone and is a :class:`matplotlib.figure.Figure` that pyplot does
not know; ``figure.savefig(...)`` writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.evaluation.measures import calibration_bins, roc_points
from p300.evaluation.metrics import HEADLINE, METRICS, Metric
from p300.report import style
from p300.report.panels import Panel, detector_panels, label_outside
from p300.report.run_results import MEAN, repeats
from p300.report.style import GREY, INK, LIGHT, detector_colours, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    FloatArray = npt.NDArray[np.float64]

_MOST_LABELS = 14
_LABEL_GAP = 0.028
_MOST_SLANTED = 9
_RATES = np.linspace(0, 1, 201)
_BINS = np.linspace(0, 1, 21)


def plot_auc_by_subject(metrics: pd.DataFrame) -> Figure:
    """Plot the ROC-AUC of every subject and the mean with its interval.

    Parameters
    ----------
    metrics
        Metrics of a run (:attr:`~p300.report.run_results.RunResults.metrics`). One row of panels a
        data set, one panel a protocol with the detectors side by side; with a single detector one
        panel a data set with the protocols side by side. A line connects what belongs to one
        subject.
    """
    auc = metrics[metrics["metric"] == HEADLINE.name]
    datasets, protocols, detectors = (
        list(auc[column].unique()) for column in ("dataset", "protocol", "detector")
    )
    colours = detector_colours(metrics["detector"].unique())
    single = len(detectors) == 1
    across = "protocol" if single else "detector"
    categories = protocols if single else detectors
    shown: list[str | None] = [None] if single else list(protocols)
    figure, axes = style.panels(
        len(datasets), len(shown), width=max(3.2, 1.6 + 1.2 * len(categories)), height=3.7
    )
    for row, dataset in zip(axes, datasets, strict=True):
        for ax, protocol in zip(row, shown, strict=True):
            part = auc[auc["dataset"] == dataset]
            if protocol is not None:
                part = part[part["protocol"] == protocol]
            if part.empty:
                ax.remove()
                continue
            dots = [colours[detectors[0] if single else name] for name in categories]
            _draw_subjects(ax, part, across, dict(zip(categories, dots, strict=True)))
            heading = protocol if protocol is not None else detectors[0]
            style.title(ax, label(heading, 40), label(dataset, 40) if len(datasets) > 1 else "")
        row[0].set_ylabel(HEADLINE.axis)
    return figure


def _draw_subjects(ax: Axes, auc: pd.DataFrame, across: str, colours: dict[str, str]) -> None:
    """Draw one panel: subjects and mean for each value of the column ``across``."""
    categories = list(colours)
    x = np.arange(len(categories), dtype=float)
    of_mean = auc["subject"] == MEAN
    subjects = auc[~of_mean].pivot_table(index="subject", columns=across, values="value")
    subjects = subjects.reindex(columns=categories)
    for values in subjects.to_numpy(float):
        ax.plot(x, values, color=LIGHT, lw=0.9, zorder=1)
        ax.scatter(x, values, c=list(colours.values()), s=24, alpha=0.75, lw=0, zorder=2)
    mean = auc[of_mean].set_index(across).reindex(categories)
    ends = [mean["value"] - mean["low"], mean["high"] - mean["value"]]
    if len(subjects) > 1:
        ax.errorbar(
            x - 0.1 - 0.02 * len(x), mean["value"], np.nan_to_num(ends), fmt="D", ms=5.5,
            color=INK, lw=1.6, capsize=3, zorder=3,
        )  # fmt: skip
    if HEADLINE.chance is not None:
        _draw_chance(ax, HEADLINE.chance)
    ax.set_xticks(x, [label(name, 16) for name in categories])
    if len(categories) > 3:
        angle = 35 if len(categories) <= _MOST_SLANTED else 90
        for text in ax.get_xticklabels():
            text.set(rotation=angle, ha="right", va="center", rotation_mode="anchor")
    ax.set_xlim(min(-0.5, -0.35 - 0.02 * len(categories)), len(categories) - 0.4)
    lowest = float(np.nanmin(auc["value"]))
    ax.set_ylim(min(0.45, lowest - 0.03, ax.get_ylim()[0]), 1.0)
    if len(subjects) <= _MOST_LABELS:
        shown = subjects.notna().any().to_numpy()
        _name_subjects(ax, subjects.loc[:, shown], x[shown][-1])


def _draw_chance(ax: Axes, chance: float) -> None:
    ax.axhline(chance, color=GREY, lw=0.8, ls=(0, (4, 3)), zorder=0)
    ax.annotate(
        "guessing", (0, chance), (4, -3), xycoords=("axes fraction", "data"),
        textcoords="offset points", fontsize=8, color=GREY, va="top",
    )  # fmt: skip


def _name_subjects(ax: Axes, subjects: pd.DataFrame, x: float) -> None:
    """Write the names of the subjects beside their last dots, pushed apart where they collide."""
    from scipy.optimize import isotonic_regression

    last = subjects.iloc[:, -1].dropna().sort_values()
    # Least squares under a least distance: distances beyond it are what may not decrease.
    apart = _LABEL_GAP * np.arange(len(last))
    places = isotonic_regression(last.to_numpy(float) - apart).x + apart
    for subject, place in zip(last.index, places, strict=True):
        ax.annotate(
            label(subject, 10), (x, place), (6, 0), textcoords="offset points",
            fontsize=8, color=GREY, va="center",
        )  # fmt: skip


def plot_roc(scores: pd.DataFrame, metrics: pd.DataFrame | None = None) -> Figure:
    """Plot receiver operating characteristics: thin a subject, thick their mean.

    Parameters
    ----------
    scores
        Score table. One panel a data set, protocol and detector. The curve of a subject is the
        mean over its folds and seeds at equal false positive rates, as is the mean over subjects;
        the area under it is then the mean ROC-AUC.
    metrics
        Metrics of the same run; their mean ROC-AUC is then written into the panels.
    """
    figure, grid = detector_panels(scores, height=2.8)
    for panel in grid:
        ax, curves = panel.ax, _roc_by_subject(panel.table)
        ax.plot([0, 1], [0, 1], color=LIGHT, lw=0.8, ls=(0, (4, 3)))
        for curve in curves:
            ax.plot(_RATES, curve, color=panel.colour, lw=0.7, alpha=0.4)
        ax.plot(_RATES, np.mean(curves, axis=0), color=panel.colour, lw=2.4)
        mean = _mean_text(metrics, panel, METRICS["roc_auc"])
        people = f"{len(curves)} subject{'s' * (len(curves) != 1)}"
        ax.text(
            0.97, 0.06, f"{mean}\n{people}", transform=ax.transAxes, fontsize=8.5, color=INK,
            ha="right", linespacing=1.35,
        )  # fmt: skip
    # All panels share their axes.
    grid[0].ax.set(xlim=(0, 1), ylim=(0, 1.01), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    label_outside(grid, "False positive rate", "True positive rate")
    return figure


def _roc_by_subject(part: pd.DataFrame) -> list[FloatArray]:
    """Return one curve a subject on ``_RATES``, the mean over its folds and seeds."""
    curves = []
    for _, subject in part.groupby("subject", sort=True):
        tested = []
        for _, epochs in subject.groupby(["fold", "seed"]):
            false, true = roc_points(
                epochs["target"].to_numpy(bool), epochs["score"].to_numpy(float)
            )
            tested.append(np.interp(_RATES, false, true))
        curves.append(np.mean(tested, axis=0))
    return curves


def plot_calibration(scores: pd.DataFrame, metrics: pd.DataFrame | None = None) -> Figure:
    """Plot how often a flash was a target against the probability that the detector gave.

    Parameters
    ----------
    scores
        Score table; ``score`` is the log-odds of a target. One panel a data set, protocol and
        detector: the thick line pools all subjects, thin lines are subjects, both in ten bins of
        equal count; the bars under it count epochs, targets in colour.
    metrics
        Metrics of the same run; their mean expected calibration error is then written into the
        panels.
    """
    figure, grid = detector_panels(scores, height=3.5, strip=0.25)
    for panel in grid:
        ax, colour = panel.ax, panel.colour
        ax.plot([0, 1], [0, 1], color=LIGHT, lw=0.8, ls=(0, (4, 3)))
        for _, subject in panel.table.groupby("subject"):
            ax.plot(*_reliability(subject), color=colour, lw=0.7, alpha=0.4)
        ax.plot(*_reliability(panel.table), color=colour, lw=2, marker="o", ms=4)
        ece = _mean_text(metrics, panel, METRICS["expected_calibration_error"])
        ax.text(0.05, 0.88, ece, transform=ax.transAxes, fontsize=8.5, color=INK)
        ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        ax.tick_params(labelbottom=False)
        _draw_counts(panel)
    label_outside(grid, "", "Share of targets")
    return figure


def _probability(scores: pd.Series[float]) -> FloatArray:
    from scipy.special import expit

    return np.asarray(expit(scores.to_numpy(float)))


def _reliability(epochs: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return the mean probability and the share of targets of bins of equal count.

    Bins are :func:`p300.evaluation.measures.calibration_bins`.
    """
    probability, target = _probability(epochs["score"]), epochs["target"].to_numpy(float)
    bins = calibration_bins(probability)
    filled = np.unique(bins)
    means = [(probability[bins == k].mean(), target[bins == k].mean()) for k in filled]
    predicted, observed = np.array(means).T
    return predicted, observed


def _draw_counts(panel: Panel) -> None:
    """Draw the number of epochs by probability in the strip under a panel."""
    from matplotlib.ticker import MaxNLocator

    strip, table = panel.strip, panel.table
    assert strip is not None  # asked for above
    probability, target = _probability(table["score"]), table["target"].to_numpy(bool)
    n_repeats = repeats(table)
    strip.hist(
        [probability[target], probability[~target]], bins=_BINS.tolist(), stacked=True,
        weights=[np.full(int(kind.sum()), 1 / n_repeats) for kind in (target, ~target)],
        color=[panel.colour, LIGHT], rwidth=0.86,
    )  # fmt: skip
    strip.set(xlim=(0, 1), xticks=[0, 0.5, 1], xlabel="Probability of a target")
    strip.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    strip.yaxis.set_major_formatter("{x:,.0f}")
    strip.tick_params(axis="y", labelsize=7.5)


def plot_training(fits: pd.DataFrame) -> Figure:
    """Plot the losses of every fold while training, their mean, and where learning stopped.

    Parameters
    ----------
    fits
        Fits of a run (:attr:`~p300.report.run_results.RunResults.fits`); those without a history
        are left out. The mean reaches as far as half of the folds do.

    Raises
    ------
    ValueError
        When no fit has a history.
    """
    from matplotlib.ticker import MaxNLocator

    iterative = fits[fits["history"].map(len) > 0]
    if iterative.empty:
        raise ValueError("no fit has a training history, expected at least one to plot")
    colours = detector_colours(fits["detector"].unique())
    figure, grid = detector_panels(iterative, height=2.6, share=False, colours=colours)
    for panel in grid:
        ax, part = panel.ax, panel.table
        histories = [pd.DataFrame(history).set_index("pass") for history in part["history"]]
        for column, colour, name in (
            ("train_loss", GREY, "training"),
            ("validation_loss", panel.colour, "validation"),
        ):
            curves = pd.concat([h[column].astype(float) for h in histories], axis=1)
            ax.plot(curves.index, curves.to_numpy(), color=colour, lw=0.6, alpha=0.3)
            mean = curves.mean(axis=1)[curves.notna().sum(axis=1) * 2 >= curves.shape[1]]
            ax.plot(mean.index, mean, color=colour, lw=2.2, label=name)
        _mark_best(ax, part, histories, panel.colour)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    style.legend(grid[0].ax)
    label_outside(grid, "Training pass", "Loss")
    return figure


def _mark_best(ax: Axes, part: pd.DataFrame, histories: list[pd.DataFrame], colour: str) -> None:
    """Mark the pass whose weights were kept, where the detector tells it."""
    for best, history in zip(part["best_pass"], histories, strict=True):
        if best in history.index:
            loss = history.loc[best, "validation_loss"]
            ax.plot(best, loss, "o", color=colour, ms=3.5, mec="white", mew=0.5)


def _mean_text(metrics: pd.DataFrame | None, panel: Panel, metric: Metric) -> str:
    """Return a mean over subjects as text, nothing where the metrics do not have it."""
    if metrics is None:
        return ""
    wanted = {"dataset": panel.dataset, "protocol": panel.protocol, "detector": panel.detector}
    wanted |= {"metric": metric.name, "subject": MEAN}
    rows = metrics[np.logical_and.reduce([metrics[key] == value for key, value in wanted.items()])]
    return f"{metric.heading} {rows['value'].iloc[0]:.3f}" if len(rows) else ""
