"""The record of any figure of a run: of single flashes, or of letters."""

from __future__ import annotations

from p300.evaluation.metrics import METRICS, Metric
from p300.speller import letter_metric


def find_metric(name: str) -> Metric | None:
    """Return the record of a figure of ``metrics.json``; None where there is none."""
    return METRICS.get(name) or letter_metric(name)
