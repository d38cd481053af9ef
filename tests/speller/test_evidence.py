"""Evidence: hand-worked sums, the paper's rule, properties of the posterior."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binom, norm
from score_tables import CHECKERBOARD, at, dynamic, make_scores, random_text, spelled

from p300.errors import SpellerError
from p300.recordings import MATRIX_6X6, Layout
from p300.speller import SpellerModel, decide, gather_selections
from p300.speller.evidence import (
    LikelihoodRatio,
    add_likelihood_ratios,
    add_probabilities,
    fit_factor,
    fit_likelihood_ratio,
    log_posterior,
)

LAYOUTS = [MATRIX_6X6, Layout.single_cell("ABCDEFGH"), CHECKERBOARD]
MODEL = SpellerModel(LikelihoodRatio(1.0, 1.6), factor=0.8, threshold=0.9)


def test_a_hand_worked_two_by_two_matrix():
    # Codes 1, 2 columns; 3, 4 rows of AB/CD. P after two repetitions: v = 1.5, .5, .6, .9.
    layout = Layout.row_column(["AB", "CD"])
    probability = {1: (0.8, 0.7), 2: (0.3, 0.2), 3: (0.5, 0.1), 4: (0.4, 0.5)}
    rows = [("x", "1", "1", "1", 1, n + 1, code, p[n])
            for code, p in probability.items() for n in (0, 1)]  # fmt: skip
    names = ["dataset", "subject", "session", "run", "character", "repetition", "code", "p"]
    scores = pd.DataFrame(rows, columns=names)
    selections = gather_selections(scores.assign(score=logit(scores["p"])), layout)
    # The mean P of a flash is .5 after one and .4375 after two repetitions.
    expected = [[1.3 - 1, 0.8 - 1, 1.2 - 1, 0.7 - 1],
                [2.1 - 1.75, 1.1 - 1.75, 2.4 - 1.75, 1.4 - 1.75]]  # fmt: skip
    np.testing.assert_allclose(add_probabilities(selections)[0], expected)
    assert list(decide(selections)["symbol"]) == ["A", "C"]
    # Likelihood ratios 2 s + 1, summed over the two flashes of each symbol.
    ratios = 2 * logit(np.array([probability[c] for c in (1, 2, 3, 4)])) + 1
    lit = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1]])
    evidence = add_likelihood_ratios(selections, LikelihoodRatio(2.0, 1.0))[0]
    np.testing.assert_allclose(evidence, np.cumsum(ratios.T, axis=0) @ lit)
    posterior = np.exp(0.5 * evidence[1]) / np.exp(0.5 * evidence[1]).sum()
    np.testing.assert_allclose(np.exp(log_posterior(evidence, 0.5)[1]), posterior)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_the_sum_is_the_papers_rule_on_a_matrix(seed, columns_first):
    layout = Layout.row_column(["ABCDEFGH", "IJKLMNOP", "QRSTUVWX"], columns_first=columns_first)
    scores = make_scores(random_text(3, layout, seed), layout=layout, repetitions=4, seed=seed)
    decided = decide(gather_selections(scores, layout))
    n_first = 8 if columns_first else 3
    for n in range(1, 5):
        part = scores[scores["repetition"] <= n]
        part = part.assign(p=expit(part["score"]))
        v = part.pivot_table(index="character", columns="code", values="p", aggfunc="sum")
        first, second = v.to_numpy()[:, :n_first].argmax(1), v.to_numpy()[:, n_first:].argmax(1)
        column, row = (first, second) if columns_first else (second, first)
        text = "".join(layout.symbols[8 * r + c] for r, c in zip(row, column, strict=True))
        assert spelled(at(decided, "sum", n)) == text


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(LAYOUTS), st.floats(-0.3, 0.3))
def test_adding_a_constant_to_all_probabilities_changes_no_sum(seed, layout, constant):
    scores = make_scores(random_text(3, layout, seed), layout=layout, seed=seed)
    # Some flashes are missing: here the property holds for the sum all the same.
    scores = scores.sample(frac=0.9, random_state=seed)
    p = 0.35 + 0.3 * expit(scores["score"])
    one, other = (
        add_probabilities(gather_selections(scores.assign(score=logit(q)), layout))
        for q in (p, p + constant)
    )
    np.testing.assert_allclose(one, other, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(LAYOUTS), st.floats(-20, 20))
def test_adding_a_constant_to_all_scores_changes_no_posterior(seed, layout, constant):
    # All symbols of these layouts are lit equally often in a complete repetition.
    scores = make_scores(random_text(3, layout, seed), layout=layout, seed=seed)
    shifted = scores.assign(score=scores["score"] + constant)
    one, other = (decide(gather_selections(s, layout), MODEL) for s in (scores, shifted))
    one, other = (d[d["rule"] == "posterior"].reset_index(drop=True) for d in (one, other))
    pd.testing.assert_frame_equal(one, other)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(LAYOUTS), st.floats(0.01, 1), st.booleans())
def test_the_posterior_sums_to_one(seed, layout, factor, prior):
    scores = make_scores(random_text(2, layout, seed), layout=layout, seed=seed).sample(
        frac=0.8, random_state=seed
    )
    evidence = add_likelihood_ratios(gather_selections(scores, layout), LikelihoodRatio(3.0, 1.0))
    log_prior = np.log(np.random.default_rng(seed).dirichlet(np.ones(len(layout.symbols))))
    posterior = log_posterior(evidence, factor, log_prior if prior else 0.0)
    np.testing.assert_allclose(np.exp(posterior).sum(axis=-1), 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(LAYOUTS))
def test_relabelling_the_codes_permutes_the_symbols(seed, layout):
    """Another numbering of the same flashes spells the same; other groups spell other symbols."""
    rng = np.random.default_rng(seed)
    scores = make_scores(random_text(3, layout, seed), layout=layout, seed=seed)
    before = decide(gather_selections(scores, layout), MODEL)
    renamed = dict(zip(layout.groups, rng.permutation(len(layout.groups)) + 100, strict=True))
    same = Layout(layout.symbols, {int(renamed[c]): g for c, g in layout.groups.items()})
    recoded = scores.assign(code=scores["code"].map(renamed).astype("Int64"))
    pd.testing.assert_frame_equal(before, decide(gather_selections(recoded, same), MODEL))
    swap = dict(zip(layout.symbols, rng.permutation(layout.symbols).tolist(), strict=True))
    swapped = Layout(
        tuple(swap[s] for s in layout.symbols),
        {code: frozenset(swap[s] for s in group) for code, group in layout.groups.items()},
    )
    after = decide(gather_selections(scores, swapped), MODEL)
    assert list(after["symbol"]) == [swap[s] for s in before["symbol"]]
    assert (after["correct"] == before["correct"]).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_perfect_scores_spell_perfectly_after_one_repetition(layout):
    text = random_text(8, layout)
    scores = make_scores(text, layout=layout, noise=0, separation=8)
    decided = decide(gather_selections(scores, layout), SpellerModel(LikelihoodRatio(1, 2)))
    assert decided["correct"].all()
    assert (dynamic(decided)["repetitions"] == 1).all()
    assert not dynamic(decided)["forced"].any()


def test_shuffled_scores_spell_at_chance():
    n = 720
    scores = make_scores(random_text(n), repetitions=2, separation=4)
    rng = np.random.default_rng(3)
    shuffled = scores.assign(score=rng.permutation(scores["score"]))
    decided = decide(gather_selections(shuffled, MATRIX_6X6), MODEL)
    for rule in ("sum", "posterior"):
        right = int(at(decided, rule, 2)["correct"].sum())
        assert binom.ppf(1e-4, n, 1 / 36) <= right <= binom.ppf(1 - 1e-4, n, 1 / 36)


def test_ties_go_to_the_first_symbol_and_are_flagged():
    scores = make_scores("9", repetitions=1).assign(score=0.0)
    decided = decide(gather_selections(scores, MATRIX_6X6), MODEL)
    assert set(decided["symbol"]) == {"A"}
    assert decided["tie"].all()
    # One flash of row 2 stands out: its six symbols tie.
    scores.loc[scores["code"] == 8, "score"] = 1.0
    decided = decide(gather_selections(scores, MATRIX_6X6), MODEL)
    assert set(decided["symbol"]) == {"G"}
    assert decided["tie"].all()
    assert not decide(gather_selections(make_scores("9"), MATRIX_6X6))["tie"].any()


def test_the_likelihood_ratio_is_that_of_two_normal_densities():
    rng = np.random.default_rng(0)
    y = np.arange(60_000) % 6 == 0
    score = np.where(y, 0.5, -2.0) + 1.3 * rng.standard_normal(len(y))
    ratio = fit_likelihood_ratio(score, y)
    s = np.linspace(-4, 3, 5)
    expected = norm.logpdf(s, 0.5, 1.3) - norm.logpdf(s, -2.0, 1.3)
    np.testing.assert_allclose(ratio(s), expected, atol=0.15)


def test_calibrated_scores_only_lose_the_target_share():
    # Log-odds that are right at a share of 1/6: normal, variance d, means -+ d / 2 - log 5.
    rng = np.random.default_rng(1)
    y, d = np.arange(60_000) % 6 == 0, 2.0
    score = np.where(y, d / 2, -d / 2) - np.log(5) + np.sqrt(d) * rng.standard_normal(len(y))
    ratio = fit_likelihood_ratio(score, y)
    assert ratio.slope == pytest.approx(1, abs=0.05)
    assert ratio.intercept == pytest.approx(np.log(5), abs=0.1)


def test_a_detector_below_chance_gives_no_evidence():
    y = np.arange(60) % 6 == 0
    ratio = fit_likelihood_ratio(np.where(y, -1.0, 1.0) + np.linspace(0, 0.1, 60), y)
    assert np.all(ratio([-3.0, 0.0, 3.0]) == 0)


@pytest.mark.parametrize(
    ("score", "target", "message"),
    [([1, 2, 3], [0, 0, 1], "1 targets and 2 non-targets"), ([2, 2, 1, 1], [1, 1, 0, 0], "equal")],
)
def test_densities_need_something_to_fit(score, target, message):
    with pytest.raises(SpellerError, match=message):
        fit_likelihood_ratio(score, target)


def test_repeated_evidence_is_discounted():
    """Every repetition says the same: the factor must take most of it back."""
    scores = make_scores(random_text(60), repetitions=1, separation=1.0, seed=5)
    copies = pd.concat([scores.assign(repetition=n) for n in range(1, 9)], ignore_index=True)
    ratio = fit_likelihood_ratio(scores["score"], scores["target"])

    def factor(table):
        found = gather_selections(table, MATRIX_6X6)
        evidence = add_likelihood_ratios(found, ratio)
        return fit_factor(evidence, found.true, found.n_repetitions)

    assert factor(copies) < 0.35
    fresh = make_scores(random_text(60), repetitions=8, separation=1.0, seed=5)
    assert factor(fresh) > 0.8


def test_one_missed_training_character_does_not_slow_all_others():
    scores = make_scores(random_text(9), repetitions=15, separation=2.0)
    missed = scores["character"] == 4
    # The user looked at another symbol: its flashes have the high scores.
    looked_at = make_scores(random_text(9, seed=1), repetitions=15, separation=2.0)
    scores.loc[missed, "score"] = (
        scores[missed]
        .merge(looked_at[looked_at["character"] == 4], on=["character", "repetition", "code"])[
            "score_y"
        ]
        .to_numpy()
    )
    ratio = fit_likelihood_ratio(scores["score"], scores["target"])
    found = gather_selections(scores, MATRIX_6X6)
    evidence = add_likelihood_ratios(found, ratio)
    assert not (evidence[3].argmax(axis=1) == found.true[3]).any()
    assert fit_factor(evidence, found.true, found.n_repetitions) > 0.8


def test_repetitions_that_were_not_shown_do_not_count_for_the_factor():
    long = make_scores(random_text(20), repetitions=12, separation=1.0, seed=5)
    short = make_scores(["A"], repetitions=1, separation=-3.0, run="2")
    ratio = fit_likelihood_ratio(long["score"], long["target"])
    found = gather_selections(pd.concat([long, short], ignore_index=True), MATRIX_6X6)
    evidence = add_likelihood_ratios(found, ratio)
    factor = fit_factor(evidence, found.true, found.n_repetitions)
    # What the short character is not asked about may be anything.
    evidence[-1, 1:] = np.eye(36)[0] * -3
    assert fit_factor(evidence, found.true, found.n_repetitions) == factor


def test_the_factor_needs_a_known_character():
    found = gather_selections(make_scores("AB").assign(target=pd.NA), MATRIX_6X6)
    evidence = add_likelihood_ratios(found, LikelihoodRatio())
    with pytest.raises(SpellerError, match="no training character"):
        fit_factor(evidence, found.true, found.n_repetitions)
