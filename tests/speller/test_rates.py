"""Rates: the paper's printed figures, limits, timing measured from onsets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from studies import make_flashes

from p300.errors import SpellerError
from p300.speller import PAPER_TIMING, bits_per_minute
from p300.speller.rates import (
    Timing,
    bits_per_selection,
    mean_timing,
    measure_timing,
    subject_timings,
    symbols_per_minute,
)

# Characters right (%) of subjects A and B after 5, 10, 15 repetitions, and the printed bit rates.
PUBLISHED = {
    "CNN-1": ([61, 86, 97], [79, 91, 92], [12.69, 10.38, 8.08]),
    "MCNN-1": ([61, 82, 97], [77, 92, 94], [12.40, 10.07, 8.25]),
}


@pytest.mark.parametrize("method", PUBLISHED)
def test_the_published_bit_rates_are_those_of_the_mean_accuracy(method):
    a, b, printed = (np.array(row) for row in PUBLISHED[method])
    seconds = PAPER_TIMING.seconds([5, 10, 15])
    rate_of_mean = bits_per_minute((a + b) / 200, seconds, 36)
    np.testing.assert_allclose(rate_of_mean, printed, atol=0.0051)
    mean_of_rates = (
        bits_per_minute(a / 100, seconds, 36) + bits_per_minute(b / 100, seconds, 36)
    ) / 2
    assert (mean_of_rates > rate_of_mean).all()
    assert abs(mean_of_rates[0] - printed[0]) > 0.05


def test_without_the_pause_the_rate_is_flattered_most_for_few_repetitions():
    bare = Timing(pause=0, repetition=2.1)
    gain = PAPER_TIMING.seconds([1, 15]) / bare.seconds([1, 15])
    np.testing.assert_allclose(gain, [2.19, 1.08], atol=0.01)


def test_bits_at_the_limits():
    np.testing.assert_allclose(bits_per_selection([1, 1 / 36, 0.01, 0], 36), [np.log2(36), 0, 0, 0],
                               atol=1e-12)  # fmt: skip
    assert bits_per_selection(0.9, 2) == pytest.approx(0.531, abs=1e-3)
    p = np.linspace(1 / 36, 1, 50)
    assert (np.diff(bits_per_selection(p, 36)) > 0).all()


@pytest.mark.parametrize(("accuracy", "n"), [(1.1, 36), (-0.1, 36), (np.nan, 36), (0.5, 1)])
def test_impossible_accuracies_are_refused(accuracy, n):
    with pytest.raises(SpellerError, match="expected shares"):
        bits_per_selection(accuracy, n)


def test_correct_symbols_with_backspace():
    np.testing.assert_allclose(symbols_per_minute([1, 0.75, 0.5, 0.2], 10), [6, 3, 0, 0])


def flashes(**options):
    table = make_flashes(**options)
    return table.assign(dataset="d", subject="1", session="1", run="1", onset=table["sample"] / 240)


def test_timing_is_measured_from_the_onsets():
    timing = measure_timing(flashes(n_characters=4, repetitions=5))
    assert timing.pause == pytest.approx(2.5)
    assert timing.repetition == pytest.approx(2.1)


def test_timing_of_one_repetition_and_of_shuffled_rows():
    table = flashes(n_characters=4, repetitions=1).sample(frac=1, random_state=0)
    timing = measure_timing(table.assign(code=pd.NA))
    assert timing.pause == pytest.approx(2.5)
    assert timing.repetition == pytest.approx(2.1)


def test_a_pause_that_cannot_be_measured_must_be_stated():
    table = flashes(n_characters=1, repetitions=5)
    with pytest.raises(SpellerError, match="state it in seconds"):
        measure_timing(table)
    assert measure_timing(table, pause=2.5).pause == 2.5


def test_pauses_between_runs_do_not_count():
    one = flashes(n_characters=2, repetitions=3)
    other = flashes(n_characters=2, repetitions=3).assign(run="2", onset=lambda t: t["onset"] + 900)
    assert measure_timing(pd.concat([one, other])).pause == pytest.approx(2.5)


def test_too_few_flashes_have_no_timing():
    with pytest.raises(SpellerError, match="too few"):
        measure_timing(flashes(n_characters=1, repetitions=1).iloc[:1])
    with pytest.raises(SpellerError, match="too few"):
        measure_timing(flashes(n_characters=2, repetitions=2).assign(character=pd.NA))


@pytest.mark.parametrize("unknown", [["character", "repetition"], ["code"]])
def test_subjects_that_cannot_be_spelled_have_no_timing(unknown):
    coded = flashes(n_characters=3, repetitions=2)
    uncoded = coded.iloc[:1].assign(subject="2", **dict.fromkeys(unknown, pd.NA))
    timings = subject_timings("d", pd.concat([uncoded, coded], ignore_index=True))
    assert list(timings) == ["1"]
    assert timings["1"].repetition == pytest.approx(2.1)


def test_the_mean_timing_is_that_of_the_subjects_that_have_one():
    timings = {"d/1": Timing(1, 2), "d/2": Timing(3, 4)}
    assert mean_timing(timings, ["d/1", "d/2", "other/1"]) == Timing(2, 3)
    assert mean_timing(timings, ["other/1"]) == PAPER_TIMING


@pytest.mark.parametrize(("pause", "repetition"), [(-1, 2), (1, 0), (np.nan, 1)])
def test_impossible_timings_are_refused(pause, repetition):
    with pytest.raises(SpellerError, match="expected at least 0"):
        Timing(pause, repetition)
