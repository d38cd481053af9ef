"""Packages with entry points, as pip leaves them: a folder that Python's path can start with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "plugin"


def install_example(folder: Path) -> Path:
    """Install the example with pip, without any index; return the folder to put on the path."""
    copy, target = folder / "example", folder / "installed"
    shutil.copytree(EXAMPLE, copy)  # setuptools builds beside the sources
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
            "--no-build-isolation", "--disable-pip-version-check", "--target", str(target),
            str(copy),
        ],
        check=True,
    )  # fmt: skip
    return target


def write_package(
    folder: Path,
    name: str,
    code: str,
    entry_points: Mapping[str, Mapping[str, str]],
    version: str = "1.0",
) -> None:
    """Write a package of one module, and its metadata, into a folder as if installed there."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = []
    for group, entries in entry_points.items():
        lines += [f"[{group}]", *(f"{key} = {place}" for key, place in entries.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")


def command_line(folder: Path, *arguments: str, succeeds: bool = True) -> str:
    """Run p300 in a process of its own that finds what is installed in a folder."""
    path = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "p300", *arguments], text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "250"}, cwd=folder.parent, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
    return done.stdout + done.stderr
