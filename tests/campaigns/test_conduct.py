"""Campaigns in processes of their own: what is told of those that fail, die or hang."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from campaigns import __main__ as command
from campaigns.conduct import CAMPAIGNS, conducted
from campaigns.tried import Tried

TESTS = Path(__file__).resolve().parents[1]
OWN = {
    name: (f"campaigns.test_conduct:{name}", 1)
    for name in ("fine", "dying", "silent", "broken", "never", "absent")
}


def fine(place, seed, tries):
    for k in tries:
        yield Tried(k, f"seed {seed}", ("worked", "refused", "wrong")[k % 3])


def dying(place, seed, tries):
    for k in tries:
        if k == 1:
            os.abort()
        yield Tried(k, "", "worked")


def silent(place, seed, tries):
    for k in tries:
        time.sleep(100 if k == 1 else 0)
        yield Tried(k, "", "worked")


def broken(place, seed, tries):
    for k in tries:
        if k == 1:
            raise ValueError("of its own")
        yield Tried(k, "", "worked")


def never(place, seed, tries):
    raise ValueError("before anything was tried")
    yield


def absent(place, seed, tries):
    yield Tried(0, "", "left out: not here")


@pytest.mark.parametrize(
    ("name", "said"),
    [("dying", "the process died"), ("silent", "silent for 10 s"), ("broken", "of its own")],
)
def test_a_campaign_goes_on_after_one_that_dies_or_hangs(name, said):
    tried = list(conducted(name, 1, 60, tries=[0, 1, 2], campaigns=OWN, silence=10))
    assert [one.number for one in tried] == [0, 1, 2]
    assert said in tried[1].outcome
    assert tried[0].held
    assert tried[2].held


def test_a_campaign_that_cannot_begin_is_told_once():
    (one,) = conducted("never", 1, 60, campaigns=OWN)
    assert "before anything was tried" in one.outcome


def test_failures_are_told_with_what_repeats_them(monkeypatch, capsys):
    monkeypatch.setattr(command, "CAMPAIGNS", OWN)
    monkeypatch.setattr(
        command, "conducted", lambda *given, tries: conducted(*given, tries=tries, campaigns=OWN)
    )
    assert command.main(["--only", "fine", "--only", "absent", "--seed", "7", "--try", "2"]) == 1
    said = capsys.readouterr().out
    assert "fine: wrong\n    seed 7\n    python -m campaigns --only 'fine' --seed 7 --try 2" in said
    assert "| fine | 1 | 0 | 0 | 1 |" in said
    assert "| absent (left out: not here) | 0 | 0 | 0 | 0 |" in said
    assert command.main(["--only", "fine", "--try", "0", "--try", "1"]) == 0
    assert "| fine | 2 | 2 | 1 | 0 |" in capsys.readouterr().out


def test_ctrl_c_is_a_line_and_the_table(monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "conduct", interrupted)
    assert command.main([]) == 1
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert out.startswith("| campaign |")


def test_every_campaign_is_there():
    import importlib

    for where, _ in CAMPAIGNS.values():
        module, _, function = where.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_the_command_is_found():
    done = subprocess.run(
        [sys.executable, "-m", "campaigns", "--help"], cwd=TESTS.parent, text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)}, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "--minutes" in done.stdout
