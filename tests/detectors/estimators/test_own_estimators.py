"""Estimators of other libraries: evaluated, trained, adapted, spelled with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from somebodys import PIPELINE, groups, study
from studies import make_epochs

from p300 import evaluate_epochs
from p300.commands.stored_detectors import fit_on_all, predict_recordings, spell_recordings
from p300.detectors import as_detector, load_detector, make_detector, save_detector
from p300.errors import DetectorError, TrainingWarning
from p300.runs.config import parse_experiment


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(1, 2, amplitude=1e-5, n_characters=4)


def test_a_pipeline_of_pyriemann_scores_as_xdawn_ts_does(epochs):
    experiment = parse_experiment("""
datasets: {simulated: {source: simulated}}
detectors:
  ours: {detector: xdawn_ts, shrinkage: false, C: 1.0, n_folds: 3}
  theirs:
    n_folds: 3
    steps:
      covariances:
        estimator: pyriemann.estimation:XdawnCovariances
        parameters: {nfilter: 3, classes: [1]}
      tangent: {estimator: "pyriemann.tangentspace:TangentSpace"}
      regression:
        estimator: sklearn.linear_model:LogisticRegression
        parameters: {class_weight: balanced, max_iter: 1000}
""")
    table = evaluate_epochs(epochs, experiment.methods, "within_subject", test_runs="last")
    scores = {label: part["score"].to_numpy() for label, part in table.groupby("detector")}
    assert scores["ours"].std() > 0.5
    np.testing.assert_allclose(scores["theirs"], scores["ours"], rtol=0, atol=1e-6)


def test_a_pipeline_is_trained_stored_and_spells_and_adapts(library, tmp_path):
    calibrated = {**PIPELINE, "adaptation": "self_calibrated"}
    experiment = study(mine=PIPELINE, adapting=calibrated)
    for label in experiment.detectors:
        folder = fit_on_all(experiment, label, tmp_path / label)
        assert "pickle" not in " ".join(path.name for path in folder.iterdir())
        options = ["n_subjects=1", "n_runs=1", "characters_per_run=3", "repetitions=6"]
        table = predict_recordings(folder, ".", "simulated", options=options)
        assert np.isfinite(table["score"]).all()
        assert list(spell_recordings(folder, ".", "simulated", options=options))
    assert (folder / "adaptation.json").exists()
    assert "score_post_hoc" in table


def test_a_network_of_others_goes_through_the_same_door(library, epochs, tmp_path):
    network = {"estimator": "ourlib:Network", "dtype": "float32"}
    method = study(net=network).methods["net"]
    first, again = (
        evaluate_epochs(epochs, {"net": method}, "within_subject", test_runs="last")["score"]
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)  # random_state follows from the seed
    plain = make_detector("estimator", **network).fit(epochs.X, epochs.y, groups(epochs))
    with pytest.raises(DetectorError, match=r"Network cannot be stored: module_ is Sequential"):
        save_detector(plain, tmp_path / "plain", epochs)
    kept = make_detector("estimator", **{**network, "estimator": "ourlib:KeptNetwork"})
    kept.fit(epochs.X, epochs.y, groups(epochs))
    stored = load_detector(save_detector(kept, tmp_path / "kept", epochs)).detector
    expected = kept.decision_function(epochs.X)
    np.testing.assert_allclose(stored.decision_function(epochs.X), expected, rtol=1e-6)
    with pytest.raises(DetectorError, match=r"fitted on epochs .* of float64: RuntimeError"):
        make_detector("estimator", estimator="ourlib:Network").fit(epochs.X, epochs.y)


class OwnFlat(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.seen_ = len(X)
        return self

    def transform(self, X):
        return X[:, :, ::6].reshape(len(X), -1)


class Sure(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), 3), 1 / 3)


def test_epochs_come_as_float64_and_labels_as_numbers(epochs):
    class Looking(OwnFlat):
        def fit(self, X, y=None):
            assert (X.dtype, X.ndim, y.dtype) == (np.float64, 3, np.int64)
            return super().fit(X, y)

    pipeline = make_pipeline(Looking(), LogisticRegression())
    detector = as_detector(pipeline).fit(epochs.X, epochs.y, groups(epochs))
    with pytest.raises(DetectorError, match="cannot be named for others"):
        detector.parameters()


def test_scores_of_another_shape_are_told(epochs):
    with pytest.raises(DetectorError, match=r"Sure gives probabilities of shape \(\d+, 3\)"):
        as_detector(Sure()).fit(epochs.X, epochs.y, groups(epochs))


@pytest.mark.parametrize("name", ["slda", "xdawn_lda", "estimator"])
def test_labels_may_be_names_as_scikit_learn_has_it(name, epochs, tmp_path):
    given = {"steps": {"a": {"estimator": "p300.steps:WindowMeans"},
                       "b": {"estimator": "sklearn.linear_model:LogisticRegression"}}
             } if name == "estimator" else {}  # fmt: skip
    names = np.where(epochs.y == 1, "target", "nontarget")
    by_name = make_detector(name, **given).fit(epochs.X, names, groups(epochs))
    by_number = make_detector(name, **given).fit(epochs.X, epochs.y, groups(epochs))
    assert by_name.classes_.tolist() == ["nontarget", "target"]
    scores = by_name.decision_function(epochs.X)
    np.testing.assert_array_equal(scores, by_number.decision_function(epochs.X))
    assert (by_name.predict(epochs.X) == by_name.classes_[by_number.predict(epochs.X)]).all()
    stored = load_detector(save_detector(by_name, tmp_path / "d", epochs)).detector
    assert (stored.predict(epochs.X) == by_name.predict(epochs.X)).all()
    assert by_name.score(epochs.X, names) > 0.5


def test_odd_names_of_labels_are_told(epochs):
    detector = make_detector("slda")
    with pytest.raises(DetectorError, match="expected two names"):
        detector.fit(epochs.X, np.full(len(epochs), "target"))
    swapped = np.where(epochs.y == 1, "Target", "standard")
    with pytest.warns(TrainingWarning, match="scores are log-odds of 'standard'"):
        detector.fit(epochs.X, swapped, groups(epochs))


def test_errors_of_wrong_values_are_value_errors():
    with pytest.raises(ValueError, match="unknown detector"):
        make_detector("sldaa")
    with pytest.raises(ValueError, match="did you mean"):
        parse_experiment("{datasets: {s: {source: simulated}}, seeds: 3}")


def test_names_of_electrodes_are_told_to_steps(epochs):
    method = study(
        mine={
            "steps": {
                "pick": {"estimator": "p300.steps:PickElectrodes", "parameters": {"picks": ["Pz"]}},
                "windows": {"estimator": "p300.steps:WindowMeans"},
                "logistic": {"estimator": "sklearn.linear_model:LogisticRegression"},
            }
        }
    ).methods["mine"]
    only = epochs.electrodes.index("Pz")
    spoilt = epochs.X.copy()
    spoilt[:, [k for k in range(4) if k != only]] = 0
    scores = [
        evaluate_epochs(each, {"m": method}, "within_subject", test_runs="last")["score"]
        for each in (epochs, replace(epochs, X=spoilt))
    ]
    np.testing.assert_array_equal(*scores)
