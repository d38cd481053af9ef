"""The figures of letters: what tables, figures and comparisons need to know of each."""

from __future__ import annotations

from dataclasses import replace

from p300.columns import Decoded
from p300.evaluation.metric_at import BEST, CHOSEN, DYNAMIC, FIXED, POSTERIOR, MetricAt
from p300.evaluation.metrics import Metric

LETTER_METRICS = {
    metric.name: metric
    for metric in (
        Metric("characters", "Characters right", percent=True),
        Metric("bits_per_minute", "Bits per minute", chance=0.0),
        Metric("symbols_per_minute", "Correct symbols per minute"),
        Metric("bits_per_minute_of_means", "Bits per minute of the mean accuracy", chance=0.0),
        Metric("mean_repetitions", "Repetitions", smaller_is_better=True),
        Metric("seconds", "Seconds per character", smaller_is_better=True),
        Metric("forced", "Characters decided by force", smaller_is_better=True, percent=True),
        Metric("errors", "Wrong symbols", smaller_is_better=True, percent=True),
        Metric(
            "false_activations_per_minute",
            "Symbols a minute while nobody attends",
            smaller_is_better=True,
        ),
        Metric(f"bits_per_minute_gain_over_{BEST}", "Gain over the best number in bits per minute"),
        Metric(
            f"bits_per_minute_gain_over_{CHOSEN}", "Gain over the chosen number in bits per minute"
        ),
    )
}
"""Name -> record."""

_STOPPINGS = {
    DYNAMIC: "dynamic stopping",
    CHOSEN: "chosen number of repetitions",
    BEST: "best number of repetitions",
}


def letter_metric(figure: MetricAt) -> Metric | None:
    """Return the record of a figure of letters; None where there is none.

    Parameters
    ----------
    figure
        Its metric is one of :data:`LETTER_METRICS`; how characters were decided is added to the
        title.
    """
    record = LETTER_METRICS.get(figure.metric)
    if record is None or figure.stopping is None:
        return record
    if figure.decoded is Decoded.POST_HOC:
        record = replace(record, title=f"{record.title}, {Decoded.POST_HOC}")
    if figure.stopping != FIXED or figure.repetitions is None:
        return replace(record, title=f"{record.title}, {_STOPPINGS[figure.stopping]}")
    if figure.rule == POSTERIOR:
        record = replace(record, title=f"{record.title}, {POSTERIOR}")
    return after_repetitions(record, figure.repetitions)


def after_repetitions(metric: Metric, repetitions: int) -> Metric:
    """Return the record with the number of repetitions in its title."""
    words = f"{repetitions} repetition{'' if repetitions == 1 else 's'}"
    return replace(metric, title=f"{metric.title} after {words}")
