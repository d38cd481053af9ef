from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import roc_auc_score
from studies import endless_oddball, make_epochs

from p300.adaptation.base import FoldEpochs
from p300.adaptation.registry import make_adaptation
from p300.detectors import make_detector
from p300.detectors.linear.lda import ShrinkageLDA
from p300.evaluation.fold import cross_fitted_scores
from p300.recordings import MATRIX_6X6
from p300.signal.parts import part_of


def test_two_subjects_are_enough_to_score_each_by_the_other():
    epochs = make_epochs(n_subjects=2, n_runs=1)
    score = cross_fitted_scores(make_detector("slda"), part_of(epochs), "subject")
    assert np.isfinite(score).all()
    for subject in np.unique(epochs.units("subject")):
        rows = epochs.units("subject") == subject
        assert roc_auc_score(epochs.y[rows], score[rows]) > 0.6


class Nearest(ClassifierMixin, BaseEstimator):
    """Scores an epoch by the distance of its onset, written into it, to the nearest one learned."""

    def fit_part(self, part, level, *, calibrated):
        self.onsets_, self.threshold_ = part.X[:, 0, 0], 0.0
        return self

    def decision_function(self, X):
        return np.abs(X[:, 0, 0][:, None] - self.onsets_).min(axis=1).astype(np.float64)


def test_no_epoch_is_scored_by_a_fit_that_saw_some_of_its_samples():
    epochs = endless_oddball(1)
    nearest = cross_fitted_scores(Nearest(), part_of(epochs), "character")
    assert nearest.min() >= epochs.duration - 1e-4


class Told(ShrinkageLDA):
    """Notes what it is fitted to: the onsets written into the epochs, and their groups."""

    fitted: list = []  # noqa: RUF012  # clones are not at hand

    def fit_part(self, part, level, **options):
        self.fitted.append((part.X[:, 0, 0], part.groups(level)))
        return super().fit_part(part, level, **options)


@pytest.mark.filterwarnings("ignore:self-calibration of")
@pytest.mark.parametrize("way", ["none", "from_scratch", "self_calibrated"])
def test_every_way_to_adapt_tells_which_epochs_share_samples(way):
    epochs = endless_oddball(2)
    one, other = (epochs.select(epochs.units("subject") == subject) for subject in (0, 1))
    Told.fitted.clear()
    adaptation, fold = (
        make_adaptation(way),
        FoldEpochs(part_of(one), other, other, MATRIX_6X6, "character"),
    )
    adaptation.score(adaptation.learn(Told(), fold), fold)
    assert Told.fitted
    for onsets, groups in Told.fitted:
        learned = epochs.select(np.isin(epochs.X[:, 0, 0], onsets))
        np.testing.assert_array_equal(groups, learned.groups("character"))
        assert groups.shape == (len(learned), 2)
    if way == "self_calibrated":  # beside what is held out nothing is learned from
        *parts, whole = (len(onsets) for onsets, _ in Told.fitted)
        assert sum(parts) < (len(parts) - 1) * whole
