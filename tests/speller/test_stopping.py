"""Stopping and the fitted speller: worked examples, calibration on many characters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from score_tables import at, dynamic, make_scores, random_text

from p300.errors import DataWarning, SpellerError
from p300.recordings import MATRIX_6X6, Layout
from p300.speller import SpellerModel, decide, fit_speller, gather_selections, spell
from p300.speller.evidence import LikelihoodRatio
from p300.speller.rates import Timing
from p300.speller.records import ModelRecord
from p300.speller.stopping import (
    choose_threshold,
    fastest_repetitions,
    fastest_threshold,
    stop_at,
)

POSTERIOR = np.array([[0.2, 0.95, 0.4], [0.9, 0.99, 0.999], [0.3, 0.4, 0.99]])
SHOWN = np.array([3, 3, 2])


def test_stops_at_the_first_repetition_that_reaches_the_threshold():
    position, forced = stop_at(POSTERIOR, SHOWN, 0.9)
    assert list(position) == [1, 0, 1]
    assert list(forced) == [False, False, True]


def test_five_sure_training_characters_go_below_the_nominal_threshold():
    posterior = np.tile([0.5, 0.8, 0.999], (5, 1))
    right = np.ones((5, 3), bool)
    shown = np.full(5, 3)
    # At .8 they would stop with an opinion of .8: (0 + 20 * .2) / 25 = 16 % is too much; the next
    # stop is at .999.
    assert 0.8 < choose_threshold(posterior, right, shown, 0.05) < 0.95
    # At a target of 20 % it is not: (0 + 5 * .2) / 10.
    assert 0.5 < choose_threshold(posterior, right, shown, 0.2) <= 0.8


def test_observed_errors_raise_the_threshold():
    posterior = np.tile([0.9, 0.97, 0.999], (40, 1))
    right = np.tile([False, True, True], (40, 1))
    shown = np.full(40, 3)
    assert 0.9 < choose_threshold(posterior, right, shown, 0.05) <= 0.97
    never = choose_threshold(posterior, np.zeros((40, 3), bool), shown, 0.05)
    assert never > 0.999


def test_characters_that_never_stop_leave_the_nominal_threshold():
    posterior = np.full((5, 3), 0.3)
    chosen = choose_threshold(posterior, np.zeros((5, 3), bool), np.full(5, 3), 0.05)
    assert chosen == pytest.approx(0.95, abs=0.01)
    assert chosen >= 0.95


@pytest.mark.parametrize("target_error", [0, 1, -0.1])
def test_impossible_target_errors_are_refused(target_error):
    with pytest.raises(SpellerError, match="between 0 and 1"):
        choose_threshold(POSTERIOR, POSTERIOR > 0.5, SHOWN, target_error)


def test_the_fitted_speller_keeps_its_target_error_and_saves_time():
    training = make_scores(random_text(100, seed=1), repetitions=15, seed=1)
    test = make_scores(random_text(400, seed=2), repetitions=15, seed=2)
    model = fit_speller(training, MATRIX_6X6, target_error=0.05)
    assert 0.7 < model.factor <= 1
    decided = decide(gather_selections(test, MATRIX_6X6), model)
    free = dynamic(decided)
    stopped = free[~free["forced"]]
    assert 0.01 < 1 - stopped["correct"].mean() < 0.08
    assert stopped["posterior"].mean() == pytest.approx(stopped["correct"].mean(), abs=0.03)
    assert (stopped["posterior"] >= model.threshold).all()
    # As right as that, a fixed number must be larger than the mean of the flexible ones.
    mean = free["repetitions"].mean()
    assert at(decided, "sum", round(mean))["correct"].mean() < free["correct"].mean()


def test_five_training_characters_are_enough_to_fit():
    model = fit_speller(make_scores("WATER", repetitions=15), MATRIX_6X6)
    assert 0.85 < model.threshold < 0.99


def test_forced_decisions_take_all_repetitions():
    scores = make_scores(random_text(20), repetitions=3, separation=0.2)
    free = dynamic(decide(gather_selections(scores, MATRIX_6X6), SpellerModel(threshold=0.99)))
    assert free["forced"].all()
    assert (free["repetitions"] == 3).all()
    assert (free["posterior"] < 0.99).all()


def test_training_without_codes_takes_posteriors_at_their_word():
    training = make_scores("WATER").assign(code=pd.NA)
    with pytest.warns(DataWarning, match="fold x: no character with known flash codes"):
        model = fit_speller(training, MATRIX_6X6, target_error=0.1, where="fold x")
    assert (model.factor, model.threshold) == (1.0, 0.9)
    assert model.ratio.slope > 0
    with pytest.warns(DataWarning, match=r"threshold 0\.95\); error_seconds 30 has no say"):
        fit_speller(training, MATRIX_6X6, error_seconds=30.0)


def test_training_uses_the_runs_that_have_codes():
    coded, more = make_scores("WATER", seed=1), make_scores("LUCAS", seed=2, run="2")
    both = pd.concat([coded, more.assign(code=pd.NA)], ignore_index=True)
    model = fit_speller(both, MATRIX_6X6)
    assert model.ratio != fit_speller(coded, MATRIX_6X6).ratio
    assert model.ratio == fit_speller(pd.concat([coded, more]), MATRIX_6X6).ratio


def test_models_are_stored_as_plain_data():
    model = SpellerModel(LikelihoodRatio(1.1, 1.7), 0.8, 0.93)
    assert ModelRecord.model_validate(model.to_dict()).model() == model
    with pytest.raises(SpellerError, match="factor 0"):
        SpellerModel(factor=0)


def test_spelling_letter_by_letter_is_dynamic_stopping():
    scores = pd.concat(
        [make_scores("P3_E", repetitions=8), make_scores("EEG", repetitions=8, run="2", seed=4)],
        ignore_index=True,
    )
    model = SpellerModel(LikelihoodRatio(1.0, 1.6), threshold=0.9)
    letters = list(spell(scores, MATRIX_6X6, model))
    table = dynamic(decide(gather_selections(scores, MATRIX_6X6), model))
    assert [d.symbol for d in letters] == list(table["symbol"])
    assert [d.repetitions for d in letters] == list(table["repetitions"])
    assert [d.forced for d in letters] == list(table["forced"])
    np.testing.assert_allclose([d.posterior for d in letters], table["posterior"])
    assert [(d.run, d.character) for d in letters][3:5] == [("1", 4), ("2", 1)]
    assert "".join(d.true_symbol or "?" for d in letters) == "P3_EEEG"


def test_an_unknown_truth_is_none():
    scores = make_scores("A", layout=Layout.single_cell("AB")).drop(columns="target")
    (letter,) = spell(scores, Layout.single_cell("AB"), SpellerModel())
    assert letter.true_symbol is None


def test_the_fastest_threshold_weighs_errors_against_time():
    # Ten characters, right from the second repetition on, when the posterior is .9.
    posterior = np.tile([0.6, 0.9, 0.99], (10, 1))
    right = np.tile([False, True, True], (10, 1))
    shown = np.full(10, 3)
    slow = fastest_threshold(posterior, right, shown, Timing(2.5, 2.1), 36)
    assert 0.6 < slow <= 0.9
    # Were they right at once, waiting would only cost time.
    assert fastest_threshold(posterior, right | True, shown, Timing(2.5, 2.1), 36) <= 0.6


def test_the_fastest_fixed_number_of_repetitions():
    right = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1]], bool)
    shown = np.full(3, 4)
    # All are right after 3: 5.17 bits in 6 s; 1 of 3 after 2: about .9 bits in 4 s.
    assert fastest_repetitions(right, shown, Timing(0.0, 2.0), 36) == 3
    # The third number was not shown for every character.
    assert fastest_repetitions(right, np.array([2, 4, 4]), Timing(0.0, 2.0), 36) == 2


def test_a_speller_without_a_wanted_error_is_fitted_for_speed():
    training = make_scores(random_text(60, seed=1), repetitions=10, separation=1.2, seed=2)
    test = make_scores(random_text(60, seed=3), repetitions=10, separation=1.2, seed=4)
    spelled = {}
    for error in (0.01, None):
        model = fit_speller(training, MATRIX_6X6, target_error=error, timing=Timing(1.0, 2.0))
        spelled[error] = dynamic(decide(gather_selections(test, MATRIX_6X6), model))
    assert spelled[None]["repetitions"].mean() < spelled[0.01]["repetitions"].mean()
    assert spelled[None]["correct"].mean() > 0.6
    assert 1 <= model.repetitions <= 10
