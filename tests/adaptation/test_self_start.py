"""A start from nobody's data: what it may know when, and what it must not know at all."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from drawn_flashes import draw
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import roc_auc_score
from studies import make_epochs

from p300.adaptation import self_start
from p300.adaptation.self_start import Starting, of_nobody, of_others, score_by_starting, start
from p300.detectors.linear.covariance import EpochGroup, scaled_shrinkage
from p300.detectors.linear.structure import UNSTRUCTURED
from p300.detectors.linear.toeplitz import BlockToeplitz
from p300.errors import ConfigError, DetectorError, TrainingWarning
from p300.evaluation.fold import evaluate_epochs, fit_and_score_fold
from p300.evaluation.leaks import everything
from p300.evaluation.method import Method
from p300.evaluation.protocols import make_folds

PERSON = (1, 1.5, 0, 0, 0, 0)
SLDA = {"detector": "slda", "n_windows": 8, "covariance": "toeplitz"}
STARTED = Method.read("started", {**SLDA, "adaptation": "self_started"})


@pytest.mark.parametrize("structure", [UNSTRUCTURED, BlockToeplitz(2, 3)])
def test_each_character_is_scored_by_those_before_it(structure):
    flashes, y = draw(PERSON, seed=1)
    scores, _ = score_by_starting(flashes, of_nobody(6, structure))
    first = flashes.character == 0
    assert not scores[first].any()
    assert roc_auc_score(y[~first], scores[~first]) > 0.8  # at best .82
    changed = flashes.features.copy()
    changed[flashes.character == 5] *= -3
    others, _ = score_by_starting(replace(flashes, features=changed), of_nobody(6, structure))
    before = flashes.character < 5
    assert_array_equal(scores[before], others[before])


def test_scores_are_log_likelihood_ratios():
    flashes, y = draw(PERSON, n_characters=20, seed=3, separation=1.0)
    ratios, _ = score_by_starting(flashes, of_nobody(6, UNSTRUCTURED))
    later = flashes.character >= 5
    probability = 1 / (1 + 5 * np.exp(-ratios[later]))
    assert probability.mean() == pytest.approx(y[later].mean(), abs=0.02)
    likely = probability > 0.4
    assert probability[likely].mean() == pytest.approx(y[later][likely].mean(), abs=0.1)


def test_without_codes_nothing_is_learned():
    flashes, _ = draw(PERSON, n_characters=2, seed=1)
    unknown = replace(flashes, code=np.full_like(flashes.code, -1))
    ratios, known = score_by_starting(unknown, of_nobody(6, UNSTRUCTURED))
    assert known.readout is None
    assert not ratios.any()
    others = people((PERSON, PERSON))
    assert start(unknown, others).readout is others.readout


def test_features_that_do_not_vary_are_told():
    flashes, _ = draw(PERSON, n_characters=2, seed=1)
    constant = replace(flashes, features=np.zeros_like(flashes.features))
    with pytest.raises(DetectorError, match="singular"), np.errstate(all="ignore"):
        start(constant, of_nobody(6, UNSTRUCTURED))


def people(directions):
    """What people tell whose targets lie along given directions."""
    drawn = [draw(direction, seed=10 + k) for k, direction in enumerate(directions)]
    return of_others(
        np.concatenate([flashes.features for flashes, _ in drawn]),
        np.concatenate([y for _, y in drawn]).astype(np.uint8),
        np.repeat(np.arange(len(drawn)), [len(y) for _, y in drawn]),
        UNSTRUCTURED,
    )


def test_people_who_are_alike_count_more_than_people_who_are_not():
    alike, unlike = people([PERSON] * 4), people(np.eye(6)[:4])
    assert alike.variance < 0.02
    # Four directions of length 1.3, each 1.3 sqrt(3/4) off their mean, in six dimensions.
    expected = 1.3**2 / 6 * (1 + 1 / 4)
    assert unlike.variance == pytest.approx(expected, rel=0.25)
    assert people([PERSON]).variance == of_nobody(6, UNSTRUCTURED).variance


def test_others_are_worth_something_at_first_and_do_no_harm_later():
    found = []
    for seed in range(5):
        flashes, y = draw(PERSON, n_characters=12, repetitions=4, seed=seed)
        priors = of_nobody(6, UNSTRUCTURED), people([PERSON] * 4), people(np.eye(6)[2:])
        scores = [score_by_starting(flashes, prior)[0] for prior in priors]
        early = flashes.character < 2
        found.append(
            [roc_auc_score(y[rows], own[rows]) for rows in (early, ~early) for own in scores]
        )
    nobody, alike, _, nobody_later, alike_later, unlike_later = np.mean(found, axis=0)
    assert alike > nobody + 0.05
    assert alike_later > nobody_later - 0.005
    assert unlike_later > nobody_later - 0.02


@pytest.mark.parametrize("far", [0.0, 1e4])
def test_sums_know_the_covariance_that_the_epochs_have(far):
    flashes, _ = draw(PERSON, n_characters=4, repetitions=2, seed=4)
    flashes = replace(flashes, features=1e-6 * (flashes.features + far))
    _, known = score_by_starting(flashes, of_nobody(6, UNSTRUCTURED))
    group = EpochGroup(flashes.features)
    share, variance, scale = scaled_shrinkage(group, group.covariance)
    expected = (1 - share) * group.covariance + np.diag(share * variance * scale**2)
    assert 0 < share < 1
    assert_allclose(known.readout.covariance, expected, rtol=1e-6, atol=1e-20)
    middle = known.readout.nontarget + (known.readout.target - known.readout.nontarget) / 6
    assert_allclose(middle, flashes.features.mean(axis=0), rtol=1e-9, atol=1e-15)


def test_sums_of_many_features_are_as_precise():
    flashes, _ = draw(np.eye(300)[0], n_characters=2, repetitions=1, seed=4)
    group = EpochGroup(flashes.features)
    share, variance, scale = scaled_shrinkage(group, group.covariance)
    expected = (1 - share) * group.covariance + np.diag(share * variance * scale**2)
    _, known = score_by_starting(flashes, of_nobody(300, UNSTRUCTURED))
    assert_allclose(known.readout.covariance, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("prior", ["nobody", "others"])
def test_one_by_one_they_teach_what_they_do_together(prior):
    prior = of_nobody(6, UNSTRUCTURED) if prior == "nobody" else people([PERSON] * 3)
    flashes, _ = draw(PERSON, n_characters=6, repetitions=4, seed=3)
    _, known = score_by_starting(flashes, prior)
    together = start(flashes, prior)
    assert_allclose(known.readout(flashes.features), together.readout(flashes.features))


def test_characters_without_codes_count_for_the_covariance_alone():
    flashes, _ = draw(PERSON, n_characters=5, repetitions=4, seed=3)
    unknown = replace(flashes, code=np.where(flashes.character == 1, -1, flashes.code))
    ratios, known = score_by_starting(unknown, of_nobody(6, UNSTRUCTURED))
    assert_array_equal(ratios[unknown.character == 0], 0)
    assert_allclose(
        known.readout.covariance, start(flashes, of_nobody(6, UNSTRUCTURED)).readout.covariance
    )
    loud = replace(unknown, code=np.where(flashes.character < 2, -1, flashes.code))
    ratios, _ = score_by_starting(loud, of_nobody(6, UNSTRUCTURED))
    assert not ratios[loud.character <= 2].any()
    assert ratios[loud.character == 3].all()


def test_what_closed_characters_have_said_counts_on(monkeypatch):
    flashes, y = draw(PERSON, n_characters=12, repetitions=8, seed=5)
    later = flashes.character >= 8
    for prior in (of_nobody(6, UNSTRUCTURED), people([PERSON] * 3)):
        all_open, end = score_by_starting(flashes, prior)
        with monkeypatch.context() as patch:
            patch.setattr(self_start, "MOST_OPEN", 2)
            scores, known = score_by_starting(flashes, prior)
        early = flashes.character <= 2
        assert_array_equal(scores[early], all_open[early])
        assert np.abs(scores - all_open)[later].max() < 0.25
        assert roc_auc_score(y[later], scores[later]) == pytest.approx(
            roc_auc_score(y[later], all_open[later]), abs=0.003
        )
        for one, other in ((known, end), (end, known)):
            length = np.linalg.norm(other.readout.target - other.readout.nontarget)
            assert np.linalg.norm(one.readout.target - other.readout.target) < 0.05 * length
            assert np.linalg.norm(one.readout.nontarget - other.readout.nontarget) < 0.05


def test_neither_memory_nor_rounds_grow_with_a_session(monkeypatch):
    monkeypatch.setattr(self_start, "MOST_OPEN", 4)
    asked = []

    class Believed(self_start.Believed):
        def __init__(self, contrasts, variance):
            asked.append(len(contrasts.flashes))
            super().__init__(contrasts, variance)

    monkeypatch.setattr(self_start, "Believed", Believed)
    flashes, _ = draw(PERSON, n_characters=12, repetitions=2, seed=5)
    starting, kept = Starting(of_nobody(6, UNSTRUCTURED), flashes.lit), []
    for character in range(flashes.n_characters):
        starting.learn(flashes.of(flashes.character == character).as_first())
        kept.append(len(pickle.dumps(starting)))
    assert asked == [1, 2, 3, 4, *[5] * 8]
    assert max(kept[5:]) - min(kept[5:]) < 64  # numbers of more digits


def inverted(flashes):
    """The same person with the signal upside down."""
    return replace(flashes, features=-flashes.features)


def test_a_person_who_is_the_opposite_of_others_is_started_from_nobody():
    prior = people([PERSON] * 4)
    flashes, _ = draw(PERSON, n_characters=6, repetitions=4, seed=2)
    scores, known = score_by_starting(inverted(flashes), prior)
    assert known.refuted
    alone, _ = score_by_starting(inverted(flashes), of_nobody(6, UNSTRUCTURED))
    last = flashes.character == 5
    assert_allclose(scores[last], alone[last])


def test_what_was_refuted_stays_so_when_its_characters_are_closed(monkeypatch):
    monkeypatch.setattr(self_start, "MOST_OPEN", 2)
    prior = people([PERSON] * 4)
    flashes, y = draw(PERSON, n_characters=8, repetitions=4, seed=2)
    scores, known = score_by_starting(inverted(flashes), prior)
    assert known.refuted
    last = flashes.character >= 4
    assert roc_auc_score(y[last], scores[last]) > 0.75


@pytest.mark.parametrize("seed", range(5))
def test_nobody_else_is_taken_for_the_opposite(seed):
    flashes, _ = draw(PERSON, n_characters=4, repetitions=4, seed=seed)
    other = np.roll(PERSON, 2)
    for prior in (people([PERSON] * 4), people([other] * 4), of_nobody(6, UNSTRUCTURED)):
        assert not score_by_starting(flashes, prior)[1].refuted
    assert not score_by_starting(inverted(flashes), of_nobody(6, UNSTRUCTURED))[1].refuted


@pytest.fixture(scope="module")
def study():
    return make_epochs(3, 2, n_characters=4, repetitions=6, amplitude=1.2e-5)


def test_nothing_is_learned_from_others_and_no_label_is_looked_at(study):
    fold = make_folds("cross_subject", study.flashes, study.duration, {})[0]
    plain = fit_and_score_fold(study, fold, STARTED, 1).scored
    X, target = study.X.copy(), study.flashes["target"].to_numpy().copy()
    X[fold.train] = np.random.default_rng(0).standard_normal(X[fold.train].shape)
    target[fold.test] = np.roll(target[fold.test], 1)
    spoilt = replace(study, X=X, flashes=study.flashes.assign(target=target))
    assert_array_equal(fit_and_score_fold(spoilt, fold, STARTED, 1).scored.scores, plain.scores)
    later = study.flashes.iloc[fold.test].groupby(["run", "character"]).ngroup() > 0
    y = study.y[fold.test]
    assert roc_auc_score(y[later], plain.scores[later]) > 0.75


def test_it_learns_from_calibration_characters_where_there_are_some(study):
    found = evaluate_epochs(study, {"started": STARTED}, "few_shot", characters=(0, 1, 4))
    assert set(found["calibration_characters"]) == {"1", "4"}
    by_number = {
        number: roc_auc_score(own["target"], own["score"])
        for number, own in found.groupby("calibration_characters")
    }
    assert by_number["4"] > 0.75


def test_one_subject_alone_is_enough(study):
    alone = study.select(np.flatnonzero(study.flashes["subject"] == "1"))
    found = evaluate_epochs(alone, {"started": STARTED}, "within_subject", test_runs="last")
    assert len(found) == 4 * 6 * 12
    assert found.loc[found["character"] == 1, "score"].nunique() == 1


def test_training_subjects_tell_the_speller_how_good_such_scores_are(study):
    fold = make_folds("cross_subject", study.flashes, study.duration, {})[0]
    result = fit_and_score_fold(study, fold, STARTED, 1, score_training=True)
    trained = result.scored_training()
    assert len(trained) == len(fold.train)
    again = make_folds("cross_subject", study.flashes, study.duration, {})[1]
    scores = fit_and_score_fold(study, again, STARTED, 1).scored.scores
    subject = str(study.flashes["subject"].iloc[again.test[0]])
    assert_allclose(trained.loc[trained["subject"] == subject, "score"], scores, rtol=1e-6)


def test_the_detector_at_the_end_reads_by_what_was_learned(study):
    fold = make_folds("cross_subject", study.flashes, study.duration, {})[0]
    scored = fit_and_score_fold(study, fold, STARTED, 1).scored
    y, log_odds = study.y[fold.test], scored.detector.decision_function(study.X[fold.test])
    assert roc_auc_score(y, log_odds) > 0.8


def test_what_needs_a_fit_to_be_read_is_refused(study):
    fold = make_folds("cross_subject", study.flashes, study.duration, {})[0]
    method = Method.read("x", {"detector": "xdawn_lda", "adaptation": "self_started"})
    with pytest.raises(DetectorError, match=r"xdawn_lda learns from labels .* \(slda\)"):
        fit_and_score_fold(study, fold, method, 1)


def test_of_nobody_tested_all_that_is_expected_is_learned(study):
    result = fit_and_score_fold(study, everything(study.flashes), STARTED, 1)
    assert not len(result.scored.scores)
    assert result.learned.prior.readout is None
    assert not result.scored.detector.coef_.any()


def test_runs_without_codes_are_told(study):
    unknown = replace(study, flashes=study.flashes.assign(code=None))
    fold = make_folds("cross_subject", study.flashes, study.duration, {})[0]
    with pytest.warns(TrainingWarning, match="no flash has a known code"):
        scored = fit_and_score_fold(unknown, fold, STARTED, 1).scored
    assert np.unique(scored.scores).size == 1


def test_others_tell_what_to_expect_when_asked(study):
    fold = make_folds("cross_subject", study.flashes, study.duration, {})[0]
    method = Method.read("x", {**SLDA, "adaptation": {"method": "self_started", "others": True}})
    result = fit_and_score_fold(study, fold, method, 1, score_training=True)
    y, flashes = study.y[fold.test], study.flashes.iloc[fold.test]
    first = (flashes["character"] == 1) & (flashes["run"] == "1")
    assert roc_auc_score(y[first], result.scored.scores[first]) > 0.75
    training = result.scored_training()
    assert training["score"].nunique() == len(training)
    assert method.settings()["adaptation"] == {"method": "self_started", "others": True}
    assert method.learns_like != STARTED.learns_like


@pytest.mark.parametrize(
    ("protocol", "options"), [("cross_subject", {}), ("few_shot", {"characters": (2,)})]
)
def test_an_inverted_subject_is_named(study, protocol, options):
    X = study.X.copy()
    X[(study.flashes["subject"] == "1").to_numpy()] *= -1
    spoilt = replace(study, X=X)
    folds = make_folds(protocol, spoilt.flashes, spoilt.duration, options)
    fold = next(f for f in folds if spoilt.flashes["subject"].iloc[f.test[0]] == "1")
    method = Method.read("x", {**SLDA, "adaptation": {"method": "self_started", "others": True}})
    with pytest.warns(TrainingWarning, match="/1: the flashes say the opposite"):
        scored = fit_and_score_fold(spoilt, fold, method, 1).scored
    later = spoilt.flashes.iloc[fold.test].groupby(["run", "character"]).ngroup() > 0
    assert roc_auc_score(spoilt.y[fold.test][later], scored.scores[later]) > 0.7


def test_a_setting_that_it_does_not_have_is_refused():
    with pytest.raises(ConfigError, match="'other'"):
        Method.read("x", {**SLDA, "adaptation": {"method": "self_started", "other": True}})
