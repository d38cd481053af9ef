"""--quiet and --verbose, which every command takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from p300.commands.main import app
from p300.commands.telling import Telling, telling

SMALL = [
    "run", "quickstart", "--jobs", "1", "--set", "datasets.simulated.0.n_subjects=1",
    "--set", "datasets.simulated.0.characters_per_run=2", "--set", "detectors={slda: {n_folds: 2}}",
    "--set", "protocols={within_subject: {}}", "--set", "datasets.simulated.0.repetitions=3",
]  # fmt: skip


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_command_takes_both() -> None:
    names = [info.name or info.callback.__name__ for info in app.registered_commands]
    assert {"run", "spell", "init", "configs"} <= set(names)
    for command in [*([name.replace("_", "-")] for name in names), ["datasets", "show"]]:
        told = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})
        assert told.exit_code == 0
        assert "-q, --quiet" in told.stdout
        assert "-v, --verbose" in told.stdout


def test_quiet_has_results_alone_and_verbose_the_lines_of_the_log() -> None:
    usual, quiet, verbose = (
        CliRunner().invoke(app, [*SMALL, "--out", name, *more])
        for name, more in (("a", []), ("b", ["-q"]), ("c", ["--verbose"]))
    )
    for done in (usual, quiet, verbose):
        assert done.exit_code == 0
        assert "within_subject" in done.stdout
    assert "Config: quickstart" in usual.stderr
    assert "fitting" in usual.stderr
    assert "fitted" not in usual.stderr
    assert not [line for line in quiet.stderr.splitlines() if not line.startswith("Warning")]
    for line in Path("c/run.log").read_text(encoding="utf-8").splitlines():
        if "evaluation" in line or "fitted" in line:
            assert line in verbose.stderr
    assert telling() is Telling.USUAL


def test_errors_are_told_quietly_too() -> None:
    mistaken = CliRunner().invoke(app, ["run", "quickstartt", "-q"])
    assert mistaken.exit_code == 1
    assert "did you mean 'quickstart'" in mistaken.stderr


def test_both_contradict_each_other() -> None:
    both = CliRunner().invoke(app, ["configs", "-q", "-v"])
    assert both.exit_code == 2
    assert "contradict each other" in both.stderr
