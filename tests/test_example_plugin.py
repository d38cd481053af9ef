"""The example of a plug-in, installed by pip: found through its entry points, also in workers."""

from __future__ import annotations

import json
import re
from importlib.metadata import distributions
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from installed import EXAMPLE, ROOT, command_line, install_example

from p300.recordings import open_recordings

pytestmark = pytest.mark.timeout(300)  # pip, and a run in processes of its own


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def run(installed: Path) -> Path:
    folder = installed.parent / "run"
    said = command_line(
        installed, "run", str(EXAMPLE / "example.yaml"), "--out", str(folder), "--jobs", "2"
    )
    assert "left out" not in said
    return folder


def test_it_has_the_entry_points_of_its_pyproject(installed):
    (found,) = distributions(path=[str(installed)])
    assert {each.group for each in found.entry_points} == {
        f"p300.{kind}" for kind in ("detectors", "sources", "metrics", "report_sections")
    }


def test_its_files_are_those_of_contributing():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in ("ridge", "npz", "repetitions"):
        assert (EXAMPLE / "p300_example" / f"{name}.py").read_text(encoding="utf-8") in text


def test_it_is_listed_with_its_package(installed):
    for what, name in (("detectors", "ridge"), ("datasets", "npz")):
        line = re.search(f"^{name} .*$", command_line(installed, what), re.MULTILINE)
        assert line
        assert line[0].rstrip().endswith("p300-example 0.1.0")
    one = command_line(installed, "detectors", "ridge")
    assert "Package: p300-example 0.1.0" in one
    assert "alpha = 100.0  (number above 0)" in one


@pytest.mark.slow
def test_workers_fit_its_detector_and_the_run_tells_its_version(run):
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["jobs"] == 2
    assert manifest["packages"]["p300-example"] == "0.1.0"
    fits = [json.loads(file.read_text()) for file in (run / "fits").glob("*.json")]
    versions = {fit["detector"]: fit["versions"].get("p300-example") for fit in fits}
    assert versions == {"ridge": "0.1.0", "slda": None}
    scores = pd.read_parquet(run / "scores.parquet")
    assert set(scores["detector"]) == {"ridge", "slda"}


@pytest.mark.slow
def test_its_metric_is_measured_and_its_section_is_in_the_report(run):
    rows = pd.DataFrame(json.loads((run / "metrics.json").read_text())["rows"])
    brier = rows[rows["metric"] == "brier_score"]
    assert set(brier["subject"]) == {"1", "2", "3", "mean"}
    assert brier["value"].between(0, 0.2).all()
    page = (run / "report.html").read_text(encoding="utf-8")
    assert re.search(r"<h2[^>]*>Repetition by repetition</h2>", page)
    assert "Brier score" in page


@pytest.mark.slow
def test_recordings_of_its_format_are_recognised(installed):
    folder = installed.parent / "archives"
    folder.mkdir()
    recordings = open_recordings("simulated", n_subjects=2, characters_per_run=2, repetitions=6)
    for recording in recordings:
        np.savez(
            folder / f"sub-{recording.subject}_run-{recording.run}.npz",
            signal=recording.raw.get_data(), electrodes=recording.electrodes,
            sfreq=recording.sfreq, sample=recording.flashes["sample"].to_numpy(np.int64),
            target=recording.flashes["target"].to_numpy(bool),
        )  # fmt: skip
    config = installed.parent / "found.yaml"
    command_line(installed, "init", str(folder), "--out", str(config))
    assert "source: npz" in config.read_text(encoding="utf-8")
