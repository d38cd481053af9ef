"""The files that a header names: regular ones, beside it or in a folder beside it.

A header comes from whoever made the recording; nothing else of this machine is opened for it. A
link that lies beside it may lead elsewhere, as data sets kept by datalad consist of them.
"""

from __future__ import annotations

import configparser
import os
import re
from pathlib import Path, PurePosixPath

from p300.errors import RecordingError
from p300.recordings.guard import check_regular

_LARGEST_TEXT = 2**24
"""Bytes of a header that is text; one of 256 channels has 50,000."""

_NAMES = ("datafile", "markerfile")


def check_named(header: Path, name: str, what: str) -> None:
    """Check the name of a file that a header gives.

    Parameters
    ----------
    header
        The file that names it.
    name
        As it stands there.
    what
        What the header calls it.

    Raises
    ------
    RecordingError
        When it leads elsewhere, or to a pipe, a device or a link that leads nowhere.
    """
    if not is_beside(header, header.parent / PurePosixPath(name)):
        raise RecordingError(
            f"{header}: its {what} {name[:200]!r} lies elsewhere, expected the name of a file "
            "beside it; put the file there and write its name alone into the header"
        )
    check_regular(header.parent / name)


def is_beside(header: Path, file: Path) -> bool:
    """Return whether a file lies where its header does, or below, by its name: see above."""
    folder, named = (Path(os.path.normpath(path.absolute())) for path in (header.parent, file))
    return "\0" not in str(named) and named.is_relative_to(folder)


def check_brainvision(header: Path) -> None:
    """Check the files that the header of a BrainVision recording names.

    Raises
    ------
    RecordingError
        As :func:`check_named`, or when the header is no text that tells.
    """
    first, _, rest = _content(header).partition(b"\n")
    named = re.search("Codepage=(.+)", rest.decode("ascii", "ignore"))
    codepage = named[1].strip() if named else "utf-8"
    try:  # as MNE, which opens what it finds
        text = rest.decode("cp1252" if codepage == "ANSI" else codepage)
    except UnicodeDecodeError:
        text = rest.decode("latin-1")
    except (LookupError, ValueError) as error:
        raise RecordingError(f"{header}: its codepage {codepage[:80]!r} is not known") from error
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text.split("[Comment]")[0])
    except configparser.Error as error:
        said = " ".join(str(error).split())
        raise RecordingError(
            f"{header}: not a BrainVision header ({said[:200]}); it begins with {first[:40]!r}"
        ) from error
    for section in parser.values():
        for what in (name for name in _NAMES if section.get(name)):
            check_named(header, section[what], what)


def check_persyst(header: Path) -> None:
    """Check the file that the header of a Persyst recording names; MNE takes no folder of it.

    Raises
    ------
    RecordingError
        As :func:`check_named`.
    """
    for name in re.findall(rb"(?im)^\s*file\s*=\s*(.*?)\s*$", _content(header)):
        check_named(header, PurePosixPath(os.fsdecode(name)).name, "File")


def _content(header: Path) -> bytes:
    if header.stat().st_size > _LARGEST_TEXT:
        raise RecordingError(
            f"{header}: {header.stat().st_size:,} bytes, expected the text of a header"
        )
    return header.read_bytes()
