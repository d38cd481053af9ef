"""Detectors by year."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from p300.report.page import Table
from p300.report.run_results import read_run
from p300.report.sections.family_tree import by_year, detector_years, plot_ladder

DETECTORS = ["stepnet", "slda", "cnn1", "mlp", "perceptron", "eegnet", "lenet5"]


def test_few_years_make_no_line(finished_run: Path) -> None:
    assert by_year(read_run(finished_run)) is None


def test_detectors_stand_in_the_order_of_their_years(build_run: Callable[..., Path]) -> None:
    results = read_run(
        build_run(
            subjects=["3", "4", "5"], detectors=DETECTORS, protocols=["within_subject"],
            datasets=["one", "two"],
        )
    )  # fmt: skip
    years = detector_years(results)
    assert list(years.values()) == [1958, 1986, 1998, 2011, 2011, 2018, None]
    section = by_year(results)
    assert section is not None
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert len(tables) == 2
    assert [row.cells[0] for row in tables[0].rows] == list(years)
    assert tables[0].rows[-1].cells[:4] == ("stepnet", "–", "31,092", "3.2")
    assert tables[0].columns[4:] == ("within_subject",)


def test_each_data_set_and_protocol_has_its_panel(build_run: Callable[..., Path]) -> None:
    results = read_run(
        build_run(
            subjects=["3", "4", "5"], detectors=DETECTORS,
            protocols=["within_subject", "cross_subject"], datasets=["one", "two"],
        )
    )  # fmt: skip
    figure = plot_ladder(results.metrics, detector_years(results))
    assert len(figure.axes) == 4
    lowest = figure.axes[-1]
    assert lowest.get_xticklabels()[0].get_text() == "1958  perceptron"
    subjects = lowest.collections[0].get_offsets()
    assert len(subjects) == 3 * len(DETECTORS)
