"""What tells that files are as they were, without reading them.

Of each file: its place, size, the times of its last change, and a hash of its beginning, its end
and blocks between. Whoever changes a byte and puts the time of the change back is still told by the
other time, which no program can set (``st_ctime``, not on Windows). Of a folder: all that is in it
and below, so that a file that is new, gone or renamed is told, whether a loader wants it or not.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MOST_FILES = 20_000
"""Files and folders above which nothing is told: to look at them all takes as long as reading."""

WHOLE = 256 * 1024
"""Bytes up to which a file is hashed whole."""

BLOCK, N_BLOCKS = 16 * 1024, 15
"""Of larger files: bytes of a block, and blocks from the first byte to the last."""

_NOT_READ = frozenset({".git"})
"""Folders that no loader reads."""


class _UntoldError(Exception):
    """Something cannot be told of the files."""


def footprint(path: Path | None, options: Mapping[str, Any]) -> tuple[list[Any], float] | None:
    """Describe all files that recordings can follow from.

    Parameters
    ----------
    path
        The file or folder of a source: what is in a folder and below, and the files beside it;
        what is beside a file, and below its folder. None where there are no files.
    options
        Of the source's loader; what one of them names is looked at, too.

    Returns
    -------
    Facts, JSON-ready, the same as long as the files are the same; and the time of the last change
    of any of them, in seconds. None where it cannot be told.
    """
    facts: list[Any] = []
    newest = 0.0
    try:
        for file in sorted(_files(path, options)):
            found, changed = _describe(file)
            facts.append(found)
            newest = max(newest, changed)
    except (OSError, _UntoldError):
        return None
    return facts, newest


def _files(path: Path | None, options: Mapping[str, Any]) -> set[Path]:
    """Return the absolute paths of all files and folders to be described."""
    found: set[Path] = set()
    named = [value for value in options.values() if isinstance(value, str) and len(value) < 1024]
    places = [Path(value) for value in named if os.path.lexists(value)]
    for place in [*([] if path is None else [path]), *places]:
        whole = place.absolute()
        if place.is_dir():
            # Other folders beside it are left aside: runs and the cache may be written there.
            stem = whole.name.partition(".")[0]
            beside = (other for other in whole.parent.iterdir()
                      if other.is_file() or other.name.startswith(stem))  # fmt: skip
            found.update(itertools.islice(beside, MOST_FILES))
        else:
            whole = whole.parent
        for one in _below(whole, ()):
            found.add(one)
            if len(found) > MOST_FILES:
                raise _UntoldError
    return found


def _below(folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[Path]:
    """Yield a folder and all in it, through links; one that leads back up is not followed."""
    yield folder
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    with os.scandir(folder) as scanned:
        entries = list(scanned)
    for entry in entries:
        path = folder / entry.name
        if not entry.is_dir():
            yield path
        elif entry.name not in _NOT_READ:
            yield from _below(path, (*above, here))


def _describe(file: Path) -> tuple[list[Any], float]:
    """Return what tells a file or folder, and when it changed last."""
    try:
        status = file.stat()
    except FileNotFoundError:  # a link that leads nowhere
        return [str(file), str(file.readlink())], file.lstat().st_ctime
    if stat.S_ISDIR(status.st_mode):
        return [str(file), status.st_dev, status.st_ino], 0.0
    if not stat.S_ISREG(status.st_mode):
        raise _UntoldError
    times = [status.st_mtime_ns, status.st_ctime_ns]
    facts = [str(file), status.st_size, *times, status.st_dev, status.st_ino]
    return [*facts, _quick_hash(file, status.st_size)], max(times) / 1e9


def _quick_hash(file: Path, size: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with file.open("rb") as opened:
        if size <= WHOLE:
            digest.update(opened.read(WHOLE + 1))
        else:
            for number in range(N_BLOCKS):
                opened.seek(number * (size - BLOCK) // (N_BLOCKS - 1))
                digest.update(opened.read(BLOCK))
    return digest.hexdigest()
