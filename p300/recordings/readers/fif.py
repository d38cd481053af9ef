"""The tags of a FIF file, followed before MNE does, which passes over what is damaged."""

from __future__ import annotations

import gzip
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from p300.errors import DataWarning, RecordingError
from p300.recordings.readers.named_files import check_named

_TAG = struct.Struct(">iIIi")
_FILE_ID, _POINTER, _DIRECTORY, _START, _END = 100, 101, 102, 104, 105
_ROLE, _OTHER_FILE, _N_CHANNELS, _BUFFER = 115, 118, 200, 300
_GOES_ON = 1  # a role: the file that it refers to is the one before
_LONGEST_NAME = 4096
_MOST_BYTES_A_BYTE = 100  # of what is packed
_RAW_BLOCKS = {102, 112, 119}
# What else stands between buffers: first and last sample, skips, and tags without content.
_BETWEEN = {107, 108, 206, 208, 209, 301, 303}
# Type of samples -> bytes; 16 is a packed short.
_BYTES = {2: 2, 3: 4, 4: 4, 5: 8, 16: 2, 20: 8, 21: 16}


class _Tag(NamedTuple):
    at: int
    kind: int
    type: int
    size: int
    following: int


def check_fif(file: Path, *, first: bool = True) -> None:
    """Follow the tags: kind, type of data, bytes of data, position of the next where it jumps.

    Parameters
    ----------
    file
        Ends in ``.fif``.
    first
        Whether it must be the first part of its recording; MNE reads the others after it.

    Raises
    ------
    RecordingError
        When a tag leads out of the file or back, the directory does not fit, or a tag between the
        buffers of samples is none, so that MNE would read fewer samples than there are; when it
        goes on with a recording that begins in another file.

    Warns
    -----
    DataWarning
        Of other tags between the buffers that are not known.
    """
    with file.open("rb") as stream:
        if _read_tag(stream, 0).kind != _FILE_ID:
            stream.seek(0)
            raise RecordingError(f"{file}: not a FIF file, it begins with {stream.read(16)!r}")
        blocks: list[int] = []
        inside: list[_Tag] = []
        n_channels = 0
        for tag in _follow(stream, file):
            if tag.kind in (_POINTER, _DIRECTORY):
                _check_pointers(stream, tag, file)
            elif tag.kind == _START:
                blocks.append(_read_number(stream, tag))
            elif tag.kind == _END and blocks:
                blocks.pop()
            elif first and _goes_on(stream, tag):
                raise RecordingError(
                    f"{file}: a further part of a recording that was split into several files; "
                    "name the first one, which must lie beside it"
                )
            elif tag.kind == _OTHER_FILE:  # MNE opens the next part of the recording by it
                check_named(file, _read_text(stream, tag), "next file")
            elif tag.kind == _N_CHANNELS:
                n_channels = _read_number(stream, tag)
            elif blocks and blocks[-1] in _RAW_BLOCKS:
                inside.append(tag)
    _check_buffers(inside, n_channels, file)


def check_packed_fif(file: Path) -> None:
    """Follow the tags of a file packed with gzip, for what it may become and which file it names.

    Raises
    ------
    RecordingError
        When it is damaged, becomes far more than it is, or names a file elsewhere.
    """
    most = _MOST_BYTES_A_BYTE * file.stat().st_size
    try:
        with gzip.open(file) as stream:
            at = 0
            while len(head := stream.read(_TAG.size)) == _TAG.size:
                kind, _, size, following = _TAG.unpack(head)
                at += _TAG.size + size
                if at > most or following not in (0, -1, at):
                    raise RecordingError(
                        f"{file}: a tag of kind {kind} with {size} bytes leads to byte "
                        f"{following or at}, expected the next one, and at most {most} bytes; it "
                        "is damaged"
                    )
                if kind == _OTHER_FILE:
                    check_named(file, stream.read(size).decode("latin-1"), "next file")
                else:
                    stream.seek(size, os.SEEK_CUR)
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError(f"{file}: cannot be unpacked ({error}); it is damaged") from error


def is_further_part(file: Path) -> bool:
    """Return whether a sound FIF file goes on with a recording that begins in another file."""
    try:
        with file.open("rb") as stream:
            return any(_goes_on(stream, tag) for tag in _follow(stream, file))
    except (OSError, RecordingError):  # whoever reads it says what is wrong with it
        return False


def holds_block(file: Path, number: int) -> bool:
    """Return whether a sound FIF file holds a block of a kind, such as one of epochs."""
    try:
        with file.open("rb") as stream:
            blocks = (tag for tag in _follow(stream, file) if tag.kind == _START)
            return any(_read_number(stream, tag) == number for tag in blocks)
    except (OSError, RecordingError):
        return False


def _goes_on(stream: BinaryIO, tag: _Tag) -> bool:
    return tag.kind == _ROLE and _read_number(stream, tag) == _GOES_ON


def _follow(stream: BinaryIO, file: Path) -> Iterator[_Tag]:
    size, at = file.stat().st_size, 0
    while at + _TAG.size <= size:
        tag = _read_tag(stream, at)
        end = at + _TAG.size + tag.size
        # MNE goes round for ever where a tag leads back, and stops where one leads nowhere.
        if end > size or 0 < tag.following <= at or tag.following < -1:
            raise RecordingError(
                f"{file}: the tag of kind {tag.kind} at byte {at} has {tag.size} bytes and leads "
                f"to byte {tag.following or end} of {size}; the file is cut short or damaged"
            )
        yield tag
        if tag.following < 0:
            return
        at = tag.following or end


def _check_buffers(inside: list[_Tag], n_channels: int, file: Path) -> None:
    """Check that all there is among the buffers of samples is read, and read alike."""
    buffers = [tag for tag in inside if tag.kind == _BUFFER]
    types = [tag.type for tag in buffers]
    if not buffers or n_channels < 1:
        return  # MNE says so
    usual = max(set(types), key=types.count)
    width = n_channels * _BYTES.get(usual, 1)
    strange = [tag for tag in inside if tag.kind not in (_BUFFER, *_BETWEEN)]
    strange += [tag for tag in inside if tag.kind in _BETWEEN and tag.size > 4 and tag.kind != 206]
    damaged = [tag for tag in strange if tag.size % width == 0 and tag.size]
    damaged += [tag for tag in buffers if tag.type != usual or tag.size % width]
    if damaged:
        whole = sum(tag.size for tag in (*buffers, *strange)) // width
        first = min(damaged)
        raise RecordingError(
            f"{file}: {len(damaged)} of {len(buffers) + len(strange)} buffers of samples are "
            f"damaged (first: kind {first.kind}, type {first.type} at byte {first.at}, expected "
            f"kind {_BUFFER}, type {usual}); {whole - sum(t.size for t in damaged) // width} of "
            f"{whole} samples could be read. Get the file from where it was recorded"
        )
    if strange:
        kinds = sorted({tag.kind for tag in strange})
        warnings.warn(
            f"{file}: {len(strange)} tags of unknown kinds {kinds} among the samples (first at "
            f"byte {strange[0].at}) are passed over; if one was a pause, what follows it is early",
            DataWarning,
            stacklevel=5,
        )


def _check_pointers(stream: BinaryIO, tag: _Tag, file: Path) -> None:
    """Check that the directory is where it should be, and that it lists tags as they are."""
    stream.seek(tag.at + _TAG.size)
    data = stream.read(tag.size)
    if tag.kind == _POINTER:
        place = int.from_bytes(data, "big", signed=True) if len(data) == 4 else 0
        fits = place <= 0 or _read_tag(stream, place).kind == _DIRECTORY
    else:
        entries = _TAG.iter_unpack(data[: len(data) // _TAG.size * _TAG.size])
        fits = all(
            kind < 0 or _read_tag(stream, place)[1:4] == (kind, type_, length)
            for kind, type_, length, place in entries
        )
    if not fits:
        raise RecordingError(f"{file}: its directory does not fit its content; it is damaged")


def _read_tag(stream: BinaryIO, at: int) -> _Tag:
    stream.seek(max(at, 0))
    head = stream.read(_TAG.size)
    return _Tag(at, *(_TAG.unpack(head) if len(head) == _TAG.size else (-1, 0, 0, -1)))


def _read_text(stream: BinaryIO, tag: _Tag) -> str:
    stream.seek(tag.at + _TAG.size)
    return stream.read(min(tag.size, _LONGEST_NAME)).decode("latin-1")


def _read_number(stream: BinaryIO, tag: _Tag) -> int:
    stream.seek(tag.at + _TAG.size)
    return int.from_bytes(stream.read(4), "big", signed=True)
