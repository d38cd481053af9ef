"""Configs: defaults, overrides, and errors that name the key."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.errors import ConfigError, P300Error, RecordingError
from p300.recordings import Layout
from p300.runs.config import load_experiment, parse_experiment
from p300.signal.preprocessing import Preprocessing

DATA = "datasets: {simulated: {source: simulated}}"
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_committed_configs_are_valid_and_survive_being_written(path):
    experiment = load_experiment(path)
    assert experiment.name == path.stem
    assert parse_experiment(experiment.to_yaml()) == experiment


def test_the_quickstart_writes_out_the_defaults():
    defaults = load_experiment(None)
    plain = {"name": "quickstart", "description": defaults.description}
    written = parse_experiment(yaml.safe_dump({**plain, **yaml.safe_load(DATA)}))
    # It wants flash codes, so a config that names no detector does not have it.
    assert {"recommended", *written.detectors} == set(defaults.detectors)
    assert written.model_copy(update={"detectors": defaults.detectors}) == defaults


def test_overrides():
    experiment = load_experiment(
        None,
        [
            "detectors.cnn1.max_passes=5",
            "preprocessing.high=15",
            "protocols.within_subject.test_runs=last",
            "datasets.simulated.0.subjects=[1, 2]",
            "repeats=3",
        ],
    )
    assert experiment.methods["cnn1"].detector.max_passes == 5
    assert set(experiment.detectors) == {"recommended", "cnn1", "slda"}
    assert experiment.preprocessing.high == 15
    assert experiment.preprocessing.low == 0.1
    assert experiment.protocols["within_subject"] == {"test_runs": "last"}
    assert experiment.datasets["simulated"][0].subjects == ("1", "2")
    assert experiment.repeats == 3


def test_one_detector_under_two_labels():
    text = DATA + "\ndetectors: {small: {detector: cnn1, n_filters: 2}, large: {detector: cnn1}}"
    small = parse_experiment(text).methods["small"].detector
    assert (small.name, small.network_options["n_filters"]) == ("cnn1", 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("preprocesing: {}", "unknown key 'preprocesing', did you mean 'preprocessing'"),
        ("preprocessing: {lo: 1}", r"unknown key 'preprocessing.lo', did you mean 'low'"),
        ("preprocessing: {low: fast}", r"preprocessing.low: 'fast' \(str\) found"),
        ("preprocessing: {low: 30}", r"low \(30 Hz\) must be below high \(20 Hz\)"),
        ("repeats: 0", r"repeats: 0 \(int\) found"),
        ("repeats: 1000000000000", "repeats: 1000000000000 .* less than or equal to 1024"),
        ("seed: -1", "seed: -1 "),
        ("seed: 18446744073709551616", "seed: 18446744073709551616 .* less than 4294967296"),
        ("seed: .nan", "seed: nan"),
        ("seed: 1.0e+400", "seed: inf"),
        (f"seed: {'9' * 5000}", "not valid YAML: .*5000 digits"),
        (f"seed: {'1:' * 200}1", "not valid YAML|seed: .* less than 4294967296"),
        (f"seed: 0x{'f' * 5000}", "seed: an endless number .* less than 4294967296"),
        ("detectors: {cnn1: {n_members: 100000000}}", "cnn1.n_members: 100000000 "),
        ("detectors: {cnn1: {learning_rate: 1e-3}}", r"'1e-3' \(str\) found.*; write 0.001"),
        ("detectors: {slda: {detector: [1]}}", r"detectors.slda.detector: \[1\] found"),
        ("protocols: {within_subject: {detectors: {slda: 1}}}", "expected a list of names"),
        ("protocols: {within_subject: {detectors: [[slda]]}}", "expected a list of names"),
        ("protocols: {within_subject: {detectors: []}}", "expected a list of names"),
        ("protocols: {within_subject: {detectors: slda}}", "'slda' found, expected a list"),
        ("detectors: {sldaa: {}}", "unknown detector 'sldaa', did you mean 'slda'"),
        ("detectors: {cnn1: {max_pass: 3}}", "unknown key 'max_pass', did you mean 'max_passes'"),
        (
            "detectors: {cnn1: {max_passes: [3]}}",
            r"detectors.cnn1.max_passes: \[3\] \(list\) found",
        ),
        ("protocols: {cross_subjects: {}}", "did you mean 'cross_subject'"),
        ("datasets: {a: {source: bid}}", "unknown source 'bid', did you mean 'bids'"),
        ("datasets: {a: {source: simulated, n_subject: 3}}", "did you mean 'n_subjects'"),
        ("datasets: {a: {path: x}}", r"datasets.a.0.source"),
        ("datasets: {}", "datasets"),
        ("- a list", "list found, expected keys and values"),
        ("a: [", "not valid YAML"),
        ("name: ../up", "name"),
        ("datasets: {lab/2024: {source: simulated}}", "datasets.lab/2024: 'lab/2024' .* without"),
        ("detectors: {slda 8/16: {detector: slda}}", "detectors.slda 8/16: 'slda 8/16' .* without"),
        ("detectors: {'a\\b': {detector: slda}}", "control or other"),
        ('detectors: {"a\\nb": {detector: slda}}', "control or other"),
        ("detectors: {..: {detector: slda}}", "control or other"),
        ('datasets: {"a\\nb": {source: bids}}', r"datasets\.'a\\nb'"),
        ("detectors: {'': {detector: slda}}", "control or other"),
        ('detectors: {"a\\ud800b": {detector: slda}}', "cannot be printed|not valid YAML"),
        ('datasets: {"a\\x9bb": {source: simulated}}', "cannot be printed"),
        ('datasets: {"\\u202etxt": {source: simulated}}', "cannot be printed"),
        ("datasets: " + "[" * 20000, "not valid YAML"),
        ("datasets: " + "{a: " * 20000, "not valid YAML"),
        ("detectors: {slda: {n_windows: 4}, slda: {}}", "key 'slda' is there twice"),
        ("seed: 1\nseed: 2", "key 'seed' is there twice, again in line 3"),
        ("seed: !!int ''", "not valid YAML"),
        ("seed: !!bool abc", "not valid YAML"),
        ("description: !!timestamp abc", "not valid YAML"),
        ("description: &a [*a]", "aliases written out"),
    ],
)
def test_what_is_wrong_is_named(text, message):
    whole = text if "datasets" in text or text[0] in "-a" else f"{DATA}\n{text}"
    with pytest.raises(ConfigError, match=message):
        parse_experiment(whole)


@pytest.mark.parametrize("text", ["", "{}", "# nothing", "name: mine\nseed: 3", "datasets:"])
def test_without_recordings_there_is_no_experiment(text):
    with pytest.raises(ConfigError, match=r"'?datasets"):
        parse_experiment(text)


def test_all_parameters_stand_in_the_resolved_config():
    experiment = parse_experiment(f"{DATA}\ndetectors: {{cnn1: {{training: paper}}}}")
    written = yaml.safe_load(experiment.to_yaml())["detectors"]["cnn1"]
    assert written["detector"] == "cnn1"
    assert (written["max_passes"], written["batch_size"], written["n_filters"]) == (600, 32, 10)
    assert written["alignment"]["method"] == written["adaptation"] == "none"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("repeats", "expected KEY.KEY=VALUE"),
        ("repeat=3", "did you mean 'repeats'"),
        ("name.first=3", "has no key"),
        ("datasets.simulated.7.source=bids", "has no key"),
        ("repeats=[", "not valid YAML"),
        (f"seed={'9' * 5000}", "--set seed: not valid YAML"),
        ("seed=2021-13-45", "--set seed: not valid YAML"),
        (f"seed={'[' * 20000}", "--set seed: not valid YAML"),
    ],
)
def test_overrides_that_cannot_be_applied(override, message):
    with pytest.raises(ConfigError, match=message):
        load_experiment(None, [override])


def test_a_missing_config_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none.yaml: no such file .looked from"):
        load_experiment(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_experiment(tmp_path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless file")
def test_a_file_without_end_is_refused():
    with pytest.raises(ConfigError, match=r"/dev/zero: cannot be read: .* at most 1,048,576"):
        load_experiment("/dev/zero")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="abcdefsy:{}[],-' \n01.", max_size=60))
def test_any_text_is_an_experiment_or_a_clear_error(text):
    with contextlib.suppress(P300Error):  # anything else fails the test
        parse_experiment(text)


@pytest.mark.parametrize("text", ["[{}]", "{{<<: [{}]}}"])
def test_a_few_lines_that_mean_billions_of_values_are_refused(text):
    repeated = [f"k{k}: &a{k + 1} {text.format(', '.join([f'*a{k}'] * 9))}" for k in range(12)]
    lines = ["a: &a0 {x: 1}", *repeated]
    with pytest.raises(ConfigError, match="more than 100,000 values, aliases written out"):
        parse_experiment("\n".join(lines))


def test_tens_of_thousands_of_names_are_checked_in_no_time():
    names = [*map(str, range(30_000)), "0"]
    began = time.process_time()
    with pytest.raises(ValueError, match="0 named more than once"):
        Preprocessing(electrodes=names)
    with pytest.raises(RecordingError, match=r"unique, found \['0'\] more than once"):
        Layout(tuple(names), {})
    assert time.process_time() - began < 2  # where each was compared with all: 20 s


def test_aliases_are_taken():
    given = "datasets: {a: &one {source: simulated}, b: {<<: *one, seed: 3}}"
    assert parse_experiment(given).datasets["b"][0].options == {"seed": 3}


def test_the_description_says_what_was_changed_in_the_config():
    text = "description: Eight subjects.\nseed: 1\ndatasets: {s: {source: simulated}}\n"

    def described(*overrides: str) -> str:
        return parse_experiment(text, overrides).description

    assert described() == described("seed=1") == described("name=x") == "Eight subjects."
    assert described("datasets.s.n_subjects=1", "seed=2", "seed=3") == (
        "Eight subjects. Changed for this run: datasets.s.n_subjects, seed."
    )
    assert described("seed=2", "description=Mine") == "Mine"
