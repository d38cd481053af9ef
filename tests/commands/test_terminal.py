"""What the commands print is what things are called, whatever that looks like."""

from __future__ import annotations

import errno

import pandas as pd
import pytest
import yaml
from own_recordings import save_annotated, study
from typer.testing import CliRunner

from p300.columns import METRIC_ROWS
from p300.commands.main import app
from p300.commands.terminal import (
    print_letter,
    print_letters,
    print_means,
    print_table,
    progress_bars,
)
from p300.runs import RunFolder
from p300.speller import Decision

ODD = ["S01[post]", "[bold]", "a[/]b", "x:dog:y", "back\\", "\\[red]"]


def test_cells_are_printed_as_they_are(capsys):
    print_table(ODD, [ODD])
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ODD
    assert row.split() == ODD


@pytest.mark.parametrize("name", ODD)
def test_the_heading_of_a_run_is_printed_as_it_is(capsys, name):
    decision = Decision("made", name, "1", "2", 1, "A", None, 0.9, 3, False, False)
    print_letter(decision, None)
    assert f"made/sub-{name}/ses-1/run-2\n" in capsys.readouterr().out


def spelled(text, post_hoc, run="1"):
    read = post_hoc or [None] * len(text)
    return [Decision("made", "1", "1", run, k, symbol, None, 0.9, 3, False, False, later)
            for k, (symbol, later) in enumerate(zip(text, read, strict=True))]  # fmt: skip


def test_the_text_is_printed_as_read_at_the_end_where_it_differs(capsys):
    same, other = spelled("AB", "AB"), spelled("CDE", "CXE", run="2")
    assert print_letters(iter(same + other)) == same + other
    end = capsys.readouterr().out.partition("E  p =")[2]
    assert "run-1" not in end
    assert "run-2\n  as spelled (instant):           CDE\n" in end
    assert "  as read at the end (post-hoc):  CXE\n" in end


@pytest.mark.parametrize("post_hoc", [None, "AB"])
def test_a_text_that_reads_the_same_is_not_printed_twice(capsys, post_hoc):
    print_letters(iter(spelled("AB", post_hoc)))
    assert "at the end" not in capsys.readouterr().out


@pytest.mark.parametrize(("low", "shown"), [(0.6, "0.700 [0.600, 0.800]"), (None, "0.700 ")])
def test_means_are_printed_with_their_intervals_or_why_there_are_none(tmp_path, capsys, low, shown):
    where = {"dataset": "made", "protocol": "within_subject", "detector": "slda"}
    mean = {"subject": "mean", "value": 0.7, "low": low, "high": low and 0.8, "n": 6}
    rows = [{**where, **mean, "metric": name} for name in ("roc_auc", "balanced_accuracy")]
    folder = RunFolder(tmp_path)
    table = pd.DataFrame(rows).reindex(columns=METRIC_ROWS.names)
    folder.write_metrics(table.assign(alignment="none", decoded="instant"))
    print_means(folder)
    printed = capsys.readouterr().out
    assert "ROC-AUC [95 %]" in printed
    assert shown in printed
    assert ("No 95 % interval below 6 subjects." in printed) == (low is None)


def test_stages_are_printed_as_they_are(capsys):
    with progress_bars() as progress:
        progress("reading S01[post]", 1, 1)
    assert "reading S01[post]" in capsys.readouterr().err


def test_a_stage_keeps_its_length_while_another_goes_on(capsys):
    with progress_bars() as progress:
        for stage, done, total in (
            ("reading", 3, 0), ("fitting", 0, 4), ("summing", 2, 2), ("fitting", 4, 4),
        ):  # fmt: skip
            progress(stage, done, total)
    said = capsys.readouterr().err
    assert "3/3" in said
    assert "4/4" in said
    assert "4/0" not in said


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/x/a"), "Permission denied: '/x/a'"),
        (PermissionError("could not write to data cache folder"), "could not write to"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left"),
    ],
)
def test_places_that_refuse_are_errors_in_one_line(monkeypatch, tmp_path, error, message):
    def refuse(*arguments, **options):
        raise error

    monkeypatch.setattr("p300.recordings.fetch.fetch_files", refuse)
    command = ["datasets", "fetch", "bnci2014_008", "--data", str(tmp_path)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.strip().count("\n") == 0


def test_other_errors_of_the_system_are_not_hidden(monkeypatch, tmp_path):
    def refuse(*arguments, **options):
        raise OSError("a bug")

    monkeypatch.setattr("p300.recordings.fetch.fetch_files", refuse)
    result = CliRunner().invoke(app, ["datasets", "fetch", "bnci2014_008"])
    assert isinstance(result.exception, OSError)


@pytest.mark.filterwarnings("always::p300.errors.DataWarning")
def test_warnings_are_lines_of_words_where_there_are_no_progress_bars(tmp_path):
    recording = study()[0]
    recording.raw.apply_function(lambda row: 0 * row, picks=["Oz"])
    save_annotated(recording, tmp_path / "sub-1_raw.fif", {True: "target", False: "nontarget"})
    config = tmp_path / "study.yaml"
    source = {"source": "annotated", "path": str(tmp_path), "target": ["target"]}
    source["nontarget"] = ["nontarget"]
    text = {"datasets": {"mine": source}, "detectors": {"slda": {}}}
    text["protocols"] = {"within_subject": {}}
    config.write_text(yaml.safe_dump(text), encoding="utf-8")
    said = CliRunner().invoke(app, ["run", str(config), "--dry-run"])
    assert said.exit_code == 0, said.output
    assert said.stderr.startswith("Warning: ")
    assert "['Oz'] are flat" in said.stderr.replace("\n", " ")
