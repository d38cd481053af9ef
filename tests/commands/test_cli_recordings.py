"""Recordings brought in and looked at from the command line, without a line of Python."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mne
import numpy as np
import pandas as pd
import pytest
import yaml
from own_recordings import save_annotated, save_gtec, save_with_table, study
from typer.testing import CliRunner

from p300.commands.main import app

# Studies of a few characters, some without codes: what runs say of that is not tested here.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*calibration slope"),
    pytest.mark.filterwarnings("ignore::p300.errors.DataWarning"),
]

QUICK = ["--jobs", 1, "--set", "detectors={slda: {}}"]
TABLE = ["sample", "target", "code", "character", "repetition"]


def p300_command(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("P300_DATA", raising=False)
    (tmp_path / "study").mkdir()
    return tmp_path


def test_bad_electrodes_are_listed(workplace):
    recording = study()[0]
    recording.raw.apply_function(lambda row: 0 * row, picks=["Oz"])
    recording.raw.info["bads"] = ["Cz"]
    words = {True: "target", False: "nontarget"}
    save_annotated(recording, workplace / "study" / "sub-1_raw.fif", words)
    told = p300_command("init", "study").output
    assert "  bad, by the file or its signal, in recordings: Cz (1), Oz (1)" in told


def mean_auc(folder, protocol):
    rows = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["rows"]
    return next(
        row["value"]
        for row in rows
        if (row["subject"], row["metric"], row["protocol"]) == ("mean", "roc_auc", protocol)
    )


def init_and_run(*arguments):
    begun = p300_command("init", "study", *arguments)
    assert begun.exit_code == 0, begun.output
    finished = p300_command("run", "study.yaml", *QUICK)
    assert finished.exit_code == 0, finished.output
    return begun.output, yaml.safe_load(Path("study.yaml").read_text(encoding="utf-8"))


def test_a_fif_with_annotations(workplace):
    words = {True: "Stimulus/oddball", False: "Stimulus/standard"}
    for recording in study(3, characters_per_run=6):
        save_annotated(recording, workplace / "study" / f"sub-{recording.subject}_raw.fif", words)
    text, config = init_and_run()
    assert "annotated" in text
    assert "guessed: target = ['Stimulus/oddball']" in text
    assert config["protocols"] == {"within_subject": {}, "cross_subject": {}}
    assert mean_auc(workplace / "reports" / "study", "within_subject") > 0.6


def test_one_run_with_a_long_break(workplace):
    """Without characters, what is held out are stretches that hold flashes."""
    rng = np.random.default_rng(3)
    onset = 2 + 0.4 * np.arange(120) + np.repeat([0, 90], 60)
    signal = 1e-5 * rng.normal(size=(3, 128 * 145))
    raw = mne.io.RawArray(signal, mne.create_info(["Fz", "Cz", "Pz"], 128, "eeg"), verbose="error")
    words = np.where(np.arange(120) % 5 == 2, "target", "nontarget")
    raw.set_annotations(mne.Annotations(onset, 0, words))
    raw.save(workplace / "study" / "sub-01_raw.fif", verbose="error")
    init_and_run()
    preview = p300_command("run", "study.yaml", *QUICK, "--dry-run").output
    tested = [line.split()[-1] for line in preview.splitlines() if "_block-" in line]
    assert tested == ["24"] * 5
    scores = pd.read_parquet(workplace / "reports" / "study" / "scores.parquet")
    assert scores.groupby("fold", observed=True).size().tolist() == [24] * 5


def test_annotations_in_words_that_only_the_lab_knows(workplace):
    recording = study(characters_per_run=6)[0]
    marks = {True: "S 13", False: "S 12"}
    save_annotated(recording, workplace / "study" / "one_raw.fif", marks)
    said = ["--source", "annotated", "--option", "target=[S 13]", "--option", "nontarget=[S 12]"]
    _, config = init_and_run(*said)
    (source,) = config["datasets"]["study"]
    assert (source["target"], source["nontarget"]) == (["S 13"], ["S 12"])
    assert mean_auc(workplace / "reports" / "study", "within_subject") > 0.6


def test_names_that_do_not_tell_subjects_from_runs(workplace):
    for recording in study(2, 2, characters_per_run=3):
        name = f"anna{recording.subject}_block{recording.run}_raw.fif"
        save_with_table(recording, workplace / "study" / name, TABLE)
    text, config = init_and_run()
    assert "guessed: anna1_block1_raw.fif is subject anna1, run 1; " in text
    assert list(config["protocols"]) == ["within_subject"]
    written = Path("study.yaml").read_text(encoding="utf-8")
    (line,) = (line for line in written.splitlines() if "# subject:" in line)
    pattern = yaml.safe_load(line.replace("# ", "", 1))["subject"]
    refused = p300_command(
        "run", "study.yaml", "--out", "x", "--set", "protocols={cross_subject: {}}"
    )
    assert refused.exit_code == 1
    assert "cross_subject needs to know who is who" in refused.stderr
    # Confirmed, the same people are crossed.
    Path("study.yaml").unlink()
    shutil.rmtree(workplace / "reports")
    text, config = init_and_run("--option", f"subject={pattern}")
    assert "guessed: anna" not in text
    assert list(config["protocols"]) == ["within_subject", "cross_subject"]
    assert config["datasets"]["study"][0]["subject"] == pattern
    assert mean_auc(workplace / "reports" / "study", "cross_subject") > 0.5


def test_an_edf_of_a_clinic(workplace):
    import mne

    recording = study(characters_per_run=6)[0]
    names = {name: f"EEG {name}-REF" for name in recording.electrodes[:7]}
    raw = recording.raw.copy().rename_channels(names | {recording.electrodes[7]: "EOG left"})
    words = ["rare" if target else "frequent" for target in recording.flashes["target"]]
    onsets = recording.flashes["sample"] / recording.sfreq
    raw.set_annotations(mne.Annotations(onsets, 0.0, words))
    raw.crop(0, raw.n_times // 240 - 1 / 240)  # EDF holds whole seconds
    mne.export.export_raw(workplace / "study" / "patient.edf", raw, verbose="error")
    text, config = init_and_run()
    (source,) = config["datasets"]["study"]
    assert "'EEG Fz-REF' is read as Fz" in text
    assert "rename" not in source
    assert source["drop"] == ["EOG left"]
    assert "guessed: drop = ['EOG left']" in text
    assert mean_auc(workplace / "reports" / "study", "within_subject") > 0.6


def test_flash_tables_are_spelled(workplace):
    for recording in study(1, 2, characters_per_run=3):
        name = f"sub-1_run-{recording.run}_raw.fif"
        save_with_table(recording, workplace / "study" / name, TABLE)
    text, config = init_and_run()
    assert "6x6" in text
    assert config["spelling"] == {"dynamic": True}
    assert (workplace / "reports" / "study" / "characters.parquet").is_file()


def test_a_folder_of_two_formats(workplace):
    for name in ("a", "b"):
        (workplace / "study" / name).mkdir()
    sizes = {"characters_per_run": 3, "repetitions": 8}
    recording = study(sfreq=250.0, onset_interval=0.2, **sizes)[0]
    save_gtec(recording, workplace / "study" / "a" / "S1.mat")
    save_with_table(study(seed=3, **sizes)[0], workplace / "study" / "b" / "one_raw.fif", TABLE)
    _, config = init_and_run()
    assert {name: s[0]["source"] for name, s in config["datasets"].items()} == {
        "a": "gtec_br41n",
        "b": "flash_table",
    }


def test_init_overwrites_nothing_and_reads_nothing_in_vain(workplace):
    (workplace / "study.yaml").write_text("mine", encoding="utf-8")
    result = p300_command("init", "study")
    assert result.exit_code == 1
    assert "study.yaml: exists already; name another with --out" in result.stderr
    assert (workplace / "study.yaml").read_text(encoding="utf-8") == "mine"
    empty = p300_command("init", "study", "--out", "other.yaml")
    assert empty.exit_code == 1
    assert "no recording can be read as it is" in empty.stderr
    assert not (workplace / "other.yaml").exists()


@pytest.mark.parametrize(
    "command", [("init", "study", "--out", "file/my.yaml"), ("inspect", "study", "--out", "file")]
)
def test_a_place_that_cannot_be_written_to_is_told_without_a_traceback(workplace, command):
    save_with_table(study(characters_per_run=3)[0], workplace / "study" / "one_raw.fif", TABLE)
    (workplace / "file").write_text("mine", encoding="utf-8")
    result = p300_command(*command)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error")]
    assert "file" in line
    assert "or name another place" in line


def test_inspect_prints_and_draws(workplace):
    recording = study()[0]
    recording.raw.info["bads"] = ["Oz"]
    save_with_table(recording, workplace / "study" / "one_raw.fif", TABLE)
    result = p300_command("inspect", "study/one_raw.fif", "--out", "figures")
    assert result.exit_code == 0, result.output
    for words in (
        "one_raw/sub-one_raw/ses-1/run-1", "16.7 %", "1–12 (12)", "10-05", "Signed r²",
        "Line noise: 50 Hz", "Bad electrodes: Oz (marked bad)", "Page: figures/inspect.html",
    ):  # fmt: skip
        assert words in result.output
    assert (workplace / "figures" / "inspect.png").stat().st_size > 20_000


def test_inspect_without_targets(workplace):
    save_with_table(study()[0], workplace / "study" / "one_raw.fif", ["sample", "code"])
    table = workplace / "study" / "one_raw_flashes.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    blank = "\n".join([lines[0] + ",target", *(line + "," for line in lines[1:])])
    table.write_text(blank, encoding="utf-8")
    result = p300_command("inspect", "study")
    assert result.exit_code == 0, result.output
    assert "No targets are known" in result.output
    assert (workplace / "inspect.png").is_file()


@pytest.mark.parametrize(
    ("folder", "flashes"),
    [("bci2000-speller", "1,050"), ("openvibe-speller", "700"), ("gtec-br41n/S1.mat", "1,200")],
)
def test_real_recordings_are_inspected(folder, flashes, data_root, tmp_path):
    result = p300_command("inspect", data_root / folder, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert flashes in result.output
    assert (tmp_path / "inspect.png").is_file()


@pytest.mark.parametrize(
    ("folder", "least"),
    [("openvibe-speller", 0.90), ("bci2000-speller", 0.90), ("muse-visual/subject1", 0.65)],
)
def test_the_config_for_a_real_recording_runs_well(folder, least, data_root, workplace):
    begun = p300_command("init", data_root / folder, "--out", "real.yaml")
    assert begun.exit_code == 0, begun.output
    quick = [*QUICK, "--set", "spelling={dynamic: false}"]
    finished = p300_command("run", "real.yaml", *quick)
    assert finished.exit_code == 0, finished.output
    assert mean_auc(workplace / "reports" / "real", "within_subject") >= least


def test_both_people_with_headbands_run_within_and_across(data_root, workplace):
    begun = p300_command("init", data_root / "muse-visual", "--out", "real.yaml")
    assert begun.exit_code == 0, begun.output
    assert "left out" not in begun.output
    assert "1 (6), 3 (5)" in begun.output
    run = p300_command("run", "real.yaml", "--jobs", 1, "--set", "detectors={slda: {}}")
    assert run.exit_code == 0, run.output
    rows = json.loads(Path("reports/real/metrics.json").read_text(encoding="utf-8"))["rows"]
    auc = {(r["protocol"], r["subject"]): r["value"] for r in rows if r["metric"] == "roc_auc"}
    tested = {(r["subject"], r["n"]) for r in rows if r["metric"] == "roc_auc"}
    assert {("1", 1161), ("3", 980)} <= tested  # every flash of every file
    assert auc["within_subject", "1"] >= 0.7
    assert {key[0] for key in auc} == {"within_subject", "cross_subject"}
