"""Log-odds that mean what they say: learned from epochs not seen, the order of scores kept."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from p300.detectors import as_detector, make_detector
from p300.detectors.calibration import fit_sigmoid
from p300.errors import TrainingWarning

SHARE = 1 / 6


def noise(n_epochs, seed):
    """Epochs without any response: nothing can be known of them but the share of targets."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_epochs, 8, 40)).astype(np.float32)
    return X, (np.arange(n_epochs) % 6 == 0).astype(np.uint8), np.arange(n_epochs) // 12


def flat(X):
    return X.reshape(len(X), -1)


@pytest.mark.parametrize(
    "detector",
    [
        make_detector("slda"),
        make_detector("xdawn_lda"),
        make_detector("cnn1", max_passes=25, patience=25, weight_decay=0.0),
        make_detector("mcnn3", n_members=2, max_passes=25, patience=25, weight_decay=0.0),
        as_detector(make_pipeline(FunctionTransformer(flat), LogisticRegression(max_iter=500))),
    ],
    ids=["slda", "xdawn_lda", "cnn1", "mcnn3", "pipeline"],
)
def test_of_noise_nothing_is_claimed(detector):
    """What a detector says of epochs that it has learned from is far too sure."""
    X, y, groups = noise(360, seed=0)
    unseen, truth, _ = noise(1200, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)  # it does not separate anything, indeed
        detector.fit(X, y, groups=groups)
    known = -(SHARE * np.log(SHARE) + (1 - SHARE) * np.log(1 - SHARE))
    assert log_loss(truth, detector.predict_proba(unseen)[:, 1]) < known + 0.05


def test_scores_that_point_the_wrong_way_keep_their_order():
    rng = np.random.default_rng(2)
    y = (np.arange(300) % 6 == 0).astype(int)
    scores = rng.standard_normal(300) - 2.0 * y
    with pytest.warns(TrainingWarning, match="does not separate targets"):
        sigmoid = fit_sigmoid(scores, y)
    assert sigmoid.slope > 0
    log_odds = sigmoid(scores)
    assert spearmanr(log_odds, scores).statistic == pytest.approx(1)
    assert np.abs(1 / (1 + np.exp(-log_odds)) - SHARE).max() < 0.05


def test_log_odds_are_those_of_the_labels():
    rng = np.random.default_rng(3)
    true = rng.normal(-1.6, 1.0, 20_000)
    y = (rng.random(len(true)) < 1 / (1 + np.exp(-true))).astype(int)
    sigmoid = fit_sigmoid(5 * true + 7, y)
    np.testing.assert_allclose(sigmoid(5 * true + 7), true, atol=0.25)
