"""The points of a receiver operating characteristic are those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from p300.evaluation.measures import roc_points


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_points_and_area_are_scikit_learns(decimals: int) -> None:
    rng = np.random.default_rng(decimals)
    target = rng.random(300) < 1 / 6
    score = np.round(rng.standard_normal(300) + target, decimals)  # with 0 nearly all are ties
    false, true = roc_points(target, score)
    expected = roc_curve(target, score, drop_intermediate=False)
    np.testing.assert_allclose(false, expected[0], atol=1e-12)
    np.testing.assert_allclose(true, expected[1], atol=1e-12)
    assert np.trapezoid(true, false) == pytest.approx(roc_auc_score(target, score), abs=1e-12)
