"""The command of the page: what it refuses, and what it trains."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from p300.commands import speller as command
from p300.commands.main import app
from p300.speller.fitted import Fitted


def run(*arguments):
    return CliRunner().invoke(app, ["speller", *arguments])


def test_without_the_server_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "websockets.asyncio", None)
    result = run()
    assert result.exit_code == 1
    assert "pip install 'p300[online]'" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--person", "lsl"), "--detector FOLDER"),
        (("--eeg", "amp"), "--person lsl"),
        (("--person", "somebody"), "simulated"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments, text):
    result = run(*arguments)
    assert result.exit_code == 2
    assert text in " ".join(result.stderr.replace("│", " ").split())


def test_rows_are_letters_or_words():
    assert command._symbols("AB1") == ["A", "B", "1"]
    assert command._symbols("yes no A") == ["yes", "no", "A"]


def test_a_detector_is_trained_once_on_others_of_the_paradigm(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("P300_CACHE", str(tmp_path))
    small = command.OTHERS.replace("n_subjects: 16", "n_subjects: 3")
    monkeypatch.setattr(command, "OTHERS", small.replace("repetitions: 10", "repetitions: 3"))
    first = command.trained_on_others("checkerboard")
    assert "Training" in capsys.readouterr().out
    assert isinstance(first, Fitted)
    assert len(first.layout.groups) == 18
    assert first.adapting is not None
    again = command.trained_on_others("checkerboard")
    assert "Training" not in capsys.readouterr().out
    assert again.model == first.model
