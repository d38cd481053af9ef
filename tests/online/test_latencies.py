"""Percentiles of a histogram that does not grow, against numpy's of all values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.online.latencies import LEAST, WIDTH, Latencies

SECONDS = st.one_of(
    st.floats(-100.0, 1000.0), st.floats(0.0, 0.01), st.just(0.0), st.floats(-1e-5, 1e-5)
)


def filled(values):
    found = Latencies()
    for value in values:
        found.add(value)
    return found


@given(st.lists(SECONDS, min_size=1, max_size=300), st.floats(0.001, 1.0))
def test_quantiles_are_those_of_all_values_to_one_per_cent(values, share):
    found = filled(values).quantile(share)
    expected = np.quantile(values, share, method="inverted_cdf")
    assert abs(found - expected) <= WIDTH * abs(expected) + LEAST


@given(st.lists(SECONDS, min_size=1, max_size=100))
def test_the_worst_is_exact_and_nothing_told_exceeds_it(values):
    told = filled(values).to_dict()
    assert told["worst"] == max(values)
    assert told["n"] == len(values)
    assert told["median"] <= told["p99"] <= told["worst"]


def test_nothing_is_told_of_nothing():
    assert Latencies().to_dict() is None


def test_it_does_not_grow_with_time():
    random = np.random.default_rng(0)
    found = filled(np.exp(random.normal(0, 8, 200_000)) * random.choice([-1, 1], 200_000))
    assert len(found) == 200_000
    assert len(found._bins) < 6_000


@pytest.mark.parametrize("value", [1e9, -1e9])
def test_what_is_beyond_all_bins_is_counted(value):
    found = filled([value, 1e-9])
    assert found.to_dict()["worst"] == max(value, 1e-9)
    assert len(found._bins) == 2
