"""What a shell is offered where a name is expected, quickly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_startup import HEAVY, loaded_by
from typer.testing import CliRunner

from p300.commands.main import app
from p300.detectors import DETECTORS
from p300.recordings import SOURCES
from p300.runs.shipped_configs import shipped_configs

BASH = {"_P300_COMPLETE": "complete_bash"}


@pytest.fixture(autouse=True)
def _nothing_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def offered(line: str, shell: str = "bash") -> list[str]:
    """What the shell is told when the tab key is hit at the end of a line."""
    words = line.split(" ")
    asked = {
        "_P300_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
    }
    done = CliRunner().invoke(app, prog_name="p300", env=asked)
    assert done.exit_code == 0, done.output
    return done.output.strip().splitlines()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("p300 detectors ", list(DETECTORS)),
        ("p300 detectors xdawn", ["xdawn_lda", "xdawn_ts"]),
        ("p300 detectors nothing", []),
        ("p300 datasets show ", list(SOURCES)),
        ("p300 datasets show bnci2014", ["bnci2014_008", "bnci2014_009"]),
        ("p300 inspect file --source gt", ["gtec_br41n"]),
        ("p300 init folder --source mu", ["muse_csv"]),
        ("p300 predict detector file --source xd", ["xdf"]),
        ("p300 spell detector file --source bci", ["bci2_iib", "bci2000", "bci3_ii"]),
        ("p300 configs ", list(shipped_configs())),
        ("p300 run qu", ["quickstart"]),
        ("p300 prepare new", ["new_person"]),
        ("p300 evaluate cross", ["cross_dataset"]),
        ("p300 train quickstart --detector s", ["slda"]),
        ("p300 train --detector ", ["recommended", "cnn1", "slda"]),
        ("p300 train no_such_config --detector ", []),
    ],
)
def test_names_are_offered(line: str, expected: list[str]) -> None:
    assert offered(line) == expected


def test_only_what_can_be_fetched_is_offered_to_fetch() -> None:
    names = offered("p300 datasets fetch ")
    assert "bnci2014_008" in names
    assert "simulated" not in names


def test_configs_here_are_offered_too() -> None:
    Path("bench_mine.yaml").write_text("detectors: {mine: {detector: slda}}\n", encoding="utf-8")
    assert offered("p300 run bench") == ["benchmark", "bench_mine.yaml"]
    assert offered("p300 train bench_mine.yaml --detector ") == ["mine"]
    Path("bench_mine.yaml").write_text("detectors: [", encoding="utf-8")
    assert offered("p300 train bench_mine.yaml --detector ") == []


def test_nothing_but_names_is_written_into_the_line() -> None:
    Path("quickstart").write_text("detectors: {mine: {}}\n", encoding="utf-8")
    assert offered("p300 train quickstart --detector ") == ["mine"]  # without the warning of a run


def test_shells_that_show_it_are_told_what_a_name_stands_for() -> None:
    assert "Shrinkage LDA on window means" in " ".join(offered("p300 detectors slda", "zsh"))


@pytest.mark.parametrize(
    "line",
    [
        "p300 detectors s",
        "p300 datasets show s",
        "p300 datasets fetch b",
        "p300 run q",
        "p300 train --detector ",
    ],
)
def test_nothing_that_computes_is_imported(line: str) -> None:
    asked = {**BASH, "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    loaded = loaded_by(
        f"import os\nos.environ.update({asked!r})\nfrom p300.commands.main import app\n"
        "try:\n    app(prog_name='p300')\nexcept SystemExit as done:\n    assert not done.code"
    )
    assert "p300" in loaded
    assert not HEAVY & loaded


def test_the_shell_itself_is_served() -> None:
    asked = {**BASH, "COMP_WORDS": "p300 datasets sh", "COMP_CWORD": "2"}
    code = "import sys\nsys.argv = ['p300']\nfrom p300.__main__ import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["show"]
