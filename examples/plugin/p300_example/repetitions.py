"""Whether responses wear off: how far targets stand out, repetition by repetition."""

from __future__ import annotations

from p300.report.page import Row, Section, Table, Text
from p300.report.prose import number
from p300.report.run_results import RunResults


def by_repetition(results: RunResults) -> Section | None:
    """Show the distance between targets and others; None where repetitions are not known."""
    scores = results.scores.dropna(subset="repetition")
    if scores.empty:
        return None
    mean = scores.groupby(["detector", "repetition", "target"])["score"].mean().unstack()
    distance = (mean[True] - mean[False]).unstack()
    rows = [Row((str(name), *(number(d, 2) for d in line))) for name, line in distance.iterrows()]
    table = Table(("Detector", *map(str, distance)), tuple(rows), "Distance by repetition")
    reading = "Mean log-odds of targets minus that of other flashes, all subjects and protocols."
    return Section("Repetition by repetition", (Text(reading), table))
