"""Intervals of a mean over subjects and their test: one is the other turned round; both hold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from p300.evaluation import intervals
from p300.evaluation.intervals import (
    FEWEST,
    LEVEL,
    MOST_EXACT,
    mean_interval,
    mean_test,
    smallest_p,
    summarise_mean,
)

N_STUDIES = 2500
# Two standard errors of a share of so many studies beyond .93 and .97.
LEAST = 0.93 - 2 * np.sqrt(0.93 * 0.07 / N_STUDIES)
MOST = 0.97 + 2 * np.sqrt(0.97 * 0.03 / N_STUDIES)


def test_sign_flips_counted_by_hand():
    # Sums of the 8 sign patterns of 1, 2, 3: ±6, ±4, ±2, 0, 0. Two of them are as far as 6.
    assert mean_test([1, 2, 3]) == (2 / 8, "sign-flip")
    # With -1, 2, 3 the sum is 4: -6, -4, 4 and 6 are as far.
    assert mean_test([-1, 2, 3])[0] == 4 / 8
    assert mean_test([0.3])[0] == 1
    assert mean_test([0, 0, 0])[0] == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=9), st.sampled_from([1, 3, 1000, 7e5]))
def test_sign_flips_are_those_of_an_enumeration(differences, divisor):
    d = np.array(differences)  # whole numbers: sums are exact; divided, ties must stay ties
    sums = [np.dot(signs, d) for signs in itertools.product([1, -1], repeat=len(d))]
    expected = np.mean([abs(total) >= abs(d.sum()) for total in sums])
    assert mean_test(d / divisor)[0] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(4))
def test_sign_flips_are_those_of_scipy(seed):
    d = np.random.default_rng(seed).normal(0.4, 1, 7)
    theirs = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert mean_test(d)[0] == pytest.approx(theirs.pvalue)


def test_the_smallest_p_is_reached_where_all_subjects_agree():
    for n in (1, 5, 6, 10, MOST_EXACT):
        assert mean_test(np.linspace(1, 2, n))[0] == pytest.approx(smallest_p(n))
    assert smallest_p(5) == 0.0625
    assert smallest_p(6) == 0.03125
    assert mean_test(np.full(30, 0.1)) == (smallest_p(30), "Hall")
    assert mean_test(np.linspace(1, 1.001, 30))[0] == smallest_p(30)
    assert mean_test(np.zeros(30)) == (1.0, "Hall")


def test_there_is_an_interval_as_soon_as_p_can_be_small_enough():
    assert smallest_p(FEWEST) <= LEVEL < smallest_p(FEWEST - 1)
    assert mean_interval(np.arange(FEWEST - 1.0)) is None
    # Below the least value p is 2 of 64 at six subjects. At seven it is 2, 4 or 6 of 128 up to the
    # third mean: of 1; 1 and 2; 2. From above these are 64; 64 and 32; 64 and 16.
    assert mean_interval([3, 1, 4, 1.5, 9, 2.6]) == (1, 9)
    seven = mean_interval([1, 2, 4, 8, 16, 32, 64])
    assert seven == pytest.approx((2, 40))


def test_many_subjects_without_skewness_have_nearly_the_interval_of_t():
    d = np.r_[-np.arange(1, 16.0), np.arange(1, 16.0)] + 3
    t = stats.ttest_1samp(d, 0)
    assert mean_interval(d) == pytest.approx(t.confidence_interval(0.95), abs=0.35)
    low, high = mean_interval(d)
    assert low + high == pytest.approx(6)
    assert mean_test(d)[0] == pytest.approx(t.pvalue, abs=0.03)


def test_skewness_reaches_into_its_own_direction():
    x = stats.gamma(1).ppf((np.arange(30) + 0.5) / 30)
    low, high = mean_interval(x)
    assert high - x.mean() > 1.3 * (x.mean() - low)
    assert mean_interval(-x) == pytest.approx((-high, -low))


# Few different values, so that ties, equal values and zeros are frequent.
coarse = st.sampled_from([-0.3, -0.1, 0.0, 0.1, 0.2, 1 / 3])
fine = st.floats(-1, 1, allow_subnormal=False)
studies = st.integers(FEWEST, 40).flatmap(
    lambda n: st.one_of(
        *(st.lists(value, min_size=n, max_size=n) for value in (coarse, fine)),
        coarse.map(lambda value: [value] * n),
    )
)


@settings(max_examples=150, deadline=None)
@given(studies, st.sampled_from([0.0, 0.1, 0.2, -0.25, 0.02]))
def test_an_interval_leaves_zero_out_if_and_only_if_p_is_at_most_5_percent(values, shift):
    shifted = np.array(values) - shift
    low, high = mean_interval(shifted)
    assert low <= shifted.mean() + 1e-12
    assert high >= shifted.mean() - 1e-12
    assert (low <= 0 <= high) == (mean_test(shifted)[0] > LEVEL)


@pytest.mark.parametrize("n", [6, 9, 16, 17, 40])
def test_the_ends_are_where_p_crosses_5_percent(n):
    values = np.random.default_rng(n).gamma(2, 1, n)
    for end, outwards in zip(mean_interval(values), (-1, 1), strict=True):
        assert mean_test(values - end - 1e-6 * outwards)[0] <= LEVEL
        assert mean_test(values - end + 1e-6 * outwards)[0] > LEVEL


def coverage(n):
    """How often the interval of n subjects holds the true mean: normal, skewed, bounded."""
    rng = np.random.default_rng(n)
    means = {4.0: rng.gamma(4, 1, (N_STUDIES, n)), 0.8: rng.beta(8, 2, (N_STUDIES, n)),
             0.5: rng.normal(0.5, 0.1, (N_STUDIES, n))}  # fmt: skip
    ends = {mean: np.array([mean_interval(x) for x in drawn]).T for mean, drawn in means.items()}
    return [np.mean((low <= mean) & (mean <= high)) for mean, (low, high) in ends.items()]


@pytest.mark.parametrize("n", [6, 8, 12, 20, 40])
def test_intervals_hold_the_mean_as_often_as_they_say(n):
    held = coverage(n)
    assert all(LEAST < share < MOST for share in held), held


@pytest.mark.parametrize("n", [6, 8, 12, 20, 40])
def test_90_percent_in_place_of_95_would_be_noticed(n, monkeypatch):
    monkeypatch.setattr(intervals, "LEVEL", 0.1)
    assert min(coverage(n)) < LEAST


@pytest.mark.parametrize("n", [6, 7, 9, 20])
def test_p_is_at_most_5_percent_in_5_percent_of_studies_without_a_difference(n):
    d = np.random.default_rng(n).normal(size=(N_STUDIES, n))
    share = np.mean([mean_test(x)[0] <= LEVEL for x in d])
    assert 0.03 - 0.01 < share < 0.05 + 0.01


def test_a_summary_is_of_the_subjects_that_have_a_figure():
    found = summarise_mean([1, 2, np.nan, 3, 4, 5, 6])
    assert found == {"value": 3.5, "low": 1, "high": 6, "n": 6}
    assert summarise_mean([1, 2]) == {"value": 1.5, "low": None, "high": None, "n": 2}
    nothing = summarise_mean([np.nan])
    assert np.isnan(nothing["value"])
    assert (nothing["low"], nothing["high"], nothing["n"]) == (None, None, 0)


@pytest.mark.parametrize("values", [[], [np.nan, 1], [np.inf] * 6])
@pytest.mark.parametrize("function", [mean_interval, mean_test])
def test_figures_that_are_not_there_are_refused(function, values):
    with pytest.raises(ValueError, match="one finite figure a subject"):
        function(values)
