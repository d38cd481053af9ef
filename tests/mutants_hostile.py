"""What breaks the promises that nothing hostile gets through and nothing half done stays."""

from __future__ import annotations

from mutant import Mutant

HOSTILE = (
    Mutant(
        "a config of few letters does not stand for values without end",
        "yaml_text.py",
        "if _count_values(root, {}) > MOST_VALUES:",
        "if False:",
        ("tests/test_yaml_text.py",),
    ),
    Mutant(
        "a message shows keys with their control characters escaped",
        "runs/config.py",
        'as_key(part) for part in error["loc"]',
        'str(part) for part in error["loc"]',
        ("tests/runs/test_config.py",),
    ),
    Mutant(
        "control characters are shown as escapes",
        "errors.py",
        "unicodedata.category(letter) in _HIDDEN",
        "False",
        ("tests/test_errors.py",),
    ),
    Mutant(
        "a command that is told to end says 143",
        "commands/stopping.py",
        "INTERRUPTED, TERMINATED = 130, 143",
        "INTERRUPTED, TERMINATED = 130, 130",
        ("tests/commands/test_told_to_stop.py",),
    ),
    Mutant(
        "workers end with their parent",
        "runs/pool.py",
        "threading.Thread(target=_end_with, args=(parent,), daemon=True).start()",
        "pass",
        ("tests/commands/test_told_to_stop.py",),
    ),
    Mutant(
        "headers name files beside them alone",
        "recordings/readers/named_files.py",
        "named.is_relative_to(folder)",
        "True",
        ("tests/recordings/readers",),
    ),
    Mutant(
        "stored weights are finite",
        "stored/arrays.py",
        "if not np.isfinite(array).all():",
        "if False:",
        ("tests/stored",),
    ),
    Mutant(
        "an array's header is compared with its file before room is made",
        "stored/arrays.py",
        "if promised != found or",
        "if False or",
        ("tests/stored",),
    ),
    Mutant(
        "a full disk is an error that says so",
        "files.py",
        "return error.errno in",
        "return error.errno not in",
        ("tests/test_files.py", "tests/runs/test_cache_faults.py"),
    ),
)
