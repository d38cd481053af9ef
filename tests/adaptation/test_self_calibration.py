"""Self-calibration on flashes whose features are drawn: what it must find and must not do."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from drawn_flashes import LIT, draw
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score

from p300.adaptation import Strength, self_calibrate, self_calibration
from p300.adaptation.coded_flashes import Flashes
from p300.adaptation.expectation import target_probabilities
from p300.adaptation.readout import Readout, Seen, Update, fit_readout, readout_of
from p300.adaptation.self_calibration import agreement, is_worse
from p300.adaptation.self_calibration import score_prequentially as score_with_each
from p300.detectors.linear.moments import ClassMoments
from p300.detectors.linear.structure import UNSTRUCTURED
from p300.detectors.linear.toeplitz import BlockToeplitz

STRENGTH = Strength(targets=30, epochs=300)


def score_prequentially(known, flashes, strength):
    """The session with one strength."""
    (session,) = score_with_each(known, flashes, [strength])
    return session


def known(direction, separation=1.3, n_features=6):
    """What other people teach: their targets lie along ``direction``."""
    mean = np.zeros(n_features)
    target = separation * np.asarray(direction, dtype=float) / np.linalg.norm(direction)
    return Readout(mean, target, np.eye(n_features))


OTHERS = (1, 0, 0, 0, 0, 0)
PERSON = (1, 1.5, 0, 0, 0, 0)


def test_it_finds_a_persons_own_response_without_labels():
    start = known(OTHERS)
    seen, _ = draw(PERSON, seed=1)
    later, y = draw(PERSON, seed=2)
    adapted = self_calibrate(start, seen, STRENGTH)
    before, after = (roc_auc_score(y, r(later.features)) for r in (start, adapted))
    own = known(PERSON)
    assert after > before + 0.08
    assert after > roc_auc_score(y, own(later.features)) - 0.01


def test_the_start_pulls_as_strongly_as_it_is_told():
    start = known(OTHERS)
    seen, _ = draw(PERSON, seed=1)
    targets = [self_calibrate(start, seen, Strength(n, n)).target for n in (10.0, 100.0, 1e3, 1e9)]
    distances = [float(np.linalg.norm(t - start.target)) for t in targets]
    assert all(near < far for far, near in pairwise(distances))
    assert distances[-1] < 1e-5


def test_labels_known_for_sure_give_the_means_of_both():
    start = known(OTHERS)
    seen, y = draw(PERSON, seed=1)
    p = y.astype(float)
    updated = start.updated(seen.features, p, Strength(targets=y.sum(), epochs=len(y)))
    expected = (start.target + seen.features[y].mean(axis=0)) / 2
    np.testing.assert_allclose(updated.target, expected)
    alone = start.updated(seen.features, p, Strength(targets=1e-9, epochs=1e-9))
    lda = LinearDiscriminantAnalysis(solver="lsqr").fit(seen.features, y)
    prior = np.log(y.mean() / (1 - y.mean()))
    np.testing.assert_allclose(
        alone(seen.features), lda.decision_function(seen.features) - prior, rtol=1e-6, atol=1e-8
    )


@given(
    st.integers(0, 10_000), st.floats(0.1, 1e3), st.floats(0.1, 1e4),
    st.sampled_from([UNSTRUCTURED, BlockToeplitz(2, 3)]),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_a_guess_of_the_labels_scores_as_the_readout_updated_by_it(
    seed, targets, n_epochs, structure
):
    start = replace(known(OTHERS), structure=structure)
    strengths = [Strength(targets, n_epochs), Strength(3 * targets, n_epochs)]
    seen = draw(PERSON, n_characters=2, repetitions=3, seed=seed)[0].features
    update = Update(start, seen, Seen.of(seen), strengths)
    for k in range(2):
        p = np.random.default_rng([seed, k]).random((2, len(seen))) ** 4
        weights, middles = update.lines(p, [0, 1])
        for own, strength, line in zip(
            p, strengths, zip(weights, middles, strict=True), strict=True
        ):
            expected = start.updated(seen, own, strength)(seen)
            np.testing.assert_allclose(seen @ line[0] - line[1], expected, rtol=1e-7, atol=1e-7)
            (only,), (middle,) = update.lines(own[None], [strengths.index(strength)])
            np.testing.assert_allclose(only, line[0])
            assert middle == pytest.approx(line[1])


def test_a_readout_goes_by_the_structure_before_and_after_it_is_updated():
    structure, (flashes, y) = BlockToeplitz(2, 3), draw(PERSON, n_characters=2, seed=5)
    first = fit_readout(flashes.features, y, structure)
    summed = readout_of(ClassMoments.of(flashes.features, y.astype(int)), structure)
    np.testing.assert_allclose(summed.line[0], first.line[0], rtol=1e-10)
    later = self_calibrate(first, draw(PERSON, seed=6)[0], STRENGTH)
    for readout in (first, later):
        assert readout.structure == structure
        whole = structure.imposed(readout.covariance)
        expected = np.linalg.solve(whole, readout.target - readout.nontarget)
        np.testing.assert_allclose(readout.line[0], expected)
        plain = replace(readout, structure=UNSTRUCTURED).line[0]
        assert np.abs(plain - expected).max() > 1e-3


def test_each_character_is_scored_before_it_is_used():
    start = known(OTHERS)
    flashes, _ = draw(PERSON, n_characters=6, seed=3)
    course = score_prequentially(start, flashes, STRENGTH)
    first = flashes.character == 0
    np.testing.assert_allclose(course.ratios[first], start(flashes.features[first]))
    # Whatever comes later changes nothing before it.
    changed = flashes.features.copy()
    changed[flashes.character >= 4] = 7.0
    other = score_prequentially(
        start,
        Flashes(changed, flashes.character, flashes.code, flashes.repetition, LIT),
        STRENGTH,
    )
    early = flashes.character < 4
    np.testing.assert_array_equal(course.ratios[early], other.ratios[early])


def test_following_helps_on_characters_not_yet_used():
    start = known(OTHERS)
    flashes, y = draw(PERSON, n_characters=10, seed=4)
    course = score_prequentially(start, flashes, STRENGTH)
    assert not course.fell_back
    gained = roc_auc_score(y, course.ratios) - roc_auc_score(y, start(flashes.features))
    assert gained > 0.05


def test_the_guard_ends_a_runaway():
    """With a start that hardly pulls, loud noise that no two halves share is adapted to."""
    rng = np.random.default_rng(2)
    start = known(OTHERS)
    flashes, y = draw(OTHERS, n_characters=12, repetitions=4, seed=7, separation=1.5)
    features = flashes.features.copy()
    for k in range(12):
        for c in range(12):
            rows = (flashes.character == k) & (flashes.code == c)
            features[rows, 3] += rng.normal(0, 6) * np.array([1, -1, 1, -1])
    noisy = Flashes(features, flashes.character, flashes.code, flashes.repetition, LIT)
    course = score_prequentially(start, noisy, Strength(targets=0.1, epochs=0.1))
    unguarded = [
        self_calibrate(start, noisy.of(noisy.character < k), Strength(0.1, 0.1)) for k in range(12)
    ]
    loose = np.concatenate([unguarded[k](features[noisy.character == k]) for k in range(12)])
    assert roc_auc_score(y, loose) < roc_auc_score(y, start(features)) - 0.02
    assert course.fell_back
    assert roc_auc_score(y, course.ratios) > roc_auc_score(y, loose) + 0.01


def test_worse_needs_three_characters_and_more_than_noise():
    assert not is_worse([])
    assert not is_worse([-0.5, -0.5])
    assert is_worse([-0.5, -0.4, -0.6])
    assert not is_worse([-0.5, 0.6, -0.2])
    assert not is_worse([0.5, 0.4, 0.6])
    # Characters without two repetitions tell nothing.
    assert not is_worse([-0.5, np.nan, -0.5])
    assert is_worse([-0.5, np.nan, -0.4, -0.6])


@pytest.mark.parametrize(
    ("hidden", "n_gains"),
    [
        (lambda flashes: np.zeros(len(flashes.code), bool), 4),
        # The first character's gain is not known, but it is adapted to.
        (lambda flashes: (flashes.character == 0) & (flashes.repetition > 0), 4),
        # It is not adapted to: the second one's gain is nothing, whatever is learned later.
        (lambda flashes: flashes.character == 0, 3),
    ],
)
def test_gains_are_counted_from_the_first_adaptation_on(hidden, n_gains, monkeypatch):
    judged = []
    monkeypatch.setattr(self_calibration, "is_worse", lambda gains: judged.append(list(gains)))
    flashes, _ = draw(PERSON, n_characters=5, repetitions=4)
    code = np.where(hidden(flashes), -1, flashes.code)
    score_prequentially(known(OTHERS), replace(flashes, code=code), STRENGTH)
    assert len(judged[-1]) == n_gains
    assert np.all(judged[-1])


def test_agreement_is_high_for_the_response_and_low_for_noise():
    flashes, y = draw(PERSON, n_characters=1, seed=6)
    assert agreement(3.0 * y, flashes) == pytest.approx(1.0)
    noise = np.random.default_rng(0).standard_normal(len(y))
    assert abs(agreement(noise, flashes)) < 0.7
    once = flashes.of(flashes.repetition == 0)
    assert np.isnan(agreement(np.ones(12), once))
    assert agreement(np.ones(len(y)), flashes) == 0.0


def test_flashes_without_codes_are_scored_and_not_learned_from():
    start = known(OTHERS)
    flashes, _ = draw(PERSON, n_characters=4, seed=7)
    unknown = Flashes(
        flashes.features, flashes.character, np.full_like(flashes.code, -1), flashes.repetition, LIT
    )
    course = score_prequentially(start, unknown, STRENGTH)
    np.testing.assert_allclose(course.ratios, start(flashes.features))
    assert self_calibrate(start, unknown, STRENGTH) is start


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_probabilities_add_up_to_one_row_and_one_column(seed):
    evidence = np.random.default_rng(seed).normal(0, 300, (2, len(LIT)))
    p = target_probabilities(evidence, LIT)
    np.testing.assert_allclose(p[:, :6].sum(axis=1), 1)
    np.testing.assert_allclose(p[:, 6:].sum(axis=1), 1)
    # A constant for all flashes changes nothing: each symbol is lit equally often.
    np.testing.assert_allclose(target_probabilities(evidence + 2.0, LIT), p, atol=1e-9)


def test_a_fitted_readout_is_shrinkage_lda():
    flashes, y = draw(PERSON, seed=8)
    readout = fit_readout(flashes.features, y)
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5])
    scores = lda.fit(flashes.features, y).decision_function(flashes.features)
    assert np.corrcoef(scores, readout(flashes.features))[0, 1] > 0.9999
