"""Commands that are told to stop, in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sessions import all_end, processes

CONFIG = """
datasets: {simulated: {source: simulated, n_subjects: 2}}
detectors: {cnn1: {max_passes: 2000, patience: 2000}}
protocols: {within_subject: {}}
"""

# Where tests run in the background interrupts are ignored, and so they would be by what is started
# there; this is to be a run in the foreground.
FOREGROUND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from p300.__main__ import main
main()
"""


@pytest.fixture
def started(tmp_path):
    """Start a run with two workers; give it when folds are being fitted."""
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    arguments = ["run", "config.yaml", "--out", "run", "--jobs", "2"]
    command = [sys.executable, "-c", FOREGROUND, *arguments]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "P300_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(Path.cwd())},
        start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while len(processes(process.pid)) < 3 and time.monotonic() < until:
        time.sleep(0.2)
    time.sleep(2)
    assert process.poll() is None
    yield process
    for pid in processes(process.pid):
        os.kill(pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize(
    ("number", "status", "word"),
    [
        (signal.SIGTERM, 143, "Terminated. A run goes on"),
        (signal.SIGINT, 130, "Interrupted. A run"),
    ],
)
def test_a_run_that_is_told_to_stop_says_so_and_leaves_no_process(started, number, status, word):
    if number == signal.SIGINT:
        os.killpg(started.pid, number)  # as a terminal does
    else:
        started.send_signal(number)
    _, said = started.communicate(timeout=20)
    assert started.returncode == status
    assert word in said
    assert "Traceback" not in said
    assert all_end(started.pid)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_workers_end_with_a_run_that_was_killed(started):
    started.kill()
    started.wait(timeout=10)
    assert all_end(started.pid)


def test_the_request_to_end_becomes_an_exception_once(monkeypatch):
    from p300.commands import stopping

    timers = []
    monkeypatch.setattr(stopping.threading, "Timer", lambda *args: timers.append(args) or _Timer())
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(stopping.Terminated), stopping.stoppable():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
    assert timers == [(stopping.GRACE, os._exit, (143,))]


class _Timer:
    daemon = False

    def start(self):
        """Start nothing."""
