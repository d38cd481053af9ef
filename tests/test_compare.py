"""`p300 compare` as a user meets it."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from report.made_runs import make_run, make_spelled_run, spelled_scores
from typer.testing import CliRunner

from p300 import compare_detectors, compare_runs
from p300.commands.main import app

SMALL = {"protocols": ["cross_subject"], "datasets": ["one"]}
FIVE, SIX = list("34567"), list("345678")


def compare(*arguments):
    wide = {"COLUMNS": "200"}  # workers of pytest-xdist have a narrow one
    return CliRunner().invoke(app, ["compare", *map(str, arguments)], env=wide)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compared")


@pytest.fixture(scope="module")
def first(folder):
    return make_run(folder / "first", subjects=SIX, detectors=["cnn1", "slda"], **SMALL)


@pytest.fixture(scope="module")
def second(folder):
    return make_run(folder / "second", subjects=SIX, detectors=["eegnet", "slda"], **SMALL)


def test_one_run_gives_the_differences_of_its_detectors(first):
    result = compare(first)
    assert result.exit_code == 0, result.output
    rows = pd.DataFrame(json.loads((first / "metrics.json").read_text())["rows"])
    (row,) = compare_detectors(rows).to_dict("records")
    line = next(line for line in result.output.splitlines() if "cnn1 − slda" in line)
    for value in (row["difference"], row["low"], row["high"], row["effect"]):
        assert f"{abs(value):.3f}"[:5] in line or f"{abs(value):.2f}" in line
    assert f"{row['p']:.3f}" in line
    assert f"{row['share_better'] * 6:g} of 6" in line
    assert "cannot reach" not in result.output


def test_labels_that_clash_get_the_name_of_their_run(first, second):
    result = compare(first, second)
    assert result.exit_code == 0, result.output
    # Both experiments have the same name, so the folders tell them apart.
    assert "slda (first) − slda (second)" in result.output
    assert "cnn1 − eegnet" in result.output
    assert result.output.count(" of 6") == 6
    assert "no corrected p can be below 6 × 2/2^6 = 0.188" in result.output


def test_against_a_reference(first, second):
    result = compare(first, second, "--reference", "slda (first)")
    assert result.exit_code == 0, result.output
    for other in ("cnn1", "eegnet", "slda (second)"):
        assert f"{other} − slda (first)" in result.output
    assert result.output.count(" of 6") == 3


def test_a_page_that_needs_nothing_else(first, second, tmp_path):
    page = tmp_path / "new" / "page.html"
    result = compare(first, second, "--out", page)
    assert result.exit_code == 0, result.output
    assert f"Page: {page}" in result.output
    text = page.read_text(encoding="utf-8")
    for heading in ("Differences", "Subjects", "How it was compared", "Runs"):
        assert f"<h2>{heading}</h2>" in text
    assert text.count('src="data:image/png;base64,') == 1
    assert not re.search(r"https?://|@import|url\(", text)
    assert len(re.findall("<script", text)) == 1
    assert "slda (first) − slda (second)" in text
    assert second.name in text
    assert str(second) not in text


def test_five_subjects_cannot_reach_the_usual_level_and_it_is_said(tmp_path):
    run = make_run(tmp_path / "run", subjects=FIVE, detectors=["cnn1", "slda"], **SMALL)
    result = compare(run, "--out", tmp_path / "page.html")
    assert result.exit_code == 0, result.output
    message = "With 5 subjects an exact test cannot reach p &lt; .05"
    assert message.replace("&lt;", "<") in result.output
    assert "2/2^5 = 0.0625" in result.output
    assert message in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_two_data_sets_are_combined(first, tmp_path):
    other = SMALL | {"datasets": ["two"]}
    run = make_run(tmp_path / "run", subjects=SIX, detectors=["cnn1", "slda"], **other)
    result = compare(first, run)
    assert result.exit_code == 0, result.output
    assert "All data sets together (Stouffer)" in result.output
    combined = compare_runs([first, run]).combined
    assert combined["n"].item() == 12
    assert combined["n_datasets"].item() == 2
    # The same detectors of two runs that never meet keep their names.
    assert (combined["first"].item(), combined["second"].item()) == ("cnn1", "slda")


def test_characters_are_compared_too(tmp_path):
    scores = spelled_scores(["A", "B", "C"], ["cnn1", "slda"], text="P3_SPELL")
    run = make_spelled_run(tmp_path / "run", scores)
    result = compare(run, "--metric", "characters@5", "--out", tmp_path / "page.html")
    assert result.exit_code == 0, result.output
    assert "Characters right after 5 repetitions, differences over subjects" in result.output
    assert result.output.count("(no interval)") == 1  # three subjects
    assert "of 3" in result.output
    assert "Difference" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_runs_that_read_other_data_are_told(first, second, tmp_path):
    run = make_run(tmp_path / "run", subjects=SIX, detectors=["mcnn1"], **SMALL)
    manifest = json.loads((run / "manifest.json").read_text())
    assert "different data" not in compare(first, run).output
    manifest["recordings"][3]["sha256"] = "f" * 64
    (run / "manifest.json").write_text(json.dumps(manifest))
    result = compare(first, run)
    assert result.exit_code == 0, result.output
    assert f"{run} and {first} read different data as one/sub-4/ses-1/run-2" in result.output


def test_other_test_epochs_are_refused(first, tmp_path):
    run = make_run(tmp_path / "run", subjects=FIVE, detectors=["mcnn1"], **SMALL)
    result = compare(first, run, "--reference", "mcnn1")
    assert result.exit_code == 1
    assert "one, cross_subject: cnn1 and mcnn1 were not tested on the same" in result.stderr
    assert "only cnn1 has subject 8" in result.stderr


def test_other_targets_are_refused(first, tmp_path):
    run = make_run(tmp_path / "run", subjects=SIX, detectors=["mcnn1"], **SMALL)
    scores = pd.read_parquet(run / "scores.parquet")
    scores.loc[[0, 1], "target"] = [False, True]
    scores.to_parquet(run / "scores.parquet")
    page = tmp_path / "page.html"
    result = compare(first, run, "--out", page)
    assert result.exit_code == 1
    assert "were not tested on the same epochs" in result.stderr
    assert "code 1, target" in result.stderr
    assert not page.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere is not a finished run folder: found nothing"),
        (["{first}", "{first}"], "is named more than once"),
        (["{first}", "--metric", "roc_auk"], "did you mean 'roc_auc'"),
        (["{first}", "--reference", "svm"], "no detector is labelled 'svm'; there are cnn1, slda"),
    ],
)
def test_mistakes_are_told_without_a_traceback(arguments, message, first):
    result = compare(*(argument.format(first=first) for argument in arguments))
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_unfinished_runs_and_single_detectors_are_refused(tmp_path):
    run = make_run(tmp_path / "run", subjects=["3", "4"], detectors=["slda"], **SMALL)
    result = compare(run)
    assert result.exit_code == 1
    assert "nothing to compare" in result.stderr
    (run / "scores.parquet").unlink()
    result = compare(run)
    assert result.exit_code == 1
    assert "missing scores.parquet. Start it again with p300 run" in result.stderr
