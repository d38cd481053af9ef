"""CONTRIBUTING.md: its files and lines, put into a copy of the package as they stand, all work."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from p300.recordings import open_recordings

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = dict(
    re.findall(r"^New file `(\S+)`:\n\n```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
)
LINES = re.findall(r"^Line in `(\S+)`:\n\n```diff\n (.*\n)((?:\+.*\n)+)```$", TEXT, re.MULTILINE)
"""File of the registry, the line that is there, the entry below it."""
KINDS = ("source", "detector", "adaptation", "protocol", "metric", "section")
CONFIG = """
name: all-six
description: A source, a detector, an adaptation, a protocol, a metric and a section of our own.
datasets: {ours: {source: npz, path: archives}}
detectors:
  plain: {detector: ridge}
  shifted: {detector: ridge, adaptation: matched_share}
protocols: {first_run: {}, few_shot: {characters: [3]}}
"""


def p300(folder: Path, *arguments: str) -> str:
    """Run the copy's command line in its folder, where Python finds it first."""
    done = subprocess.run(
        [sys.executable, "-m", "p300", *arguments], cwd=folder, text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with what CONTRIBUTING.md adds, and recordings of the new format."""
    folder = tmp_path_factory.mktemp("contributed")
    shutil.copytree(ROOT / "p300", folder / "p300", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, code in FILES.items():
        assert not (folder / path).exists(), path
        (folder / path).write_text(code, encoding="utf-8")
    for path, above, added in LINES:
        code = (folder / path).read_text(encoding="utf-8")
        assert code.splitlines(keepends=True).count(above) == 1, f"{path}: {above}"
        entry = re.sub(r"^\+", "", added, flags=re.MULTILINE)
        (folder / path).write_text(code.replace(above, above + entry), encoding="utf-8")
    (folder / "archives").mkdir()
    for recording in open_recordings(
        "simulated", n_subjects=3, characters_per_run=3, repetitions=10
    ):
        known = {name: column.to_numpy() for name, column in recording.flashes.items()}
        flashes = {name: values.astype(np.int64) for name, values in known.items()}
        np.savez(
            folder / "archives" / f"sub-{recording.subject}_run-{recording.run}.npz",
            signal=recording.raw.get_data(), sfreq=recording.sfreq,
            electrodes=recording.electrodes, **{**flashes, "target": known["target"].astype(bool)},
        )  # fmt: skip
    (folder / "ours.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(copied: Path) -> Path:
    p300(copied, "run", "ours.yaml", "--data", ".", "--out", "run", "--jobs", "1")
    return copied / "run"


@pytest.fixture(scope="module")
def metrics(run: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads((run / "metrics.json").read_text())["rows"])


def test_every_kind_is_one_file_and_one_line():
    assert len(FILES) == len(LINES) == len(KINDS)
    assert all(TEXT.count(f"### A{'n' if kind[0] == 'a' else ''} {kind}") == 1 for kind in KINDS)
    assert TEXT.count("```python") == TEXT.count("```diff") == len(KINDS)  # each was taken
    assert all((ROOT / path).is_file() for path, _, _ in LINES)


def test_what_is_added_keeps_the_rules_of_the_house(copied):
    changed = [*FILES, *(path for path, _, _ in LINES)]
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--no-cache", *changed],
            cwd=copied, text=True, capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


def test_what_is_added_is_listed(copied):
    assert "Ridge regression" in p300(copied, "detectors")
    assert "NumPy archives" in p300(copied, "datasets")


def test_the_source_gives_the_recordings_that_were_written(run):
    manifest = json.loads((run / "manifest.json").read_text())
    names = [recording["recording"] for recording in manifest["recordings"]]
    assert names == [f"ours/sub-{s}/ses-1/run-{r}" for s in (1, 2, 3) for r in (1, 2)]


def test_the_protocol_tests_the_first_run_alone(run):
    scores = pd.read_parquet(run / "scores.parquet")
    ours = scores[scores["protocol"] == "first_run"]
    assert set(ours["run"]) == {"1"}
    assert set(ours["fold"]) == {"sub-1", "sub-2", "sub-3"}


def test_the_detector_beats_chance(metrics):
    mean = metrics[(metrics["metric"] == "roc_auc") & (metrics["subject"] == "mean")]
    value = mean.pivot_table("value", "protocol", "detector")
    assert value.loc["first_run", "plain"] > 0.65
    few_shot = value.drop(index="first_run")
    assert few_shot.size == 2
    assert (few_shot > 0.55).all(axis=None)  # of two other subjects little is learned


def test_the_adaptation_shifts_scores_without_touching_their_order(run, metrics):
    scores = pd.read_parquet(run / "scores.parquet")
    where = ["protocol", "subject"]
    by = scores.pivot_table("score", [*where, "character", "repetition", "code"], "detector")
    shift = (by["shifted"] - by["plain"]).groupby(where).agg(["min", "max"])
    assert np.allclose(shift["min"], shift["max"])
    assert (shift.loc["first_run"] == 0).all(axis=None)  # nothing to adapt to
    few_shot = shift.drop(index="first_run")
    assert len(few_shot) == 3
    assert (few_shot["min"] != 0).all()
    p = 1 / (1 + np.exp(-scores["score"]))
    surplus = (p - scores["target"]).groupby([scores[c] for c in ("protocol", "detector")]).mean()
    assert abs(surplus.drop(index="first_run").xs("shifted", level="detector").item()) < 0.03


def test_the_metric_is_measured_and_smaller_is_better(copied, run, metrics):
    brier = metrics[(metrics["metric"] == "brier_score") & (metrics["subject"] == "mean")]
    guessing = (1 / 6) * (5 / 6)
    assert brier["value"].between(0.05, 1.05 * guessing).all()
    assert (brier.loc[brier["protocol"] == "first_run", "value"] < guessing).all()
    shown = p300(copied, "compare", "run", "--metric", "brier_score", "--out", "compared.html")
    assert "Brier score" in shown
    assert "larger, which is worse" in (copied / "compared.html").read_text(encoding="utf-8")


def test_the_report_has_the_section_and_says_what_is_new(run):
    page = (run / "report.html").read_text(encoding="utf-8")
    assert re.search(r"<h2[^>]*>Repetition by repetition</h2>", page)
    assert "Distance by repetition" in page
    assert "Brier score" in page
    assert "is tested on the first" in page
    assert "whose labels are not used" in page
