"""Detectors of finished runs compared: read, label, test, write one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from p300.errors import RunError
from p300.evaluation.metric_at import MetricAt
from p300.evaluation.metrics import HEADLINE
from p300.evaluation.same_epochs import check_same_epochs
from p300.evaluation.statistics import combine_datasets, compare_detectors
from p300.files import written_whole
from p300.notebooks import rows_table
from p300.report.metric_records import find_metric
from p300.report.rendering import render_page
from p300.report.run_results import RunResults, read_run
from p300.report.sections import comparison as parts


@dataclass(frozen=True, eq=False)
class Comparison:
    """Detectors of one or several runs, compared.

    Parameters
    ----------
    runs
        What was read.
    labels
        Of each run: its name for a detector -> the label in the tables.
    figure
        What is compared.
    metrics
        Its values, as in ``metrics.json``; ``detector`` is the label.
    table
        From :func:`~p300.evaluation.statistics.compare_detectors`.
    combined
        From :func:`~p300.evaluation.statistics.combine_datasets`.
    notes
        What to keep in mind: tests that could not find anything, runs that read different data.
    """

    runs: tuple[RunResults, ...]
    labels: tuple[dict[str, str], ...]
    figure: MetricAt
    metrics: pd.DataFrame
    table: pd.DataFrame
    combined: pd.DataFrame
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the table, with the comparisons over all data sets under it where there are any.

        Columns as in :func:`~p300.evaluation.statistics.compare_detectors`; the data set of those
        over all is missing, and ``z`` is theirs alone.
        """
        return pd.concat([self.table, self.combined], ignore_index=True)

    def _repr_html_(self) -> str:
        """Return what notebooks show: the table that ``p300 compare`` prints."""
        return rows_table(
            f"{parts.figure_name(self.figure)}, differences over subjects",
            ["data set", "protocol", *(name.lower() for name in parts.COLUMNS)],
            [
                [row["dataset"], row["protocol"], *parts.comparison_cells(row)]
                for row in self.table.to_dict("records")
            ],
            self.notes,
        )


def compare_runs(
    runs: Iterable[str | Path], metric: str = HEADLINE.name, reference: str | None = None
) -> Comparison:
    """Compare the detectors of finished runs, paired over subjects.

    A detector keeps its name as its label; where several runs tested one of that name on the same
    data set and protocol, the name of the run is added.

    Parameters
    ----------
    runs
        Finished run folders, one or several.
    metric
        Which figure, in the shorthand of :meth:`p300.evaluation.metric_at.MetricAt.parse`.
    reference
        Label of the detector that all others are compared with; all pairs without one.

    Raises
    ------
    RunError
        When a folder is not a finished run or is named twice, detectors were not tested on the
        same epochs, or there is nothing to compare.
    """
    folders = [Path(run) for run in runs]
    twice = [str(f) for f, n in Counter(f.resolve() for f in folders).items() if n > 1]
    if twice:
        raise RunError(f"{twice[0]} is named more than once; name each run once")
    figure = MetricAt.parse(metric)
    results = [read_run(folder) for folder in folders]
    labels = _label_detectors(results)
    metrics, scores = (
        pd.concat(
            [
                table.assign(detector=table["detector"].map(names))
                for table, names in zip(tables, labels, strict=True)
            ],
            ignore_index=True,
        )
        for tables in ([r.metrics for r in results], [r.scores for r in results])
    )
    check_same_epochs(scores)
    rows, record = figure.rows(metrics), find_metric(figure)
    less = None if record is None else record.smaller_is_better
    compared = compare_detectors(rows, figure.metric, reference, smaller_is_better=less)
    return Comparison(
        runs=tuple(results),
        labels=tuple(labels),
        figure=figure,
        metrics=rows,
        table=compared,
        combined=combine_datasets(compared),
        notes=(*parts.limits(compared), *parts.unlike_recordings(results)),
    )


def _label_detectors(results: Sequence[RunResults]) -> list[dict[str, str]]:
    """Return each run's detectors labels that differ where they meet those of another run."""
    tested = [r.metrics[["dataset", "protocol", "detector"]].drop_duplicates() for r in results]
    together = pd.concat(tested)
    clashing = set(together.loc[together.duplicated(), "detector"])
    return [
        {name: f"{name} ({run})" if name in clashing else name for name in r.unique("detector")}
        for r, run in zip(results, _run_names(results), strict=True)
    ]


def _run_names(results: Sequence[RunResults]) -> list[str]:
    """Name runs by experiment, or folder, or path: the first that tells all of them apart."""
    by_experiment = [r.name for r in results]
    by_folder = [r.folder.resolve().name for r in results]
    for names in (by_experiment, by_folder):
        if len(set(names)) == len(names):
            return names
    return parts.folder_names(results)


def write_comparison(comparison: Comparison, out: str | Path) -> Path:
    """Write a comparison as one HTML page that needs no other file.

    Parameters
    ----------
    comparison
        From :func:`compare_runs`.
    out
        The HTML file; one that is there is replaced.

    Returns
    -------
    ``out``.
    """
    out = Path(out)
    runs = list(zip(comparison.runs, comparison.labels, strict=True))
    sections = [
        parts.differences(
            comparison.figure,
            comparison.metrics,
            comparison.table,
            comparison.combined,
            comparison.notes,
        ),
        parts.each_subject(comparison.metrics),
        parts.how_compared(comparison.table),
        parts.compared_runs(runs),
    ]
    subtitle = f"{parts.figure_name(comparison.figure)} · {', '.join(r.name for r, _ in runs)}"
    folders = [folder for results in comparison.runs for folder in results.private_folders]
    page = render_page("Detectors compared", subtitle, sections, folders)
    with written_whole(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return out
