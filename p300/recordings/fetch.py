"""Load the files of open data sets from their hosts: resumed where cut off, checked by hash.

A file whose hash the package does not know is trusted the first time: its hash is written down
beside it and checked from then on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p300.errors import RecordingError
from p300.files import written_whole
from p300.recordings.readers.matfile import mat_shapes
from p300.recordings.registry import source_module

if TYPE_CHECKING:
    from requests import Response

Advance = Callable[[str, int, int], None]
"""Called with a file's name, the kilobytes there and the kilobytes of the whole (0 if unknown)."""

HASHES = "sha256.txt"
"""Hashes of the files beside it, a line each, as ``sha256sum --check`` reads them."""

_CHUNK = 1 << 16
_PATIENCE = (10.0, 60.0)  # seconds to connect, and between two pieces


def fetch_files(name: str, data: Path, advance: Advance | None = None) -> list[Path]:
    """Load the files of a source into ``data/NAME``, with hyphens for underscores.

    Files that are there and have their hash stay. One that was cut off (``.part``) goes on where
    it stopped. A file gets its name when it is whole and its hash is right.

    Parameters
    ----------
    name
        Source, see :data:`p300.recordings.registry.SOURCES`.
    data
        Folder of all recordings.
    advance
        Called while a file comes in.

    Returns
    -------
    The files.

    Raises
    ------
    RecordingError
        When the source has no files to load, its host cannot be reached or does not have a file,
        a transfer is cut off, or a file is not what it should be.
    """
    info = source_module(name).INFO
    if not info.files:
        raise RecordingError(
            f"{name}: nothing to load for this source, its files need a registration or are your "
            f"own. {info.obtain}"
        )
    folder = data / name.replace("_", "-")
    by_hand = f"Or by hand: {info.obtain} ({folder})"
    return [
        _fetch_file(url, sha256, folder, by_hand, advance or (lambda *_: None))
        for url, sha256 in info.files.items()
    ]


def _fetch_file(url: str, sha256: str | None, folder: Path, by_hand: str, advance: Advance) -> Path:
    import pooch
    import requests

    path = folder / url.rsplit("/", 1)[-1]
    recorded = _read_hashes(folder)
    known = sha256 or recorded.get(path.name)
    new = not path.exists()

    def load(url: str, output: str, _: Any) -> None:
        part = path.with_name(f"{path.name}.part")
        _load_rest(url, part, lambda done, total: advance(f"{path.name} (kB)", done, total))
        part.replace(output)

    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(
            url,
            known_hash=None if known is None else f"sha256:{known}",
            fname=path.name,
            path=folder,
            downloader=load,
        )
    except requests.RequestException as error:
        raise RecordingError(_reason(error, url, by_hand)) from error
    except ValueError as error:  # pooch's, and it has removed the file
        origin = "this package knows" if sha256 else f"{folder / HASHES} has from the first time"
        raise RecordingError(
            f"{url}: the file that came does not have the SHA-256 that {origin} ({known}); it was "
            f"removed. Start again; if that does not help, the host has another file now. {by_hand}"
        ) from error
    if known is None:
        _check_content(path, remove=new)
        _write_hashes(folder, {**recorded, path.name: pooch.file_hash(str(path))})
    return path


def _load_rest(url: str, part: Path, advance: Callable[[int, int], None]) -> None:
    """Load what of a file is not in ``part`` yet.

    The part carries the time of the file on the host: a file that changed meanwhile is begun anew
    (RFC 9110, If-Range).
    """
    import requests

    there = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if there:
        headers["Range"] = f"bytes={there}-"
        headers["If-Range"] = formatdate(part.stat().st_mtime, usegmt=True)
    with requests.get(url, headers=headers, stream=True, timeout=_PATIENCE) as answer:
        first, total = _extent(answer)
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            if total == there:
                return
            part.unlink()
            raise requests.ConnectionError(f"{part.name} is longer than the file, it was removed")
        answer.raise_for_status()
        with part.open("ab" if first else "wb") as file:
            if first not in (0, there):
                raise requests.ConnectionError(f"asked for byte {there} on, byte {first} came")
            _write_pieces(answer, file, total, advance)
        if total and part.stat().st_size != total:
            raise requests.ConnectionError(f"{part.stat().st_size} of {total} bytes came")


def _write_pieces(
    answer: Response, file: Any, total: int, advance: Callable[[int, int], None]
) -> None:
    try:
        for piece in answer.iter_content(_CHUNK):
            file.write(piece)
            advance(file.tell() // 1024, total // 1024)
    finally:
        file.flush()
        # Without a time of its own the part never looks like the host's file: it is begun anew.
        with suppress(ValueError, OverflowError):
            changed = parsedate_to_datetime(answer.headers.get("Last-Modified", "")).timestamp()
            os.utime(file.fileno(), (changed, changed))


def _extent(answer: Response) -> tuple[int, int]:
    """Tell the first byte of an answer and the size of the whole file, 0 where it is unknown."""
    given = re.fullmatch(
        r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", answer.headers.get("Content-Range", "")
    )
    if given is None:
        length = answer.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else 0
    return int(given[1] or 0), int(given[2]) if given[2] != "*" else 0


def _reason(error: Exception, url: str, by_hand: str) -> str:
    """Tell what to do about a transfer that failed."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = f"{error.response.status_code} {error.response.reason}"
        return f"{url}: the host answers {status}, expected the file. {by_hand}"
    if isinstance(error, requests.ConnectTimeout) or "Max retries" in str(error):
        return f"{url}: the host cannot be reached; is this machine online? {by_hand}"
    return (
        f"{url}: the transfer was cut off ({error}). What came is kept: start again and it goes on "
        f"where it stopped. {by_hand}"
    )


def _check_content(path: Path, *, remove: bool) -> None:
    """Look into a file before it is trusted: a host may answer with a web page."""
    try:
        if path.suffix == ".mat":
            mat_shapes(path)
    except RecordingError:
        if remove:
            path.unlink()
        raise


def _read_hashes(folder: Path) -> dict[str, str]:
    path = folder / HASHES
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = [re.fullmatch(r"([0-9a-f]{64})  (\S+)", line) for line in lines]
    if None in found:
        raise RecordingError(
            f"{path}: line {lines[found.index(None)]!r} found, expected a SHA-256, two spaces and "
            "a name; mend it, or remove it to trust the files beside it anew"
        )
    return {line[2]: line[1] for line in found if line is not None}


def _write_hashes(folder: Path, hashes: Mapping[str, str]) -> None:
    lines = [f"{digest}  {name}\n" for name, digest in sorted(hashes.items())]
    with written_whole(folder / HASHES) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")
