"""What names a character, a run, a session, a subject or a data set in a flash table."""

from __future__ import annotations

UNITS = {
    "character": ["dataset", "subject", "session", "run", "character"],
    "run": ["dataset", "subject", "session", "run"],
    "session": ["dataset", "subject", "session"],
    "subject": ["dataset", "subject"],
    "dataset": ["dataset"],
}
"""The columns that name one character, run, session, subject or data set."""
