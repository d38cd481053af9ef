"""The examples are cells of a gallery; ``make docs`` runs all of them, some run here.

The build takes warnings for errors, and refuses an example without a picture or of more than 30 s.
"""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))
RUN_HERE = {
    "plot_covariance": "toeplitz",
    "plot_first_report": "report.html",
    "plot_mne_epochs": "slda  xdawn_lda",
}
"""Those that take a few seconds, and what they print."""


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_all_have_their_place_in_the_gallery():
    gallery = (ROOT / "docs" / "sphinx_parts" / "gallery.py").read_text(encoding="utf-8")
    order = re.search(r"ORDER = \((.*?)\)", gallery, re.DOTALL)[1]
    named = re.findall(r'"(\w+)"', order)
    assert len(named) >= 12
    assert sorted(named) == [path.stem.removeprefix("plot_") for path in EXAMPLES]


def test_an_example_has_a_title_and_cells(example):
    text = example.read_text(encoding="utf-8")
    title, line = (ast.get_docstring(ast.parse(text)) or "").splitlines()[:2]
    assert line == "=" * len(title)
    assert text.count("\n# %%\n") >= 3


def test_an_example_names_what_there_is(example):
    for node in ast.walk(ast.parse(example.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("p300"):
            module = importlib.import_module(node.module)
            for name in node.names:
                assert hasattr(module, name.name), f"{node.module}.{name.name}"


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN_HERE)
def test_an_example_runs_and_shows_a_picture(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    file = ROOT / "examples" / f"{name}.py"
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), names)
    figures = [value for value in names.values() if isinstance(value, Figure)]
    assert figures
    for figure in figures:
        figure.savefig(tmp_path / "figure.png", dpi=50)
    assert RUN_HERE[name] in capsys.readouterr().out
