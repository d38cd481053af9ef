"""The report of a run whose characters were decoded again at the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_runs import make_spelled_run, spelled_scores

from p300.report.page import Spelled, Table, Text
from p300.report.run_results import RunResults, read_run
from p300.report.sections.letters import bit_rates, characters, errors, spelled_text
from p300.report.sections.letters_figures import plot_bit_rates, plot_characters
from p300.speller import wilson_interval

AGAIN = "sum of probabilities, post-hoc"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """Two detectors, of which the first reads the text again, and better."""
    scores = spelled_scores(["A", "B"], ["slda", "cnn1"], text="P3_SPELL", n_repetitions=5)
    again = scores["score"] + 1.5 * scores["target"]
    scores["score_post_hoc"] = again.where(scores["detector"] == "slda")
    return read_run(make_spelled_run(tmp_path_factory.mktemp("again") / "run", scores))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    scores = spelled_scores(["A", "B"], ["slda", "cnn1"], text="P3_SPELL", n_repetitions=5)
    folder: Path = tmp_path_factory.mktemp("once") / "run"
    return read_run(make_spelled_run(folder, scores))


def blocks(section, kind):
    return [block for block in section.blocks if isinstance(block, kind)]


def test_both_stand_in_the_table_with_their_intervals(results: RunResults) -> None:
    (table,) = blocks(characters(results), Table)
    rows = {cells[:2]: cells for cells in (row.cells for row in table.rows)}
    assert next(iter(rows)) == ("slda", "sum of probabilities")
    assert [key for key in rows if key[1].startswith("sum")].count(("", AGAIN)) == 1
    own = results.post_hoc.query("rule == 'sum' and repetitions == 2 and stopping == 'fixed'")
    low, high = 100 * np.array(wilson_interval(own["correct"].sum(), len(own)))
    cell = f"{100 * own['correct'].mean():.0f} ({low:.0f}–{high:.0f})"
    assert rows["", AGAIN][3] == cell != rows["slda", "sum of probabilities"][3]


def test_the_page_says_that_the_detector_has_seen_these_flashes(
    results: RunResults, plain: RunResults
) -> None:
    said = [block.text for block in blocks(characters(results), Text)]
    assert any("has by then seen these very flashes" in text for text in said)
    assert not any("post-hoc" in block.text for block in blocks(characters(plain), Text))


def test_all_else_is_of_the_time(results: RunResults, plain: RunResults) -> None:
    assert results.characters is not None
    assert plain.characters is not None
    pd.testing.assert_frame_equal(results.characters, plain.characters)
    for section in (bit_rates, errors):
        assert blocks(section(results), Table) == blocks(section(plain), Table)
    assert plot_bit_rates(results.rates)


def test_the_figure_has_one_line_more_where_something_was_read_again(results: RunResults) -> None:
    slda, cnn1 = plot_characters(results.all_rates).axes
    assert AGAIN in slda.get_legend_handles_labels()[1]
    assert AGAIN not in cnn1.get_legend_handles_labels()[1]


def test_the_text_as_read_at_the_end_stands_last(results: RunResults) -> None:
    slda, cnn1 = (
        {line.after: line for line in block.runs[0][1]}
        for block in blocks(spelled_text(results), Spelled)
    )
    assert "5, post-hoc" in slda
    assert "5, post-hoc" not in cnn1
    again = results.post_hoc.query("subject == 'A' and rule == 'sum' and repetitions == 5")
    again = again[again["stopping"] == "fixed"]
    assert [symbol for symbol, _ in slda["5, post-hoc"].symbols] == list(again["symbol"])
