from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from p300.report.run_results import RunResults, read_run
from p300.report.sections.detection_figures import (
    plot_auc_by_subject,
    plot_calibration,
    plot_roc,
    plot_training,
)
from p300.report.style import PALETTE, detector_colours


@pytest.fixture(scope="module")
def results(finished_run: Path) -> RunResults:
    return read_run(finished_run)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def titles(figure: Figure) -> list[str]:
    return [ax.get_title(loc="left") for ax in figure.axes]


def test_auc_by_subject_has_a_panel_a_protocol(results: RunResults) -> None:
    figure = plot_auc_by_subject(results.metrics)
    assert titles(figure) == ["within_subject", "cross_subject"]
    assert figure.axes[0].get_ylabel() == "ROC-AUC"
    ticks = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    assert ticks == ["cnn1", "slda"]
    assert {"3", "4", "5", "guessing"} <= set(texts(figure))


def test_auc_lines_are_the_subjects(results: RunResults) -> None:
    metrics = results.metrics
    auc = metrics[(metrics["metric"] == "roc_auc") & (metrics["protocol"] == "within_subject")]
    expected = auc[auc["subject"] != "mean"].pivot_table(
        index="subject", columns="detector", values="value"
    )
    lines = [line.get_ydata() for line in plot_auc_by_subject(metrics).axes[0].get_lines()]
    drawn = [line for line in lines if len(line) == 2]
    for subject in expected.to_numpy():
        assert any(np.allclose(np.asarray(line, dtype=float), subject) for line in drawn)


def test_auc_of_one_detector_compares_protocols(results: RunResults) -> None:
    metrics = results.metrics[results.metrics["detector"] == "slda"]
    figure = plot_auc_by_subject(metrics)
    assert titles(figure) == ["slda"]
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert ticks == ["within_subject", "cross_subject"]


def test_auc_works_with_a_detector_missing_in_one_protocol(results: RunResults) -> None:
    metrics = results.metrics
    missing = (metrics["detector"] == "cnn1") & (metrics["protocol"] == "cross_subject")
    figure = plot_auc_by_subject(metrics[~missing])
    figure.canvas.draw()
    assert titles(figure) == ["within_subject", "cross_subject"]


def test_roc_panels_and_labels(results: RunResults) -> None:
    figure = plot_roc(results.scores, results.metrics)
    assert titles(figure) == ["cnn1", "slda", "cnn1", "slda"]
    assert [ax.get_xlabel() for ax in figure.axes] == ["False positive rate"] * 4
    assert figure.axes[0].get_ylabel() == "True positive rate"


def test_area_under_the_mean_curve_is_the_mean_auc(results: RunResults) -> None:
    metrics = results.metrics
    mean = metrics[(metrics["metric"] == "roc_auc") & (metrics["subject"] == "mean")]
    figure = plot_roc(results.scores, metrics)
    for ax, value in zip(figure.axes, mean["value"], strict=True):
        thick = max(ax.get_lines(), key=lambda line: line.get_linewidth())
        x, y = (np.asarray(data, dtype=float) for data in thick.get_data())
        assert np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2) == pytest.approx(value, abs=0.01)
        assert any(f"AUC {value:.3f}" in text.get_text() for text in ax.texts)
        assert len(ax.get_lines()) == 1 + 3 + 1  # diagonal, subjects, mean


def test_calibration_counts_every_epoch_once(
    results: RunResults, build_run: Callable[..., Path]
) -> None:
    repeated = build_run(
        subjects=["1", "2"], detectors=["slda"], protocols=["cross_subject"], datasets=["x"],
        repeats=3,
    )  # fmt: skip
    for scores, n_epochs in (
        (results.scores, 3 * 2 * 240),
        (pd.read_parquet(repeated / "scores.parquet"), 2 * 2 * 240),
    ):
        figure = plot_calibration(scores)
        strips = [ax for ax in figure.axes if ax.get_xlabel() == "Probability of a target"]
        for strip in strips:
            counted = sum(patch.get_height() for patch in strip.patches)
            assert counted == pytest.approx(n_epochs)
    assert figure.axes[0].get_ylabel() == "Share of targets"


def test_well_calibrated_scores_lie_on_the_diagonal() -> None:
    rng = np.random.default_rng(0)
    probability = rng.beta(1, 5, size=20_000)
    scores = pd.DataFrame(
        {
            "dataset": "x", "protocol": "p", "fold": "f", "detector": "d", "seed": 1,
            "subject": "1", "target": rng.uniform(size=20_000) < probability,
            "score": np.log(probability / (1 - probability)),
        }
    )  # fmt: skip
    ax = plot_calibration(scores).axes[0]
    thick = max(ax.get_lines(), key=lambda line: line.get_linewidth())
    x, y = (np.asarray(data, dtype=float) for data in thick.get_data())
    np.testing.assert_allclose(x, y, atol=0.03)
    assert len(x) == 10


def test_training_leaves_out_what_does_not_iterate(results: RunResults) -> None:
    figure = plot_training(results.fits)
    assert titles(figure) == ["cnn1", "cnn1"]
    assert figure.axes[0].get_ylabel() == "Loss"
    assert figure.axes[1].get_xlabel() == "Training pass"
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["training", "validation"]


def test_training_needs_a_history(results: RunResults) -> None:
    with pytest.raises(ValueError, match="no fit has a training history"):
        plot_training(results.fits[results.fits["detector"] == "slda"])


def test_a_detector_has_one_colour_everywhere(results: RunResults) -> None:
    colours = detector_colours(["slda", "cnn1"])
    assert colours == detector_colours(["cnn1", "slda", "slda"])
    figures = [plot_roc(results.scores), plot_calibration(results.scores)]
    # Only one detector iterates; its colour is still the one among all.
    figures.append(plot_training(results.fits[results.fits["detector"].isin(["cnn1", "slda"])]))
    for figure in figures:
        for ax in figure.axes:
            if ax.get_title(loc="left"):
                thick = max(ax.get_lines(), key=lambda line: line.get_linewidth())
                title = ax.get_title(loc="left")
                drawn = {line.get_color() for line in ax.get_lines()}
                assert colours[title] in drawn
                assert thick.get_linewidth() > 1


def test_ten_detectors_have_ten_colours() -> None:
    assert len({*detector_colours(map(str, range(10))).values()}) == 10 == len(PALETTE)


def test_many_panels_break_into_rows_of_five(build_run: Callable[..., Path]) -> None:
    detectors = [f"d{k}" for k in range(7)]
    run = build_run(
        subjects=["1", "2"], detectors=detectors, protocols=["within_subject", "cross_subject"],
        datasets=["x"],
    )  # fmt: skip
    figure = plot_roc(pd.read_parquet(run / "scores.parquet"))
    assert titles(figure) == detectors * 2
    places = [ax.get_subplotspec() for ax in figure.axes]
    columns = [place.colspan.start for place in places if place is not None]
    assert columns == [0, 1, 2, 3, 0, 1, 2] * 2
    labelled = [ax for ax in figure.axes if ax.get_xlabel()]
    assert len(labelled) == 4  # the lowest of each column, also where the last row is short


def test_figures_do_not_live_in_pyplot(results: RunResults) -> None:
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    figure = plot_roc(results.scores)
    assert isinstance(figure, Figure)
    assert pyplot.get_fignums() == before


def test_dollar_signs_are_no_mathematics(results: RunResults) -> None:
    metrics = results.metrics.replace({"cnn1": "$\\frac{$"})
    plot_auc_by_subject(metrics).canvas.draw()


def test_a_detector_that_a_protocol_lacks_keeps_its_place(results: RunResults) -> None:
    metrics = results.metrics
    last = metrics["detector"].unique()[-1]
    first_protocol = metrics["protocol"].unique()[0]
    gone = (metrics["detector"] == last) & (metrics["protocol"] == first_protocol)
    figure = plot_auc_by_subject(metrics[~gone])
    whole = plot_auc_by_subject(metrics)
    for ax, other in zip(figure.axes, whole.axes, strict=True):
        assert ax.get_xlim() == other.get_xlim()
        names = [t.get_text() for t in ax.get_xticklabels()]
        assert names == [t.get_text() for t in other.get_xticklabels()]
