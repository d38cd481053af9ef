from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import roc_auc_score
from studies import make_epochs

from p300.detectors import make_detector
from p300.evaluation.fold import cross_fitted_scores, evaluate_epochs


def test_two_subjects_are_enough_to_score_each_by_the_other():
    epochs = make_epochs(n_subjects=2, n_runs=1)
    score = cross_fitted_scores(make_detector("slda"), epochs, "subject")
    assert np.isfinite(score).all()
    for subject in np.unique(epochs.units("subject")):
        rows = epochs.units("subject") == subject
        assert roc_auc_score(epochs.y[rows], score[rows]) > 0.6


class Nearest(ClassifierMixin, BaseEstimator):
    """Scores an epoch by the distance of its onset, written into it, to the nearest one learned."""

    fitted_with: list = []  # noqa: RUF012  # clones are not at hand

    def fit(self, X, y, groups=None):
        self.fitted_with.append(groups)
        self.onsets_, self.threshold_ = X[:, 0, 0], 0.0
        return self

    def decision_function(self, X):
        return np.abs(X[:, 0, 0][:, None] - self.onsets_).min(axis=1).astype(np.float64)


def endless_oddball(n_subjects):
    """Flashes without characters that follow each other without a pause."""
    epochs = make_epochs(n_subjects, 1, n_characters=6)
    runs, onset = epochs.units("run"), np.empty(len(epochs))
    for run in np.unique(runs):
        onset[runs == run] = 0.175 * np.arange((runs == run).sum())
    X = epochs.X.copy()
    X[:, 0, 0] = onset + 1000 * runs
    return replace(epochs, X=X, flashes=epochs.flashes.assign(onset=onset, character=None))


def test_no_epoch_is_scored_by_a_fit_that_saw_some_of_its_samples():
    epochs = endless_oddball(1)
    nearest = cross_fitted_scores(Nearest(), epochs, "character")
    assert nearest.min() >= epochs.duration - 1e-4


@pytest.mark.filterwarnings("ignore:.*does not separate")
def test_detectors_are_told_which_epochs_share_samples():
    epochs = endless_oddball(2)
    Nearest.fitted_with.clear()
    evaluate_epochs(epochs, {"nearest": Nearest()}, "cross_subject")
    tested = [epochs.select(epochs.units("subject") == subject) for subject in (1, 0)]
    for groups, learned in zip(Nearest.fitted_with, tested, strict=True):
        np.testing.assert_array_equal(groups, learned.groups("character"))
        assert groups.shape == (len(learned), 2)
