"""What the benchmarks measure and how they tell it; their figures are made by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def whole(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import whole

    return whole


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_a_call_counts_the_child_alone(whole, tmp_path):
    busy = "import time\nwhile time.process_time() < 0.3: pass\nprint(0.75)"
    done = whole.called([sys.executable, "-c", busy], tmp_path, float)
    assert 0.3 <= done.cpu < 3
    assert done.auc == 0.75
    assert done.memory > 1


def test_a_call_that_fails_says_what_the_command_said(whole, tmp_path):
    with pytest.raises(SystemExit, match="out of order"):
        whole.called([sys.executable, "-c", "raise SystemExit('out of order')"], tmp_path, float)


def test_rows_without_moabb_say_so_and_have_all_columns(whole, capsys, monkeypatch):
    def call(*_):
        return whole.Call(2.0, 3.0, 400.0, 0.7)

    monkeypatch.setattr(whole, "SETTLED", 0)
    monkeypatch.setattr(whole, "make_study", print)
    monkeypatch.setattr(whole, "call_p300", call)
    monkeypatch.setattr(whole, "call_moabb", call)
    for there in (False, True):
        monkeypatch.setattr(whole, "has_moabb", lambda _, there=there: there)
        whole.print_whole([8], 2, sys.executable, 1, ["window"])
        head, _, row = [line for line in capsys.readouterr().out.splitlines() if line[:1] == "|"]
        assert len(cells(row)) == len(cells(head))
        told = dict(zip(cells(head), cells(row), strict=True))
        assert told["p300 warm"] == "2.0 (3.0)"
        assert told["MOABB cold"] == ("2.0 (3.0)" if there else "not installed here")
