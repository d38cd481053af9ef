"""``p300 export`` and ``p300 card``."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from p300 import load_detector
from p300.commands.main import app
from p300.commands.stored_detectors import fit_on_all
from p300.runs.config import parse_experiment

CONFIG = """
datasets: {people: {source: simulated, n_subjects: 2, characters_per_run: 3, repetitions: 4}}
detectors: {ours: {detector: slda, alignment: {method: euclidean, mode: running},
                   adaptation: self_calibrated}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fit_on_all(parse_experiment(CONFIG), "ours", tmp_path_factory.mktemp("d") / "stored")


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_what_is_trained_has_a_card_that_tells_of_its_sources(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "| people | simulated | 2 |" in text
    assert "none needed: generated on the spot" in text
    assert "| adaptation | self\\_calibrated |" in text
    assert load_detector(folder).training[0].sources == ["simulated"]


def test_the_card_is_written_anew(folder, tmp_path):
    told = call("card", folder, "--licence", "mit", "--out", tmp_path / "card.md")
    assert told.exit_code == 0, told.output
    assert "license: mit\n" in (tmp_path / "card.md").read_text(encoding="utf-8")
    missing = call("card", folder, "--run", tmp_path)
    assert missing.exit_code == 1
    assert "not a finished run folder" in missing.output


def test_export_tells_what_is_not_in_the_graph(folder):
    for name in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(name)
    told = call("export", folder, "--to", "onnx")
    assert told.exit_code == 0, told.output
    assert "Alignment euclidean running: its matrix is an input" in told.output
    assert "Adaptation self_calibrated is not in the graph" in told.output
    about = json.loads((folder / "model.onnx.json").read_text())
    assert about["adaptation"]["name"] == "self_calibrated"
    assert about["alignment"]["mode"] == "running"
    assert load_detector(folder)  # which the new files do not disturb


def test_an_unknown_format_is_refused(folder):
    assert call("export", folder, "--to", "pickle").exit_code == 2
