"""Progress bars: in a notebook as HTML, elsewhere on standard error."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from p300 import progress_bars
from p300.runs.progress import in_notebook


class Cell:
    """What a cell of a notebook shows."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, html: str, *, display_id: bool) -> Cell:
        assert display_id
        self.shown.append(html)
        return self

    def update(self, html: str) -> None:
        self.shown.append(html)


def pretend_ipython(monkeypatch: pytest.MonkeyPatch, shell: Any) -> Cell:
    cell = Cell()
    ipython, shown = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: shell
    shown.HTML, shown.display = str, cell.display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    return cell


def test_a_kernel_is_a_notebook_and_a_terminal_of_ipython_is_none(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    for shell, kernel in (
        (None, False),
        (SimpleNamespace(), False),
        (SimpleNamespace(kernel=1), True),
    ):
        pretend_ipython(monkeypatch, shell)
        assert in_notebook() is kernel


def test_a_notebook_shows_one_bar_a_stage_in_one_place(monkeypatch, capsys):
    cell = pretend_ipython(monkeypatch, SimpleNamespace(kernel=1))
    with progress_bars() as progress:
        progress("reading <i>", 0, 0)
        for done in range(1, 1001):
            progress("fitting", done, 1000)
    assert "<progress>" in cell.shown[0]
    assert "reading &lt;i&gt;" in cell.shown[-1]
    assert '<progress value="1000" max="1000">' in cell.shown[-1]
    assert "1000/1000" in cell.shown[-1]
    assert len(cell.shown) < 50
    assert capsys.readouterr() == ("", "")


def test_elsewhere_bars_go_to_standard_error(capsys):
    with progress_bars() as progress:
        progress("fitting", 3, 3)
    out, err = capsys.readouterr()
    assert not out
    assert "fitting" in err
    assert "3/3" in err


QUIET = """
from p300 import evaluate, load_experiment, make_detector, open_recordings, preprocess
experiment = load_experiment(None, [
    "datasets.simulated.0.n_subjects=2", "datasets.simulated.0.characters_per_run=3",
    "datasets.simulated.0.repetitions=5", "datasets.simulated.0.weak=0",
    "detectors={slda: {n_folds: 2}}", "protocols={within_subject: {}}",
])
if __name__ == "__main__":
    import warnings
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        evaluate(experiment, "run")
        preprocess(open_recordings("simulated", n_subjects=1)).to_mne()
"""


def test_nothing_is_printed_by_us_or_by_libraries(tmp_path):
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", QUIET], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
