"""What starts at once: commands that compute nothing import nothing heavy."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from textwrap import indent

import pytest

HEAVY = {"torch", "mne", "sklearn", "matplotlib", "pandas", "scipy", "pyarrow"}

COMMAND = """
from p300.commands.main import app
try:
    app({arguments!r})
except SystemExit as done:
    assert not done.code
"""


def loaded_by(code: str) -> set[str]:
    """Run code in a fresh Python and tell which packages it imported."""
    code += "\nimport sys\nprint('LOADED', *{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("statement", ["import p300", "import p300.commands.main"])
def test_starting_imports_nothing_heavy(statement: str) -> None:
    assert not (HEAVY | {"numpy", "pydantic"}) & loaded_by(statement)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["detectors"],
        ["detectors", "cnn1"],
        ["detectors", "slda"],
        ["detectors", "estimator"],
        ["configs"],
        ["configs", "benchmark"],
        ["datasets"],
        ["datasets", "show", "simulated"],
    ],
    ids=" ".join,
)
def test_listing_imports_nothing_heavy(arguments: list[str]) -> None:
    loaded = loaded_by(COMMAND.format(arguments=arguments))
    assert "p300" in loaded
    assert not HEAVY & loaded


def test_the_registry_of_detectors_needs_no_numbers() -> None:
    assert "numpy" not in loaded_by("from p300.detectors import DETECTORS, detector_info")


FORBIDDEN = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {forbidden!r}:
            raise AssertionError(name + " is imported")

sys.meta_path.insert(0, Refuse())
"""
"""In front of other code, and as ``sitecustomize`` of workers: importing one of these raises."""

SMALL = """
from pathlib import Path
from p300.runs.config import parse_experiment
experiment = parse_experiment('''
datasets:
  simulated: {{source: simulated, n_subjects: 2, characters_per_run: 3, repetitions: 6}}
detectors: {detectors}
protocols: {{within_subject: {{}}}}
''')
"""


def refusing(forbidden: set[str], folder: Path) -> dict[str, str]:
    """Return the environment of a process that cannot import some packages, its workers neither."""
    (folder / "sitecustomize.py").write_text(FORBIDDEN.format(forbidden=forbidden))
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}


def run_refusing(code: str, forbidden: set[str], folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=refusing(forbidden, folder),
        cwd=folder,
        check=False,
    )
    assert not done.returncode, done.stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_without_networks_needs_no_torch(jobs: int, tmp_path: Path) -> None:
    code = SMALL.format(detectors="{slda: {n_folds: 2}}") + (
        f"from p300.pipeline import evaluate\nevaluate(experiment, 'run', jobs={jobs})"
    )
    run_refusing(f"if __name__ == '__main__':\n{indent(code, '    ')}", {"torch"}, tmp_path)


def test_the_guard_of_the_test_above_holds_in_workers(tmp_path: Path) -> None:
    code = SMALL.format(detectors="{cnn1: {max_passes: 1}}") + (
        "from p300.pipeline import evaluate\nevaluate(experiment, 'run', jobs=2)"
    )
    with pytest.raises(AssertionError, match="torch is imported"):
        run_refusing(f"if __name__ == '__main__':\n{indent(code, '    ')}", {"torch"}, tmp_path)


def test_checking_and_planning_import_nothing_that_fits(tmp_path: Path) -> None:
    code = SMALL.format(detectors="{cnn1: {}, slda: {}, ours: {detector: xdawn_ts}}") + (
        "experiment.to_yaml()\nfrom p300.runs.plan import preview\n"
        "tasks = preview(experiment, Path())\nassert tasks\n"
        "from p300.runs.task_groups import groups_of\ngroups_of(tasks)\n"
    )
    run_refusing(code, {"torch", "sklearn", "matplotlib"}, tmp_path)


def test_help_answers_at_once() -> None:
    def cpu_seconds() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-m", "p300", "--help"], capture_output=True, check=True)
        after = os.times()
        return sum(after[2:4]) - sum(before[2:4])  # of children, whatever else the machine does

    assert min(cpu_seconds() for _ in range(3)) < 0.5  # .1 s on an idle machine


@pytest.mark.parametrize(
    "package", ["adaptation", "detectors", "recordings", "report", "runs", "speller", "steps"]
)
def test_every_public_name_of_a_package_is_there(package: str) -> None:
    module = import_module(f"p300.{package}")
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match=f"module 'p300.{package}' has no attribute 'nothing'"):
        _ = module.nothing
