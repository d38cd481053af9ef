"""What starts at once: commands that compute nothing import nothing heavy."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

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
    [["--help"], ["--version"], ["detectors"], ["datasets"], ["datasets", "show", "simulated"]],
    ids=" ".join,
)
def test_listing_imports_nothing_heavy(arguments: list[str]) -> None:
    loaded = loaded_by(COMMAND.format(arguments=arguments))
    assert "p300" in loaded
    assert not HEAVY & loaded


def test_the_registry_of_detectors_needs_no_numbers() -> None:
    assert "numpy" not in loaded_by("from p300.detectors import DETECTORS, detector_info")


def test_help_answers_at_once() -> None:
    def cpu_seconds() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-m", "p300", "--help"], capture_output=True, check=True)
        after = os.times()
        return sum(after[2:4]) - sum(before[2:4])  # of children, whatever else the machine does

    assert min(cpu_seconds() for _ in range(3)) < 0.5  # .1 s on an idle machine


@pytest.mark.parametrize("package", ["adaptation", "detectors", "recordings", "report", "speller"])
def test_every_public_name_of_a_package_is_there(package: str) -> None:
    module = import_module(f"p300.{package}")
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match=f"module 'p300.{package}' has no attribute 'nothing'"):
        _ = module.nothing
