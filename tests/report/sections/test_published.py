"""The report beside what others published."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from made_runs import make_spelled_run, spelled_scores

from p300.report.letter_curves import Over, interval_over, letter_curve
from p300.report.page import Facts, Section, Table, Text
from p300.report.published.classes import PROTOCOLS_OF, TRAIN_TO_TEST
from p300.report.run_results import RunResults, read_run
from p300.report.sections.letters import bit_rates
from p300.report.sections.paper import paper, published_curves
from p300.report.sections.published import beside_published, is_tested_alike
from p300.speller import wilson_interval

FOLDS_OVER_EPOCHS = "within session, stratified 5-fold over epochs"


@pytest.fixture(scope="module")
def results(spelled_run: Path) -> RunResults:
    """Two subjects of the competition, trained on one file and tested on the other."""
    return read_run(spelled_run)


def read_from(results: RunResults, **datasets: Any) -> RunResults:
    """Return a run whose data sets were read from other sources."""
    changed = copy(results)
    vars(changed)["config"] = {**results.config, "datasets": datasets}
    return changed


@pytest.fixture
def bnci(finished_run: Path) -> RunResults:
    source = {"source": "bnci2015_003", "path": "x"}
    return read_from(read_run(finished_run), bnci2015_003=[source])


def blocks(section: Section | None, kind: type) -> list[Any]:
    assert section is not None
    return [block for block in section.blocks if isinstance(block, kind)]


def below(table: Table, head: str) -> list[tuple[str, ...]]:
    """Return the rows that stand below a head."""
    begin = [row.cells[0] for row in table.rows].index(head) + 1
    rest = table.rows[begin:]
    end = next((k for k, row in enumerate(rest) if row.style == "head"), len(rest))
    return [row.cells for row in rest[:end]]


def test_a_simulated_run_has_nothing_beside_it(finished_run: Path) -> None:
    run = read_run(finished_run)
    assert {one["source"] for one in run.config["datasets"]["simulated"]} == {"simulated"}
    assert beside_published(run) is None


def test_figures_of_another_protocol_stand_apart_and_labelled(bnci: RunResults) -> None:
    section = beside_published(bnci)
    (table,) = blocks(section, Table)
    theirs = below(table, f"Published under another protocol: {FOLDS_OVER_EPOCHS}")
    assert len(theirs) == 5
    assert ("XDAWN+LDA (2024) [1]", "10", "78.62 ± 7.19") in theirs
    said = " ".join(block.text for block in blocks(section, Text))
    assert "neighbours, which share samples" in said
    assert "Not comparable" in said
    assert "same protocol" not in said


def test_the_runs_own_means_stand_beneath(bnci: RunResults) -> None:
    (table,) = blocks(beside_published(bnci), Table)
    means = bnci.metrics.query("metric == 'roc_auc' and subject == 'mean' and detector == 'slda'")
    for protocol in ("within_subject", "cross_subject"):
        mean = means[means["protocol"] == protocol]["value"].item()
        own = below(table, f"This run, {protocol}")
        assert ("slda", "3", f"{100 * mean:.2f}") in own
        # Three subjects: no interval holds 95 %.
        assert not any("95 %" in cells[0] for cells in own)


def test_the_interval_over_subjects_is_named(build_run: Callable[..., Path]) -> None:
    run = build_run(
        subjects=[*"123456"], detectors=["slda"], protocols=["within_subject"], datasets=["b"]
    )
    source = {"source": "moabb", "name": "BI2013a"}
    (table,) = blocks(beside_published(read_from(read_run(run), b=[source])), Table)
    mean, span = below(table, "This run, within_subject")
    assert mean[1] == "6"
    low, high = map(float, span[2].split("–"))
    assert span[0] == "95 %, over subjects"
    assert low <= float(mean[2]) <= high


def test_how_certain_a_figure_is_stands_on_the_page(bnci: RunResults) -> None:
    (facts,) = blocks(beside_published(bnci), Facts)
    ((mark, told),) = facts.facts
    assert mark == "[1]"
    assert "Chevallier et al. arXiv:2404.15319" in told
    assert "partly from memory" in told
    assert "2024" in told


def test_the_same_protocol_comes_first(results: RunResults) -> None:
    section = beside_published(results)
    first, *apart = blocks(section, Table)
    assert first.columns == ("Method", "Subjects", *map(str, range(1, 16)))
    theirs = below(first, f"Published under the same protocol: {TRAIN_TO_TEST}")
    assert theirs[0][:2] == ("Ensemble SVM (2008) [1]", "2")
    assert [theirs[0][1 + n] for n in (5, 10, 15)] == ["73.5", "87", "96.5"]
    assert {cells[0].rsplit(" ", 1)[0] for cells in theirs} == {
        "Ensemble SVM (2008)", "CNN-1 (2011)", "MCNN-1 (2011)", "BN3 (2018)", "OCLNN (2018)",
        "WE-SPSQ-CNN (2024)",
    }  # fmt: skip
    heads = [row.cells[0] for table in apart for row in table.rows if row.style == "head"]
    assert "Published under another protocol: epoch detection" in heads
    assert "This run, within_subject: nothing of the kind was measured" in heads
    assert not any("same protocol" in head for head in heads)


def test_own_characters_have_wilsons_interval_below_six_subjects(results: RunResults) -> None:
    first = blocks(beside_published(results), Table)[0]
    mean, span = below(first, "This run, within_subject")[:2]
    assert results.characters is not None
    own = results.characters.query("detector == 'cnn1' and rule == 'sum' and stopping == 'fixed'")
    own = own[own["repetitions"] == 5]["correct"]
    low, high = (100 * float(end) for end in wilson_interval(own.sum(), len(own)))
    assert (mean[0], mean[6]) == ("cnn1", f"{100 * own.mean():.1f}")
    assert (span[0], span[6]) == ("95 %, Wilson, over characters", f"{low:.0f}–{high:.0f}")


def test_nothing_is_called_better(results: RunResults, bnci: RunResults) -> None:
    for run in (results, bnci):
        shown = str(beside_published(run))
        assert not any(mark in shown for mark in ("✓", "▲", "▼", "better"))


@pytest.mark.parametrize(("change", "value"), [("protocol", "cross_subject"), ("run", "1")])
def test_another_split_is_another_protocol(results: RunResults, change: str, value: str) -> None:
    same = PROTOCOLS_OF[TRAIN_TO_TEST]
    assert is_tested_alike(results, "speller", "within_subject", same)
    changed = copy(results)
    scores = results.scores.assign(**{change: value, f"{change}_name": value})
    vars(changed)["scores"] = scores
    label = str(scores["protocol"].iloc[0])
    assert not is_tested_alike(changed, "speller", label, same)
    assert not is_tested_alike(
        results, "speller", "within_subject", PROTOCOLS_OF["epoch detection"]
    )


def test_the_papers_curve_is_of_its_own_data_alone(results: RunResults) -> None:
    curves = published_curves(results)
    assert set(curves) == {("speller", "within_subject", name) for name in ("cnn1", "mcnn1")}
    assert curves["speller", "within_subject", "cnn1"][5] == 70
    for source in ("bci2_iib", "simulated"):
        assert published_curves(read_from(results, speller=[{"source": source}])) == {}


def test_the_paper_is_shown_on_its_data_and_their_stand_in(results: RunResults) -> None:
    stand_in = paper(read_from(results, speller=[{"source": "bci2_iib"}]))
    assert "stands in for those data" in blocks(stand_in, Text)[0].text
    assert "stands in" not in str(paper(results))
    for source in ("simulated", "bnci2015_003"):
        assert paper(read_from(results, speller=[{"source": source}])) is None


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """Six subjects, of whom the last has fewer repetitions."""
    scores = spelled_scores([*"123456"], ["slda"], text="P3_S", n_repetitions=4)
    scores = scores[(scores["subject"] != "6") | (scores["repetition"] < 4)]
    return read_run(make_spelled_run(tmp_path_factory.mktemp("many") / "run", scores))


def test_from_six_subjects_on_intervals_are_over_subjects(
    results: RunResults, many: RunResults
) -> None:
    assert interval_over(results.rates) is Over.CHARACTERS
    assert interval_over(many.rates) is Over.SUBJECTS
    curve = letter_curve(many.rates, Over.SUBJECTS)
    curve = curve[curve["rule"] == "sum"]
    # After the fourth repetition the mean would be of fewer subjects.
    assert curve["repetitions"].tolist() == [1, 2, 3]
    means = many.metrics.query("metric == 'characters' and subject == 'mean' and rule == 'sum'")
    means = means[means["stopping"] == "fixed"].set_index("repetitions")
    for point in curve.to_dict("records"):
        for column in ("value", "low", "high"):
            assert point[column] == pytest.approx(means.loc[point["repetitions"], column])


def test_what_a_bit_rate_supposes_is_said(results: RunResults) -> None:
    (facts,) = blocks(bit_rates(results), Facts)
    told = dict(facts.facts)
    assert "N the number of symbols: 36." in told["Information transfer"]
    assert "T = pause + n × repetition" in told["Time"]
    for word in ("equally likely", "equally often", "no memory"):
        assert word in told["Supposed"]
    assert "backspace" in told["Corrected for errors"]
