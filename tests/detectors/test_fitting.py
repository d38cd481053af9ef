"""Several fits of one detector: side by side they give what they give alone."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from studies import make_epochs

from p300.detectors import fitting, make_detector
from p300.detectors.fitting import Fit, fit_each
from p300.errors import DetectorError, TrainingWarning
from p300.signal.parts import SharedEpochs

FOLDS = ([0, 1], [1, 2], [0, 2])


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(3, 1, amplitude=1e-5, n_characters=4)


def fits_of(study, name, **parameters):
    subjects, whole = study.units("subject"), SharedEpochs(study)
    for seed, fold in enumerate(FOLDS):
        rows = np.flatnonzero(np.isin(subjects, np.unique(subjects)[fold]))
        detector = make_detector(name, **parameters)
        if "seed" in detector.get_params():
            detector.set_params(seed=seed)
        yield Fit(detector, whole.part(rows), "character")


def scores(epochs, fits):
    return np.array([fit.detector.decision_function(epochs.X) for fit in fits])


@pytest.mark.parametrize(
    ("name", "networks"), [("cnn1", [3]), ("mcnn3", [9]), ("cnn2b", [3, 3]), ("gan_augmented", [3])]
)
def test_networks_of_several_fits_learn_as_if_alone(epochs, card, name, networks):
    few = {"max_passes": 4, "picks": 2} if name == "cnn2b" else {"max_passes": 4}
    alone = scores(epochs, (f for one in fits_of(epochs, name, **few) for f in fit_each([one])))
    card.clear()
    together = scores(epochs, fit_each(fits_of(epochs, name, **few)))
    assert card == networks
    assert np.ptp(alone, axis=1).min() > 0.5
    np.testing.assert_allclose(together, alone, atol=2e-3 * np.ptp(alone))


def test_on_the_processor_each_is_fitted_when_it_is_asked_for(epochs):
    asked = []

    def fits():
        for fit in fits_of(epochs, "cnn1", max_passes=1):
            asked.append(fit)
            yield fit

    next(fit_each(fits()))
    assert len(asked) == 1


def test_other_detectors_are_fitted_alone(epochs, card):
    found = list(fit_each(fits_of(epochs, "slda")))
    assert len(found) == 3
    assert not card


def test_fits_share_a_card_as_far_as_their_windows_have_room(epochs, card, monkeypatch):
    size = max(fit.part.X.nbytes for fit in fits_of(epochs, "cnn1"))
    monkeypatch.setattr(fitting, "MOST_TOGETHER", 2 * size)
    assert len(list(fit_each(fits_of(epochs, "cnn1", max_passes=1)))) == 3
    assert card == [2, 1]


def test_warnings_are_those_of_the_fit_that_is_given(epochs, card):
    three = list(fits_of(epochs, "cnn1", max_passes=3, patience=2, learning_rate=1e-3))
    assert card == []
    three[1].detector.set_params(seed=0)
    found = fit_each(three)
    for fit in three:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", TrainingWarning)
            assert next(found) is fit
        told = any("still fell in the last of 3 passes" in str(w.message) for w in said)
        assert told == (fit.detector.history_.best == 3)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_training_that_diverges_raises(epochs, card):
    with pytest.raises(DetectorError, match="diverged"):
        list(fit_each(fits_of(epochs, "cnn1", training="momentum", learning_rate=1e18)))
    assert card == [3]
