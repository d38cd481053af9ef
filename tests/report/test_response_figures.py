"""Figures of responses show what the tables hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from studies import make_epochs, make_recording

from p300 import plot_signed_r_squared
from p300.errors import EpochsError, RecordingError
from p300.report.response_figures import (
    MOST_IMAGES,
    MOST_STEPS,
    are_unequal,
    describe_peak,
    peak,
    plot_difference_maps,
    plot_epoch_images,
    plot_r_squared,
    plot_subject_responses,
)
from p300.signal.averages import (
    average_epochs,
    image_targets,
    mean_over_subjects,
    subject_r_squared,
)
from p300.signal.epochs import Epochs
from p300.signal.preprocessing import Preprocessing, preprocess
from p300.signal.separability import signed_r_squared

VOLTS = Preprocessing(normaliser="none")


@pytest.fixture(scope="module")
def two() -> Epochs:
    recordings = (make_recording(str(k), amplitude=k * 1e-5, seed=k) for k in (1, 2))
    return preprocess(recordings, VOLTS)


@pytest.fixture(scope="module")
def averages(two: Epochs) -> pd.DataFrame:
    return average_epochs(two)


@pytest.fixture(scope="module")
def mean(averages: pd.DataFrame) -> pd.DataFrame:
    return mean_over_subjects(subject_r_squared(averages))


def images(subjects: list[str], n_lines: int = 4, runs: tuple[str, ...] = ("1",)) -> pd.DataFrame:
    """Of each run the n-th line is n µV, and the mean of n + 1 epochs."""
    times = np.arange(5) / 100
    rows = [
        {
            "dataset": "d", "subject": subject, "session": "1", "run": run, "electrode": "Pz",
            "line": line, "time": time, "microvolts": float(line), "n": line + 1,
        }
        for subject in subjects for run in runs for line in range(n_lines) for time in times
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_map_is_the_mean_over_subjects_from_front_to_back(two, mean):
    figure = plot_r_squared(mean)
    drawn = np.asarray(figure.axes[0].images[0].get_array())
    own = [two.units("subject") == k for k in (0, 1)]
    both = np.mean([signed_r_squared(two.X[rows], two.y[rows]) for rows in own], axis=0)
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels.index("Fz") < labels.index("Cz") < labels.index("Pz")
    np.testing.assert_allclose(drawn[labels.index("Pz")], both[two.electrodes.index("Pz")])
    low, high = figure.axes[0].images[0].get_clim()
    assert low == -high


def test_electrodes_without_positions_are_in_the_map_as_they_come(mean):
    unnamed = mean.set_axis([f"EEG{k}" for k in range(len(mean))])
    figure = plot_r_squared(unnamed)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == list(unnamed.index)
    np.testing.assert_allclose(np.asarray(figure.axes[0].images[0].get_array()), unnamed)


def test_the_peak_is_where_the_value_is_furthest_from_zero(mean):
    planted = mean * 0
    planted.iloc[1, 7] = -0.25
    planted.iloc[2, 9] = 0.125
    assert peak(planted) == (planted.index[1], planted.columns[7], -0.25)
    time = f"{1e3 * planted.columns[9]:.0f} ms"
    assert describe_peak(planted, planted.index[2]) == f"r² +0.125 at {time}"
    assert describe_peak(planted, planted.index[1]).startswith("r² −0.250")


def test_epochs_plot_their_signed_r_squared(two, mean):
    expected = np.asarray(plot_r_squared(mean).axes[0].images[0].get_array())
    figure = plot_signed_r_squared(two)
    np.testing.assert_allclose(np.asarray(figure.axes[0].images[0].get_array()), expected)
    assert two.plot_signed_r_squared().axes[0].get_xlabel() == "Time from flash (ms)"


def test_people_of_one_name_in_two_data_sets_are_two_in_the_map(two, mean):
    other = two.units("subject") == 1
    flashes = two.flashes.assign(subject="1")
    flashes.loc[other, "dataset"] = "other"
    figure = plot_signed_r_squared(replace(two, flashes=flashes))
    expected = np.asarray(plot_r_squared(mean).axes[0].images[0].get_array())
    np.testing.assert_allclose(np.asarray(figure.axes[0].images[0].get_array()), expected)


def test_without_a_subject_of_both_kinds_there_is_nothing_to_plot(two):
    mine = two.units("subject") == 0
    apart = two.select((mine & (two.y == 1)) | (~mine & (two.y == 0)))
    with pytest.raises(EpochsError, match="no subject with targets and non-targets"):
        plot_signed_r_squared(apart)


def test_maps_come_every_50_ms(averages):
    figure = plot_difference_maps(averages)
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles[:3] == ["0 ms", "50 ms", "100 ms"]
    assert len(titles) == 13
    assert figure.axes[-1].get_ylabel() == "Target − non-target (µV)"
    pz = averages[averages["electrode"].eq("Pz")].groupby(["kind", "time"])["microvolts"].mean()
    largest = np.abs(pz["target"] - pz["nontarget"]).max()
    assert figure.axes[0].images[0].get_clim()[1] == pytest.approx(largest, rel=0.2)


@pytest.mark.parametrize(("begin", "end", "step"), [(-0.2, 0.8, 50), (0.0, 3.0, 150)])
def test_long_epochs_have_fewer_maps_a_second(averages, begin, end, step):
    times = {time: begin + k * (end - begin) / 77 for k, time in
             enumerate(sorted(averages["time"].unique()))}  # fmt: skip
    figure = plot_difference_maps(averages.assign(time=averages["time"].map(times)))
    at = [float(ax.get_title()[:-3].replace("−", "-")) for ax in figure.axes if ax.get_title()]
    assert len(at) <= MOST_STEPS
    assert np.abs(np.diff(at) - step).max() < 45


def test_one_loud_electrode_or_subject_does_not_hide_the_rest(averages):
    assert not are_unequal(averages)
    loud = (averages["subject"] == "1") & (averages["electrode"] == "Cz")
    for rows in (loud, averages["subject"] == "1"):
        unequal = averages.assign(
            microvolts=averages["microvolts"].where(~rows, lambda v: 1000 * v)
        )
        assert are_unequal(unequal)
        figure = plot_difference_maps(unequal)
        assert figure.axes[-1].get_ylabel() == "Target − non-target (robust SD)"
        assert figure.axes[0].images[0].get_clim()[1] < 50
    quiet = averages.assign(microvolts=averages["microvolts"].where(~loud, lambda v: v / 1000))
    assert not are_unequal(quiet)


def test_maps_need_positions(averages):
    with pytest.raises(RecordingError, match="where X was"):
        plot_difference_maps(averages.replace({"electrode": {"Pz": "X"}}))


def test_an_image_has_a_row_an_epoch_run_below_run():
    figure = plot_epoch_images(images(["1"], runs=("2", "1")), smooth=0)
    drawn = np.asarray(figure.axes[0].images[0].get_array())
    once = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3]
    np.testing.assert_array_equal(drawn[:, 0], [*once, *once])
    (edge,) = [line for line in figure.axes[0].get_lines() if len(set(line.get_ydata())) == 1]
    assert edge.get_ydata()[0] == 10
    assert "20 targets" in " ".join(text.get_text() for text in figure.axes[0].texts)


def test_smoothing_an_image_stays_within_a_run():
    steps = images(["1"], n_lines=8, runs=("1", "2"))
    steps["microvolts"] = (steps["run"] == "2").astype(float)
    drawn = np.asarray(plot_epoch_images(steps, smooth=0.3).axes[0].images[0].get_array())
    assert set(np.unique(drawn.round(9))) == {0.0, 1.0}


def test_an_image_is_drawn_of_so_many_subjects():
    figure = plot_epoch_images(images([str(k) for k in range(MOST_IMAGES + 3)]))
    assert sum(len(ax.images) for ax in figure.axes) == MOST_IMAGES


def test_a_subject_has_averages_map_and_image(two, averages):
    own = averages[averages["subject"] == "2"]
    epochs = two.select(two.units("subject") == 1)
    image = image_targets(epochs, "Pz", int(epochs.y.sum()))
    figure = plot_subject_responses(own, image)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    best = np.abs(signed_r_squared(epochs.X, epochs.y)).max(axis=1).argmax()
    assert titles[0] == two.electrodes[best]
    assert {"Signed r²", "Targets at Pz"} <= set(titles)
    without = plot_subject_responses(own)
    assert "Targets at Pz" not in [ax.get_title(loc="left") for ax in without.axes]


def test_fewer_electrodes_than_are_shown_are_enough():
    epochs = make_epochs(1, 1).pick(["Cz", "Pz"])
    assert plot_subject_responses(average_epochs(epochs)).axes[1].get_title(loc="left")
