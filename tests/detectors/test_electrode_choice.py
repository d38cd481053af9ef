"""CNN-2a and CNN-2b: eight electrodes by name, or by the weights of a trained CNN-1."""

from __future__ import annotations

import numpy as np
import pytest
from studies import ELECTRODES, make_epochs

from p300.detectors import detector_parameters, make_detector
from p300.detectors.electrode_choice import heaviest_electrodes, named_electrodes
from p300.detectors.inspection import rank_electrodes
from p300.errors import DetectorError


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(1, 2, amplitude=1e-5, n_characters=5)


def test_the_papers_choices():
    assert detector_parameters("cnn2a")["picks"] == (
        "Fz", "Cz", "Pz", "P3", "P4", "PO7", "PO8", "Oz",
    )  # fmt: skip
    assert detector_parameters("cnn2b")["picks"] == 8


def test_named_electrodes_are_found_by_name(epochs):
    assert named_electrodes(["Oz", "Fz"], ELECTRODES, 4).tolist() == [3, 0]
    options = {"picks": ("Pz", "Cz"), "electrodes": epochs.electrodes, "max_passes": 3}
    detector = make_detector("cnn2a", **options).fit(epochs.X, epochs.y)
    changed = epochs.X.copy()
    changed[:, [0, 3]] += 1.0  # Fz and Oz are not looked at
    np.testing.assert_array_equal(
        detector.decision_function(changed), detector.decision_function(epochs.X)
    )
    changed[:, 1] += 1.0
    assert (detector.decision_function(changed) != detector.decision_function(epochs.X)).any()
    filters = detector.spatial_filters()
    assert (filters[:, [0, 3]] == 0).all()
    assert (filters[:, [1, 2]] != 0).all()


def test_missing_electrodes_and_names_are_told(epochs):
    for electrodes, message in (
        (epochs.electrodes, r"electrodes P3, P4, PO7, PO8 are missing .* the data has Fz, Cz"),
        (None, r"names of X's electrodes are not known; set electrodes"),
        (("Fz", "Cz"), r"2 names of electrodes given, X has 4"),
    ):
        with pytest.raises(DetectorError, match=message):
            make_detector("cnn2a", electrodes=electrodes).fit(epochs.X, epochs.y)
    with pytest.raises(DetectorError, match="8 electrodes to be chosen, X has 4"):
        make_detector("cnn2b", max_passes=1).fit(epochs.X, epochs.y)


def test_heaviest_electrodes_by_summed_absolute_weight():
    filters = np.array([[0.1, -5.0, 1.0, 0.0], [0.1, 0.0, -3.0, 2.0]])
    assert heaviest_electrodes(filters, 2).tolist() == [1, 2]
    table = rank_electrodes(filters, ["a", "b", "c", "d"])
    assert table["electrode"].tolist() == ["b", "c", "d", "a"]
    assert table["weight"].tolist() == [5.0, 4.0, 2.0, 0.2]
    assert table["rank"].tolist() == [1, 2, 3, 4]


def test_cnn2b_takes_the_first_of_the_ranking_of_cnn1(epochs):
    one = make_detector("cnn1", max_passes=5, seed=4).fit(epochs.X, epochs.y)
    eight = make_detector("cnn2b", max_passes=5, seed=4, picks=2).fit(epochs.X, epochs.y)
    ranking = rank_electrodes(one.spatial_filters(), epochs.electrodes)
    chosen = {epochs.electrodes[row] for row in eight.picked_}
    assert chosen == set(ranking["electrode"][:2])


def test_cnn2b_chooses_from_training_epochs_alone(epochs):
    train = (epochs.flashes["run"] == "1").to_numpy()

    def fitted(X, y):
        groups = epochs.units("character")[train]
        return make_detector("cnn2b", max_passes=4, picks=2).fit(X[train], y[train], groups=groups)

    X, y = epochs.X.copy(), epochs.y.copy()
    before = fitted(X, y)
    order = np.random.default_rng(0).permutation(np.flatnonzero(~train))
    X[~train], y[~train] = 100 * X[order][:, ::-1], y[order]
    after = fitted(X, y)
    np.testing.assert_array_equal(after.picked_, before.picked_)
    np.testing.assert_array_equal(after.spatial_filters(), before.spatial_filters())
    # It does depend on the training epochs: with electrodes turned round, so is the choice.
    turned = fitted(epochs.X[:, ::-1], epochs.y)
    assert not np.array_equal(turned.spatial_filters(), before.spatial_filters())
