from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import spell_scores, spelled_scores
from matplotlib.figure import Figure

from p300.recordings.layout import MATRIX_6X6, Layout
from p300.report.run_results import RunResults, read_run
from p300.report.sections.letters_figures import (
    error_offsets,
    plot_bit_rates,
    plot_characters,
    plot_confusion,
)
from p300.speller import wilson_interval
from p300.speller.curves import subject_rates


@pytest.fixture(scope="module")
def results(spelled_run: Path) -> RunResults:
    return read_run(spelled_run)


def titles(figure: Figure) -> list[str]:
    return [ax.get_title(loc="left") for ax in figure.axes]


def thickest(figure: Figure, panel: int) -> tuple[np.ndarray, np.ndarray]:
    line = max(figure.axes[panel].get_lines(), key=lambda each: each.get_linewidth())
    x, y = (np.asarray(data, dtype=float) for data in line.get_data())
    return x, y


def test_the_thick_line_is_the_share_of_all_characters(results: RunResults) -> None:
    figure = plot_characters(results.rates)
    assert titles(figure) == ["cnn1", "mcnn1", "slda"]
    assert figure.axes[0].get_ylabel() == "Characters right (%)"
    assert results.characters is not None
    for panel, detector in enumerate(titles(figure)):
        own = results.characters[results.characters["detector"] == detector]
        own = own[(own["rule"] == "sum") & (own["stopping"] == "fixed")]
        share = own.groupby("repetitions")["correct"].mean()
        x, y = thickest(figure, panel)
        np.testing.assert_allclose(x, share.index)
        np.testing.assert_allclose(y, 100 * share)


def test_the_band_is_wilsons_interval(results: RunResults) -> None:
    figure = plot_characters(results.rates)
    (band,) = figure.axes[0].collections[:1]
    drawn = np.asarray(band.get_paths()[0].vertices)[:, 1]
    _, share = thickest(figure, 0)
    low, high = wilson_interval(share / 100 * 24, 24)  # two subjects, twelve characters each
    assert drawn.min() == pytest.approx(100 * low.min())
    assert drawn.max() == pytest.approx(100 * high.max())


def test_dynamic_stopping_stands_at_its_mean_repetitions(results: RunResults) -> None:
    dynamic = results.rates[results.rates["stopping"] == "dynamic"]
    for figure, column, scale in (
        (plot_characters(results.rates), "accuracy", 100),
        (plot_bit_rates(results.rates), "bits_per_minute", 1),
    ):
        own = dynamic[dynamic["detector"] == "mcnn1"]
        ax = figure.axes[1]
        (mark,) = (line for line in ax.get_lines() if line.get_marker() == "D")
        expected = own["mean_repetitions"].mean(), scale * own[column].mean()
        assert np.ravel(mark.get_data()) == pytest.approx(expected)


def test_without_training_scores_only_the_sum_is_drawn(results: RunResults) -> None:
    rates = results.rates[results.rates["rule"] == "sum"]
    for figure in (plot_characters(rates), plot_bit_rates(rates)):
        figure.canvas.draw()
        names = [text.get_text() for text in figure.legends[0].get_texts()]
        assert not {"posterior", "dynamic stopping"} & set(names)


def test_the_ring_is_at_the_best_mean_rate(results: RunResults) -> None:
    figure = plot_bit_rates(results.rates)
    x, y = thickest(figure, 0)
    (ring,) = (line for line in figure.axes[0].get_lines() if line.get_marker() == "o")
    assert np.ravel(ring.get_data()) == pytest.approx([x[y.argmax()], y.max()])
    best = results.metrics.query("stopping == 'best' and detector == 'cnn1'")
    assert y.max() == pytest.approx(best["value"].item())


def test_mean_rates_end_where_a_subject_ends() -> None:
    long = spelled_scores(["1"], ["slda"], text="AB9", n_repetitions=6)
    short = spelled_scores(["2"], ["slda"], text="AB9", n_repetitions=4)
    rates = subject_rates(pd.concat([spell_scores(long), spell_scores(short)]), {"speller": 36})
    x, _ = thickest(plot_bit_rates(rates), 0)
    np.testing.assert_array_equal(x, [1, 2, 3, 4])


def decided(true: str, spelled: str) -> pd.DataFrame:
    return pd.DataFrame({"true_symbol": list(true), "symbol": list(spelled)})


def test_offsets_point_from_the_true_symbol_to_the_decided_one() -> None:
    # A is at row 0, column 0; B to its right; G below it; _ in the last row and column.
    counts = error_offsets(decided("AAAA_", "ABG_A"), MATRIX_6X6)
    assert counts.shape == (11, 11)
    assert counts[5, 5] == 1
    assert counts[5, 6] == 1
    assert counts[6, 5] == 1
    assert counts[10, 10] == 1
    assert counts[0, 0] == 1


def test_offsets_leave_out_what_nobody_attended_and_nothing() -> None:
    pairs = pd.DataFrame({"true_symbol": ["A", "A", ""], "symbol": ["A", "", "B"]})
    counts = error_offsets(pairs, MATRIX_6X6)
    assert counts.sum() == counts[5, 5] == 1


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))
def test_offsets_count_every_character_and_turn_round(pairs: list[tuple[int, int]]) -> None:
    layout = Layout.row_column(["ABCD", "EFGH", "IJKL"])
    symbols = "".join(layout.symbols)
    true, spelled = ("".join(symbols[pair[side]] for pair in pairs) for side in (0, 1))
    counts = error_offsets(decided(true, spelled), layout)
    assert counts.sum() == len(pairs)
    assert counts.shape == (5, 7)
    # Taking true for decided turns every offset round.
    turned = error_offsets(decided(spelled, true), layout)
    np.testing.assert_array_equal(turned, counts[::-1, ::-1])


def test_offsets_need_a_matrix() -> None:
    with pytest.raises(ValueError, match="no shape"):
        error_offsets(decided("A", "B"), Layout.single_cell("AB"))


def test_confusion_tells_the_share_of_errors(results: RunResults) -> None:
    assert results.characters is not None
    characters = results.characters[results.characters["rule"] == "sum"]
    figure = plot_confusion(characters, results.layouts)
    for ax, detector in zip(figure.axes, ["cnn1", "mcnn1", "slda"], strict=True):
        wrong = 1 - characters[characters["detector"] == detector]["correct"].mean()
        assert f"{100 * wrong:.0f} % wrong" in {text.get_text() for text in ax.texts}
        shares = np.ma.filled(ax.images[0].get_array(), np.nan)
        assert np.nansum(shares) == pytest.approx(100)
        assert np.isnan(shares[5, 5])
