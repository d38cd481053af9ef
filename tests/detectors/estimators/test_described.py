"""Estimators in configs: named, checked, read back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from somebodys import LIBRARY, PIPELINE, study

import p300
from p300.detectors import make_detector
from p300.errors import ConfigError
from p300.runs.config import parse_experiment


def test_a_config_with_a_pipeline_reads_back_and_says_all_parameters(library):
    experiment = study(mine=PIPELINE)
    assert parse_experiment(experiment.to_yaml()) == experiment
    steps = experiment.detectors["mine"]["steps"]
    assert steps["flat"] == {"estimator": "ourlib:Vectorize", "parameters": {"every": 4}}
    assert steps["logistic"]["parameters"]["fit_intercept"] is True
    named = experiment.methods["mine"].__dict__["given"]
    assert (
        named.make().parameters() | {"electrodes": None}
        == make_detector("estimator", **PIPELINE).parameters()
    )


def test_estimators_within_estimators_and_tuples_read_back():
    inner = {"estimator": "sklearn.linear_model:LogisticRegression", "parameters": {"C": 0.5}}
    made = make_detector(
        "estimator",
        steps={
            "flat": {"estimator": "p300.steps:WindowMeans"},
            "scale": {
                "estimator": "sklearn.preprocessing:MinMaxScaler",
                "parameters": {"feature_range": [0, 2]},
            },
            "several": {
                "estimator": "sklearn.ensemble:BaggingClassifier",
                "parameters": {"estimator": inner, "n_estimators": 3},
            },
        },
    )
    pipeline = made.estimator
    assert pipeline.named_steps["scale"].feature_range == (0, 2)
    assert pipeline.named_steps["several"].estimator.C == 0.5
    again = make_detector("estimator", **made.parameters())
    assert again.parameters() == made.parameters()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("os:system", "no package of estimators"),
        ("subprocess:Popen", "no package of estimators"),
        ("__main__:Mine", "expected module:Class"),
        ("../evil.py:Mine", "expected module:Class"),
        ("evil", "expected module:Class"),
        ("sklearn.svm:SVC()", "expected module:Class"),
        ("sklearn.svm:SVC.fit", "expected module:Class"),
        ("sklearn.svm.class:SVC", "expected module:Class"),
        ("sklearn.svm:__init__", "expected module:Class"),
        (" sklearn.svm:SVC", "expected module:Class"),
        ("sklearn.svm:SVC\n", "expected module:Class"),
        ("ſklearn.svm:SVC", "expected module:Class"),
        (["sklearn.svm:SVC"], "found"),
        ("sklearn.smv:SVC", "did you mean 'svm'"),
        ("sklearn.linear_model:Logistic", "did you mean 'LogisticRegression'"),
        ("sklearn.svm:l1_min_c", "is no estimator"),
        ("nowhere_at_all:Mine", "'nowhere_at_all' is not installed"),
        ("sklearn.preprocessing:StandardScaler", "gives no scores"),
    ],
)
def test_a_config_names_classes_of_installed_packages_only(place, told):
    with pytest.raises(ConfigError, match=told) as caught:
        study(mine={"estimator": place})
    assert "detectors.mine" in str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"Cc": 1.0}, r"detectors.mine.parameters: unknown key 'Cc', did you mean 'C'\?"),
        ({"C": -1.0}, "The 'C' parameter of LogisticRegression must be a float in the range"),
        ({"solver": "newton"}, "The 'solver' parameter"),
        ([1], "expected names with values"),
    ],
)
def test_wrong_parameters_are_told_before_anything_runs(parameters, told):
    with pytest.raises(ConfigError, match=told):
        study(
            mine={
                "estimator": "sklearn.linear_model:LogisticRegression", "parameters": parameters
            }
        )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"estimator": "sklearn.svm:SVC", "steps": PIPELINE["steps"]}, "either estimator or steps"),
        ({"detector": "estimator"}, "either estimator or steps"),
        ({"steps": {}}, "expected names of steps"),
        ({"steps": {"a__b": {"estimator": "sklearn.svm:SVC"}}}, "expected a name"),
        ({"steps": {"a": {"estimater": "sklearn.svm:SVC"}}}, "did you mean 'estimator'"),
        ({"estimator": "sklearn.svm:SVC", "n_fold": 3}, "did you mean 'n_folds'"),
        ({"estimator": "sklearn.svm:SVC", "seed": 3}, "is given to the detector by each fold"),
        (
            {"steps": {"a": {"estimator": "p300.steps:WindowMeans",
                             "parameters": {"n_windows": 0}},
                       "b": {"estimator": "sklearn.svm:SVC"}}},
            r"steps.a.parameters.n_windows: 0 \(int\) found",
        ),
        (
            {"steps": {"a": {"estimator": "sklearn.svm:SVC"},
                       "b": {"estimator": "sklearn.svm:SVC"}}},
            "has no transform",
        ),
    ],
)  # fmt: skip
def test_wrong_descriptions_are_told(given, told):
    with pytest.raises(ConfigError, match=told):
        study(mine=given)


def test_what_a_config_brings_along_is_not_run(tmp_path):
    (tmp_path / "evil.py").write_text("from pathlib import Path\nPath('ran').touch()\n" + LIBRARY)
    code = (
        "from p300.runs.config import parse_experiment as p\n"
        "p('{datasets: {s: {source: simulated}}, detectors: {m: {estimator: \"evil:Network\"}}}')"
    )
    package = str(Path(p300.__file__).parent.parent)

    def run(path):
        environment = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    refused = run(package)
    assert "what a config brings along is not run" in refused.stderr
    assert not (tmp_path / "ran").exists()
    assert not run(f"{package}:{tmp_path}").returncode
    assert (tmp_path / "ran").exists()
