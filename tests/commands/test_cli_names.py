"""Names of folders and configs as people write them: spaces, umlauts, other scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from own_recordings import save_annotated, save_with_table, study
from typer.testing import CliRunner

from p300.commands.main import app

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*calibration slope"),
    pytest.mark.filterwarnings("ignore::p300.errors.DataWarning"),
]


def p300_command(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.mark.parametrize("name", ["Größe 1", "лаборатория", "a&b <i>"])
def test_a_folder_and_a_config_of_any_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).mkdir()
    recording = study(characters_per_run=4, repetitions=3)[0]
    save_annotated(recording, Path(name) / "Müller, Anna_raw.fif", {True: "rare", False: "often"})
    begun = p300_command(
        "init", name, "--out", f"{name}.yaml",
        "--option", "target=[rare]", "--option", "nontarget=[often]",
    )  # fmt: skip
    assert begun.exit_code == 0, begun.output
    run = p300_command("run", f"{name}.yaml", "--jobs", 1, "--set", "detectors={slda: {}}")
    assert run.exit_code == 0, run.output
    assert (Path("reports") / name / "report.html").is_file()


def test_a_config_name_from_a_folder_with_umlauts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("Über Größe").mkdir()
    save_annotated(study()[0], Path("Über Größe/s1_raw.fif"), {True: "oddball", False: "standard"})
    assert p300_command("init", "Über Größe").exit_code == 0
    assert Path("Ueber_Groesse.yaml").is_file()


def test_a_line_for_the_matrix_stands_where_codes_are_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("study").mkdir()
    recording = study(characters_per_run=4)[0]
    recording.flashes["code"] += 40  # codes of no matrix that is known
    save_with_table(recording, Path("study/s1_raw.fif"), ["sample", "target", "code"])
    assert p300_command("init", "study").exit_code == 0
    text = Path("study.yaml").read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if "# layout:" in line)
    assert line.startswith("      # layout: [ABCDEF,")
    said = yaml.safe_load(text.replace("      # layout:", "      layout:"))
    assert said["datasets"]["study"][0]["layout"][-1] == "56789_"
