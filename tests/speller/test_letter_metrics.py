"""Records of the figures of letters: every figure of a run has one."""

from __future__ import annotations

import pandas as pd

from p300.columns import Decoded
from p300.evaluation.metric_at import MetricAt
from p300.speller import LETTER_METRICS, letter_metric
from p300.speller.curves import spelling_metrics


def test_every_figure_of_a_speller_has_a_record():
    rates = pd.DataFrame(
        [
            {"dataset": "d", "protocol": "p", "calibration_characters": None, "detector": "x",
             "rule": rule, "stopping": stopping, "decoded": decoded, "repetitions": n,
             "subject": subject,
             "accuracy": 0.8, "n": 10, "mean_repetitions": 2.0, "seconds": 5.0, "forced": 0.1,
             "bits_per_minute": 9.0, "symbols_per_minute": 6.0, "errors": 0.1,
             "false_activations_per_minute": 0.5}
            for subject in "12"
            for decoded in Decoded
            for rule, stopping, n in (
                ("sum", "fixed", 1), ("sum", "fixed", 2), ("posterior", "fixed", 1),
                ("posterior", "dynamic", pd.NA), ("sum", "chosen", pd.NA),
            )
        ]
    ).astype({"repetitions": "Int64"})  # fmt: skip
    columns = ["metric", "rule", "stopping", "repetitions", "decoded"]
    rows = spelling_metrics(rates, {"d": 36})[columns].drop_duplicates()
    assert len(rows) > 25
    titles = []
    for metric, rule, stopping, n, decoded in rows.itertuples(index=False):
        number = None if pd.isna(n) else n
        record = letter_metric(MetricAt(metric, rule, stopping, number, Decoded(decoded)))
        assert record is not None, metric
        assert record.name == metric
        titles.append(record.title)
    assert len(set(titles)) == len(titles)


def test_a_rule_and_a_number_of_repetitions_change_the_title_alone():
    plain = LETTER_METRICS["characters"]
    after = letter_metric(MetricAt.parse("characters@1:posterior"))
    assert after.title == "Characters right, posterior after 1 repetition"
    assert (after.percent, after.smaller_is_better) == (plain.percent, plain.smaller_is_better)
    assert letter_metric(MetricAt("characters")) == plain
    ten = letter_metric(MetricAt.parse("characters@10"))
    assert ten.title == "Characters right after 10 repetitions"


def test_fewer_repetitions_seconds_and_forced_decisions_are_better():
    for stopping in ("dynamic", "chosen"):
        for metric in ("mean_repetitions", "seconds", "forced"):
            assert letter_metric(MetricAt.parse(f"{metric}@{stopping}")).smaller_is_better
        assert not letter_metric(MetricAt.parse(f"characters@{stopping}")).smaller_is_better
    assert letter_metric(MetricAt("roc_auc")) is None
