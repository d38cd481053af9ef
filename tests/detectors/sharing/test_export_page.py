"""docs/export.md: its scripts run, and what it lists is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "export.md").read_text(encoding="utf-8")


def test_its_scripts_run_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {}
    exec(first, names)
    listed = set(re.findall(r"^\| (`[\w.`, ]+`) \|", PAGE, re.MULTILINE)[0:3])
    there = {path.name for path in (tmp_path / "my-detector").iterdir()}
    assert there == {"README.md", "detector.json", "weights.safetensors"}
    assert {f"`{name}`" for name in there} == listed
    assert names["stored"].training[0].n_subjects == 3
    for package in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(package)
    exec(second, names)
    assert len(names["log_odds"]) > 100
    assert names["difference"] < 1e-4


def test_the_refused_detectors_are_those_that_are_refused():
    from p300.detectors.registry import make_detector
    from p300.detectors.sharing.parts import log_odds_part
    from p300.errors import DetectorError

    table = PAGE[PAGE.index("| detector | reason |") : PAGE.index("### The JSON file")]
    named = re.findall(r"`(\w+)`", table)
    assert named == ["xdawn_ts", "erpcov_mdm", "sparse_coding"]
    for name in named:
        with pytest.raises(DetectorError, match=f"{name} cannot be exported to ONNX"):
            log_odds_part(make_detector(name))
