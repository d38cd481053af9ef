from __future__ import annotations

import pytest

from p300.errors import RunWarning
from p300.report import report as report_module
from p300.report import write_report
from p300.runs.pool import WorkerKilledError


def test_a_report_whose_worker_is_killed_is_whole(own_run, monkeypatch):
    whole = write_report(own_run, jobs=1).read_bytes()
    sections = [s for s in report_module.SECTIONS if s.startswith("detection")]
    monkeypatch.setattr(report_module, "SECTIONS", sections)
    alone = write_report(own_run, jobs=1).read_bytes()

    def killed(function, calls, jobs):
        yield 0, function(*calls[0])
        raise WorkerKilledError("a worker process was killed")

    monkeypatch.setattr(report_module, "done_in_processes", killed)
    monkeypatch.setattr(report_module, "_PANELS", 1)
    with pytest.warns(RunWarning, match=r"a worker process was killed .* made without others"):
        assert write_report(own_run, jobs=2).read_bytes() == alone
    assert len(alone) < len(whole)


@pytest.mark.parametrize(("panels", "processes"), [(100, 1), (1, 3)])
def test_processes_are_started_where_there_is_much_to_draw(own_run, monkeypatch, panels, processes):
    started = []

    def noted(function, calls, jobs):
        started.append(jobs)
        yield from enumerate(function(*call) for call in calls)

    monkeypatch.setattr(report_module, "SECTIONS", report_module.SECTIONS[:1])
    monkeypatch.setattr(report_module, "done_in_processes", noted)
    monkeypatch.setattr(report_module, "_PANELS", panels)
    monkeypatch.setattr(report_module.os, "cpu_count", lambda: 3)
    write_report(own_run, jobs=None)
    write_report(own_run, jobs=2)
    assert started == ([processes, 2] if processes > 1 else [])
