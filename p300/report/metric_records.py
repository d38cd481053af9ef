"""The record of any figure of a run: of single flashes, or of letters."""

from __future__ import annotations

from p300.evaluation.metric_at import MetricAt
from p300.evaluation.metrics import METRICS, Metric
from p300.speller import letter_metric


def find_metric(figure: MetricAt) -> Metric | None:
    """Return the record of a figure of a run; None where there is none."""
    return METRICS.get(figure.metric) or letter_metric(figure)
