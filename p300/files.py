"""Files that are whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from p300.errors import NoRoomError, RunError, StoredFileError
from p300.json_text import LARGEST, parse_json


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; rename it to ``path`` when the block succeeds.

    Works for a file and, where ``path`` does not exist yet, for a folder. On an error nothing is
    left behind. What was written is on the disk before it is renamed, so that a power cut leaves
    the old file or the new one, and none that is empty.

    Raises
    ------
    NoRoomError
        When the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp{path.suffix}")
    try:
        yield temporary
        for file in temporary.rglob("*") if temporary.is_dir() else [temporary]:
            _put_on_disk(file)
        if path.is_dir() and not temporary.is_dir():
            raise RunError(f"{path} is a folder, expected a file there; move it away")
        temporary.replace(path)
    except BaseException as error:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and is_full(error):
            raise NoRoomError(
                f"{path}: cannot be written, no room is left there ({error}); free some and start "
                "again: what is done is kept"
            ) from error
        raise


def is_full(error: OSError) -> bool:
    """Return whether an error says that a disk is full, or that nobody may write as much."""
    if error.errno is None:  # numpy counts what it could write, and tells no more
        return "requested and" in str(error)
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _put_on_disk(file: Path) -> None:
    if file.is_file():
        with file.open("rb+") as opened:
            os.fsync(opened.fileno())


LONGEST_NAME = 120
"""Characters of a safe file name; with what is added to it a file system's 255 bytes are enough."""


def safe_name(label: str) -> str:
    """Return a label as (part of) a file name that lies in its folder on any file system.

    A label of plain letters, digits and ``._+-`` is its own name. Of any other the safe characters
    are kept and a hash of the label is added, so that different labels never share a file.

    Parameters
    ----------
    label
        Any text, such as the name that a file gives to a subject.
    """
    plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", label)
    if plain and len(label) <= LONGEST_NAME:
        return label
    kept = re.sub(r"[^A-Za-z0-9_+-]+", "-", label).strip("-")[: LONGEST_NAME - 9]
    digest = hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{kept}-{digest}" if kept else digest


def is_temporary(path: Path) -> bool:
    """Return whether a name is one that :func:`written_whole` writes under."""
    given = re.fullmatch(r"\.(.+)\.[0-9a-f]{8}\.tmp(\..+)?", path.name)
    return given is not None and Path(given[1]).suffix == (given[2] or "")


def remove_temporaries(folder: Path) -> None:
    """Remove what a killed writer left in a folder and the folders in it, and nothing else."""
    for path in [path for path in folder.rglob(".*.tmp*") if is_temporary(path)]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def finished_files(folder: Path, suffix: str) -> list[Path]:
    """Return the files of a folder with a suffix, in order, less those that are being written."""
    return [path for path in sorted(folder.glob(f"*{suffix}")) if not is_temporary(path)]


def write_json(path: Path, content: Any) -> None:
    """Write JSON for people and programs: indented, keys in the order given, no NaN."""
    with written_whole(path) as temporary:
        text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def check_inside(path: Path, root: Path) -> None:
    """Refuse a file or folder that links take out of the folder that it should be in.

    Parameters
    ----------
    path
        Need not exist.
    root
        The folder; a link may lead to it.

    Raises
    ------
    StoredFileError
        Nothing has been opened then.
    """
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, impossible names
        raise StoredFileError(f"{path}: it leads nowhere ({error})") from error
    if not inside:
        raise StoredFileError(
            f"{path}: a link out of its folder found, which is not followed; put a copy of what it "
            "leads to in its place"
        )


def check_plain(path: Path, root: Path) -> None:
    """Refuse what is not a plain file in a folder: a pipe, a device, a link out of it.

    Raises
    ------
    StoredFileError
        Nothing has been opened then.
    """
    check_inside(path, root)
    if not path.is_file():
        found = "something that is no plain file" if os.path.lexists(path) else "nothing"
        raise StoredFileError(f"{path}: {found} found, expected a file")


def read_json(path: Path, largest: int = LARGEST) -> Any:
    """Read a JSON file, by the rules of :func:`p300.json_text.parse_json`.

    Raises
    ------
    StoredFileError
        Naming the file, when it is not one, too large or says something else.
    """
    check_plain(path, path.parent)
    try:
        return parse_json(read_bytes(path, largest), largest)
    except (OSError, ValueError) as error:
        raise StoredFileError(f"{path} is damaged ({error}); make it anew") from error


def read_bytes(path: Path, largest: int) -> bytes:
    """Return what is in a file that :func:`check_plain` accepted.

    Raises
    ------
    ValueError
        When that is more than ``largest`` bytes.
    """
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        n_bytes = max(len(content), path.stat().st_size)  # a device has none
        raise ValueError(f"{n_bytes:,} bytes found, at most {largest:,} expected")
    return content


def no_room_in_cache(folder: Path, needed: int, error: Exception) -> NoRoomError:
    """Return the error of a cache whose disk is full.

    Parameters
    ----------
    folder
        Of the cache.
    needed
        Bytes that are needed at least.
    error
        Why.
    """
    free = shutil.disk_usage(folder).free
    return NoRoomError(
        f"{folder}: no room for epochs in the cache, {needed / 1e6:,.1f} MB are needed at least, "
        f"{free / 1e6:,.1f} MB are free ({error}); remove what the cache keeps with 'p300 cache "
        "--clear', or let P300_CACHE name a folder on a larger disk"
    )


def cache_folder() -> Path:
    """Return the folder of the cache: ``P300_CACHE``, or the platform's folder for caches."""
    from platformdirs import user_cache_path

    given = os.environ.get("P300_CACHE")
    return Path(given).resolve() if given else user_cache_path("p300", appauthor=False)
