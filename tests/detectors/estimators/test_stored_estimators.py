"""Fitted estimators of other libraries in a folder."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from somebodys import groups
from studies import make_epochs

from p300.detectors import as_detector, load_detector, save_detector
from p300.errors import DetectorError
from p300.files import read_json, write_json
from p300.steps import WindowMeans


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(1, 2, amplitude=1e-5, n_characters=4)


@pytest.mark.parametrize(
    "classifier",
    [LogisticRegression(C=0.01), SVC(gamma=1e-3), SVC(kernel="linear", C=1e-3)],
)
def test_what_notes_numbers_and_arrays_is_stored(classifier, epochs, tmp_path):
    flat = make_pipeline(WindowMeans(8), MinMaxScaler((0, 2)), StandardScaler(), classifier)
    detector = as_detector(flat, n_folds=2).fit(epochs.X, epochs.y, groups(epochs))
    stored = load_detector(save_detector(detector, tmp_path / "d", epochs)).detector
    np.testing.assert_array_equal(
        stored.decision_function(epochs.X), detector.decision_function(epochs.X)
    )
    linear = not (isinstance(classifier, SVC) and classifier.kernel == "rbf")
    assert (stored.features(epochs.X[:3]) is not None) == linear
    if linear:
        weights, intercept = stored.readout()
        raw = stored.features(epochs.X) @ weights + intercept
        np.testing.assert_allclose(
            stored.calibration_(raw), stored.decision_function(epochs.X), rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([FunctionTransformer(np.ravel), LogisticRegression()], "func is "),
        ([WindowMeans(8), RandomForestClassifier(3)], r"estimators_\.0\.tree_ is Tree"),
    ],
)
def test_what_cannot_be_stored_is_named(steps, named, epochs, tmp_path):
    if isinstance(steps[0], FunctionTransformer):
        steps[0].func = flat
    detector = as_detector(make_pipeline(*steps), n_folds=2)
    detector.fit(epochs.X, epochs.y, groups(epochs))
    with pytest.raises(DetectorError, match=rf"cannot be stored: .*{named}"):
        save_detector(detector, tmp_path / "d", epochs)
    assert not (tmp_path / "d").exists()


def flat(X):
    return X.reshape(len(X), -1)


def foreign_class(tree):
    tree["parameters"]["steps"]["list"][0]["tuple"][1]["estimator"]["class"] = "mne.decoding:Scaler"


def method_over(tree):
    tree["parameters"]["steps"]["list"][0]["tuple"][1]["estimator"]["fitted"]["transform"] = 1


def not_a_place(tree):
    tree["class"] = "os:system"


def lost_array(tree):
    tree["parameters"]["steps"]["list"][0]["tuple"][1]["estimator"]["fitted"] = {
        "input_shape_": {"array": "nothing"}
    }


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (foreign_class, r"of a package \(mne\) that the detector's parameters do not name"),
        (method_over, "attribute 'transform' found"),
        (not_a_place, r"of a package \(os\)"),
        (lost_array, "KeyError: 'nothing'"),
    ],
)
def test_a_stored_estimator_of_a_stranger_makes_nothing_else(damage, told, epochs, tmp_path):
    detector = as_detector(make_pipeline(WindowMeans(8), LogisticRegression()), n_folds=2)
    detector.fit(epochs.X, epochs.y, groups(epochs))
    folder = save_detector(detector, tmp_path / "d", epochs)
    about = read_json(folder / "detector.json")
    damage(about["state"]["fitted"])
    write_json(folder / "detector.json", about)
    with pytest.raises(DetectorError, match=rf"detector\.json is damaged \(.*{told}"):
        load_detector(folder)
