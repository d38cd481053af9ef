"""The one way to fit and score a fold: the same from scripts and runs, and nothing leaks in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from studies import make_epochs
from threadpoolctl import threadpool_info, threadpool_limits

from p300 import Method, evaluate_epochs, make_detector
from p300.errors import ConfigError, DetectorError, ProtocolError
from p300.evaluation.fold import fit_and_score_fold
from p300.evaluation.protocols import make_folds
from p300.recordings import open_recordings
from p300.runs.config import parse_experiment
from p300.runs.runner import score_folds
from p300.signal.epochs import Epochs
from p300.signal.preprocessing import preprocess

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*calibration slope"),
    pytest.mark.filterwarnings("ignore:.*raise max_passes"),
]
STUDY = {"n_subjects": 3, "characters_per_run": 3, "repetitions": 5}
DETECTORS = {
    "slda": {"alignment": "euclidean"},
    "named": {"detector": "cnn2a", "max_passes": 2, "picks": ["Cz", "Pz", "Oz"]},
    "self": {"detector": "slda", "adaptation": "self_calibrated"},
    "scratch": {"detector": "slda", "adaptation": "from_scratch"},
}
PROTOCOLS = {
    "within_subject": {"detectors": ["slda", "named"]},
    "cross_subject": {"detectors": ["slda", "self"]},
    "few_shot": {"characters": [0, 2], "detectors": ["self", "scratch"]},
}


@pytest.fixture(scope="module")
def study() -> Epochs:
    return preprocess(open_recordings("simulated", **STUDY))


def test_a_script_gets_the_scores_of_a_run(study, tmp_path):
    experiment = parse_experiment(
        yaml.safe_dump(
            {
                "datasets": {"simulated": {"source": "simulated", **STUDY}},
                "detectors": DETECTORS,
                "protocols": PROTOCOLS,
                "repeats": 2,
            }
        )
    )
    run = pd.read_parquet(score_folds(experiment, tmp_path / "run") / "scores.parquet")
    keys = ["protocol", "fold", "detector", "seed"]
    expected = dict(list(run.groupby(keys)["score"]))
    found = {}
    for protocol, given in PROTOCOLS.items():
        options = {key: value for key, value in given.items() if key != "detectors"}
        methods = {label: Method.read(label, DETECTORS[label]) for label in given["detectors"]}
        table = evaluate_epochs(study, methods, protocol, seed=2011, repeats=2, **options)
        found |= dict(list(table.groupby(keys)["score"]))
    assert set(found) == set(expected)
    for key, scores in expected.items():
        # A run computes with one thread, so that sums are taken in one order: all but rounding.
        np.testing.assert_allclose(found[key], scores, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "settings",
    [
        {"detector": "slda"},
        {"detector": "slda", "alignment": "euclidean"},
        {"detector": "slda", "alignment": {"method": "riemannian", "mode": "running"}},
        {"detector": "slda", "alignment": "euclidean", "adaptation": "self_calibrated"},
        {"detector": "cnn1", "max_passes": 2, "alignment": "scaling"},
    ],
)
@pytest.mark.parametrize("protocol", ["within_subject", "cross_subject"])
def test_nothing_of_the_tested_epochs_reaches_what_is_fitted(study, settings, protocol):
    method = Method.read("m", settings)
    fold = make_folds(protocol, study.flashes, study.duration)[0]
    X = study.X.copy()
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((X.shape[1], X.shape[1])).astype(np.float32)
    X[fold.test] = 30 * mixing @ X[fold.test][rng.permutation(len(fold.test))]
    labels = study.flashes.copy()
    target = labels["target"].to_numpy().copy()
    target[fold.test] = target[fold.test][::-1]
    spoilt = replace(study, X=X, flashes=labels.assign(target=target))
    one, other = (
        fit_and_score_fold(epochs, fold, method, 3, score_training=True)
        for epochs in (study, spoilt)
    )
    state, same = (result.scored.detector.state() for result in (one, other))
    assert state[0] == same[0]
    for name, array in state[1].items():
        np.testing.assert_array_equal(same[1][name], array)
    np.testing.assert_array_equal(one.training_scores, other.training_scores)
    assert getattr(one.learned, "strength", None) == getattr(other.learned, "strength", None)
    assert not np.allclose(one.scored.scores, other.scored.scores)


@pytest.mark.parametrize(
    ("settings", "protocol"),
    [
        ({"detector": "slda", "alignment": "euclidean"}, "within_subject"),
        ({"detector": "slda", "adaptation": "self_calibrated"}, "cross_subject"),
        ({"detector": "slda", "adaptation": "self_calibrated"}, "few_shot"),
        ({"detector": "cnn1", "max_passes": 2}, "cross_subject"),
    ],
)
def test_labels_of_the_tested_subject_change_no_score(study, settings, protocol):
    """Not those of the characters that it calibrates itself by either."""
    method = Method.read("m", settings)
    options = {"characters": (2,)} if protocol == "few_shot" else {}
    fold = make_folds(protocol, study.flashes, study.duration, options)[-1]
    own = fold.test if fold.calibration is None else np.r_[fold.test, fold.calibration]
    target = study.flashes["target"].to_numpy().copy()
    target[own] = np.random.default_rng(0).permutation(target[own])
    other = replace(study, flashes=study.flashes.assign(target=target))
    scores = [fit_and_score_fold(e, fold, method, 3).scored.scores for e in (study, other)]
    np.testing.assert_array_equal(*scores)


def test_training_epochs_are_aligned_by_themselves_alone(study):
    """The right value: what aligning the two sets apart by hand gives."""
    from p300.signal.alignment import Alignment, align

    fold = make_folds("within_subject", study.flashes, study.duration)[0]
    euclidean = Alignment("euclidean")
    train, test = (align(study.select(rows), euclidean) for rows in (fold.train, fold.test))
    detector = make_detector("slda").fit(train.X, train.y, groups=train.units("character"))
    result = fit_and_score_fold(study, fold, Method(make_detector("slda"), euclidean), 0)
    found = result.scored.scores
    np.testing.assert_allclose(found, detector.decision_function(test.X), atol=1e-10)


def test_repeats_have_seeds_of_their_own(study):
    network = {"cnn1": make_detector("cnn1", max_passes=1)}
    table = evaluate_epochs(study, network, "within_subject", test_runs="last", repeats=2)
    assert table.groupby("fold")["seed"].nunique().eq(2).all()
    scores = [part["score"].to_numpy() for _, part in table.groupby("seed")][:2]
    assert not np.array_equal(*scores)


def flat(X):
    return X.reshape(len(X), -1)


def test_scripts_fit_on_one_thread_too(study):
    """Sums on several threads are rounded otherwise: a run's scores would be others."""
    seen = []

    def watch(X):
        seen.append({pool["num_threads"] for pool in threadpool_info()})
        return flat(X)

    with threadpool_limits(2):
        pipeline = make_pipeline(FunctionTransformer(watch), LinearDiscriminantAnalysis())
        evaluate_epochs(study, {"watched": pipeline}, "within_subject", test_runs="last")
    assert {1} in seen
    assert {2} not in seen


@pytest.mark.parametrize(
    "classifier",
    [
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
        RandomForestClassifier(30, max_depth=4, random_state=0),
    ],
)
def test_a_pipeline_of_scikit_learn_is_evaluated_and_calibrated(classifier):
    epochs = make_epochs(2, 2)
    pipeline = make_pipeline(FunctionTransformer(flat), classifier)
    table = evaluate_epochs(epochs, {"mine": pipeline}, "within_subject")
    assert roc_auc_score(table["target"].astype(bool), table["score"]) > 0.7
    assert abs(1 / (1 + np.exp(-table["score"])) - table["target"].astype(float)).mean() < 0.3
    assert not hasattr(classifier, "classes_"), "each fold fits a copy"


def test_estimators_that_look_alike_are_fitted_each():
    """Long arrays are written with dots, so that other ones may look the same."""
    epochs = make_epochs(2, 2)

    def weigh(X, weights=None):
        return flat(X * np.array([weights[2500], 1, 1, 1], dtype=np.float32)[:, None])

    pipelines = {}
    for label, weight in (("whole", 1.0), ("part", 0.0)):
        weights = np.ones(5000)
        weights[2500] = weight
        classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        step = FunctionTransformer(weigh, kw_args={"weights": weights})
        pipelines[label] = make_pipeline(step, classifier)
    assert repr(pipelines["whole"]) == repr(pipelines["part"])
    table = evaluate_epochs(epochs, pipelines, "within_subject", test_runs="last")
    scores = [part["score"].to_numpy() for _, part in table.groupby("detector")]
    assert not np.array_equal(*scores)


@pytest.mark.parametrize("given", ["slda", LinearDiscriminantAnalysis, object()])
def test_what_is_no_classifier_is_named(given):
    with pytest.raises(DetectorError, match="expected a detector"):
        evaluate_epochs(make_epochs(2, 2), {"mine": given}, "within_subject")


def test_seeds_and_electrodes_are_not_set_in_a_config():
    for key, value in (("seed", 3), ("electrodes", ["Cz"])):
        with pytest.raises(ConfigError, match=f"{key} is given to the detector by each fold"):
            Method.read("cnn1", {key: value})


def test_a_method_reads_what_it_writes():
    for label, settings in DETECTORS.items():
        method = Method.read(label, settings)
        written = method.settings()
        assert Method.read("other name", written).settings() == written
    assert written["n_windows"] == 16  # left to the default, and told all the same


def test_no_repeat_at_all_is_refused():
    with pytest.raises(ProtocolError, match="repeats=0"):
        evaluate_epochs(make_epochs(2, 2), {"slda": make_detector("slda")}, repeats=0)


@pytest.mark.parametrize("methods", [{}, {"scratch": Method.read("slda", DETECTORS["scratch"])}])
def test_nothing_to_evaluate_is_named(study, methods):
    with pytest.raises(ProtocolError, match="nothing to evaluate"):
        evaluate_epochs(study, methods, "few_shot", characters=(1,))
