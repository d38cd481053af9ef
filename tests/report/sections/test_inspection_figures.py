from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from p300.report.scalp import front_to_back
from p300.report.sections.network import mean_electrode_weights
from p300.report.sections.network_figures import (
    plot_electrode_ranking,
    plot_kernel_gains,
    plot_saliency,
    plot_temporal_kernels,
)

ELECTRODES = ["Oz", "Pz", "Cz", "Fz"]


def test_a_map_a_subject_up_to_ten() -> None:
    weights = pd.DataFrame(
        np.random.default_rng(0).uniform(size=(12, 4)), columns=ELECTRODES,
        index=[f"subject {k}" for k in range(12)],
    )  # fmt: skip
    figure = plot_electrode_ranking(weights)
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == [f"subject {k}" for k in range(10)]
    assert figure.axes[-1].get_ylabel() == "Weight (largest = 1)"


def test_the_last_row_of_maps_may_be_short() -> None:
    weights = pd.DataFrame(np.eye(4)[[0, 1, 2, 3, 0, 1]], columns=ELECTRODES, index=list("abcdef"))
    figure = plot_electrode_ranking(weights)
    figure.canvas.draw()
    assert len(figure.axes) == 7  # six maps and the bar


def test_weights_are_summed_over_filters_and_averaged_over_fits() -> None:
    fits = pd.DataFrame(
        {
            "subject": ["a", "a", "b"],
            "electrodes": [ELECTRODES] * 3,
            "spatial_filters": [
                [[1.0, -2.0, 0.0, 0.0], [-1.0, 2.0, 0.0, 0.0]],  # sums 2 4 0 0
                [[0.0, 1.0, -1.0, 0.0]],
                [[0.0, 0.0, 0.0, 5.0]],
            ],
        }
    )
    weights = mean_electrode_weights(fits)
    assert list(weights.index) == ["a", "b"]
    np.testing.assert_allclose(weights.loc["a"], [0.25, 1, 0.5, 0])
    np.testing.assert_allclose(weights.loc["b"], [0, 0, 0, 1])


def test_kernels_stand_over_their_gains() -> None:
    rng = np.random.default_rng(0)
    figure = plot_temporal_kernels(rng.normal(size=(12, 5, 13)), 120.0)
    headed = [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]
    assert len(headed) == 10
    assert len({*headed} & {f"filter {k}" for k in range(1, 13)}) == 10
    gains = [ax for ax in figure.axes if ax.get_xlabel() == "Frequency (Hz)"]
    assert len(gains) == 10
    assert all(ax.get_xlim() == (0, 60) for ax in gains)
    kernels = [ax for ax in figure.axes if ax.get_xlabel() == "Time in the kernel (ms)"]
    assert kernels[0].get_xlim() == (0, pytest.approx(100))


def test_seven_filters_leave_no_empty_axes() -> None:
    figure = plot_temporal_kernels(np.ones((7, 2, 13)), 120.0)
    figure.canvas.draw()
    assert len(figure.axes) == 14


def test_the_gain_of_a_wave_peaks_at_its_frequency() -> None:
    wave = np.sin(2 * np.pi * 20 * np.arange(26) / 120)
    figure = plot_kernel_gains({"cnn1": wave[None, None], "flat": np.zeros((1, 1, 26))}, 120.0)
    curves = [max(ax.get_lines(), key=lambda line: line.get_linewidth()) for ax in figure.axes]
    x, y = (np.asarray(data, dtype=float) for data in curves[0].get_data())
    assert x[y.argmax()] == pytest.approx(20, abs=1)
    # White noise of one kernel: the mean square gain over all frequencies is 1.
    assert np.mean(np.concatenate([y, y[-2:0:-1]]) ** 2) == pytest.approx(1)
    assert np.allclose(curves[1].get_ydata(), 0)


def test_electrodes_go_from_the_front_to_the_back() -> None:
    names = ["x", *ELECTRODES, "extra", "P4", "P3"]
    assert [names[k] for k in front_to_back(names)] == [
        "Fz", "Cz", "P3", "Pz", "P4", "Oz", "x", "extra",
    ]  # fmt: skip
    places = {"x": (0.0, 0.1, 0.0), "P4": (0.05, -0.1, 0.0), "P3": (-0.05, -0.095, 0.0)}
    assert [names[k] for k in front_to_back(names, places)][:3] == ["x", "P3", "P4"]


def test_saliency_shows_electrode_by_time() -> None:
    values = np.zeros((4, 78))
    values[1, 40] = -3.0  # Pz
    table = pd.DataFrame(values, index=ELECTRODES, columns=np.arange(78) / 120)
    figure = plot_saliency({"cnn1": table, "cnn3": table})
    image = np.asarray(figure.axes[0].images[0].get_array(), dtype=float)
    row, column = np.argwhere(image == -1)[0]
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names[row] == "Pz"
    left, right, *_ = figure.axes[0].images[0].get_extent()
    assert left + (column + 0.5) * (right - left) / 78 == pytest.approx(1e3 * 40 / 120)
    assert figure.axes[1].get_title(loc="left") == "cnn3"
