"""The command line as a user meets it."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

import p300
from p300.commands.main import app
from p300.recordings import open_recordings

# Studies of a few characters: some folds have nothing to learn from.
pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")

SMALL = [
    "--set", "datasets={simulated: {source: simulated, n_subjects: 3, characters_per_run: 3, "
    "repetitions: 5}}",
    "--set", "detectors={slda: {}}",
]  # fmt: skip


def p300_command(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def save_with_flashes(recording, path, columns=None):
    """Write a recording as FIF with its flash table beside it."""
    raw = recording.raw.copy().set_annotations(None)
    raw.save(path, verbose="error")
    table = recording.flashes if columns is None else recording.flashes[columns].assign(target="")
    table.to_csv(path.with_name(f"{path.stem}_flashes.csv"), index=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("cli") / "run"
    result = p300_command("run", *SMALL, "--out", out, "--jobs", 1)
    assert result.exit_code == 0, result.output
    return out, result.output


def test_a_run_prints_its_report_and_the_numbers_that_matter(finished):
    out, text = finished
    assert f"Report: {out / 'report.html'}" in text
    assert "cross_subject" in text
    assert "ROC-AUC [95 %]" in text
    assert (out / "report.html").stat().st_size > 50_000
    rows = json.loads((out / "metrics.json").read_text())["rows"]
    assert any((r["metric"], r["repetitions"]) == ("characters", 5) for r in rows)
    assert (out / "characters.parquet").is_file()
    mean = next(r for r in rows if r["subject"] == "mean" and r["metric"] == "roc_auc")
    assert f"{mean['value']:.3f}" in text


def test_a_second_start_recomputes_nothing(finished):
    out, text = finished
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*")}
    again = p300_command("run", *SMALL, "--out", out, "--jobs", 1)
    assert again.exit_code == 0
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*")} == before
    assert again.stdout.splitlines()[-1] == text.splitlines()[-1]


def test_the_stages_one_at_a_time(tmp_path):
    out = tmp_path / "run"
    prepared = p300_command("prepare", *SMALL, "--out", out)
    assert prepared.exit_code == 0, prepared.output
    assert "3 subjects" in prepared.output
    assert not (out / "scores.parquet").exists()
    evaluated = p300_command("evaluate", *SMALL, "--out", out, "--jobs", 1)
    assert evaluated.exit_code == 0, evaluated.output
    assert (out / "scores.parquet").is_file()
    assert not (out / "report.html").exists()
    reported = p300_command("report", out)
    assert reported.exit_code == 0, reported.output
    assert (out / "report.html").is_file()


def test_train_and_predict_give_one_row_a_flash(tmp_path):
    detector = tmp_path / "detector"
    trained = p300_command("train", *SMALL, "--detector", "slda", "--out", detector)
    assert trained.exit_code == 0, trained.output
    recording = next(open_recordings("simulated", n_subjects=1))
    path = tmp_path / "new_eeg.fif"
    save_with_flashes(recording, path, columns=["sample", "code"])
    csv = tmp_path / "scores.csv"
    result = p300_command("predict", detector, path, "--source", "flash_table", "--out", csv)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(csv)
    assert len(table) == len(recording.flashes)
    assert table["probability"].between(0, 1).all()
    target = recording.flashes["target"].to_numpy(dtype=bool)
    assert table["score"][target].mean() > table["score"][~target].mean()
    printed = p300_command("predict", detector, path, "--source", "flash_table")
    assert printed.stdout == csv.read_text()


def test_a_trained_detector_spells_letter_by_letter(tmp_path):
    detector, csv = tmp_path / "detector", tmp_path / "text.csv"
    study = ["--set", "datasets={simulated: {source: simulated, n_subjects: 1}}"]
    trained = p300_command("train", *study, "--detector", "slda", "--out", detector)
    assert trained.exit_code == 0, trained.output
    new = tmp_path / "new_eeg.fif"
    recording = list(open_recordings("simulated", n_subjects=1, n_runs=3))[2]
    save_with_flashes(recording, new)
    source = ["--source", "flash_table"]
    result = p300_command("spell", detector, new, *source, "--out", csv)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(csv)
    assert len(table) == 5
    assert table["posterior"].between(0, 1).all()
    assert (table["repetitions"] <= 15).all()
    assert (table["symbol"] == table["true_symbol"]).sum() >= 3
    for symbol, posterior in zip(table["symbol"], table["posterior"], strict=True):
        assert f"  {symbol}  p = {posterior:.3f}" in result.output


def test_a_trained_detector_calibrates_itself_on_a_new_person(tmp_path):
    detector, csv = tmp_path / "detector", tmp_path / "text.csv"
    adapting = "detectors={self: {detector: slda, alignment: euclidean, adaptation: %s}}"
    study = ["--set", "datasets={simulated: {source: simulated, n_subjects: 4}}"]
    trained = p300_command(
        "train", *study, "--set", adapting % "self_calibrated", "--detector", "self",
        "--out", detector,
    )  # fmt: skip
    assert trained.exit_code == 0, trained.output
    recording = list(open_recordings("simulated", n_subjects=5, n_runs=1))[4]
    new = tmp_path / "new_eeg.fif"
    save_with_flashes(recording, new, columns=["sample", "code", "character", "repetition"])
    source = ["--source", "flash_table"]
    result = p300_command("spell", detector, new, *source, "--out", csv)
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv(csv)) == 5
    scores = tmp_path / "scores.csv"
    scored = p300_command("predict", detector, new, *source, "--out", scores)
    assert scored.exit_code == 0, scored.output
    # The same weights without what adapts know less from the second character on.
    for file in ("adaptation.json", "adaptation.safetensors"):
        (detector / file).unlink()
    plain = tmp_path / "plain.csv"
    p300_command("predict", detector, new, *source, "--out", plain)
    target = recording.flashes["target"].to_numpy(dtype=bool)
    later = (recording.flashes["character"] > 1).to_numpy(dtype=bool)
    adapted, unadapted = (
        roc_auc_score(target[later], pd.read_csv(path)["score"][later]) for path in (scores, plain)
    )
    assert adapted > unadapted - 0.02
    assert adapted != unadapted

    refused = p300_command(
        "train", *study, "--set", adapting % "labelled", "--detector", "self",
        "--out", tmp_path / "other",
    )  # fmt: skip
    assert refused.exit_code == 1
    assert "needs characters of the subject" in refused.output


def test_a_dry_run_prints_config_and_folds_and_writes_nothing(tmp_path):
    out = tmp_path / "run"
    result = p300_command("run", *SMALL, "--out", out, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "n_subjects: 3" in result.output
    assert "sub-1" in result.output.replace("sub-01", "sub-1")
    assert "9 folds to fit" in result.output
    assert not out.exists()


def test_datasets_and_detectors_are_listed():
    listed = p300_command("datasets").output
    for name in ("bnci2015_003", "bids", "bci2_iib", "bci3_ii", "gtec_br41n", "flash_table"):
        assert name in listed
    one = p300_command("datasets", "show", "simulated").output
    assert "n_subjects = 8  (whole number at least 1 and at most 1024)" in one
    assert "CC BY-NC-ND" in p300_command("datasets", "show", "bnci2015_003").output
    assert "Cecotti" in p300_command("detectors").output
    one = p300_command("detectors", "cnn1").output
    assert "max_passes = 100  (whole number at least 1 and at most 1000000, or none)" in one
    assert "n_filters = 10  (whole number at least 1" in one


def test_the_version_is_told():
    assert p300_command("--version").output == f"p300 {p300.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "none.yaml"], "none.yaml: no such file"),
        (["run", "--set", "detectors.cnn1.max_pass=5"], "did you mean 'max_passes'"),
        (["run", "--set", "seeed=5"], "did you mean 'seed'"),
        (["report", "nowhere"], "nowhere"),
        (["predict", "nowhere", "x", "--source", "bids"], "nowhere: not a stored detector"),
        (["datasets", "show", "bid"], "did you mean 'bids'"),
        (["detectors", "sldaa"], "did you mean 'slda'"),
        (["train", "--detector", "svm"], "'svm' is not in the config"),
        (["run", "--device", "gpu"], "unknown device 'gpu', there are: auto, cpu, cuda, mps"),
    ],
)
def test_mistakes_are_told_without_a_traceback(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = p300_command(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


def test_ctrl_c_says_how_to_go_on(monkeypatch, tmp_path):
    from p300.runs import runner

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "score_folds", interrupted)
    result = p300_command("run", *SMALL, "--out", tmp_path / "run")
    assert result.exit_code == 130
    assert "goes on where it stopped" in result.stderr


def test_every_public_name_is_there():
    for name in p300.__all__:
        assert getattr(p300, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = p300.nothing
