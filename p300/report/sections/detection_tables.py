"""Tables of the report, from the tables of a run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from p300.evaluation.intervals import FEWEST
from p300.evaluation.metrics import HEADLINE, METRICS, Metric
from p300.report.page import Row, Table
from p300.report.prose import NONE, count, number, percent, several, span
from p300.report.run_results import MEAN, RunResults

_MOST_OPEN_TABLES = 6


def mean_with_interval(rows: pd.DataFrame) -> str:
    """Write the mean over subjects and its interval, if any; ``rows`` holds at most one row."""
    if rows.empty:
        return NONE
    row = rows.iloc[0]
    text = number(row["value"])
    return text if pd.isna(row["low"]) else f"{text} ({number(row['low'])}–{number(row['high'])})"


def about_intervals(means: pd.DataFrame) -> str:
    """Say in a caption what stands in brackets behind means; columns low and high."""
    kind, none = "95 % interval over subjects", f"no interval below {FEWEST} subjects"
    if means["low"].isna().all():
        return none
    return f"{kind}; {none}" if means["low"].isna().any() else kind


def headline_table(results: RunResults) -> Table:
    """Return the mean ROC-AUC of every detector under every protocol."""
    metrics = results.metrics
    auc = metrics[(metrics["metric"] == HEADLINE.name) & (metrics["subject"] == MEAN)]
    protocols, datasets = results.unique("protocol"), results.unique("dataset")
    rows = []
    for dataset in datasets:
        if len(datasets) > 1:
            rows.append(Row((dataset,), "head"))
        for detector in results.unique("detector"):
            mine = auc[(auc["dataset"] == dataset) & (auc["detector"] == detector)]
            cells = [mean_with_interval(mine[mine["protocol"] == p]) for p in protocols]
            rows.append(Row((detector, *cells)))
    caption = (
        f"{HEADLINE.title} of the one subject"
        if results.one_subject
        else f"Mean {HEADLINE.title} over subjects ({about_intervals(auc)})"
    )
    return Table(("Detector", *protocols), tuple(rows), caption)


def subject_tables(results: RunResults) -> list[Table]:
    """Give, for each data set and protocol, the metrics of every subject, best AUC first."""
    measured = set(results.unique("metric"))
    shown = [m for m in METRICS.values() if m.measure is not None and m.name in measured]
    groups = results.metrics.groupby(["dataset", "protocol"], sort=False)
    tables = []
    for (dataset, protocol), group in groups:
        rows: list[Row] = []
        for detector, mine in group.groupby("detector", sort=False):
            rows.append(Row((str(detector),), "head"))
            rows += _subject_rows(mine, shown)
        columns = ("Subject", *(metric.heading for metric in shown))
        caption = f"{protocol}, {dataset}"
        tables.append(Table(columns, tuple(rows), caption, folded=len(groups) > _MOST_OPEN_TABLES))
    return tables


def _subject_rows(metrics: pd.DataFrame, shown: list[Metric]) -> list[Row]:
    """Return the rows of one detector: subjects; of several their mean and its interval."""
    value, low, high = (
        metrics.pivot_table(index="subject", columns="metric", values=part, dropna=False).reindex(
            columns=[metric.name for metric in shown]
        )
        for part in ("value", "low", "high")
    )
    subjects = value.drop(index=MEAN, errors="ignore").sort_values(
        HEADLINE.name, ascending=HEADLINE.smaller_is_better
    )
    rows = [
        Row((str(subject), *map(number, values)))
        for subject, values in zip(subjects.index, subjects.to_numpy(float), strict=True)
    ]
    if MEAN in value.index and len(subjects) > 1:
        rows.append(Row((f"mean of {len(subjects)}", *map(number, value.loc[MEAN])), "mean"))
        ends = zip(low.loc[MEAN], high.loc[MEAN], strict=True)
        spans = [NONE if pd.isna(a) else f"{number(a)}–{number(b)}" for a, b in ends]
        none = f": none below {FEWEST} subjects" if len(subjects) < FEWEST else ""
        rows.append(Row((f"95 % interval{none}", *spans), "range"))
    return rows


def recordings_table(recordings: list[dict[str, Any]]) -> Table:
    """Return the invariants of every recording."""
    rows = []
    for recording in recordings:
        bad = recording["bad_electrodes"]
        cells = (
            str(recording["recording"]),
            str(len(recording["electrodes"])) + (f" (bad: {', '.join(bad)})" if bad else ""),
            f"{recording['sfreq']:g}",
            count(recording["seconds"]),
            f"{recording['amplitude_microvolts']:.2f}",
            count(recording["n_flashes"]),
            f"{count(recording['n_targets'])} ({percent(recording['target_share'])})",
            count(recording["n_characters"]),
            "yes" if recording["has_codes"] else "no",
            _onset_interval(recording),
            percent(recording["irregular_onsets"]),
        )
        rows.append(Row(cells))
    columns = (
        "Recording", "Electrodes", "Hz", "Length (s)", "Amplitude (µV)", "Flashes",
        "Targets", "Characters", "Codes", "Onset interval (ms)", "Irregular",
    )  # fmt: skip
    return Table(columns, tuple(rows))


def _onset_interval(recording: dict[str, Any]) -> str:
    """Write the median onset interval and, where it varies, its range."""
    median = count(recording["onset_interval_ms"])
    between = span(recording["onset_interval_range_ms"] or [])
    return median if between in (median, NONE) else f"{median} ({between})"


def warnings_table(results: RunResults) -> Table:
    """Return every warning once, with what raised it and how often."""
    counted: Counter[tuple[str, str]] = Counter(
        ("data", str(text)) for text in results.manifest.get("warnings", [])
    )
    if "warnings" in results.fits:
        for fit in results.fits.to_dict("records"):
            where = f"{fit['detector']}, {fit['protocol']}, {fit['dataset']}"
            counted.update((where, str(text)) for text in fit["warnings"] or [])
    rows = tuple(Row((where, text, str(n))) for (where, text), n in counted.items())
    return Table(("Raised by", "Warning", "Times"), rows, n_text=2)


def sources_table(recordings: list[dict[str, Any]]) -> Table:
    """Return the source and the beginning of the hash of every recording."""
    rows = tuple(
        Row((str(r["recording"]), str(r.get("source", NONE)), str(r.get("sha256") or NONE)[:12]))
        for r in recordings
    )
    caption = f"{several(len(recordings), 'recording')}, SHA-256 shortened to 12 digits"
    return Table(("Recording", "Source", "SHA-256"), rows, caption, n_text=3)
