"""Processes of a session, as ``start_new_session`` makes one."""

from __future__ import annotations

import time
from pathlib import Path

END = 10.0
"""Seconds within which all processes of a run that was killed or told to stop must have ended."""


def processes(session: int) -> list[int]:
    """Give the processes of a session that are alive."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def all_end(session: int) -> bool:
    """Wait until a session has no process, for :data:`END` seconds at most."""
    until = time.monotonic() + END
    while processes(session):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
