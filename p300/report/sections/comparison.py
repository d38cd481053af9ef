"""Comparisons of detectors as sections of a page: in a run's report and on a page of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from p300.evaluation.intervals import FEWEST, LEVEL, MOST_EXACT, TESTS, smallest_p
from p300.evaluation.metric_at import MetricAt
from p300.evaluation.metrics import HEADLINE
from p300.evaluation.statistics import compare_detectors, holm
from p300.report.hidden_folders import common_folder
from p300.report.in_words import tables_in_words
from p300.report.metric_records import find_metric
from p300.report.page import Block, Facts, Row, Section, Table, Text, picture
from p300.report.prose import NONE, number, p_text, several
from p300.report.run_results import MEAN, RunResults
from p300.report.sections.comparison_figures import plot_differences

COLUMNS = (
    "Detectors", "Subjects", "Means", "Difference (95 %)", "p", "p (Holm)", "Effect size",
    "First better in",
)  # fmt: skip
"""Headings of :func:`comparison_cells`."""


def figure_name(figure: MetricAt) -> str:
    """Return the title of what is compared, its name where it has no record."""
    record = find_metric(figure)
    return str(figure) if record is None else record.title


def signed(value: float, digits: int = 3) -> str:
    """Write a difference with its sign."""
    return NONE if pd.isna(value) else f"{value:+.{digits}f}".replace("-", "−")


def comparison_cells(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """Write a row of :func:`~p300.evaluation.statistics.compare_detectors`; see :data:`COLUMNS`."""
    ends = f"{signed(row['low'])} to {signed(row['high'])}"
    interval = " (no interval)" if pd.isna(row["low"]) else f" ({ends})"
    return (
        f"{row['first']} − {row['second']}",
        str(row["n"]),
        f"{number(row['mean_first'])}, {number(row['mean_second'])}",
        signed(row["difference"]) + interval,
        p_text(row["p"]),
        p_text(row["p_holm"]),
        signed(row["effect"], 2),
        f"{row['share_better'] * row['n']:g} of {row['n']}",
    )


def comparison_table(table: pd.DataFrame, caption: str) -> Table:
    """Return comparisons with a heading for each data set and protocol."""
    rows: list[Row] = []
    for (dataset, protocol), part in table.groupby(["dataset", "protocol"], sort=False):
        rows.append(Row((f"{protocol}, {dataset}",), "head"))
        rows += [Row(comparison_cells(row)) for row in part.to_dict("records")]
    return Table(COLUMNS, tuple(rows), caption)


def combined_cells(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """Write a row of :func:`~p300.evaluation.statistics.combine_datasets`."""
    return (
        f"{row['first']} − {row['second']}",
        str(row["protocol"]),
        str(row["n_datasets"]),
        str(row["n"]),
        signed(row["z"], 2),
        p_text(row["p"]),
        p_text(row["p_holm"]),
    )


COMBINED = ("Detectors", "Protocol", "Data sets", "Subjects", "z", "p", "p (Holm)")
"""Headings of :func:`combined_cells`."""


def limits(table: pd.DataFrame) -> list[str]:
    """Say where the tests could not have found anything, whatever the detectors did."""
    said = [
        f"With {several(n, 'subject')} an exact test cannot reach p < .05: the smallest p it can "
        f"give is 2/2^{n} = {smallest_p(n):.3g}, and there is no 95 % interval. Go by the "
        "differences in each subject."
        for n in sorted(map(int, table["n"].unique()))
        if smallest_p(n) > LEVEL
    ]
    most, n_tests = int(table["n"].max()), len(table)
    least = min(1.0, n_tests * smallest_p(most))
    if smallest_p(most) <= LEVEL < least and most <= MOST_EXACT:
        said.append(
            f"With at most {most} subjects and {n_tests} comparisons no corrected p can be below "
            f"{n_tests} × 2/2^{most} = {least:.3g}."
        )
    return said


def unlike_recordings(runs: Sequence[RunResults]) -> list[str]:
    """Say which runs read other data under the same name, by the hashes in their manifests."""
    said: list[str] = []
    read: dict[str, tuple[RunResults, str]] = {}
    for results in runs:
        unlike = []
        for recording in results.manifest.get("recordings", []):
            name, digest = str(recording["recording"]), str(recording.get("sha256"))
            earlier, theirs = read.setdefault(name, (results, digest))
            if theirs != digest:
                unlike.append((name, earlier))
        if unlike:
            name, earlier = unlike[0]
            said.append(
                f"{results.folder} and {earlier.folder} read different data as {name} and "
                f"{len(unlike) - 1} more (their SHA-256 differ): differences between detectors of "
                "these runs may come from the recordings."
            )
    return said


def differences(
    figure: MetricAt,
    metrics: pd.DataFrame,
    table: pd.DataFrame,
    combined: pd.DataFrame,
    notes: Sequence[str],
) -> Section:
    """Show the differences of detectors: notes, table, all data sets together, figure."""
    name, record = figure_name(figure), find_metric(figure)
    worse = record is not None and record.smaller_is_better
    caption = (
        f"{name}. Left: every subject, a line connects the same subject; diamonds: mean over "
        "subjects. Right: the difference of two detectors in every subject (dots) and its mean "
        f"with its 95 % interval over subjects, if there are {FEWEST} or more (diamond); right of "
        "zero the first "
        f"is larger{', which is worse' if worse else ''}."
    )
    blocks: list[Block] = [Text(note) for note in notes]
    shown = comparison_table(table, f"{name}: differences between detectors")
    blocks.append(shown)
    if len(combined):
        rows = tuple(Row(combined_cells(row)) for row in combined.to_dict("records"))
        blocks.append(Table(COMBINED, rows, f"{name}: all data sets together", n_text=2))
    plot = plot_differences(metrics, table, name)
    blocks.append(picture("differences", plot, caption, tables_in_words([shown])))
    return Section("Differences", tuple(blocks))


def each_subject(metrics: pd.DataFrame) -> Section:
    """List the figures that were compared."""
    single = metrics[metrics["subject"] != MEAN]
    tables = []
    for (dataset, protocol), part in single.groupby(["dataset", "protocol"], sort=False):
        detectors = [str(name) for name in part["detector"].unique()]
        wide = part.pivot_table(index="subject", columns="detector", values="value")[detectors]
        rows = [
            Row((str(subject), *map(number, values)))
            for subject, values in zip(wide.index, wide.to_numpy(float), strict=True)
        ]
        if len(wide) > 1:
            rows.append(Row((f"mean of {len(wide)}", *map(number, wide.mean())), "mean"))
        caption = f"{protocol}, {dataset}"
        tables.append(Table(("Subject", *detectors), tuple(rows), caption, folded=True))
    return Section("Subjects", tuple(tables))


def how_compared(table: pd.DataFrame) -> Section:
    """Say which tests were made."""
    made = " or ".join(TESTS[name] for name in table["test"].unique())
    facts = (
        (
            "Unit",
            "The subject: folds and seeds are averaged within a subject, then the two detectors "
            "are paired in each subject. The detectors were checked to have been tested on the "
            "same epochs.",
        ),
        ("p", f"{made[0].upper()}{made[1:]}; two-sided."),
        (
            "p (Holm)",
            f"Corrected for {several(len(table), 'comparison')}, all that are in the table.",
        ),
        (
            "Interval",
            "95 % interval of the mean difference: all values that the same test does not reject. "
            f"So it leaves zero out where p is at most {LEVEL:g}, and there is none below {FEWEST} "
            "subjects.",
        ),
        (
            "Effect size",
            "Mean difference in standard deviations of the differences (Cohen's d_z, with Hedges' "
            "correction for few subjects). Near ±0.2 small, ±0.5 medium, ±0.8 large.",
        ),
        ("First better in", "Number of subjects in whom the first is better; ties count half."),
        (
            "All data sets",
            "Stouffer's z: the normal quantiles of the single p values with the signs of the "
            "differences, weighted by the root of the number of subjects. Data sets must not "
            "share subjects.",
        ),
    )
    return Section("How it was compared", (Facts(facts),))


def folder_names(runs: Sequence[RunResults]) -> list[str]:
    """Name the folders of runs, from the folder on that holds all of them."""
    folders = [results.folder.resolve() for results in runs]
    around = common_folder(map(str, folders))
    return [str(f.relative_to(around)) if around else f.name for f in folders]


def compared_runs(runs: Sequence[tuple[RunResults, Mapping[str, str]]]) -> Section:
    """Describe where the detectors come from."""
    folders = folder_names([results for results, _ in runs])
    rows = [
        Row((label, results.name, folder, str(results.manifest.get("git") or NONE)))
        for (results, labels), folder in zip(runs, folders, strict=True)
        for label in labels.values()
    ]
    return Section("Runs", (Table(("Detector", "Run", "Folder", "Code"), tuple(rows), n_text=4),))


def compared(results: RunResults) -> Section | None:
    """Compare the best detector of each data set and protocol of a run with the others.

    None where no two detectors were tested on the same two or more subjects.

    Which one is best is seen only afterwards, so p values are corrected for all pairs, not only for
    those that are shown.
    """
    auc = results.metrics[results.metrics["metric"] == HEADLINE.name]
    pairs = [
        compare_detectors(_best_first(part))
        for _, part in auc.groupby(["dataset", "protocol"], sort=False)
        if len(part["detector"].unique()) > 1 and not results.one_subject
    ]
    if not pairs:
        return None
    table = pd.concat(pairs, ignore_index=True)
    table["p_holm"] = holm(table["p"])
    best = table.groupby(["dataset", "protocol"])["first"].transform("first")
    tests = " or ".join(TESTS[name] for name in table["test"].unique())
    reading = (
        f"The detector of the highest mean {HEADLINE.title} against each other one, paired over "
        f"subjects. In brackets: 95 % interval over subjects. p: {tests}, two-sided. Holm: "
        f"corrected for {several(len(table), 'comparison')}, all pairs, because which detector is "
        "best was seen afterwards. Effect size: mean difference in standard deviations of the "
        "differences (Cohen's d_z), corrected for few subjects."
    )
    shown = comparison_table(table[table["first"] == best], f"Differences of {HEADLINE.title}")
    return Section("Detectors compared", (shown, Text(reading), *map(Text, limits(table))))


def _best_first(metrics: pd.DataFrame) -> pd.DataFrame:
    """Sort the rows of one metric by their detector's mean, the highest first."""
    single = metrics[metrics["subject"] != MEAN]
    mean = single.groupby("detector")["value"].transform("mean")
    return single.assign(mean=-mean).sort_values("mean", kind="stable")
