"""The figures of letters: what tables, figures and comparisons need to know of each."""

from __future__ import annotations

from dataclasses import replace

from p300.evaluation.metrics import Metric

LETTER_METRICS = {
    metric.name: metric
    for metric in (
        Metric("characters", "Characters right", percent=True),
        Metric("bits_per_minute", "Bits per minute", chance=0.0),
        Metric("symbols_per_minute", "Correct symbols per minute"),
        Metric("bits_per_minute_of_means", "Bits per minute of the mean accuracy", chance=0.0),
        Metric("repetitions", "Repetitions", smaller_is_better=True),
        Metric("seconds", "Seconds per character", smaller_is_better=True),
        Metric("forced", "Characters decided by force", smaller_is_better=True, percent=True),
        Metric("best_fixed_bits_per_minute", "Bits per minute, best number of repetitions"),
        Metric("best_fixed_repetitions", "Best number of repetitions", smaller_is_better=True),
        Metric("dynamic_gain_bits_per_minute", "Gain of dynamic stopping in bits per minute"),
        Metric(
            "dynamic_gain_over_chosen_bits_per_minute",
            "Gain of dynamic stopping over the chosen number in bits per minute",
        ),
    )
}
"""Name -> record."""

_RULES = {
    "posterior_": "posterior",
    "dynamic_": "dynamic stopping",
    "chosen_": "chosen number of repetitions",
}


def letter_metric(name: str) -> Metric | None:
    """Return the record of a figure of letters; None where there is none.

    Parameters
    ----------
    name
        As :func:`~p300.speller.curves.spelling_metrics` names it: a name of
        :data:`LETTER_METRICS`, also with a rule in front (``dynamic_characters``) or a number of
        repetitions behind (``characters@5``), which its title then says.
    """
    figure, _, repetitions = name.partition("@")
    record = LETTER_METRICS.get(figure)
    for prefix, rule in _RULES.items():
        if record is None and (plain := LETTER_METRICS.get(figure.removeprefix(prefix))):
            record = replace(plain, title=f"{plain.title}, {rule}")
    if record is None:
        return None
    return replace(
        after_repetitions(record, int(repetitions)) if repetitions else record, name=name
    )


def after_repetitions(metric: Metric, repetitions: int) -> Metric:
    """Return the record with the number of repetitions in its title."""
    words = f"{repetitions} repetition{'' if repetitions == 1 else 's'}"
    return replace(metric, title=f"{metric.title} after {words}")
