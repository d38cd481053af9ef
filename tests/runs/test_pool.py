"""Processes that work for another one: they end with it, whatever they are at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
from sessions import all_end, processes

from p300.runs.pool import Processes, WorkerKilledError, done_in_processes

ASLEEP = """
import time
import warnings
from p300.runs.pool import done_in_processes
print("begun", flush=True)
list(done_in_processes(time.sleep, [(100,), (100,)], 2))
"""


def test_results_come_with_their_positions():
    assert dict(done_in_processes(divmod, [(7, 2), (9, 4), (5, 5)], 2)) == {
        0: (3, 1), 1: (2, 1), 2: (1, 0),
    }  # fmt: skip


def test_what_a_call_raises_comes_through():
    with pytest.raises(ZeroDivisionError):
        list(done_in_processes(divmod, [(1, 1), (1, 0)], 2))


def test_a_killed_process_is_named():
    with pytest.raises(WorkerKilledError, match="a worker process was killed"):
        list(done_in_processes(os.abort, [(), ()], 2))


def test_calls_that_wait_are_given_up_without_a_word(capsys, monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    for n in range(1, 4):
        done = done_in_processes(abs, [(k,) for k in range(300)], 2)
        for _ in range(n):
            next(done)
        done.close()
    assert told == []
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_processes_end_with_the_one_that_was_killed():
    command = [sys.executable, "-c", ASLEEP]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as process:
        until = time.monotonic() + 30
        while len(processes(process.pid)) < 3 and time.monotonic() < until:
            time.sleep(0.1)
        begun = len(processes(process.pid))
        process.kill()
        process.wait()
        ended = all_end(process.pid)
        for pid in processes(process.pid):
            os.kill(pid, signal.SIGKILL)
    assert begun >= 3
    assert ended


def test_processes_serve_one_call_after_another_and_say_nothing_of_being_replaced(recwarn):
    with Processes(2) as several:
        with warnings.catch_warnings():  # as while recordings are prepared
            first = {pid for _, pid in several.done(os.getpid, [(), (), ()])}
        again = {pid for _, pid in several.done(os.getpid, [(), (), ()])}
        warnings.warn("A worker stopped while some jobs were given to the executor.", stacklevel=1)
    assert os.getpid() not in first
    assert len(first | again) <= 2
    assert not recwarn
