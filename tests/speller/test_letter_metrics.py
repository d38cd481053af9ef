"""Records of the figures of letters: every figure of a run has one, found by its name."""

from __future__ import annotations

import pandas as pd

from p300.speller import LETTER_METRICS, letter_metric, spelling_metrics


def test_every_figure_of_a_speller_has_a_record():
    rates = pd.DataFrame(
        [
            {"dataset": "d", "protocol": "p", "detector": "x", "rule": rule, "stopping": stopping,
             "repetitions": n, "subject": subject, "accuracy": 0.8, "n": 10,
             "mean_repetitions": 2.0, "seconds": 5.0, "forced": 0.1, "bits_per_minute": 9.0,
             "symbols_per_minute": 6.0}
            for subject in "12"
            for rule, stopping, n in (
                ("sum", "fixed", 1), ("sum", "fixed", 2), ("posterior", "fixed", 1),
                ("posterior", "dynamic", pd.NA), ("sum", "chosen", pd.NA),
            )
        ]
    ).astype({"repetitions": "Int64"})  # fmt: skip
    names = spelling_metrics(rates, {"d": 36})["metric"].unique()
    assert len(names) > 25
    for name in names:
        record = letter_metric(name)
        assert record is not None, name
        assert record.name == name
    titles = [letter_metric(name).title for name in names]
    assert len(set(titles)) == len(titles)


def test_a_rule_and_a_number_of_repetitions_change_the_title_alone():
    plain, after = LETTER_METRICS["characters"], letter_metric("posterior_characters@1")
    assert after.title == "Characters right, posterior after 1 repetition"
    assert (after.percent, after.smaller_is_better) == (plain.percent, plain.smaller_is_better)
    assert letter_metric("characters") == plain
    assert letter_metric("characters@10").title == "Characters right after 10 repetitions"


def test_fewer_repetitions_seconds_and_forced_decisions_are_better():
    for rule in ("dynamic", "chosen"):
        for figure in ("repetitions", "seconds", "forced"):
            assert letter_metric(f"{rule}_{figure}").smaller_is_better
        assert not letter_metric(f"{rule}_characters").smaller_is_better
    assert letter_metric("roc_auc") is None
