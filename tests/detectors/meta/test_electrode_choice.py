"""CNN-2a and CNN-2b: eight electrodes by name, or by the weights of a trained CNN-1."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import clone
from studies import ELECTRODES, make_epochs

from p300.detectors import detector_parameters, load_detector, make_detector, save_detector
from p300.detectors.meta.electrode_choice import (
    electrode_weights,
    heaviest_electrodes,
    named_electrodes,
)
from p300.detectors.meta.ensembles import Ensemble
from p300.detectors.meta.picked_electrodes import HeaviestElectrodes, NamedElectrodes
from p300.detectors.training import train
from p300.detectors.training.network import NetworkDetector
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
    assert electrode_weights(filters).tolist() == [0.2, 5.0, 4.0, 2.0]


def test_cnn2b_takes_the_heaviest_electrodes_of_cnn1(epochs):
    one = make_detector("cnn1", max_passes=5, seed=4).fit(epochs.X, epochs.y)
    eight = make_detector("cnn2b", max_passes=5, seed=4, picks=2).fit(epochs.X, epochs.y)
    weights = electrode_weights(one.spatial_filters())
    assert set(eight.picked_) == set(np.argsort(-weights)[:2])


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


def test_flat_parameters_stand_for_detectors_within_detectors():
    plain = make_detector("cnn2b", picks=None)
    assert isinstance(plain, NetworkDetector)
    heaviest = make_detector("mcnn1", picks=3, n_members=2)
    assert isinstance(heaviest, HeaviestElectrodes)
    assert isinstance(heaviest.detector, Ensemble)
    named = make_detector("cnn1", picks=("Cz",), electrodes=("Cz", "Pz"))
    assert isinstance(named, NamedElectrodes)
    assert isinstance(named.detector, NetworkDetector)
    for detector, picks in ((plain, None), (heaviest, 3), (named, ("Cz",))):
        flat = detector.parameters()
        assert flat["picks"] == picks
        assert make_detector(detector.name, **flat).parameters() == flat


@pytest.mark.parametrize("name", ["cnn2a", "cnn2b", "mcnn3"])
def test_seed_and_names_reach_the_network_within(name, epochs):
    picks = {"cnn2a": {"picks": ("Pz", "Oz")}, "cnn2b": {"picks": 2}}.get(name, {})
    detector = clone(make_detector(name, max_passes=2, **picks))
    assert detector.get_params()["seed"] == 0
    detector.set_params(seed=5)
    if "electrodes" in detector.get_params():
        detector.set_params(electrodes=epochs.electrodes)
    assert clone(detector).get_params()["seed"] == 5
    made = make_detector(name, max_passes=2, seed=5, electrodes=epochs.electrodes, **picks)
    scores = [d.fit(epochs.X, epochs.y).decision_function(epochs.X) for d in (detector, made)]
    np.testing.assert_array_equal(*scores)
    again = detector.set_params(seed=6).fit(epochs.X, epochs.y).decision_function(epochs.X)
    assert not np.allclose(again, scores[0])


def test_any_detector_looks_at_named_electrodes(epochs, tmp_path):
    picked = NamedElectrodes(make_detector("slda"), ("Pz", "Cz"), electrodes=epochs.electrodes)
    assert "seed" not in picked.get_params()
    picked.fit(epochs.X, epochs.y, groups=epochs.units("character"))
    own = make_detector("slda").fit(epochs.X[:, [2, 1]], epochs.y, epochs.units("character"))
    np.testing.assert_array_equal(
        picked.decision_function(epochs.X), own.decision_function(epochs.X[:, [2, 1]])
    )
    np.testing.assert_array_equal(picked.predict(epochs.X), own.predict(epochs.X[:, [2, 1]]))
    assert picked.readout()[1] == own.readout()[1]
    with pytest.raises(DetectorError, match="slda on named electrodes cannot be stored"):
        save_detector(picked, tmp_path / "d", epochs)


def test_without_spatial_filters_none_are_the_heaviest(epochs):
    with pytest.raises(DetectorError, match="oclnn has no spatial filters to choose 2"):
        make_detector("oclnn", picks=2, max_passes=1, patience=1).fit(epochs.X, epochs.y)


def test_chosen_electrodes_are_stored_with_the_ensemble_on_them(epochs, tmp_path):
    detector = make_detector("mcnn1", picks=2, n_members=2, max_passes=2)
    detector.fit(epochs.X, epochs.y, groups=epochs.units("character"))
    stored = load_detector(save_detector(detector, tmp_path / "d", epochs)).detector
    np.testing.assert_array_equal(stored.picked_, detector.picked_)
    np.testing.assert_array_equal(
        stored.decision_function(epochs.X), detector.decision_function(epochs.X)
    )


def test_the_networks_on_the_chosen_electrodes_start_from_weights_of_their_own(epochs):
    detector = make_detector("cnn2b", max_passes=1, patience=1, picks=4)
    choosing = detector.prepare(epochs.X, epochs.y)
    (first,) = (learner.network.spatial.weight.detach().clone() for learner in choosing.learners)
    train([choosing])
    job = detector.choose(choosing, epochs.X, epochs.y)
    assert job.learners[0].network.spatial.weight.shape == first.shape
    assert not torch.equal(job.learners[0].network.spatial.weight, first)
    assert torch.equal(job.held_out, choosing.held_out)


@pytest.mark.parametrize("wrong", [{"picks": 0}, {"n_members": 0}, {"division": "halves"}])
def test_choices_out_of_range_are_refused_before_anything_is_fitted(wrong):
    (name,) = wrong
    with pytest.raises(DetectorError, match=rf"detectors\.cnn2b\.{name}"):
        make_detector("cnn2b", **wrong)
