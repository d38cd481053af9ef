from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score
from studies import make_epochs

from p300.detectors import make_detector
from p300.evaluation.fold import cross_fitted_scores


def test_two_subjects_are_enough_to_score_each_by_the_other():
    epochs = make_epochs(n_subjects=2, n_runs=1)
    score = cross_fitted_scores(make_detector("slda"), epochs, "subject")
    assert np.isfinite(score).all()
    for subject in np.unique(epochs.units("subject")):
        rows = epochs.units("subject") == subject
        assert roc_auc_score(epochs.y[rows], score[rows]) > 0.6
