from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from p300.errors import RecordingError
from p300.report.run_results import read_run
from p300.report.scalp import (
    MOST_MAPS,
    amplitude_ratio,
    central_electrodes,
    plot_grand_average,
    plot_spatial_patterns,
)
from p300.report.scalp_maps import describe_unplaced

ELECTRODES = ["Fz", "Cz", "Pz", "Oz", "PO7", "PO8"]


@pytest.fixture(scope="module")
def averages(finished_run: Path) -> pd.DataFrame:
    loaded = read_run(finished_run).averages
    assert loaded is not None
    return loaded


def pixels(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="rgba", dpi=50)
    return stream.getvalue()


def drawn(figure: Figure, panel: int, name: str) -> np.ndarray:
    (line,) = (ln for ln in figure.axes[panel].get_lines() if ln.get_label() == name)
    return np.asarray(line.get_ydata(), dtype=float)


def test_midline_first_else_nearest_to_cz() -> None:
    assert central_electrodes(["P3", "Oz", "Cz", "P4"]) == ["Cz", "Oz"]
    assert set(central_electrodes(["TP9", "AF7", "AF8", "TP10"])) == {"TP9", "AF7", "AF8", "TP10"}
    assert set(central_electrodes(["C3", "C4", "CP1", "CP2", "O1", "Fp2"])) == {
        "C3", "C4", "CP1", "CP2",
    }  # fmt: skip


def test_grand_average_labels(averages: pd.DataFrame) -> None:
    figure = plot_grand_average(averages)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Fz", "Cz", "Pz", "Oz", *[""] * 4]
    assert figure.axes[0].get_ylabel() == "Response (µV)"
    assert figure.axes[4].get_ylabel() == "Difference (µV)"
    assert figure.axes[4].get_xlabel() == "Time from flash (ms)"


def test_grand_average_is_the_mean_over_subjects(averages: pd.DataFrame) -> None:
    figure = plot_grand_average(averages)
    pz = averages[averages["electrode"] == "Pz"].groupby(["kind", "time"])["microvolts"].mean()
    np.testing.assert_allclose(drawn(figure, 2, "target"), pz["target"])
    difference = pz["target"] - pz["nontarget"]
    np.testing.assert_allclose(drawn(figure, 6, "difference"), difference)


def test_six_subjects_have_an_interval_and_three_have_none(averages: pd.DataFrame) -> None:
    assert all(not ax.collections for ax in plot_grand_average(averages).axes)
    louder = averages.assign(
        subject=averages["subject"] + "b", microvolts=2 * averages["microvolts"]
    )
    six = pd.concat([averages, louder])
    figure = plot_grand_average(six)
    assert all(ax.collections for ax in figure.axes)
    # The interval of six is from the least to the greatest.
    (band,) = figure.axes[6].collections
    (path,) = band.get_paths()
    pz = six[six["electrode"] == "Pz"].pivot_table(
        index="subject", columns=["kind", "time"], values="microvolts"
    )
    difference = pz["target"] - pz["nontarget"]
    assert path.vertices[:, 1].max() == pytest.approx(difference.max().max())
    assert path.vertices[:, 1].min() == pytest.approx(difference.min().min())


@pytest.mark.parametrize(
    ("subject", "electrode"), [("3", ELECTRODES), ("4", ["Oz"])], ids=["unit", "loose electrode"]
)
def test_one_loud_source_does_not_hide_the_rest(
    averages: pd.DataFrame, subject: str, electrode: list[str]
) -> None:
    loud = (averages["subject"] == subject) & averages["electrode"].isin(electrode)
    unequal = averages.assign(microvolts=averages["microvolts"].where(~loud, lambda v: 1000 * v))
    assert amplitude_ratio(averages) < 20
    assert amplitude_ratio(unequal) > 500
    figure = plot_grand_average(unequal)
    assert figure.axes[0].get_ylabel() == "Response (robust SD)"
    for panel in range(4):
        assert 1 < np.abs(drawn(figure, panel, "target")).max() < 50
    # Scaled by its own deviation, a louder copy of a subject looks the same.
    louder = unequal.copy()
    louder.loc[loud, "microvolts"] *= 10
    np.testing.assert_allclose(
        drawn(plot_grand_average(louder), 3, "target"), drawn(figure, 3, "target")
    )


def test_flat_averages_can_be_drawn(averages: pd.DataFrame) -> None:
    flat = averages.assign(microvolts=0.0)
    assert np.all(drawn(plot_grand_average(flat), 0, "target") == 0)


def test_patterns_have_a_map_each_and_a_scale() -> None:
    patterns = pd.DataFrame(np.random.default_rng(0).normal(size=(3, 6)), columns=ELECTRODES)
    figure = plot_spatial_patterns(patterns)
    assert [ax.get_title() for ax in figure.axes[:-1]] == ["filter 0", "filter 1", "filter 2"]
    assert figure.axes[-1].get_ylabel() == "Pattern (largest value = 1)"


def test_most_patterns_are_those_of_the_largest_norm() -> None:
    values = np.random.default_rng(0).normal(size=(MOST_MAPS + 2, 6))
    values[[0, 5]] *= 1e-3
    figure = plot_spatial_patterns(pd.DataFrame(values, columns=ELECTRODES))
    named = [ax.get_title() for ax in figure.axes[:-1]]
    assert len(named) == MOST_MAPS
    assert not {"filter 0", "filter 5"} & set(named)


def test_sign_and_scale_of_a_pattern_mean_nothing() -> None:
    patterns = pd.DataFrame(np.random.default_rng(0).normal(size=(2, 6)), columns=ELECTRODES)
    turned = patterns.mul([-3.0, 0.01], axis=0)
    assert pixels(plot_spatial_patterns(patterns)) == pixels(plot_spatial_patterns(turned))


def test_a_zero_pattern_can_be_drawn() -> None:
    figure = plot_spatial_patterns(pd.DataFrame(np.zeros((1, 6)), columns=ELECTRODES))
    assert figure.axes[0].get_title() == "filter 0"


def test_electrodes_without_positions_are_named() -> None:
    patterns = pd.DataFrame(np.ones((1, 3)), columns=["Fz", "EEG1", "EEG2"])
    with pytest.raises(RecordingError, match="where EEG1, EEG2 were on the head"):
        plot_spatial_patterns(patterns)
    assert describe_unplaced(["Fz", "X"]).endswith("where X was on the head.")
    assert describe_unplaced(ELECTRODES) == ""
