"""Packages that only some formats need, and the command that installs them."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from p300.errors import RecordingError


def import_extra(package: str, file: Path, kind: str) -> ModuleType:
    """Import a package of the extra ``formats``.

    Parameters
    ----------
    package
        Its name.
    file
        The file that needs it, and ``kind``, what it is, for messages.

    Raises
    ------
    RecordingError
        When the package is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise RecordingError(
            f"{file}: {kind} found, which the package {package} reads; install it with: "
            "pip install 'p300[formats]'"
        ) from error
