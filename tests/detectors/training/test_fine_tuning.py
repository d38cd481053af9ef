"""Transfer learning: a network goes on learning from a new person."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from studies import make_epochs

from p300.detectors import load_detector, make_detector, save_detector
from p300.errors import DetectorError

pytestmark = pytest.mark.filterwarnings("ignore:.*raise max_passes")


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(1, 2, amplitude=8e-6, n_characters=5)


@pytest.fixture(scope="module")
def pretrained(epochs):
    groups = epochs.units("character")
    return make_detector("finetuned", max_passes=12).fit(epochs.X, epochs.y, groups=groups)


@pytest.fixture(scope="module")
def new_person(epochs):
    """Someone whose response comes 80 ms later."""
    return np.roll(epochs.X, 10, axis=2)


def tuned(pretrained, X, y):
    return copy.deepcopy(pretrained).fine_tune(X, y)


def test_it_learns_the_new_person(epochs, pretrained, new_person):
    first, second = ((epochs.flashes["run"] == run).to_numpy() for run in ("1", "2"))
    detector = tuned(pretrained, new_person[first], epochs.y[first])
    before, after = (
        roc_auc_score(epochs.y[second], d.decision_function(new_person[second]))
        for d in (pretrained, detector)
    )
    assert after > before + 0.02


def test_all_weights_move_and_none_far(epochs, pretrained, new_person):
    detector = tuned(pretrained, new_person[:60], epochs.y[:60])
    weights = (d.network_.state_dict().values() for d in (pretrained, detector))
    for old, new in zip(*weights, strict=True):
        assert not torch.equal(old, new)
        assert float((old - new).norm() / old.norm()) < 0.5
    assert detector.calibration_ == pretrained.calibration_


def test_the_same_epochs_give_the_same_weights(epochs, pretrained, new_person):
    before = torch.random.get_rng_state()
    one, other = (tuned(pretrained, new_person[:60], epochs.y[:60]) for _ in range(2))
    np.testing.assert_array_equal(
        one.decision_function(epochs.X), other.decision_function(epochs.X)
    )
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("name", ["mcnn3", "stepnet", "lstm"])
def test_any_network_can_be_fine_tuned(name, epochs, new_person):
    detector = make_detector(name, max_passes=2).fit(epochs.X, epochs.y, epochs.units("character"))
    before = detector.decision_function(new_person)
    after = detector.fine_tune(new_person, epochs.y).decision_function(new_person)
    assert np.isfinite(after).all()
    assert not np.allclose(before, after)


def test_stored_and_loaded_it_scores_as_it_was_tuned(epochs, pretrained, new_person, tmp_path):
    detector = tuned(pretrained, new_person[:60], epochs.y[:60])
    stored = load_detector(save_detector(detector, tmp_path / "d", epochs)).detector
    assert stored.name == "finetuned"
    np.testing.assert_array_equal(
        stored.decision_function(new_person), detector.decision_function(new_person)
    )


def test_what_cannot_be_tuned_or_learned_from_is_refused(epochs, pretrained):
    lda = make_detector("slda").fit(epochs.X, epochs.y)
    with pytest.raises(DetectorError, match="slda cannot be fine-tuned, only networks can"):
        lda.fine_tune(epochs.X, epochs.y)
    with pytest.raises(DetectorError, match="4 electrodes x 60 samples found"):
        pretrained.fine_tune(epochs.X[:, :, :60], epochs.y)
    with pytest.raises(DetectorError, match="both classes are needed"):
        pretrained.fine_tune(epochs.X[epochs.y == 1], epochs.y[epochs.y == 1])
