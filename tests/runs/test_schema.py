"""The JSON schema of a config accepts what runs and refuses what cannot."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from p300.detectors import DETECTORS, detector_info
from p300.detectors.registry import register_detector
from p300.errors import ConfigError
from p300.evaluation.protocols import PROTOCOLS
from p300.recordings import SOURCES, SourceInfo
from p300.recordings.registry import register_source
from p300.runs.config import Experiment, load_experiment, parse_experiment
from p300.runs.schema import config_schema, schema_text
from p300.runs.shipped_configs import shipped_configs

SCHEMA = config_schema()
CHECKED = Draft202012Validator(SCHEMA)

CONFIG = """
name: mine
datasets:
  made: {source: simulated, n_subjects: 2, subjects: [1, "2"]}
  read:
    - {source: table, path: folder, eeg: [1, Cz], sfreq: 250}
    - {source: bids, path: other, subjects: [3]}
distinct_subjects: [[3, "03"]]
preprocessing: {low: 1, reference: average}
detectors:
  slda: {n_windows: 8}
  cnn1:
  other: {detector: cnn1, max_passes: 3, picks: [Cz, Pz], alignment: euclidean}
  adapted:
    {detector: slda, alignment: {method: euclidean, mode: running}, adaptation: self_calibrated}
  set: {detector: slda, adaptation: {method: self_calibrated, subjects: all}, alignment: null}
  theirs: {estimator: "sklearn.linear_model:LogisticRegression", parameters: {C: 2}, n_folds: 3}
  steps: {steps: {a: {estimator: "p300.steps:WindowMeans"}, b: {estimator: "sklearn.svm:SVC"}}}
protocols:
  within_subject: {test_runs: last}
  cross_subject:
  few_shot: {characters: [1, 2], detectors: [adapted]}
spelling: {dynamic: true, target_error: null}
"""


def faults(content: Any) -> list[str]:
    return [error.message for error in CHECKED.iter_errors(content)]


def test_it_is_a_schema_of_its_dialect() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(schema_text()) == SCHEMA
    assert SCHEMA["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize("name", shipped_configs())
def test_it_accepts_the_configs_that_come_with_the_package(name: str) -> None:
    file = shipped_configs()[name]
    assert not faults(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert not faults(yaml.safe_load(load_experiment(file).to_yaml()))


def test_it_accepts_every_way_to_write_an_entry() -> None:
    assert not faults(yaml.safe_load(CONFIG))
    assert not faults(yaml.safe_load(parse_experiment(CONFIG).to_yaml()))


WRONG = [
    ("name", "a/b"),
    ("nam", "x"),
    ("seed", -1),
    ("datasets", {}),
    ("datasets.a/b", {"source": "simulated"}),
    ("datasets.made.n_subject", 2),
    ("datasets.made.n_subjects", 0),
    ("datasets.made.n_subjects", "2"),
    ("datasets.made.paradigm", "rows"),
    ("datasets.made.source", "simulate"),
    ("datasets.read.0.egg", []),
    ("datasets.read.1.paths", "x"),
    ("distinct_subjects", [["3"]]),
    ("preprocessing.lo", 1),
    ("preprocessing.low", 0),
    ("preprocessing.phase", "one"),
    ("detectors", {}),
    ("detectors.slda.n_window", 8),
    ("detectors.slda.n_windows", 0),
    ("detectors.slda.n_windows", 2.5),
    ("detectors.other.seed", 3),
    ("detectors.slda.covariance", "shrunk"),
    ("detectors.unknown", {}),
    ("detectors.unknown", None),
    ("detectors.other.detector", "cnn"),
    ("detectors.other.n_windows", 8),
    ("detectors.other.alignment", "euclid"),
    ("detectors.adapted.alignment.mod", "running"),
    ("detectors.adapted.adaptation", "self"),
    ("detectors.set.adaptation.subject", 3),
    ("detectors.set.adaptation.subjects", 2),
    ("detectors.set.adaptation.method", "labeled"),
    ("detectors.theirs.estimator", "sklearn.svm.SVC"),
    ("detectors.theirs.parameter", {}),
    ("detectors.steps.steps.a.estimator", "WindowMeans"),
    ("detectors.steps.steps.a.params", {}),
    ("protocols", {}),
    ("protocols.within_subjects", {}),
    ("protocols.within_subject.test_run", "last"),
    ("protocols.within_subject.test_runs", "first"),
    ("protocols.few_shot.detectors", []),
    ("spelling.dynamics", True),
    ("spelling.target_error", 1),
]


@pytest.mark.parametrize(("place", "value"), WRONG, ids=lambda each: str(each))
def test_it_refuses_what_no_config_may_say(place: str, value: Any) -> None:
    content = copy.deepcopy(yaml.safe_load(CONFIG))
    inner, *keys = content, *place.split(".")
    for key in keys[:-1]:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    inner[keys[-1]] = value
    with pytest.raises(ConfigError):
        parse_experiment(yaml.safe_dump(content))
    assert faults(content)


def test_it_tells_where_a_word_is_wrong() -> None:
    content = yaml.safe_load(CONFIG)
    content["detectors"]["other"]["max_pases"] = 3
    error = best_match(CHECKED.iter_errors(content))
    assert list(error.absolute_path) == ["detectors", "other"]
    assert "'max_pases' was unexpected" in error.message


def test_what_a_source_cannot_do_without_is_asked_for() -> None:
    def wants(source: dict[str, Any]) -> list[str]:
        return faults({"datasets": {"a": source}})

    assert not wants({"source": "simulated"})
    assert wants({"source": "bids"}) == ["'path' is a required property"]
    assert wants({}) == ["'source' is a required property"]
    assert faults({"name": "x"}) == ["'datasets' is a required property"]


def keys_of(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key that a schema allows, with its own schema."""
    if isinstance(schema, list):
        for each in schema:
            yield from keys_of(each, where)
    elif isinstance(schema, dict):
        if "if" in schema:  # what it asks is no key that it allows
            schema = {key: each for key, each in schema.items() if key != "if"}
        yield from ((f"{where}.{k}", v) for k, v in schema.get("properties", {}).items())
        for key, each in schema.items():
            yield from keys_of(each, f"{where}.{key}")


def test_every_key_has_a_sentence() -> None:
    told = dict(keys_of(SCHEMA))
    assert len(told) > 400
    assert not [key for key, schema in told.items() if not schema.get("description")]


def test_detectors_sources_and_protocols_are_all_there() -> None:
    keys = SCHEMA["properties"]
    assert set(keys) == set(Experiment.model_fields)
    assert list(keys["detectors"]["properties"]) == list(DETECTORS)
    assert list(keys["protocols"]["properties"]) == list(PROTOCOLS)
    assert SCHEMA["$defs"]["source"]["properties"]["source"]["enum"] == list(SOURCES)
    slda = SCHEMA["$defs"]["detector.slda"]
    assert slda["description"] == detector_info("slda").title
    windows = slda["properties"]["n_windows"]
    assert (windows["minimum"], windows["maximum"], windows["default"]) == (1, 1024, 16)


def test_what_a_session_adds_is_in_it() -> None:
    from p300.detectors.linear.lda import ShrinkageLDA

    @register_detector("my/own ~1")
    class Own(ShrinkageLDA):
        def __init__(self, *, strength: float = 1.0) -> None:
            super().__init__()

    @register_source("mine", SourceInfo("Mine", "", "", "", "", "", "", from_files=False))
    def load(path: Path, *, dataset: str, subjects: Any = None, wanted: int) -> Any: ...

    def added(strength: Any, source: dict[str, Any]) -> list[str]:
        validator = Draft202012Validator(config_schema())
        content = {
            "datasets": {"a": {"source": "mine", **source}},
            "detectors": {"x": {"detector": "my/own ~1", "strength": strength}},
        }
        return [error.message for error in validator.iter_errors(content)]

    try:
        assert not added(2, {"wanted": 3})
        assert added("strong", {"wanted": 3}) == ["'strong' is not of type 'number'"]
        assert added(2, {}) == ["'wanted' is a required property"]
    finally:
        del DETECTORS["my/own ~1"], SOURCES["mine"]
