"""The figure of the few characters of a new person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from p300.pipeline import run_experiment
from p300.report.run_results import RunResults, read_run
from p300.report.sections.few_characters import (
    calibration_curve,
    calibration_points,
    plot_calibration_curve,
)
from p300.runs.config import parse_experiment

pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")

CONFIG = {
    "datasets": {
        "simulated": [
            {"source": "simulated", "n_subjects": 3, "characters_per_run": 2, "repetitions": 5}
        ]
    },
    "detectors": {"slda": {}, "scratch": {"detector": "slda", "adaptation": "from_scratch"}},
    "protocols": {"few_shot": {"characters": [0, 2, "all"]}},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    run = tmp_path_factory.mktemp("curve") / "run"
    run_experiment(parse_experiment(yaml.safe_dump(CONFIG)), run)
    return read_run(run)


def test_points_are_means_over_the_same_subjects(results: RunResults) -> None:
    points = calibration_points(results)
    assert set(points["figure"]) == {"roc_auc", "characters@5"}
    assert (points["n"] == 3).all()
    rows = results.metrics
    own = rows[
        (rows["protocol"] == "few_shot-2") & (rows["detector"] == "slda")
        & (rows["metric"] == "roc_auc") & (rows["subject"] != "mean")
    ]  # fmt: skip
    point = points[
        (points["detector"] == "slda") & (points["characters"] == "2")
        & (points["figure"] == "roc_auc")
    ]  # fmt: skip
    assert point["value"].item() == pytest.approx(own["value"].mean())


def test_subjects_without_all_numbers_are_left_out(results: RunResults) -> None:
    metrics = results.metrics
    gone = (metrics["protocol"] == "few_shot-all") & (metrics["subject"] == "1")
    fewer = replace(results, metrics=metrics[~gone])
    points = calibration_points(fewer)
    assert (points.loc[points["figure"] == "roc_auc", "n"] == 2).all()


def test_lines_are_those_of_the_detectors_in_order_of_characters(results: RunResults) -> None:
    figure = plot_calibration_curve(calibration_points(results))
    left = figure.axes[0]
    assert [t.get_text() for t in left.get_xticklabels()] == ["0", "2", "all"]
    lines = {line.get_label(): line.get_xdata().round().tolist() for line in left.lines}
    assert lines == {"slda": [0, 1, 2], "scratch": [1, 2]}


def test_the_section_is_on_the_page_only_with_few_shot(results: RunResults) -> None:
    section = calibration_curve(results)
    assert section is not None
    assert "Calibration curve" in (results.folder / "report.html").read_text(encoding="utf-8")
    other = results.metrics.assign(protocol="cross_subject", calibration_characters=None)
    assert Path(results.folder / "figures" / "calibration_curve.png").is_file()
    assert calibration_curve(replace(results, metrics=other, characters=None)) is None
