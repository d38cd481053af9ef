"""Evidence for a symbol with unknown class means, held against integrals and made-up people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_flashes import LIT, draw
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import logsumexp
from scipy.stats import norm

from p300.adaptation.coded_flashes import CodeSums
from p300.adaptation.symbol_evidence import Believed, Contrasts, log_evidence

PERSON = (1, 1.5, 0, 0, 0, 0)


def contrasts_of(flashes, covariance=None, expected=None):
    covariance = np.cov(flashes.features.T, bias=True) if covariance is None else covariance
    expected = np.zeros(flashes.features.shape[1]) if expected is None else expected
    solve = lambda rows: np.linalg.solve(covariance, rows)  # noqa: E731
    return Contrasts.of(CodeSums.of(flashes), expected, solve)


def symbol_probabilities(contrasts, variance):
    """How probable each symbol is once nothing moves."""
    believed = Believed(contrasts, variance)
    believed.settle()
    return believed.probability


@pytest.mark.parametrize("mean", [0.0, 0.8])
def test_it_is_the_integral_over_both_means(mean):
    # One feature of variance 2; three codes, lit once, twice and three times, each its own symbol.
    code, x = np.array([0, 1, 1, 2, 2, 2]), np.array([1.1, -0.4, 0.6, 2.3, 0.9, 1.9])
    sums = CodeSums(
        np.bincount(code, x)[None, :, None], np.bincount(code)[None].astype(float), np.eye(3)
    )
    noise, before = 2.0, 0.7
    contrasts = Contrasts.of(sums, np.array([mean]), lambda rows: rows / noise)
    found = log_evidence(contrasts, 0, Believed(contrasts, before).belief)
    grid = np.linspace(-12, 12, 601)
    middle, difference = grid[:, None], grid[None, :]
    prior = norm.logpdf(difference, mean, np.sqrt(before * noise))
    expected = []
    for symbol in range(3):
        each = [
            norm.logpdf(value, middle + difference * (which == symbol), np.sqrt(noise))
            for value, which in zip(x, code, strict=True)
        ]
        expected.append(logsumexp(np.sum(each, axis=0) + prior))
    alike = [norm.logpdf(value, grid, np.sqrt(noise)) for value in x]
    # A step of the grid is what the difference is integrated by.
    none = logsumexp(np.sum(alike, axis=0)) - np.log(grid[1] - grid[0])
    assert_allclose(found, np.array(expected) - none, atol=1e-6)


def test_what_other_characters_say_counts_as_one_integral_over_all():
    """Evidence given the first character, added to the first's, is that of both together."""
    noise, before, symbols = 1.5, 0.4, (2, 0)
    flashes, _ = draw((1,), n_characters=2, repetitions=1, seed=3)
    contrasts = contrasts_of(flashes, np.array([[noise]]))
    believed = Believed(contrasts, before)
    total = log_evidence(contrasts, 0, believed.belief)[symbols[0]]
    believed.know(0, np.eye(36)[symbols[0]])
    total += log_evidence(contrasts, 1, believed.belief)[symbols[1]]
    x, grid = flashes.features[:, 0], np.linspace(-8, 8, 321)
    middle, difference = grid[:, None], grid
    by_character = 0.0
    for character, symbol in enumerate(symbols):
        rows = flashes.character == character
        lit = LIT[flashes.code[rows], symbol]
        shift = middle[..., None] + difference[:, None] * lit
        said = norm.logpdf(x[rows], shift, np.sqrt(noise)).sum(axis=-1)
        alike = norm.logpdf(x[rows], grid[:, None], np.sqrt(noise)).sum(axis=-1)
        by_character = by_character + logsumexp(said, axis=0) - logsumexp(alike)
    prior = norm.logpdf(difference, 0, np.sqrt(before * noise)) + np.log(grid[1] - grid[0])
    assert_allclose(total, logsumexp(by_character + prior), atol=1e-6)


@given(st.integers(0, 1000), st.floats(1e-3, 10.0))
@settings(max_examples=20, deadline=None)
def test_linear_maps_of_the_features_change_nothing(seed, variance):
    flashes, _ = draw(PERSON, n_characters=3, repetitions=2, seed=seed)
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((6, 6)) + 3 * np.eye(6)
    mixed = replace(flashes, features=flashes.features @ mixing * 1e-6 + 5e-6)
    of = [symbol_probabilities(contrasts_of(one), variance) for one in (flashes, mixed)]
    assert_allclose(of[0], of[1], atol=1e-4)


def test_symbols_are_found_from_nothing():
    flashes, y = draw(PERSON, seed=1)
    probability = symbol_probabilities(contrasts_of(flashes), 1 / 6)
    wanted = wanted_symbols(flashes, y)
    assert (probability.argmax(axis=1) == wanted).mean() >= 7 / 8
    assert_allclose(probability.sum(axis=1), 1)


def wanted_symbols(flashes, y):
    sums = [
        LIT[flashes.code[(flashes.character == k) & y]].sum(axis=0)
        for k in range(flashes.n_characters)
    ]
    return np.argmax(sums, axis=1)


def test_a_scrambled_table_of_codes_gives_no_letters():
    found = []
    for seed in range(6):
        flashes, y = draw(PERSON, seed=seed)
        wanted = wanted_symbols(flashes, y)
        code = np.random.default_rng(seed).permutation(flashes.code)
        scrambled = replace(flashes, code=code)
        probability = symbol_probabilities(contrasts_of(scrambled), 1 / 6)
        found.extend(probability.argmax(axis=1) == wanted)
    assert np.mean(found) < 0.15  # chance is 1 in 36


def test_a_character_does_not_confirm_itself():
    flashes, _ = draw(PERSON, n_characters=1, seed=2)
    contrasts = contrasts_of(flashes)
    alone = log_evidence(contrasts, 0, Believed(contrasts, 1 / 6).belief)
    likelihood = np.exp(alone - alone.max())
    probability = symbol_probabilities(contrasts, 1 / 6)
    assert_allclose(probability[0], likelihood / likelihood.sum())


def test_characters_without_codes_are_open_and_teach_nothing():
    flashes, _ = draw(PERSON, n_characters=4, seed=5)
    covariance = np.cov(flashes.features.T)
    without = replace(flashes, code=np.where(flashes.character == 1, -1, flashes.code))
    probability = symbol_probabilities(contrasts_of(without, covariance), 1 / 6)
    assert_allclose(probability[1], 1 / 36)
    rest = flashes.of(flashes.character != 1)
    rest = replace(rest, character=rest.character - (rest.character > 1))
    expected = symbol_probabilities(contrasts_of(rest, covariance), 1 / 6)
    assert_allclose(probability[[0, 2, 3]], expected, atol=1e-9)


def test_symbols_that_light_together_stay_tied():
    flashes, _ = draw(PERSON, n_characters=2, seed=4)
    twice = replace(flashes, lit=np.column_stack([LIT, LIT[:, :3]]))
    probability = symbol_probabilities(contrasts_of(twice), 1 / 6)
    assert_allclose(probability[:, 36:], probability[:, :3])


def test_characters_that_are_left_out_again_leave_nothing_behind():
    flashes, _ = draw(PERSON, n_characters=3, seed=6)
    contrasts = contrasts_of(flashes, expected=np.ones(6))
    believed = Believed(contrasts, 1 / 6)
    before = believed.belief
    believed.know(0, np.eye(36)[4])
    alone = believed.belief
    believed.know(2, np.full(36, 1 / 36))
    assert_allclose(believed.of_first(1).mean, alone.mean)
    assert believed.of_first(2).variance == pytest.approx(alone.variance)
    assert believed.of_first(3).variance == pytest.approx(believed.belief.variance)
    believed.forget(2)
    assert_allclose(believed.belief.mean, alone.mean)
    believed.forget(0)
    assert_allclose(believed.belief.mean, before.mean)
    assert believed.belief.variance == pytest.approx(before.variance)


def test_the_first_round_is_the_evidence_for_what_was_expected():
    flashes, y = draw(PERSON, n_characters=5, seed=7)
    right = flashes.features[y].mean(axis=0) - flashes.features[~y].mean(axis=0)
    found = []
    for expected in (right, 0 * right, -right):
        contrasts = contrasts_of(flashes, np.eye(6), expected)
        found.append(Believed(contrasts, 0.1).tell_each())
        if not expected.any():
            believed = Believed(contrasts, 0.1)
            by_hand = 0.0
            for k in range(5):
                evidence = log_evidence(contrasts, k, believed.belief)
                by_hand += logsumexp(evidence) - np.log(36)
                believed.know(k, np.exp(evidence - logsumexp(evidence)))
            assert found[-1] == pytest.approx(by_hand)
    assert found[0] > found[1] > found[2]
    assert_allclose(contrasts_of(flashes, np.eye(6), right).opposite().expected, contrasts.expected)
