"""What breaks the promises about a run's log and how much commands tell."""

from __future__ import annotations

from mutant import Mutant

LOG = ("tests/runs/test_log.py",)

RUN_LOG = (
    Mutant(
        "a mistake leaves no log behind",
        "runs/log.py",
        "if not self._folder.config_file.is_file():",
        "if False:",
        LOG,
    ),
    Mutant(
        "a log that is a link to elsewhere is left alone",
        "runs/log.py",
        "check_inside(file, self._folder.path)  #",
        "pass  #",
        LOG,
    ),
    Mutant(
        "a log is added to",
        "runs/log.py",
        'file.open("a", encoding="utf-8")',
        'file.open("w", encoding="utf-8")',
        LOG,
    ),
    Mutant(
        "a quiet command shows no progress",
        "commands/terminal.py",
        "if telling() is Telling.QUIET:\n        yield silent",
        "if False:\n        yield silent",
        ("tests/commands/test_telling.py",),
    ),
)
