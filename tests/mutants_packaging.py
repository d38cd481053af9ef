"""Lines of the configs that come with the package that carry a promise, for ``mutants.py``."""

from __future__ import annotations

from mutant import Mutant

PACKAGING = (
    Mutant(
        "a file wins over a config of the same name that comes with p300",
        "runs/shipped_configs.py",
        "if not path.is_file():",
        "if path:",
        ("tests/runs/test_shipped_configs.py",),
    ),
    Mutant(
        "a folder of the name of a config does not hide it",
        "runs/shipped_configs.py",
        "if not path.is_file():",
        "if not path.exists():",
        ("tests/runs/test_shipped_configs.py",),
    ),
    Mutant(
        "the configs of an installed package are found",
        "runs/shipped_configs.py",
        "return installed if installed.is_dir() else",
        "return",
        ("tests/runs/test_shipped_configs.py",),
    ),
    Mutant(
        "a path is no name",
        "runs/shipped_configs.py",
        "shipped_configs().get(config) if isinstance(config, str) else None",
        "shipped_configs().get(str(config))",
        ("tests/runs/test_shipped_configs.py",),
    ),
    Mutant(
        "that a config comes with p300 is told",
        "commands/configs.py",
        "if file.parent == shipped_folder() and",
        "if file.parent != shipped_folder() and",
        ("tests/commands/test_configs.py::test_a_name_is_planned_from_anywhere",),
    ),
)
