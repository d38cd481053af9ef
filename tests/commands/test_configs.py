"""Configs by name on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from p300.commands.main import app
from p300.detectors import load_detector
from p300.runs.schema import schema_text

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
SMALL = (
    "--set", "datasets.simulated=[{source: simulated, n_subjects: 2, characters_per_run: 3}]",
    "--set", "detectors={slda: {}}",
)  # fmt: skip

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*calibration slope"),
    pytest.mark.filterwarnings("ignore::p300.errors.DataWarning"),
]


def p300_command(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_schema_is_printed_as_it_is_written():
    printed = p300_command("schema")
    assert printed.exit_code == 0
    assert printed.output == schema_text()


def test_configs_are_listed_with_the_data_they_need(monkeypatch):
    listed = p300_command("configs")
    assert listed.exit_code == 0
    lines = listed.output.splitlines()
    for file in CONFIGS.glob("*.yaml"):
        assert any(line.startswith(f"{file.stem} ") for line in lines)
    assert next(line for line in lines if line.startswith("quickstart ")).split()[-1] == "simulated"
    assert "bci3-ii (bci3_ii)" in listed.output


def test_a_config_is_written_out_as_it_is():
    text = (CONFIGS / "benchmark.yaml").read_text(encoding="utf-8")
    assert p300_command("configs", "benchmark").stdout == text
    mistaken = p300_command("configs", "benchmrk")
    assert mistaken.exit_code == 1
    assert "did you mean 'benchmark'?" in mistaken.stderr


def test_a_name_is_planned_from_anywhere():
    planned = p300_command("run", "quickstart", "--dry-run", *SMALL)
    assert planned.exit_code == 0, planned.output
    assert "Config: quickstart, which comes with p300 (" in planned.stderr
    assert planned.stdout.startswith("name: quickstart\n")
    assert "6 folds to fit." in planned.stdout


@pytest.mark.parametrize("command", ["prepare", "evaluate"])
def test_a_name_is_prepared_and_evaluated(command):
    done = p300_command(command, "quickstart", *SMALL, "--jobs", 1)
    assert done.exit_code == 0, done.output
    assert (Path("reports/quickstart/scores.parquet").is_file()) == (command == "evaluate")


def test_a_name_is_trained():
    done = p300_command("train", "quickstart", *SMALL, "--detector", "slda", "--out", "fitted")
    assert done.exit_code == 0, done.output
    assert load_detector(Path("fitted")).detector.name == "slda"


@pytest.mark.filterwarnings("always::p300.errors.RunWarning")
def test_a_file_of_the_name_wins_and_that_is_told_once():
    Path("quickstart").write_text("name: mine\ndatasets: {mine: {source: simulated}}")
    planned = p300_command("run", "quickstart", "--dry-run")
    assert planned.stdout.startswith("name: mine\n")
    assert planned.stderr.count("not the config that comes with p300") == 1
    assert "which comes with p300" not in planned.stderr


@pytest.mark.parametrize("command", ["run", "prepare", "evaluate", "train"])
def test_a_mistaken_name_is_answered_with_the_names(command, elsewhere):
    mistaken = p300_command(command, "quikstart")
    assert mistaken.exit_code == 1
    assert "did you mean 'quickstart'?" in mistaken.stderr
    assert "adaptation, bci2_iib, benchmark" in mistaken.stderr
    assert not list(elsewhere.iterdir())


def test_a_path_is_no_name():
    assert p300_command("run", "./quickstart", "--dry-run").exit_code == 1
