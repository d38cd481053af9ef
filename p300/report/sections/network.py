"""The topic of a report about what its networks look at."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from p300.detectors.meta.electrode_choice import electrode_weights
from p300.report.in_words import tables_in_words
from p300.report.page import Block, Row, Section, Table, Text, picture, slug
from p300.report.prose import NONE, listed
from p300.report.published.paper import DISCRIMINATIVE, SOURCE
from p300.report.representative_fits import fits_of_subjects, learned_from_others
from p300.report.run_results import RunResults
from p300.report.scalp import MOST_MAPS
from p300.report.scalp_maps import describe_unplaced
from p300.report.sections import network_figures as figures

_RANKS = 8
_MOST_OPEN_TABLES = 1
_MOST_SUBJECTS = 12


def network(results: RunResults) -> Section | None:
    """Show electrodes, frequencies and times that count; None where no fit tells them."""
    blocks = [*_electrodes(results), *_kernels(results), *_saliency(results)]
    return Section("What the network sees", tuple(blocks)) if blocks else None


def _electrodes(results: RunResults) -> Iterator[Block]:
    """Return a map of the first detector that sees all electrodes and a table of every detector."""
    fits = fits_of_subjects(results, "spatial_filters")
    if fits.empty:
        return
    weights = {
        (str(dataset), str(detector)): mean_electrode_weights(group)
        for (dataset, detector), group in fits.groupby(["dataset", "detector"], sort=False)
    }
    yield Text(
        "Electrodes by the sum over spatial filters of their absolute weight, as Cecotti & Gräser "
        "(2011) rank them; the mean over a subject's fits, each divided by its largest. The "
        "weights of a filter tell what it uses, also to cancel noise, not where the response comes "
        "from: that is in the patterns above."
        + _describe_others(fits)
        + (
            f" The paper found {listed(DISCRIMINATIVE)} most discriminative in both its subjects."
            if any(SOURCE in results.sources(dataset) for dataset, _ in weights)
            else ""
        )
    )
    drawn = set()
    for (dataset, detector), table in weights.items():
        if dataset not in drawn and (table > 0).all(axis=None):
            drawn.add(dataset)
            places = results.positions.get(dataset)
            unplaced = describe_unplaced(table.columns, places)
            if unplaced:
                yield Text(f"{dataset}: {unplaced}")
                continue
            caption = f"{detector} on {dataset}: weight of each electrode, by subject."
            if len(table) > MOST_MAPS:
                caption += f" The first {MOST_MAPS} of {len(table)} subjects."
            named = table.rename(index=lambda subject: f"subject {subject}")
            figure = figures.plot_electrode_ranking(named, places)
            alt = tables_in_words([_ranking_table(table, caption, folded=False)])
            yield picture(f"electrodes_{slug(dataset)}", figure, caption, alt)
    for k, ((dataset, detector), table) in enumerate(weights.items()):
        caption = f"Heaviest electrodes: {detector}, {dataset}"
        yield _ranking_table(table, caption, folded=k >= _MOST_OPEN_TABLES)


def _describe_others(fits: pd.DataFrame) -> str:
    """Say so where a fit has learned from other subjects than the one that it is named by."""
    if learned_from_others(fits).any():
        return " A fit has learned from other subjects than the one over its column."
    return ""


def mean_electrode_weights(fits: pd.DataFrame) -> pd.DataFrame:
    """Average what electrodes weigh over the fits of each subject.

    Parameters
    ----------
    fits
        Columns subject, spatial_filters [filter, electrode] and electrodes.

    Returns
    -------
    [subject, electrode]; the weights of each fit were divided by the largest.
    """
    rows = [
        pd.Series(electrode_weights(np.asarray(fit["spatial_filters"], float)), fit["electrodes"])
        for fit in fits.to_dict("records")
    ]
    table = pd.DataFrame([row / (row.max() or 1.0) for row in rows])
    return table.groupby(fits["subject"].astype(str).to_numpy()).mean()


def _ranking_table(weights: pd.DataFrame, caption: str, *, folded: bool) -> Table:
    """Return the heaviest electrodes of every subject and of their mean."""
    shown = weights.iloc[:_MOST_SUBJECTS]
    columns = {str(subject): row for subject, row in shown.iterrows()}
    if len(weights) > 1:
        columns["mean"] = weights.mean()
    ranked = {
        name: [
            f"{electrode} {weight:.2f}"
            for electrode, weight in row.sort_values(ascending=False, kind="stable").items()
            if weight > 0
        ]
        for name, row in columns.items()
    }
    n = min(_RANKS, max(map(len, ranked.values())))
    rows = tuple(
        Row((str(k + 1), *(names[k] if k < len(names) else NONE for names in ranked.values())))
        for k in range(n)
    )
    heads = [name if name == "mean" else f"Subject {name}" for name in ranked]
    return Table(("Rank", *heads), rows, caption, folded=folded)


def _kernels(results: RunResults) -> Iterator[Block]:
    """Return the kernels of one fit and the gains of all detectors."""
    fits = fits_of_subjects(results, "temporal_kernels")
    if fits.empty:
        return
    for dataset, group in fits.groupby("dataset", sort=False):
        fit = group.iloc[0]
        kernels, sfreq = np.asarray(fit["temporal_kernels"], float), float(fit["sfreq"])
        length = kernels.shape[2] / sfreq
        yield Text(
            f"Temporal kernels ({dataset}): each reads {kernels.shape[2]} samples, "
            f"{1e3 * length:.0f} ms, so it cannot tell frequencies apart that are nearer than "
            f"about {1 / length:.0f} Hz."
        )
        shown = min(len(kernels), MOST_MAPS)
        which = (
            f"all {shown}" if shown == len(kernels) else f"the {shown} largest of {len(kernels)}"
        )
        caption = (
            f"{fit['detector']} on {dataset}, {fit['protocol']}, fold {fit['fold']}: {which} "
            f"spatial filters with the {kernels.shape[1]} kernels that read each. Above: the "
            "kernels. Below: gain by frequency relative to white noise (dashed); black: root mean "
            "square of the filter's kernels."
        )
        plot = figures.plot_temporal_kernels(kernels, sfreq)
        yield picture(f"kernels_{slug(str(dataset))}", plot, caption)
        by_detector = {
            str(detector): np.concatenate([np.asarray(k, float) for k in part["temporal_kernels"]])
            for detector, part in group.groupby("detector", sort=False)
        }
        caption = (
            f"{dataset}: gain of all kernels of all fits, relative to white noise (dashed). Line: "
            "root mean square. Band: the middle 80 % of the kernels."
        )
        plot = figures.plot_kernel_gains(by_detector, sfreq)
        yield picture(f"gains_{slug(str(dataset))}", plot, caption)


def _saliency(results: RunResults) -> Iterator[Block]:
    """Return electrode x time maps of all detectors, averaged over fits."""
    fits = fits_of_subjects(results, "saliency")
    if fits.empty:
        return
    start = float((results.config.get("preprocessing") or {}).get("tmin") or 0.0)
    for dataset, group in fits.groupby("dataset", sort=False):
        tables = {}
        for detector, part in group.groupby("detector", sort=False):
            maps = [np.asarray(s, float) for s in part["saliency"]]
            mean = np.mean([m / (np.abs(m).max() or 1.0) for m in maps], axis=0)
            times = start + np.arange(mean.shape[1]) / float(part["sfreq"].iloc[0])
            electrodes = part["electrodes"].iloc[0]
            tables[str(detector)] = pd.DataFrame(mean, index=electrodes, columns=times)
        caption = (
            f"{dataset}: saliency, what a small rise at an electrode and time adds to the log-odds "
            "of a target (gradient, averaged over training targets and fits; red: adds, blue: "
            "takes away). Electrodes from front to back."
        )
        figure = figures.plot_saliency(tables, results.positions.get(str(dataset)))
        yield picture(f"saliency_{slug(str(dataset))}", figure, caption)
