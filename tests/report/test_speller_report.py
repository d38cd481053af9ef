"""The report of a run whose characters were spelled."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from copy import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from made_runs import make_spelled_run, spell_scores, spelled_scores

from p300.errors import RunError
from p300.evaluation.metric_at import MetricAt
from p300.recordings.layout import Layout
from p300.report import write_report
from p300.report.page import Section, Spelled, Table
from p300.report.published.paper import compare, published
from p300.report.run_results import RunResults, read_run
from p300.report.sections.letters import bit_rates, characters, errors, spelled_text
from p300.report.sections.letters_tables import dynamic_tables, rates_without_pause, timing
from p300.report.sections.paper import count_detections, paper
from p300.runs import RunFolder
from p300.speller import PAPER_TIMING, bits_per_minute, wilson_interval


@pytest.fixture(scope="module")
def results(spelled_run: Path) -> RunResults:
    return read_run(spelled_run)


def tables(section: Section | None) -> list[Table]:
    assert section is not None
    return [block for block in section.blocks if isinstance(block, Table)]


def row(table: Table, *begin: str) -> tuple[str, ...]:
    (found,) = (r.cells for r in table.rows if r.cells[: len(begin)] == begin)
    return found


def test_all_topics_are_on_the_page(spelled_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(spelled_run, tmp_path / "run"))
    page = write_report(run).read_text(encoding="utf-8")
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    wanted = [
        "Characters",
        "Bit rates",
        "Errors",
        "What was spelled",
        "Beside published figures",
        "Beside the paper",
    ]
    assert [name for name in headings if name in wanted] == wanted
    assert "What the network sees" in headings
    names = {path.stem for path in (run / "figures").iterdir()}
    assert names >= {
        "characters", "bit_rates", "confusion", "electrodes_speller", "kernels_speller",
        "gains_speller", "saliency_speller",
    }  # fmt: skip
    assert "T = pause + n × repetition" in page
    assert "multiply the rate by 2.19 at 1 repetition and by 1.08 at 15" in page
    assert "<mark>" in page


def test_nothing_spelled_nothing_shown(finished_run: Path) -> None:
    results = read_run(finished_run)
    assert [f(results) for f in (characters, bit_rates, errors, spelled_text)] == [None] * 4


def test_a_run_without_codes_has_no_characters(own_run: Path, spelled_run: Path) -> None:
    nothing = pd.read_parquet(spelled_run / "characters.parquet").iloc[:0]
    nothing.to_parquet(own_run / "characters.parquet", index=False)
    assert read_run(own_run).characters is None
    assert write_report(own_run).is_file()


def test_characters_right_have_wilsons_interval(results: RunResults) -> None:
    (table,) = tables(characters(results))
    assert table.columns == ("Detector", "Rule", "1", "2", "3", "5", "10", "15")
    assert results.characters is not None
    own = results.characters.query("detector == 'slda' and rule == 'sum' and repetitions == 3")
    low, high = 100 * np.array(wilson_interval(own["correct"].sum(), 24))
    cell = f"{100 * own['correct'].mean():.0f} ({low:.0f}–{high:.0f})"
    assert row(table, "slda")[4] == cell


def test_rates_are_those_of_the_metrics(results: RunResults, spelled_run: Path) -> None:
    rows = RunFolder(spelled_run).metrics()
    rows = rows[(rows["subject"] == "mean") & (rows["detector"] == "cnn1")]

    def value(figure: str) -> float:
        return float(MetricAt.parse(figure).rows(rows)["value"].item())

    per_n, dynamic = tables(bit_rates(results))
    first = row(Table((), per_n.rows[1:6]), "Sum: mean of the subjects' bit rates")
    assert first[1:] == tuple(f"{value(f'bits_per_minute@{n}'):.1f}" for n in (1, 2, 3, 5, 10, 15))
    cells = dict(zip(dynamic.columns, row(dynamic, "cnn1"), strict=True))
    assert cells["Bits/min: mean of rates"] == f"{value('bits_per_minute@dynamic'):.1f}"
    (best,) = rows[rows["stopping"] == "best"].to_dict("records")
    assert cells["Best number"] == f"{best['repetitions']}"
    assert cells["Bits/min with the best"] == f"{best['value']:.1f}"
    assert cells["Chosen number"] == f"{value('mean_repetitions@chosen'):.1f}"
    assert cells["Bits/min with it"] == f"{value('bits_per_minute@chosen'):.1f}"
    assert cells["Mean repetitions"] == f"{value('mean_repetitions@dynamic'):.1f}"
    gain = value("bits_per_minute_gain_over_best@dynamic")
    assert cells["Gain over the best"].startswith(f"{gain:+.1f}".replace("-", "−"))


def test_what_was_risked_is_shown_where_something_was(results: RunResults) -> None:
    (usual,) = dynamic_tables(results)
    assert "Wrong symbols (%)" not in usual.columns
    changed = copy(results)
    idle = results.rates.assign(false_activations_per_minute=0.25)
    vars(changed)["rates"] = idle  # measured once, then kept there
    (risked,) = dynamic_tables(changed)
    cells = dict(zip(risked.columns, row(risked, "cnn1"), strict=True))
    assert cells["Symbols/min while nobody attends"] == "0.25"
    assert cells["Wrong symbols (%)"].endswith("%")


def test_the_pause_is_found_and_left_out(results: RunResults) -> None:
    found = timing(results.rates)
    np.testing.assert_allclose(found["pause"], 2.5)
    np.testing.assert_allclose(found["repetition"], 2.1)
    rates = results.rates[results.rates["detector"] == "slda"]
    own = rates[(rates["rule"] == "sum") & (rates["repetitions"] == 5)]
    expected = bits_per_minute(own["accuracy"], 10.5, 36).mean()
    assert rates_without_pause(rates, 36)[5] == pytest.approx(expected)


def test_errors_add_up(results: RunResults) -> None:
    (table,) = tables(errors(results))
    assert results.characters is not None
    spelled = results.characters.query("detector == 'cnn1' and rule == 'sum'")
    for n, cell in zip((1, 2, 3, 5, 10, 15), row(table, "cnn1")[1:], strict=True):
        wrong = (~spelled.loc[spelled["repetitions"] == n, "correct"]).sum()
        assert sum(map(int, cell.split(" / "))) == wrong


def test_folds_and_seeds_are_not_mixed_up(tmp_path: Path) -> None:
    # Two subjects' folds have seeds of their own, and each is fitted twice.
    parts = [
        spelled_scores([subject], ["slda"], gap=0.7, seeds=(k, k + 1), n_repetitions=2)
        for subject, k in (("1", 10), ("2", 20))
    ]
    results = read_run(make_spelled_run(tmp_path / "run", pd.concat(parts, ignore_index=True)))
    (table,) = tables(errors(results))
    assert results.characters is not None
    first = results.characters.query("rule == 'sum' and repetitions == 1")
    kinds = map(int, row(table, "slda")[1].split(" / "))
    assert sum(kinds) == pytest.approx((~first["correct"]).sum() / 2, abs=1.5)
    assert (results.rates["n"] == 12).all()
    text = spelled_text(results)
    assert text is not None
    (block,) = (b for b in text.blocks if isinstance(b, Spelled))
    assert [len(line.symbols) for _, lines in block.runs for line in lines] == [12] * 8


def test_the_text_is_what_was_decided(results: RunResults) -> None:
    section = spelled_text(results)
    assert section is not None
    block = next(b for b in section.blocks if isinstance(b, Spelled))
    assert block.caption == "cnn1, within_subject, speller"
    name, lines = block.runs[0]
    assert name == "A, session 1, run 2"
    assert [line.after for line in lines] == ["true", "1", "3", "5", "10", "15", "dynamic"]
    assert "".join(symbol for symbol, _ in lines[0].symbols) == "P3_SPELLER_9"
    assert results.characters is not None
    own = results.characters.query("detector == 'cnn1' and subject == 'A' and rule == 'sum'")
    after = own[own["repetitions"] == 3].sort_values("character")
    assert [symbol for symbol, _ in lines[2].symbols] == after["symbol"].tolist()
    assert [right for _, right in lines[2].symbols] == after["correct"].tolist()


def test_a_long_text_comes_in_pieces(tmp_path: Path) -> None:
    scores = spelled_scores(["1"], ["slda"], text="ABCDEFGHIJ" * 7, n_repetitions=1)
    section = spelled_text(read_run(make_spelled_run(tmp_path / "run", scores)))
    assert section is not None
    (block,) = (b for b in section.blocks if isinstance(b, Spelled))
    assert [name for name, _ in block.runs] == ["1, session 1, run 2", ""]
    assert [len(lines[0].symbols) for _, lines in block.runs] == [50, 20]
    assert not block.side_by_side


def test_long_symbols_are_set_apart_and_escaped(tmp_path: Path) -> None:
    layout = Layout.row_column([["<b>", "space"], ["x", "y"]])
    scores = spelled_scores(["1"], ["slda"], layout=layout, text="xy", n_repetitions=2)
    run = make_spelled_run(tmp_path / "run", scores, layout=layout)
    decided = spell_scores(scores, layout).assign(symbol="<b>", correct=False)
    RunFolder(run).write_characters(decided)
    page = write_report(run).read_text(encoding="utf-8")
    assert "<mark>&lt;b&gt; </mark>" in page
    assert "<b>" not in page


def test_a_single_cell_layout_has_no_rows_to_err_in(tmp_path: Path) -> None:
    layout = Layout.single_cell("ABCDEF")
    scores = spelled_scores(["1"], ["slda"], layout=layout, text="FACE", n_repetitions=4)
    results = read_run(make_spelled_run(tmp_path / "run", scores, layout=layout))
    section = errors(results)
    assert section is not None
    assert "no layout of this run is a matrix" in str(section.blocks)
    assert tables(characters(results))[0].columns[2:] == ("1", "2", "3", "4")


def test_characters_need_their_layout(spelled_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(spelled_run, tmp_path / "run"))
    about = run / "epochs" / "speller" / "epochs.json"
    about.write_text('{"layouts": {}}')
    with pytest.raises(RunError, match=r"epochs\.json: no layout of speller found"):
        read_run(run)
    about.write_text('{"layouts": {"speller": {"symbols": 3}}}')
    with pytest.raises(RunError, match=r"epochs\.json: layouts\.speller\.symbols: 3 found"):
        read_run(run)
    about.unlink()
    with pytest.raises(RunError, match=r"epochs\.json: no layout of speller found"):
        read_run(run)


def test_published_figures_are_whole() -> None:
    detection = published("detection")
    assert (detection["tp"] + detection["fn"] == 3000).all()
    assert (detection["tn"] + detection["fp"] == 15000).all()
    spelled = published("results")
    assert len(spelled) == 81
    # The bit rates that the paper prints: of the mean of A and B at 5, 10 and 15 repetitions.
    for method, rates in (("CNN-1", [12.69, 10.38, 8.08]), ("MCNN-1", [12.40, 10.07, 8.25])):
        mean = spelled[spelled["method"] == method].groupby("repetitions")["characters_percent"]
        share = mean.mean()[[5, 10, 15]] / 100
        own = bits_per_minute(share, PAPER_TIMING.seconds([5, 10, 15]), 36)
        np.testing.assert_allclose(own, rates, atol=0.012)


def test_marks() -> None:
    assert [compare(v, 2.0, 3.0) for v in (1.9, 2.0, 3.0, 3.1)] == ["▼", "✓", "✓", "▲"]
    assert compare(float("nan"), 2.0, 3.0) == compare(2.0, float("nan"), 3.0) == ""


def test_detections_are_counted_at_the_threshold() -> None:
    scores = pd.DataFrame(
        {
            "detector": "d", "subject": "1", "fold": list("aaabbb"), "seed": [1, 1, 1, 5, 5, 5],
            "target": [True, True, False, True, False, False],
            "score": [1.0, -1.0, 0.5, 2.0, 1.0, -3.0], "threshold": [0.0, 0, 0, 1, 1, 1],
        }
    )  # fmt: skip
    again = scores.assign(seed=scores["seed"] + 1, score=5.0)
    (counts,) = count_detections(scores).to_dict("records")
    assert [counts[key] for key in ("tp", "tn", "fp", "fn")] == [2, 2, 1, 1]
    (mean,) = count_detections(pd.concat([scores, again])).to_dict("records")
    assert [mean[key] for key in ("tp", "tn", "fp", "fn")] == [2.5, 1, 2, 0.5]


def test_the_papers_tables_stand_beside_the_published(results: RunResults) -> None:
    detection, by_number, rates = tables(paper(results))
    names = [r.cells[0] for r in detection.rows]
    subject = ["CNN-1", "published 2011", "MCNN-1", "published 2011"]
    assert names == ["Subject A", *subject, "Subject B", *subject]
    assert detection.rows[2].cells[1:5] == ("2,021", "10,645", "4,355", "979")
    low, high = map(float, re.findall(r"[\d.]+", detection.rows[1].cells[5])[1:])
    assert detection.rows[2].cells[5] == f"70.37 {compare(70.37, low, high)}"
    assert detection.rows[2].cells[6:] == ("0.674", "0.317", "0.431")
    own = by_number.rows[1].cells
    spans, theirs = by_number.rows[2].cells, by_number.rows[3].cells
    assert [cell.split(" ")[0] for cell in theirs[1:4]] == ["16", "33", "47"]
    for cell, between in zip(theirs[1:], spans[1:], strict=True):
        value, mark = cell.split(" ")
        low, high = map(int, between.split("–"))
        if not low <= int(value) <= high:
            assert mark == ("▲" if int(value) > high else "▼")
    assert len(own) == 16
    assert rates.rows[2].cells[:2] == ("published 2011", "3.0")


@pytest.mark.filterwarnings("ignore:.*no record of how")
@pytest.mark.parametrize("change", ["source", "protocol", "run"])
def test_other_experiments_stand_alone(
    change: str, spelled_run: Path, tmp_path: Path, results: RunResults
) -> None:
    run = Path(shutil.copytree(spelled_run, tmp_path / "run"))
    if change == "source":
        config = (run / "config.yaml").read_text().replace("bci3_ii", "bci2_iib")
        (run / "config.yaml").write_text(config)
    else:
        value = {"protocol": "cross_subject", "run": "1"}[change]
        scores = results.scores.assign(**{change: value})
        scores.to_parquet(run / "scores.parquet", index=False)
    section = paper(read_run(run))
    assert section is not None
    assert "Nothing was published on it" in str(section.blocks[0])
    assert not any("published" in str(r.cells) for t in tables(section) for r in t.rows)


def test_labels_lead_to_the_papers_names(build_run: Callable[..., Path]) -> None:
    run = build_run(
        subjects=["1", "2"], detectors=["fast", "slda"], protocols=["within_subject"],
        datasets=["x"],
    )  # fmt: skip
    assert paper(read_run(run)) is None
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["datasets"] = {"x": [{"source": "bci2_iib", "path": "x"}]}
    config["detectors"]["fast"]["detector"] = "mcnn3"
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    (table,) = tables(paper(read_run(run)))
    assert {r.cells[0] for r in table.rows} == {"Subject 1", "Subject 2", "MCNN-3 (fast)"}
