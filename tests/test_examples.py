"""The examples run as they stand; they are written as a gallery takes them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from matplotlib.figure import Figure

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("plot_*.py"))


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_there_are_three():
    assert len(EXAMPLES) == 3


def test_an_example_has_a_title_and_cells(example):
    text = example.read_text(encoding="utf-8")
    title, line = (ast.get_docstring(ast.parse(text)) or "").splitlines()[:2]
    assert line == "=" * len(title)
    assert text.count("\n# %%\n") >= 4


@pytest.mark.slow
def test_an_example_runs_and_shows_a_picture(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(example.read_text(encoding="utf-8"), str(example), "exec"), names)
    figures = [value for value in names.values() if isinstance(value, Figure)]
    assert figures
    for figure in figures:
        figure.savefig(tmp_path / "figure.png", dpi=50)
    said = capsys.readouterr().out
    told = {
        "plot_first_report": "report.html",
        "plot_letters": "spelled:",
        "plot_mne_epochs": "slda  xdawn_lda",
    }
    assert told[example.stem] in said
