"""What was spelled, decoded again by the scores of the end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from score_tables import at, dynamic, make_scores, random_text, spelled

from p300.columns import Decoded
from p300.evaluation.metric_at import MetricAt
from p300.recordings import MATRIX_6X6, Layout
from p300.speller import LanguageModel, SpellerModel, accuracy_curve, decide, gather_selections
from p300.speller.curves import AGAIN_METRICS, rates_of, spelling_metrics, subject_rates
from p300.speller.decisions import spell
from p300.speller.evidence import LikelihoodRatio

MODEL = SpellerModel(LikelihoodRatio(1.0, 1.6), threshold=0.9, repetitions=2)
N_SYMBOLS = {"made": 36}


def scored_twice(text, *, early=0.8, later=2.5, repetitions=4, seed=0, **names):
    """At the time by a poor detector, at the end by a better one."""
    options = {"repetitions": repetitions, "seed": seed, **names}
    scores = make_scores(text, separation=early, **options)
    again = make_scores(text, separation=later, **options)
    return scores.assign(score_post_hoc=again["score"])


def decided(scores, language=None):
    table = decide(gather_selections(scores, MATRIX_6X6), MODEL, language=language)
    return {kind: own.reset_index(drop=True) for kind, own in table.groupby("decoded")}


def test_the_instant_does_not_know_the_end():
    scores = scored_twice("P3_SPELLER")
    both, plain = decided(scores), decided(scores.drop(columns="score_post_hoc"))
    assert set(both) == set(Decoded)
    assert set(plain) == {Decoded.INSTANT}
    pd.testing.assert_frame_equal(both[Decoded.INSTANT], plain[Decoded.INSTANT])
    missing = decided(scores.assign(score_post_hoc=np.nan))
    assert set(missing) == {Decoded.INSTANT}


def test_post_hoc_the_same_flashes_are_decided_by_the_scores_of_the_end():
    scores = scored_twice("P3_SPELLER")
    again = decided(scores)[Decoded.POST_HOC]
    alone = decided(scores.assign(score=scores["score_post_hoc"]).drop(columns="score_post_hoc"))
    fixed = again["stopping"] != "dynamic"
    pd.testing.assert_frame_equal(
        again[fixed].drop(columns="decoded"),
        alone[Decoded.INSTANT][fixed].drop(columns="decoded"),
    )
    assert spelled(at(again, "sum", 4)) == "P3_SPELLER"


def test_post_hoc_as_many_repetitions_are_taken_as_were_at_the_time():
    both = decided(scored_twice("P3_SPELLER", early=1.5, repetitions=8))
    free, again = (dynamic(both[kind]) for kind in Decoded)
    assert len(set(free["repetitions"])) > 1
    for column in ("character", "repetitions", "forced"):
        assert list(free[column]) == list(again[column])
    for row in again.to_dict("records"):
        same = at(both[Decoded.POST_HOC], "posterior", row["repetitions"])
        (symbol,) = same.loc[same["character"] == row["character"], "symbol"]
        assert row["symbol"] == symbol
    assert (free["symbol"] != again["symbol"]).any()


@pytest.mark.parametrize("reads", [None, "P3_SPELLER"])
def test_letter_by_letter_it_is_the_same(reads):
    language = None if reads is None else LanguageModel.learn([reads] * 50, order=3)
    scores = scored_twice("P3_SPELLER", later=1.0)
    letters = list(spell(scores, MATRIX_6X6, MODEL, language=language))
    both = decided(scores, language)
    assert [one.symbol for one in letters] == list(dynamic(both[Decoded.INSTANT])["symbol"])
    assert [one.post_hoc for one in letters] == list(dynamic(both[Decoded.POST_HOC])["symbol"])
    plain = spell(scores.drop(columns="score_post_hoc"), MATRIX_6X6, MODEL, language=language)
    assert {one.post_hoc for one in plain} == {None}


def test_the_prior_follows_the_text_as_it_is_read_again():
    # At the time the first letter is decided B, at the end A; nothing is known of the second.
    layout = Layout.single_cell("ABC")
    language = LanguageModel.learn(["BC"] * 50 + ["AB"] * 50, order=2)
    scores = make_scores("AB", layout=layout, repetitions=1)
    scores = scores.assign(score=0.0, score_post_hoc=0.0)
    for code, column in ((2, "score"), (1, "score_post_hoc")):
        scores.loc[(scores["character"] == 1) & (scores["code"] == code), column] = 9.0
    model = SpellerModel(LikelihoodRatio(1.0, 0.0), threshold=1.0)
    letters = list(spell(scores, layout, model, language=language))
    assert [(one.symbol, one.post_hoc) for one in letters] == [("B", "A"), ("C", "B")]


@pytest.fixture(scope="module")
def rates():
    tables = []
    for k in "123":
        scores = scored_twice(random_text(6, seed=int(k)), seed=int(k), subject=k)
        tables.append(decide(gather_selections(scores, MATRIX_6X6), MODEL))
    table = pd.concat(tables, ignore_index=True)
    names = {"protocol": "p", "calibration_characters": None, "detector": "slda", "seed": 1}
    return subject_rates(table.assign(**names, seconds=5.0), N_SYMBOLS)


def test_figures_of_the_end_stand_beside_those_of_the_time_and_change_none(rates):
    rows = spelling_metrics(rates, N_SYMBOLS)
    instant = rates[rates["decoded"] == Decoded.INSTANT]
    now = rows["decoded"] == Decoded.INSTANT
    alone = spelling_metrics(instant, N_SYMBOLS)
    pd.testing.assert_frame_equal(rows[now].reset_index(drop=True), alone)
    # What is read at the end is no faster: no rates of it.
    assert set(rows.loc[~now, "metric"]) == set(AGAIN_METRICS)
    for figure in ("characters@4", "characters@dynamic", "characters@2:posterior"):
        one, again = (MetricAt.parse(figure + end).rows(rows) for end in ("", ":post-hoc"))
        assert list(one["subject"]) == list(again["subject"]) == ["1", "2", "3", "mean"]
        assert again["value"].iloc[-1] > one["value"].iloc[-1]
    curve = accuracy_curve(rates_of(rows))
    assert list(curve.groupby("decoded")["n"].max()) == [18, 18]
