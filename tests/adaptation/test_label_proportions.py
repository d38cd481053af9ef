"""Learning from the proportions of targets in kinds of flashes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from p300.adaptation import Strength, fit_to_proportions, self_calibrate
from p300.adaptation.coded_flashes import Flashes
from p300.adaptation.label_proportions import target_shares
from p300.detectors.linear.toeplitz import BlockToeplitz
from p300.errors import DetectorError

# Twelve symbols; 8 codes of which 2 light each symbol, and 12 codes of which 1 does.
OFTEN = np.array([[(s + k) % 4 == c % 4 for s in range(12)] for k in (0, 1) for c in range(4)])
SELDOM = np.eye(12, dtype=bool)
TWO_KINDS = np.concatenate([OFTEN, SELDOM]).astype(float)
SQUARE = np.array([[s // 3 == r for s in range(9)] for r in range(3)] * 2, dtype=float)


def drawn(lit, n_characters, repetitions, distance, seed=0, n_features=6):
    """Flashes of attended symbols, and which were targets."""
    rng = np.random.default_rng(seed)
    attended = rng.integers(lit.shape[1], size=n_characters)
    n_codes = len(lit)
    shape = (n_characters, repetitions, n_codes)
    character, repetition, code = (axis.ravel() for axis in np.indices(shape))
    y = lit[code, attended[character]].astype(bool)
    response = np.zeros(n_features)
    response[:2] = distance
    features = rng.standard_normal((len(y), n_features)) + 5 + y[:, None] * response
    return Flashes(features, character, code, repetition, lit), y


def test_shares_follow_from_the_layout():
    flashes, y = drawn(TWO_KINDS, 2, 3, 1.0)
    share = target_shares(flashes)
    assert set(share) == {0.25, 1 / 12}
    for one in set(share):
        assert y[share == one].mean() == pytest.approx(one)


def test_what_is_known_of_the_covariance_is_gone_by():
    flashes, _ = drawn(TWO_KINDS, 6, 3, 1.0)
    structure = BlockToeplitz(2, 3)
    plain, found = fit_to_proportions(flashes), fit_to_proportions(flashes, structure=structure)
    np.testing.assert_array_equal(found.covariance, plain.covariance)
    expected = np.linalg.solve(structure.imposed(plain.covariance), plain.target - plain.nontarget)
    np.testing.assert_allclose(found.line[0], expected)
    assert np.abs(plain.line[0] - expected).max() > 1e-3


def test_kinds_may_be_named():
    """Of 32 symbols, eight codes light each three times and eighteen codes twice: 3/8 and 2/18."""
    lit = np.zeros((26, 32))
    for symbol in range(32):
        lit[(symbol + np.arange(3)) % 8, symbol] = 1
        lit[8 + (2 * symbol + np.arange(2)) % 18, symbol] = 1
    flashes, y = drawn(lit, 40, 20, 1.0)
    kinds = [1] * 8 + [2] * 18
    with pytest.raises(DetectorError, match="name the kind of each code"):
        target_shares(flashes)
    assert set(target_shares(flashes, kinds)) == {3 / 8, 2 / 18}
    readout = fit_to_proportions(flashes, kinds)
    assert roc_auc_score(y, readout(flashes.features)) > 0.8
    with pytest.raises(DetectorError, match="2 kinds given, expected one for each of 26 codes"):
        fit_to_proportions(flashes, [1, 2])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.5, 2.0))
def test_class_means_are_found_without_labels(seed, distance):
    flashes, _ = drawn(TWO_KINDS, 60, 15, distance, seed)
    readout = fit_to_proportions(flashes)
    response = readout.target - readout.nontarget
    # Four standard errors of the slope of a line through two clouds of windows.
    share = target_shares(flashes)
    error = 4 * np.sqrt(1 + distance**2 / 4) / (share.std() * np.sqrt(len(share)))
    np.testing.assert_allclose(response, [distance] * 2 + [0] * 4, atol=error)


def test_it_is_a_start_for_self_calibration():
    flashes, _ = drawn(TWO_KINDS, 20, 10, 0.7)
    new, y = drawn(TWO_KINDS, 20, 10, 0.7, seed=1)
    start = fit_to_proportions(flashes)
    adapted = self_calibrate(start, flashes, Strength(10.0, 100.0))
    first, then = (roc_auc_score(y, readout(new.features)) for readout in (start, adapted))
    assert first > 0.6
    assert then > first


def test_flashes_without_a_code_are_left_out():
    flashes, _ = drawn(TWO_KINDS, 5, 5, 1.0)
    known = np.arange(len(flashes.code)) % 7 > 0
    some = Flashes(
        flashes.features, flashes.character, np.where(known, flashes.code, -1),
        flashes.repetition, flashes.lit,
    )  # fmt: skip
    found, expected = fit_to_proportions(some), fit_to_proportions(flashes.of(known))
    np.testing.assert_array_equal(found.target, expected.target)


def test_a_square_matrix_does_not_allow_it():
    flashes, _ = drawn(SQUARE, 5, 5, 1.0)
    with pytest.raises(DetectorError, match=r"shares \[0\.333\] found, two kinds that differ"):
        fit_to_proportions(flashes)


def test_uneven_kinds_are_refused():
    lit = TWO_KINDS.copy()
    lit[8, :2] = [0, 1]
    flashes, _ = drawn(lit, 2, 2, 1.0)
    with pytest.raises(DetectorError, match="some symbols 0 times and others 2 times"):
        target_shares(flashes)
