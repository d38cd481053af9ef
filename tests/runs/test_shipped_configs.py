"""The configs that come with the package: found by name, and never in silence."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import p300
from p300.errors import ConfigError, RunWarning
from p300.runs.config import load_experiment
from p300.runs.shipped_configs import find_config, shipped_config, shipped_configs

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
NAMES = [file.stem for file in sorted(CONFIGS.glob("*.yaml"))]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_configs_of_the_repository_are_shipped(elsewhere):
    assert list(shipped_configs()) == NAMES
    assert {"quickstart", "benchmark"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_from_anywhere(name, elsewhere):
    assert find_config(name).samefile(CONFIGS / f"{name}.yaml")
    assert load_experiment(name).name == name


def test_an_installed_package_has_them_within(elsewhere, monkeypatch):
    shutil.copytree(CONFIGS, "p300/configs")
    monkeypatch.setattr(p300, "__file__", str(elsewhere / "p300" / "__init__.py"))
    assert find_config("benchmark") == elsewhere / "p300" / "configs" / "benchmark.yaml"
    assert load_experiment(None).name == "quickstart"


def test_a_file_of_the_name_wins_and_that_is_told(elsewhere):
    Path("benchmark").write_text("name: mine\ndatasets: {mine: {source: simulated}}")
    with pytest.warns(RunWarning, match="not the config that comes with p300"):
        assert load_experiment("benchmark").name == "mine"


def test_a_folder_of_the_name_is_no_config(elsewhere):
    Path("benchmark").mkdir()
    assert load_experiment("benchmark").name == "benchmark"


@pytest.mark.parametrize("given", [Path("quickstart"), "./quickstart", "quickstart.yaml"])
def test_a_path_is_a_path(given, elsewhere):
    with pytest.raises(ConfigError, match=r"no such file .* did you mean 'quickstart'"):
        load_experiment(given)


def test_what_is_not_there_is_answered_with_what_is(elsewhere):
    Path("my-study.yaml").touch()
    with pytest.raises(ConfigError, match=r"did you mean 'benchmark'\? .*: adaptation, .*started"):
        load_experiment("benchmrk")
    with pytest.raises(ConfigError, match=r"did you mean 'my-study\.yaml'\?"):
        load_experiment("my-study")
    with pytest.raises(ConfigError, match=r"\)\. Give the path of a YAML config"):
        load_experiment("xyz")


@given(st.text(st.characters(exclude_characters=os.sep)).filter(lambda name: name not in NAMES))
def test_any_other_text_is_a_path(text):
    assert find_config(text) == Path(text)


def test_a_config_tells_what_it_is_and_reads():
    told = shipped_config("benchmark")
    assert told.description.startswith("The recommended detector and its peers")
    assert told.data == (
        "bnci2015-003-bids (bids)", "bnci2015-003 (bnci2015_003)", "gtec-br41n (gtec_br41n)",
        "bci2-iib (bci2_iib)", "simulated",
    )  # fmt: skip
    assert shipped_config("quickstart").data == ("simulated",)


@pytest.mark.parametrize("name", NAMES)
def test_every_config_tells_what_it_is(name):
    experiment, told = load_experiment(name), shipped_config(name)
    assert told.description == experiment.description != ""
    assert len(told.data) == sum(len(sources) for sources in experiment.datasets.values())


def test_a_name_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(ConfigError, match=r"'bench', did you mean .* There are: adaptation, "):
        shipped_config("bench")
