"""Preprocessed epochs kept between runs, for all runs: found by what they were made of.

An entry is the epochs of one data set. It lies at ``SETTINGS/CONTENT``: two hashes, of the settings
and versions that it was made with and of the recordings' content. The content, not the files: a
format may spread a recording over files that only its loader finds, and generated data have none.
What it is of files that are as they were when they were read last, :mod:`p300.runs.readings` knows;
else recordings are read, which takes far less than preprocessing them.

Whoever finds an entry finds it whole: it is built under a temporary name and renamed. Of two
writers of the same entry the slower one throws its copy away. What became of the files since is
checked against checksums, once a run; an entry consists of regular files by fixed names, and no
other is opened. Who builds an entry holds a lock on a file in it, which ends with the process:
what was left behind by one that was killed is told from what somebody builds now.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import stat
import time
import uuid
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

import p300
from p300.errors import DataWarning, NoRoomError
from p300.files import cache_folder, is_full, no_room_in_cache, safe_name, write_json

DATA_VERSION = 4
"""To be raised with every change that makes other epochs of the same recordings and settings, or
tells something else of how they were made."""

PACKAGES = ("numpy", "scipy", "mne")
"""Packages that compute epochs: with another version of theirs they are made anew."""

CHECKSUMS, LOCK = "checksums.json", "lock"

EPOCHS = ("X.npy", "flashes.parquet", "epochs.json", "made_of.json")
"""The files of every entry."""

DATA_SET = (*EPOCHS, "averages.parquet", "epoch_images.parquet")
"""The files of the entry of one data set."""

_LARGEST_CHECKSUMS = 10_000
_FORGOTTEN = 24 * 3600.0
"""Seconds after which a folder without a lock that is no entry was left behind."""


def entries_made_with(name: str, settings: dict[str, Any]) -> Path:
    """Return the folder of the entries that were made of a data set with the same settings.

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
    """Return a short hash of something JSON-ready."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


@contextmanager
def new_entry(parent: Path) -> Iterator[Path]:
    """Return a folder to build an entry in; what :func:`publish` has not taken is removed.

    Raises
    ------
    NoRoomError
        When the disk is full, naming the cache and what is needed.
    """
    while True:
        folder = parent / f".{uuid.uuid4().hex[:8]}.tmp"
        folder.mkdir(parents=True)
        with _locked(folder / LOCK) as is_mine:
            if not is_mine:  # somebody took it for left behind
                continue
            try:
                yield folder
            except (OSError, NoRoomError) as error:
                if isinstance(error, OSError) and not is_full(error):
                    raise
                needed = getattr(error, "needed", 0) or _size(folder)
                raise no_room_in_cache(cache_folder(), needed, error) from error
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            return


@contextmanager
def _locked(file: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock on a file, made if it is not there; tell whether it is held.

    Without ``wait`` a file that is not there is not made, and a lock of another not waited for.
    """
    try:
        import fcntl
    except ImportError:  # Windows: the age of a folder must tell
        yield wait
        return
    flags = os.O_RDWR | os.O_NOFOLLOW | (os.O_CREAT if wait else os.O_NONBLOCK)
    opened = os.open(file, flags, 0o666)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        # Who held it before may have removed the file.
        yield file.exists() and os.path.samestat(os.fstat(opened), file.stat())
    finally:
        os.close(opened)


def remove_leftovers() -> None:
    """Remove what killed processes left half built in the cache, nothing that is being built."""
    for folder in (path for group in _groups() for path in group.glob(".*.tmp")):
        if re.fullmatch(r"\.[0-9a-f]{8}\.tmp", folder.name) and _is_left_behind(folder):
            _remove(folder)


def _is_left_behind(folder: Path) -> bool:
    try:
        with _locked(folder / LOCK, wait=False) as is_mine:
            if is_mine:
                return True
    except OSError:  # there is no lock, or something else in its place
        pass
    else:
        if os.name == "posix":
            return False
    try:
        return time.time() - folder.lstat().st_mtime > _FORGOTTEN
    except FileNotFoundError:  # it has just become an entry
        return False


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def publish(built: Path, entry: Path, files: Sequence[str]) -> None:
    """Make a built folder an entry, unless another process was faster.

    Parameters
    ----------
    built
        From :func:`new_entry`.
    entry
        Its place.
    files
        Names of all its files, :data:`EPOCHS` or :data:`DATA_SET`.
    """
    write_json(built / CHECKSUMS, {name: _checksum(built / name) for name in files})
    (built / LOCK).unlink(missing_ok=True)
    try:
        built.rename(entry)
    except OSError:
        if not entry.is_dir():
            raise


def is_whole(entry: Path, files: Sequence[str], unread: Collection[str] = ()) -> bool:
    """Return whether an entry is there and as it was written; one that is not is removed.

    Parameters
    ----------
    entry
        Its folder.
    files
        Names of all its files; others are not looked at.
    unread
        Those among them that the caller has no use for: they are not compared.

    Warns
    -----
    DataWarning
        Naming the entry and the files that have changed.
    """
    for folder in (entry.parent, entry):
        if not os.path.lexists(folder):
            return False
        if folder.is_symlink() or not folder.is_dir():
            _make_anew(folder, "it is no folder")
            return False
    try:
        stored = _stored_checksums(entry, files)
        used = [name for name in files if name not in unread]
        changed = [name for name in used if _checksum(entry / name) != stored[name]]
    except (OSError, ValueError, RecursionError) as error:
        changed = [str(error)]
    if changed:
        _make_anew(entry, ", ".join(changed))
    return not changed


def _stored_checksums(entry: Path, files: Sequence[str]) -> dict[str, Any]:
    file = entry / CHECKSUMS
    with _opened(file) as opened:
        stored = json.loads(opened.read(_LARGEST_CHECKSUMS).decode("utf-8"))
    if not isinstance(stored, dict) or {*stored} != {*files}:
        raise ValueError(f"{file} does not list {', '.join(files)}")
    return stored


def _make_anew(entry: Path, why: str) -> None:
    warnings.warn(
        f"{entry}: this entry of the cache is damaged ({why}); it is made anew",
        DataWarning,
        stacklevel=3,
    )
    _remove(entry)


def _remove(path: Path) -> None:
    """Remove a folder, file or link, which another process may be removing, too."""
    aside = path.with_name(f".{uuid.uuid4().hex[:8]}.tmp")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return
    if aside.is_symlink() or not aside.is_dir():
        aside.unlink(missing_ok=True)
    else:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _opened(file: Path) -> Iterator[BufferedReader]:
    """Open a regular file; follow no link and wait for no pipe."""
    if not stat.S_ISREG(file.lstat().st_mode):
        raise ValueError(f"{file} is no regular file")
    with file.open("rb") as opened:
        yield opened


def _checksum(file: Path) -> str:
    with _opened(file) as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def entry_sizes() -> dict[Path, int]:
    """Return the folder of every entry, unfinished ones included, and its bytes."""
    return {
        entry: _size(entry)
        for group in _groups()
        for entry in sorted(group.iterdir())
        if entry.is_dir() and not entry.is_symlink()
    }


def clear_cache() -> None:
    """Remove all entries; whatever else lies in the folder stays."""
    for group in _groups():
        shutil.rmtree(group)


def _groups() -> list[Path]:
    """Return the folders made here: ``P300_CACHE`` may name a folder that holds other things."""
    folder = cache_folder()
    named = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        path
        for path in named
        if re.search(r"-[0-9a-f]{24}$", path.name) and path.is_dir() and not path.is_symlink()
    ]
