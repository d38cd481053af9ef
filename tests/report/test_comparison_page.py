from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from p300.evaluation.metric_at import MetricAt
from p300.evaluation.statistics import compare_detectors, holm
from p300.report import compare_runs, write_comparison
from p300.report import comparison as comparison_module
from p300.report.page import Section, Table, Text
from p300.report.prose import p_text
from p300.report.run_results import read_run
from p300.report.sections.comparison import (
    compared,
    each_subject,
    figure_name,
    how_compared,
    limits,
    signed,
)
from p300.report.sections.comparison_figures import plot_differences


def rows_of(section: Section | None) -> list[tuple[str, ...]]:
    assert section is not None
    tables = [block for block in section.blocks if isinstance(block, Table)]
    return [row.cells for table in tables for row in table.rows if row.style != "head"]


def text_of(section: Section | None) -> str:
    assert section is not None
    return " ".join(block.text for block in section.blocks if isinstance(block, Text))


def test_the_report_compares_the_best_detector_with_the_others(
    build_run: Callable[..., Path],
) -> None:
    results = read_run(
        build_run(
            subjects=list("345678"), detectors=["slow", "cnn1", "slda"],
            protocols=["within_subject", "cross_subject"], datasets=["one"],
        )
    )  # fmt: skip
    section = compared(results)
    rows = rows_of(section)
    auc = results.metrics.query("metric == 'roc_auc' and subject == 'mean'")
    best = auc.sort_values("value").groupby("protocol")["detector"].last()
    assert len(rows) == 2 * 2
    for k, protocol in enumerate(["within_subject", "cross_subject"]):
        assert all(row[0].startswith(f"{best[protocol]} − ") for row in rows[2 * k : 2 * k + 2])
    pairs = compare_detectors(results.metrics)
    assert "corrected for 6 comparisons, all pairs" in text_of(section)
    corrected = {p_text(p) for p in holm(pairs["p"])}
    assert {row[5] for row in rows} <= corrected
    assert {row[4] for row in rows} <= {p_text(p) for p in pairs["p"]}


def test_one_detector_is_not_compared(build_run: Callable[..., Path]) -> None:
    run = build_run(
        subjects=["1", "2", "3"], detectors=["slda"], protocols=["cross_subject"], datasets=["one"]
    )
    assert compared(read_run(run)) is None


def test_the_report_tells_what_three_subjects_cannot_show(finished_run: Path) -> None:
    section = compared(read_run(finished_run))
    assert "With 3 subjects an exact test cannot reach p < .05" in text_of(section)
    assert "2/2^3 = 0.25" in text_of(section)
    assert {row[1] for row in rows_of(section)} == {"3"}


def table_of(n_subjects: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"n": n_subjects})


@pytest.mark.parametrize(
    ("n_subjects", "said"),
    [
        ([5], ["With 5 subjects"]),
        ([5, 3, 5], ["With 3 subjects", "With 5 subjects"]),
        ([6], []),
        ([6, 6], ["no corrected p can be below 2 × 2/2^6 = 0.0625"]),
        ([6, 8], []),
        ([4, 8], ["With 4 subjects"]),
        ([10] * 40, ["40 × 2/2^10 = 0.0781"]),
        ([30] * 40, []),
    ],
)
def test_limits_of_few_subjects(n_subjects: list[int], said: list[str]) -> None:
    found = limits(table_of(n_subjects))
    assert len(found) == len(said)
    assert all(part in sentence for part, sentence in zip(said, found, strict=True))


def test_the_figure_shows_every_subject_and_every_pair(finished_run: Path) -> None:
    metrics = read_run(finished_run).metrics.query("metric == 'roc_auc'")
    table = compare_detectors(metrics)
    figure = plot_differences(metrics, table, "ROC-AUC")
    assert len(figure.axes) == 2 * 2
    left, right = figure.axes[:2]
    assert [text.get_text() for text in left.get_xticklabels()] == ["cnn1", "slda"]
    values = metrics[(metrics["protocol"] == "within_subject") & (metrics["subject"] != "mean")]
    drawn = np.concatenate([dots.get_offsets()[:, 1] for dots in left.collections])
    assert sorted(drawn) == pytest.approx(sorted(values["value"]))
    dots = next(line for line in right.lines if line.get_alpha() is not None)
    assert np.mean(dots.get_xdata()) == pytest.approx(table["difference"].iloc[0])
    assert figure.axes[1].get_xlim() == figure.axes[3].get_xlim()


def test_names_of_runs_tell_them_apart(finished_run: Path, own_run: Path) -> None:
    assert [r.name for r in map(read_run, (finished_run, own_run))] == ["speller_study"] * 2
    assert finished_run.name == own_run.name  # neither experiment nor folder: the path
    around = Path(os.path.commonpath([finished_run.parent, own_run.parent]))
    first, second = (run.relative_to(around) for run in (finished_run, own_run))
    comparison = compare_runs([finished_run, own_run], reference=f"slda ({first})")
    assert comparison.labels[1]["slda"] == f"slda ({second})"
    config = own_run / "config.yaml"
    config.write_text(config.read_text().replace("speller_study", "again"))
    comparison = compare_runs([finished_run, own_run])
    assert comparison.labels[0]["cnn1"] == "cnn1 (speller_study)"
    same = comparison.table.query("first == 'cnn1 (speller_study)' and second == 'cnn1 (again)'")
    assert (same["difference"] == 0).all()
    assert (same["p"] == 1).all()
    assert same["effect"].isna().all()


def test_names_from_outside_are_escaped(build_run: Callable[..., Path], tmp_path: Path) -> None:
    hostile = "<script>alert('$1')</script>"
    run = build_run(
        subjects=[hostile, "2"], detectors=[hostile, "$\\frac{<b>$"], protocols=["cross_subject"],
        datasets=["<b>data</b>"],
    )  # fmt: skip
    page = write_comparison(compare_runs([run]), tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<script") == 1
    assert "alert('" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page


def test_an_old_page_stays_when_a_new_one_fails(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    page.write_text("old")
    comparison = compare_runs([finished_run])

    def fail(*arguments: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        comparison_module.write_comparison(comparison, page)
    assert page.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_subjects_are_listed_with_their_figures(finished_run: Path) -> None:
    metrics = read_run(finished_run).metrics.query("metric == 'roc_auc'")
    rows = rows_of(each_subject(metrics))
    wide = metrics.query("protocol == 'cross_subject'").set_index(["subject", "detector"])["value"]
    for subject in ("3", "4", "5"):
        cells = [f"{wide[subject, detector]:.3f}" for detector in ("cnn1", "slda")]
        assert (subject, *cells) in rows
    means = [f"{wide['mean', detector]:.3f}" for detector in ("cnn1", "slda")]
    assert ("mean of 3", *means) in rows


def test_the_tests_that_were_made_are_told(finished_run: Path) -> None:
    table = compare_runs([finished_run]).table
    (facts,) = (block for block in how_compared(table).blocks)
    told = dict(facts.facts)
    assert told["p"].startswith("Exact sign-flip permutation test")
    assert "Hall" not in told["p"]
    assert "none below 6 subjects" in told["Interval"]
    (facts,) = (block for block in how_compared(table.assign(test="Hall")).blocks)
    assert "Hall's transformation" in dict(facts.facts)["p"]


def test_numbers_in_words() -> None:
    for shorthand, words in {
        "roc_auc": "ROC-AUC",
        "log_loss": "Log loss",
        "characters@5": "Characters right after 5 repetitions",
        "bits_per_minute@1": "Bits per minute after 1 repetition",
        "characters@2:posterior": "Characters right, posterior after 2 repetitions",
        "seconds@dynamic": "Seconds per character, dynamic stopping",
    }.items():
        assert figure_name(MetricAt.parse(shorthand)) == words
    assert p_text(0.0001) == "< 0.001"
    assert p_text(0.03125) == "0.031"
    assert signed(-0.0123) == "−0.012"
    assert signed(0.5, 2) == "+0.50"
    assert signed(float("nan")) == "–"


def test_a_comparison_is_a_table_in_notebooks_and_for_pandas(
    build_run: Callable[..., Path],
) -> None:
    hostile = "<script>x</script>"
    run = build_run(
        subjects=["3", "4"],
        detectors=["slda", hostile],
        protocols=["cross_subject"],
        datasets=["made"],
    )
    comparison = compare_runs([run])
    frame = comparison.to_frame()
    pd.testing.assert_frame_equal(
        frame[list(comparison.table)], comparison.table, check_dtype=False
    )
    shown = comparison._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert all(note[:20] in shown for note in comparison.notes)
