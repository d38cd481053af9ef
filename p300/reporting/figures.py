"""Figures of scores and training: detection by subject, ROC, calibration, learning curves.

Every figure comes from tables alone and is a :class:`matplotlib.figure.Figure` that pyplot does
not know; ``figure.savefig(...)`` writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.evaluation.metrics import CALIBRATION_BINS
from p300.reporting import style
from p300.reporting.run_results import MEAN, repeats
from p300.reporting.style import GREY, INK, LIGHT, WIDTH, detector_colours, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    FloatArray = npt.NDArray[np.float64]

_MOST_LABELS = 14
_RATES = np.linspace(0, 1, 201)
_BINS = np.linspace(0, 1, 21)


def plot_auc_by_subject(metrics: pd.DataFrame) -> Figure:
    """Plot the ROC-AUC of every subject and the mean with its interval.

    Parameters
    ----------
    metrics
        Metrics of a run (:attr:`RunResults.metrics`). One row of panels a data set, one panel a
        protocol with the detectors side by side; with a single detector one panel a data set with
        the protocols side by side. A line connects what belongs to one subject.
    """
    auc = metrics[metrics["metric"] == "roc_auc"]
    datasets, protocols, detectors = (
        list(auc[column].unique()) for column in ("dataset", "protocol", "detector")
    )
    colours = detector_colours(metrics["detector"])
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
            dots = [colours[detectors[0] if single else name] for name in categories]
            _draw_subjects(ax, part, across, dict(zip(categories, dots, strict=True)))
            heading = protocol if protocol is not None else detectors[0]
            style.title(ax, label(heading, 40), label(dataset, 40) if len(datasets) > 1 else "")
        row[0].set_ylabel("ROC-AUC")
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
    ax.errorbar(
        x - 0.17, mean["value"], np.nan_to_num(ends), fmt="D", ms=5.5, color=INK, lw=1.6,
        capsize=3, zorder=3,
    )  # fmt: skip
    ax.axhline(0.5, color=GREY, lw=0.8, ls=(0, (4, 3)), zorder=0)
    ax.annotate(
        "guessing", (1, 0.5), (0, 3), xycoords=("axes fraction", "data"),
        textcoords="offset points", fontsize=8, color=GREY, ha="right",
    )  # fmt: skip
    ax.set_xticks(x, [label(name) for name in categories])
    if len(categories) > 3:
        for text in ax.get_xticklabels():
            text.set(rotation=35, ha="right", rotation_mode="anchor")
    ax.set_xlim(-0.5, len(categories) - 0.25)
    lowest = float(np.nanmin(auc["value"]))
    ax.set_ylim(min(0.45, lowest - 0.03, ax.get_ylim()[0]), 1.0)
    if len(subjects) <= _MOST_LABELS:
        _name_subjects(ax, subjects, x[-1])


def _name_subjects(ax: Axes, subjects: pd.DataFrame, x: float) -> None:
    """Write the names of the subjects beside their last dots, pushed apart where they collide."""
    last = subjects.iloc[:, -1].dropna().sort_values()
    if last.empty:
        return
    places = last.to_numpy(float).copy()
    gap = 0.028
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + gap)
    places -= max(0.0, float(np.mean(places - last.to_numpy())))
    for subject, place in zip(last.index, places, strict=True):
        ax.text(x + 0.12, place, label(subject, 10), fontsize=8, color=GREY, va="center")


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
    figure, grid = _detector_panels(scores, height=2.8)
    colours = detector_colours(scores["detector"])
    for (dataset, protocol, detector), ax, part in grid:
        curves = _roc_by_subject(part)
        ax.plot([0, 1], [0, 1], color=LIGHT, lw=0.8, ls=(0, (4, 3)))
        for curve in curves:
            ax.plot(_RATES, curve, color=colours[detector], lw=0.7, alpha=0.4)
        if len(curves):
            ax.plot(_RATES, np.mean(curves, axis=0), color=colours[detector], lw=2.4)
        lines = [_mean_text(metrics, dataset, protocol, detector, "roc_auc", "AUC")]
        lines.append(f"{len(curves)} subject{'s' * (len(curves) != 1)}")
        _note(ax, "\n".join(filter(None, lines)), 0.06)
        ax.set(xlim=(0, 1), ylim=(0, 1.01), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        ax.set_aspect("equal")
    _outer_labels(grid, "False positive rate", "True positive rate")
    return figure


def _roc_by_subject(part: pd.DataFrame) -> list[FloatArray]:
    """Give one curve a subject on ``_RATES``, the mean over its folds and seeds."""
    from sklearn.metrics import roc_curve

    curves = []
    for _, subject in part.groupby("subject", sort=True):
        tested = []
        for _, epochs in subject.groupby(["fold", "seed"]):
            false, true, _ = roc_curve(epochs["target"], epochs["score"])
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
    figure, grid = _detector_panels(scores, height=3.5)
    colours = detector_colours(scores["detector"])
    for (dataset, protocol, detector), ax, part in grid:
        colour = colours[detector]
        ax.plot([0, 1], [0, 1], color=LIGHT, lw=0.8, ls=(0, (4, 3)))
        for _, subject in part.groupby("subject"):
            ax.plot(*_reliability(subject), color=colour, lw=0.7, alpha=0.4)
        ax.plot(*_reliability(part), color=colour, lw=2, marker="o", ms=4)
        ece = "expected_calibration_error"
        _note(ax, _mean_text(metrics, dataset, protocol, detector, ece, "ECE"), 0.88)
        ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[0, 0.5, 1])
        _draw_counts(ax, part, colour)
    _outer_labels(grid, "", "Share of targets")
    return figure


def _probability(scores: pd.Series[float]) -> FloatArray:
    from scipy.special import expit

    return np.asarray(expit(scores.to_numpy(float)))


def _reliability(epochs: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Give the mean probability and the share of targets of bins of equal count.

    Bins as in :func:`p300.evaluation.metrics.expected_calibration_error`.
    """
    probability, target = _probability(epochs["score"]), epochs["target"].to_numpy(float)
    bins = np.array_split(np.argsort(probability, kind="stable"), CALIBRATION_BINS)
    means = [(probability[rows].mean(), target[rows].mean()) for rows in bins if len(rows)]
    predicted, observed = np.array(means).T
    return predicted, observed


def _draw_counts(ax: Axes, part: pd.DataFrame, colour: str) -> None:
    """Draw the number of epochs in each bin under a panel."""
    from matplotlib.ticker import MaxNLocator

    below = ax.inset_axes((0, -0.34, 1, 0.25))
    style.tidy(below)
    probability, target = _probability(part["score"]), part["target"].to_numpy(bool)
    below.hist(
        [probability[target], probability[~target]], bins=_BINS.tolist(), stacked=True,
        weights=[np.full(int(kind.sum()), 1 / repeats(part)) for kind in (target, ~target)],
        color=[colour, LIGHT], rwidth=0.86,
    )  # fmt: skip
    below.set(xlim=(0, 1), xticks=[0, 0.5, 1], xlabel="Probability of a target")
    below.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    below.yaxis.set_major_formatter("{x:,.0f}")
    below.tick_params(axis="y", labelsize=7.5)


def plot_training(fits: pd.DataFrame) -> Figure:
    """Plot the losses of every fold while training, their mean, and where learning stopped.

    Parameters
    ----------
    fits
        Fits of a run (:attr:`RunResults.fits`); those without a history are left out. The mean
        reaches as far as half of the folds do.

    Raises
    ------
    ValueError
        When no fit has a history.
    """
    from matplotlib.ticker import MaxNLocator

    colours = detector_colours(fits["detector"])
    iterative = fits[fits["history"].map(len) > 0]
    if iterative.empty:
        raise ValueError("no fit has a training history, expected at least one to plot")
    figure, grid = _detector_panels(iterative, height=2.5, share=False)
    for (_, _, detector), ax, part in grid:
        histories = [pd.DataFrame(history).set_index("epoch") for history in part["history"]]
        for column, colour, name in (
            ("train_loss", GREY, "training"),
            ("validation_loss", colours[detector], "validation"),
        ):
            curves = pd.concat([h[column].astype(float) for h in histories], axis=1)
            ax.plot(curves.index, curves.to_numpy(), color=colour, lw=0.6, alpha=0.3)
            mean = curves.mean(axis=1)[curves.notna().sum(axis=1) * 2 >= curves.shape[1]]
            ax.plot(mean.index, mean, color=colour, lw=2.2, label=name)
        _mark_best(ax, part, histories, colours[detector])
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    style.legend(grid[0][1])
    _outer_labels(grid, "Training epoch", "Loss")
    return figure


def _mark_best(ax: Axes, part: pd.DataFrame, histories: list[pd.DataFrame], colour: str) -> None:
    """Mark the epoch whose weights were kept, where the detector tells it."""
    for best, history in zip(part["best_epoch"], histories, strict=True):
        if best in history.index:
            loss = history.loc[best, "validation_loss"]
            ax.plot(best, loss, "o", color=colour, ms=3.5, mec="white", mew=0.5)


Key = tuple[str, str, str]
Panels = list[tuple[Key, "Axes", pd.DataFrame]]


def _detector_panels(
    table: pd.DataFrame, *, height: float, share: bool = True
) -> tuple[Figure, Panels]:
    """Make one panel for every data set, protocol and detector of a table.

    Up to four of a data set stand in one row; beyond that each protocol has rows of its own, of
    at most five detectors, or the other way round with one detector.
    """
    keys = ["dataset", "protocol", "detector"]
    parts = {
        (str(dataset), str(protocol), str(detector)): part
        for (dataset, protocol, detector), part in table.groupby(keys, sort=False)
    }
    rows = _break_rows(list(parts))
    n_columns = max(map(len, rows))
    width = min(3.2, WIDTH / n_columns)
    figure, axes = style.panels(
        len(rows), n_columns, width=width, height=height * width / 2.4, share=share
    )
    several = len(table["dataset"].unique()) > 1
    colours = detector_colours(table["detector"])
    grid: Panels = []
    for row, line in zip(axes, rows, strict=True):
        for ax, key in zip(row, line, strict=False):
            dataset, protocol, detector = key
            detail = f"{protocol}, {dataset}" if several else protocol
            style.title(ax, label(detector), label(detail, 36), colours[detector])
            grid.append((key, ax, parts[key]))
        for ax in row[len(line) :]:
            ax.remove()
    return figure, grid


def _break_rows(keys: list[Key]) -> list[list[Key]]:
    """Break panels into rows of one data set, and of one protocol where they are many."""
    datasets = _grouped(keys, 1)
    if max(map(len, datasets)) <= 4:
        return datasets
    several_detectors = len({detector for *_, detector in keys}) > 1
    rows = []
    for group in _grouped(keys, 2) if several_detectors else datasets:
        n_rows = -(-len(group) // 5)
        length = -(-len(group) // n_rows)
        rows += [group[start : start + length] for start in range(0, len(group), length)]
    return rows


def _grouped(keys: list[Key], depth: int) -> list[list[Key]]:
    """Put together the keys that begin alike."""
    groups: dict[tuple[str, ...], list[Key]] = {}
    for key in keys:
        groups.setdefault(key[:depth], []).append(key)
    return list(groups.values())


def _outer_labels(grid: Panels, x: str, y: str) -> None:
    """Label the axes at the left and the bottom of a grid."""
    for _, ax, _ in grid:
        place = ax.get_subplotspec()
        if place is not None and place.is_first_col():
            ax.set_ylabel(y)
        if place is not None and place.is_last_row():
            ax.set_xlabel(x)


def _note(ax: Axes, text: str, y: float) -> None:
    ax.text(
        0.97 if y < 0.5 else 0.05, y, text, transform=ax.transAxes, fontsize=8.5, color=INK,
        ha="right" if y < 0.5 else "left", linespacing=1.35,
    )  # fmt: skip


def _mean_text(
    metrics: pd.DataFrame | None, dataset: str, protocol: str, detector: str, metric: str, name: str
) -> str:
    """Give a mean over subjects as text, nothing where the metrics do not have it."""
    if metrics is None:
        return ""
    wanted = {"dataset": dataset, "protocol": protocol, "detector": detector}
    wanted |= {"metric": metric, "subject": MEAN}
    rows = metrics[np.logical_and.reduce([metrics[key] == value for key, value in wanted.items()])]
    return f"{name} {rows['value'].iloc[0]:.3f}" if len(rows) else ""
