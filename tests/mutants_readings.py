"""What breaks the promise that recordings are read again when anything about them has changed."""

from __future__ import annotations

from mutant import Mutant

READINGS = (
    Mutant(
        "who puts the time of a change back is told by the other time",
        "recordings/footprint.py",
        "times = [status.st_mtime_ns, status.st_ctime_ns]",
        "times = [status.st_mtime_ns]",
        ("tests/recordings/test_footprint.py",),
    ),
    Mutant(
        "nothing is kept of files that changed while they were read",
        "runs/readings.py",
        "if now is None or now.state != self.state or",
        "if now is None or",
        ("tests/runs/test_readings.py",),
    ),
    Mutant(
        "nothing is kept of files that could change again under the same time",
        "runs/readings.py",
        "self.changed > self.looked - SETTLED",
        "False",
        ("tests/runs/test_readings.py",),
    ),
)
