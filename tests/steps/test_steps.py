"""Steps are what detectors compute, as transformers of scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from studies import ELECTRODES, make_epochs

import p300.steps
from p300.detectors import make_detector
from p300.errors import DetectorError
from p300.signal.alignment import Alignment, align
from p300.steps import Align, Covariances, PickElectrodes, WindowMeans, Xdawn

STEPS = {
    "Align": Align(),
    "Covariances": Covariances(),
    "PickElectrodes": PickElectrodes(("Cz", "Pz"), electrodes=tuple(ELECTRODES)),
    "WindowMeans": WindowMeans(13),
    "Xdawn": Xdawn(2),
}


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(1, 1, amplitude=1e-5, n_characters=3)


def test_every_step_is_tried():
    assert STEPS.keys() == set(p300.steps.__all__)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_follows_scikit_learns_contract(name, epochs):
    step = clone(STEPS[name])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Can't test estimator")  # 2-D data only
        check_estimator(step)
    made = clone(step).fit_transform(epochs.X, epochs.y)
    fitted = clone(step).fit(epochs.X, epochs.y)
    np.testing.assert_array_equal(fitted.transform(epochs.X), made)
    assert len(made) == len(epochs)
    for X, told in ((epochs.X[0], "expected .epoch, electrode, time."), (epochs.X[:, :3], "4 x")):
        with pytest.raises(DetectorError, match=told):
            fitted.transform(X)


def test_steps_compute_what_detectors_do(epochs):
    X, y = epochs.X, epochs.y
    lda = make_detector("xdawn_lda", n_filters=2).fit(X, y, epochs.units("character"))
    xdawn = Xdawn(2)
    filtered = xdawn.fit_transform(X, y)
    np.testing.assert_allclose(WindowMeans(16).fit_transform(filtered), lda.features(X), rtol=1e-12)
    ts = make_detector("xdawn_ts", n_filters=2).fit(X, y, epochs.units("character"))
    covariances = Covariances().fit(filtered, y).transform(filtered)
    np.testing.assert_allclose(covariances, ts._covariances(X), rtol=1e-9)
    assert Covariances(response=False).fit_transform(filtered).shape == (len(X), 2, 2)


@pytest.mark.parametrize("method", ["euclidean", "scaling"])
def test_following_a_domain_is_running_alignment(method, epochs):
    expected = align(epochs, Alignment(method, "running")).X
    step = Align(method)
    one_by_one = [step.partial_fit(X[None]).transform(X[None])[0] for X in epochs.X]
    np.testing.assert_allclose(one_by_one, expected, rtol=1e-4, atol=1e-4)
    at_once = Align(method).fit_transform(epochs.X)
    np.testing.assert_allclose(at_once, align(epochs, Alignment(method)).X, rtol=1e-4, atol=1e-4)
    in_pieces = Align(method)
    for rows in np.array_split(np.arange(len(epochs)), 7):
        in_pieces.partial_fit(epochs.X[rows])
    np.testing.assert_allclose(in_pieces.mixing_, step.mixing_, rtol=1e-6)


def test_what_comes_later_changes_nothing(epochs):
    known, more = Align().partial_fit(epochs.X[:50]), Align().partial_fit(epochs.X[:50])
    before = known.transform(epochs.X[:50])
    more.fit(epochs.X[:50])
    changed = epochs.X.copy()
    changed[50:] *= 1e3
    known.partial_fit(changed[50:52])  # less than a tenth more
    np.testing.assert_array_equal(known.transform(epochs.X[:50]), before)
    with pytest.raises(DetectorError, match="those before had"):
        known.partial_fit(epochs.X[:, :3])


def test_steps_go_into_pipelines_of_others(epochs):
    names = np.where(epochs.y == 1, "target", "nontarget")
    pipeline = make_pipeline(Xdawn(2), WindowMeans(8), LogisticRegression(max_iter=500))
    assert pipeline.fit(epochs.X, names).score(epochs.X, names) > 0.8


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (WindowMeans(0), "n_windows: 0"),
        (WindowMeans(999), "cannot be averaged"),
        (Xdawn(9), "n_filters: 9 found"),
        (Align("eucledian"), "euclidean"),
        (PickElectrodes(("Cz",)), "names of X's electrodes are not known"),
        (PickElectrodes(("Xz",), tuple(ELECTRODES)), "electrodes Xz are missing"),
    ],
)
def test_wrong_steps_are_told(step, told, epochs):
    with pytest.raises(DetectorError, match=told):
        step.fit(epochs.X, epochs.y)


def test_labels_are_asked_for(epochs):
    with pytest.raises(DetectorError, match="labels of shape"):
        Xdawn().fit(epochs.X)
