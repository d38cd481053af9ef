"""The Python blocks of the README and of the pages on scripts run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import mne
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent


def run_block(page, heading=""):
    """Run the first Python block after a heading; return its names."""
    text = (ROOT / page).read_text(encoding="utf-8")
    after = text[text.index(heading) :]
    block = re.search(r"```python\n(.*?)```", after, re.DOTALL)[1]
    names = {}
    exec(compile(block, page, "exec"), names)
    return names


@pytest.mark.filterwarnings("ignore:.*raise max_passes")
def test_the_script_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_block("README.md")
    printed = capsys.readouterr().out
    assert "4 subjects" in printed
    assert (tmp_path / "reports" / "from-a-script" / "report.html").is_file()


def test_a_pipeline_of_scikit_learn_is_evaluated_as_documented():
    from p300 import Method, evaluate_epochs
    from p300.detectors import as_detector
    from p300.signal.alignment import make_alignment

    names = run_block("docs/detectors.md", "## An estimator of your own")
    assert (names["aucs"].loc[["ours", "slda"]] > 0.55).all()
    aligned = {"ours": Method(as_detector(names["ours"]), make_alignment("euclidean"))}
    scores = evaluate_epochs(names["epochs"], aligned, "cross_subject")["score"]
    plain = names["scores"].query("detector == 'ours'")["score"]
    assert not np.allclose(scores, plain)


def test_methods_are_evaluated_from_a_script_as_documented():
    scores = run_block("docs/runs.md", "## The same from a script")["scores"]
    assert set(scores["detector"]) == {"recommended", "slda"}
    assert scores["fold"].nunique() == 2
    assert set(scores["dataset"]) == {"mine"}


def test_what_a_notebook_registers_is_evaluated_as_documented():
    from p300.detectors import DETECTORS
    from p300.evaluation.metrics import METRICS

    try:
        names = run_block("docs/plugins.md", "## In a notebook")
        means = names["metrics"].query("subject == 'mean'")
        table = means.pivot_table("value", "detector", "metric")
        assert (table.loc[["my_ridge", "slda"], "roc_auc"] > 0.55).all()
        assert table["misses"].between(0, 1).all()
    finally:
        DETECTORS.pop("my_ridge", None)
        METRICS.pop("misses", None)


def test_a_raw_and_epochs_of_mne_are_taken_as_documented():
    with mne.use_log_level("error"):
        names = run_block("docs/python.md", "## A Raw of MNE")
        own = run_block("docs/python.md", "## Epochs of MNE")
    assert names["recording"].layout is not None
    assert names["epochs"].flashes["character"].nunique() == 2
    np.testing.assert_array_equal(own["again"].X, own["epochs"].X)
    assert own["told"].flashes["character"].nunique() == 2


def test_figures_and_a_notebook_are_as_documented(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    figures = run_block("docs/python.md", "## Figures")
    assert (tmp_path / "averages.png").is_file()
    assert [ax.get_title() for ax in figures["some"].axes[:3]] == ["200 ms", "300 ms", "400 ms"]
    assert run_block("docs/python.md", "## Notebooks")["report"].is_file()
