"""Epochs in tables and notebooks."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from studies import make_epochs

from p300.signal.epochs import Epochs

HOSTILE = "<script>alert('1')</script>\x1b[2J"


def test_the_table_has_a_row_an_epoch_and_time():
    epochs = make_epochs(2, 1)
    table = epochs.to_frame()
    n_times = epochs.X.shape[2]
    assert len(table) == len(epochs) * n_times
    np.testing.assert_array_equal(table.loc[table["epoch"] == 5, "Pz"], epochs.X[5, 2])
    row = table.iloc[5 * n_times + 3]
    assert row["time"] == epochs.times[3]
    assert row["sample"] == epochs.flashes["sample"][5]
    assert table["target"].sum() == n_times * epochs.y.sum()


def test_notebooks_show_what_there_is_and_text_is_only_text():
    epochs = make_epochs(2, 1)
    shown = epochs._repr_html_()
    for told in ("2: 1, 2", "384 flashes, 64 targets", "Fz, Cz, Pz, Oz", "normaliser"):
        assert told in shown
    hostile = Epochs(
        epochs.X, epochs.flashes.assign(subject=HOSTILE), (HOSTILE, "Cz", "Pz", "Oz"), 120.0
    )._repr_html_()
    assert "<script" not in hostile
    assert "\x1b" not in hostile
    assert "&lt;script&gt;" in hostile


def test_figures_are_a_method_away():
    epochs = make_epochs(2, 1)
    for figure in (
        epochs.plot_averages(["Pz"], "epochs"),
        epochs.plot_topographies([0.3]),
        epochs.plot_image("Cz", 0),
    ):
        assert isinstance(figure, Figure)
