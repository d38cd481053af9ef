"""Preprocessed epochs kept between runs, for all runs: found by what they were made of.

An entry is the epochs of one data set. It lies at ``SETTINGS/CONTENT``: two hashes, of the settings
and versions that it was made with and of the recordings' content. The content, not the files: a
format may spread a recording over files that only its loader finds, and generated data have none.
To know it, recordings are read at every run, which takes far less than preprocessing them.

Whoever finds an entry finds it whole: it is built under a temporary name and renamed. Of two
writers of the same entry the slower one throws its copy away. What became of the files since is
checked against checksums, once a run.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import shutil
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import p300
from p300.errors import DataWarning
from p300.files import cache_folder, read_json, safe_name, write_json

DATA_VERSION = 3
"""To be raised with every change that makes other epochs of the same recordings and settings, or
tells something else of how they were made."""

PACKAGES = ("numpy", "scipy", "mne")
"""Packages that compute epochs: with another version of theirs they are made anew."""

CHECKSUMS = "checksums.json"


def entries_made_with(name: str, settings: dict[str, Any]) -> Path:
    """Give the folder of the entries that were made of a data set with the same settings.

    Parameters
    ----------
    name
        Of the data set.
    settings
        Of the preprocessing, JSON-ready.
    """
    versions = [p300.__version__, *(importlib.metadata.version(package) for package in PACKAGES)]
    return (
        cache_folder() / f"{safe_name(name)}-{hash_facts([DATA_VERSION, versions, name, settings])}"
    )


def hash_facts(facts: list[Any]) -> str:
    """Give a short hash of something JSON-ready."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


@contextmanager
def new_entry(parent: Path) -> Iterator[Path]:
    """Give a folder to build an entry in; what :func:`publish` has not taken is removed."""
    folder = parent / f".{uuid.uuid4().hex[:8]}.tmp"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(built: Path, entry: Path) -> None:
    """Make a built folder an entry, unless another process was faster."""
    files = sorted(path for path in built.iterdir() if path.is_file())
    write_json(built / CHECKSUMS, {path.name: _checksum(path) for path in files})
    try:
        built.rename(entry)
    except OSError:
        if not entry.is_dir():
            raise


def is_whole(entry: Path) -> bool:
    """Tell whether an entry is there and as it was written; one that is not is removed.

    Warns
    -----
    DataWarning
        Naming the entry and the files that have changed.
    """
    if not entry.is_dir():
        return False
    try:
        stored = read_json(entry / CHECKSUMS)
        changed = [name for name in stored if _checksum(entry / name) != stored[name]]
    except (OSError, ValueError, AttributeError) as error:
        changed = [str(error)]
    if not changed:
        return True
    warnings.warn(
        f"{entry}: this entry of the cache is damaged ({', '.join(changed)}); it is made anew",
        DataWarning,
        stacklevel=2,
    )
    aside = entry.with_name(f".{uuid.uuid4().hex[:8]}.tmp")
    try:
        entry.rename(aside)
    except FileNotFoundError:  # another process has removed it
        return False
    shutil.rmtree(aside)
    return False


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def entry_sizes() -> dict[Path, int]:
    """Give the folder of every entry, unfinished ones included, and its bytes."""
    return {
        entry: sum(path.stat().st_size for path in entry.rglob("*") if path.is_file())
        for group in _groups()
        for entry in sorted(group.iterdir())
    }


def clear_cache() -> None:
    """Remove all entries; whatever else lies in the folder stays."""
    for group in _groups():
        shutil.rmtree(group)


def _groups() -> list[Path]:
    """Give the folders made here: ``P300_CACHE`` may name a folder that holds other things."""
    folder = cache_folder()
    named = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in named if re.search(r"-[0-9a-f]{24}$", path.name) and path.is_dir()]
