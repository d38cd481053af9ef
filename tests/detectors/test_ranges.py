"""Every parameter has a range: when a config is read, when a detector is made, and when fitted."""

from __future__ import annotations

import math
import typing
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.model_selection import ParameterGrid

from p300.detectors import DETECTORS, detector_parameters, make_detector, parameter_ranges
from p300.detectors.linear.erpcov import ErpCovarianceMDM
from p300.detectors.linear.lda import ShrinkageLDA
from p300.detectors.linear.single_layer import Logistic
from p300.detectors.linear.sparse_coding import SparseCoding
from p300.detectors.linear.xdawn import XdawnLDA
from p300.detectors.registry import name_detector
from p300.detectors.training.network import NetworkDetector
from p300.errors import ConfigError, DetectorError
from p300.runs.config import parse_experiment

NO_NUMBERS: list[Any] = [math.nan, math.inf, "x", "3", True, [], {}, np.True_, 10**5000]
ZERO = {"seed", "weight_decay", "dropout", "pretraining"}
"""Parameters that may be 0."""
LARGE = {"learning_rate", "weight_decay", "C", "alpha", "sfreq"}
"""Parameters of which no number is absurd: fits that diverge say so."""
LISTS = {"n_hidden", "kernels"}
"""Parameters that are a number in one detector and a list of them in another."""


def numeric_parameters(name: str) -> list[str]:
    return [key for key, said in parameter_ranges(name).items() if "number" in said]


def illegal_values(name: str) -> list[Any]:
    wrong = [*NO_NUMBERS, -1]
    wrong += [] if name in ZERO else [0]
    wrong += [] if name in LARGE else [10**12]
    return [*wrong, *([value] for value in wrong)] if name in LISTS else wrong


def test_every_parameter_of_every_detector_says_what_it_may_be() -> None:
    for name in DETECTORS:
        assert parameter_ranges(name).keys() == detector_parameters(name).keys()
        assert "anything" not in parameter_ranges(name).values()
    assert "n_filters" in numeric_parameters("cnn1")
    assert "picks" in numeric_parameters("cnn1")
    assert parameter_ranges("slda")["n_folds"] == "whole number at least 2 and at most 1000000"
    assert parameter_ranges("bn3")["dropout"] == "number at least 0 and below 1"
    assert "a multiple of 4" in parameter_ranges("sepconv1d")["kernel"]


@pytest.mark.parametrize("name", DETECTORS)
def test_no_parameter_takes_a_value_out_of_range(name: str) -> None:
    for key in numeric_parameters(name):
        for value in illegal_values(key):
            with pytest.raises(DetectorError, match=rf"{name}\.{key}: .* found.*expected"):
                make_detector(name, **{key: value})
        for value in (math.nan, -1, "x", True, []):
            data = {"a": {"source": "simulated"}}
            text = yaml.safe_dump({"datasets": data, "detectors": {name: {key: value}}})
            # A seed of one's own is refused as such: each fold gives its own.
            with pytest.raises(ConfigError, match=rf"{name}\.{key}(: .* found| is given)"):
                parse_experiment(text)


@pytest.mark.parametrize("name", [name for name in DETECTORS if name != "estimator"])
def test_the_defaults_lie_in_their_ranges(name: str) -> None:
    name_detector(name, detector_parameters(name)).make()


def test_none_stands_only_where_it_means_something() -> None:
    make_detector("cnn1", learning_rate=None)
    with pytest.raises(DetectorError, match="n_filters: None"):
        make_detector("cnn1", n_filters=None)


@pytest.mark.parametrize("name", [["slda"], {"slda": 1}, None, 3, "SLDA"])
def test_what_is_no_detectors_name_is_said_to_be_none(name: Any) -> None:
    with pytest.raises(DetectorError, match="unknown detector"):
        make_detector(name)


@pytest.fixture(scope="module")
def data() -> tuple[Any, Any, Any]:
    y = (np.arange(200) % 5 == 0).astype(np.uint8)
    X = np.random.default_rng(0).standard_normal((200, 8, 78)).astype(np.float32)
    X[y == 1, :, 30:50] += 1
    return X, y, np.arange(200) // 20


# Made in a script, without make_detector: refused when fitted, as scikit-learn has it.
@pytest.mark.parametrize(
    ("detector", "message"),
    [
        (ShrinkageLDA(n_windows=0), r"ShrinkageLDA.n_windows: 0 \(int\) found.*at least 1"),
        (ShrinkageLDA(n_folds=True), "n_folds: True"),
        (Logistic(C=math.nan), "C: nan"),
        (ErpCovarianceMDM(n_components=0), "n_components: 0"),
        (NetworkDetector(max_passes=0), "NetworkDetector.max_passes: 0"),
        (NetworkDetector("cnn1", {"n_filters": 0}), "network_options of cnn1.n_filters: 0"),
        (NetworkDetector("cnn1", {"width": 3}), "network_options of cnn1: unknown key 'width'"),
        (NetworkDetector("bn3", {"dropout": 1.0}), "bn3.dropout: 1.0"),
        (NetworkDetector(validation_fraction=2.0), "validation_fraction: 2.0"),
    ],
)
def test_a_value_out_of_range_is_refused_when_fitted(
    detector: Any, message: str, data: tuple[Any, Any, Any]
) -> None:
    with pytest.raises(DetectorError, match=message):
        detector.fit(*data)


@pytest.mark.parametrize(
    ("detector", "message"),
    [
        (XdawnLDA(n_filters=9), "n_filters: 9 found.*8 at most.*set n_filters to 8 or less"),
        (ErpCovarianceMDM(n_components=9), "n_components: 9 found.*8 at most"),
        (ShrinkageLDA(n_windows=79), "78 samples cannot be averaged in 79 windows"),
        (SparseCoding(alpha=1e12), "alpha: 1e[+]12 found, at which no epoch has any code; lower"),
        (make_detector("cnn1", kernel=79), "epochs of 78 samples are too short.*kernels of 79"),
        (make_detector("cnn2b", picks=9, max_passes=1), "9 electrodes to be chosen, X has 8"),
        (make_detector("bn3", kernel=79), "too short"),
        (make_detector("oclnn", kernel=79), "too short"),
        (make_detector("sepconv1d", kernel=80), "too short"),
        (make_detector("stepnet", step=79), "too short"),
        (make_detector("lstm", n_steps=79), "too short"),
        (make_detector("mlp", n_windows=79), "too short"),
        (make_detector("eeg_inception", n_maps=2, kernels=(8,)), "2 kernels.*four at least"),
        (make_detector("mcnn2", n_members=100), "member .* would lack targets"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*raise max_passes")
def test_a_value_that_does_not_fit_the_epochs_is_refused_when_fitted(
    detector: Any, message: str, data: tuple[Any, Any, Any]
) -> None:
    with pytest.raises(DetectorError, match=message):
        detector.fit(*data)


def test_as_many_filters_and_components_as_electrodes_are_right(data: tuple[Any, Any, Any]) -> None:
    assert XdawnLDA(n_filters=8).fit(*data).spatial_filters().shape == (8, 8)
    X, y, groups = data
    few = ErpCovarianceMDM().fit(X[:, :3], y, groups)
    assert few.response_.shape[0] == 3
    assert ErpCovarianceMDM().fit(X, y, groups).response_.shape[0] == 8


def test_numbers_of_numpy_are_numbers(data: tuple[Any, Any, Any]) -> None:
    (setting,) = ParameterGrid({"n_windows": np.arange(8, 9), "C": np.array([0.5])})
    assert isinstance(setting["n_windows"], np.integer)
    made = Logistic(**setting).fit(*data)
    np.testing.assert_array_equal(made.coef_, Logistic(n_windows=8, C=0.5).fit(*data).coef_)
    assert type(make_detector("logistic", **setting).n_windows) is int


def test_ranges_are_annotations_of_the_constructors() -> None:
    hints = typing.get_type_hints(ShrinkageLDA.__init__, include_extras=True)
    assert {"n_windows", "n_folds"} <= hints.keys()
