"""The structure of MATLAB 5 files, checked before scipy reads them.

scipy trusts the tags of a file and takes the interpreter down where one is impossible, as a
damaged download has them. Here every tag is followed first; no value is looked at. What scipy
would make of the elements is counted: an empty one takes eight bytes in a file, packed next to
none, and a Python object in memory.

Format: "MAT-File Format", The MathWorks, level 5. Each element is a tag (kind, number of bytes)
and its content; a matrix element contains the elements flags, dimensions, name and values.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

HEADER_SIZE = 128
BYTE_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
"""Bytes 124-127 of the header (version 0x0100, letters MI) -> byte order of the file."""

_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED, _UTF8 = 1, 5, 6, 14, 15, 16
_NUMBER_SIZES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
_TEXT_KINDS = {1, 2, 3, 4, _UTF8, 17, 18}
_CELL, _STRUCT, _CHAR, _NUMERIC = 1, 2, 4, range(6, 16)
_COMPLEX = 0x0800
_DEEPEST = 16
_MOST_DIMENSIONS = 64  # of numpy
_MOST_BYTES = 2**31  # of one variable, by the format

_ELEMENT, _LETTER, _NUMBER = 400, 8, 8
"""Bytes of memory of an element, a letter and a number at the most: scipy's arrays, what is made
of them, and the pointers to them (measured: 190 for an empty element, 340 for a number)."""

_SMALL, _MOST_TIMES, _MOST_FOR_ELEMENTS = 2**27, 100, 2**30
"""Bytes that any file may become in memory; how many times its size a larger one may (recordings
pack ten times smaller, next to channels of zeros); and what the elements of cells and structs may
take of it."""


class DamagedFileError(ValueError):
    """An element is cut short or impossible, or stands for more than the file can honestly hold."""


class _Room:
    """The memory that a file may take.

    Parameters
    ----------
    n_bytes
        Size of the file.
    """

    def __init__(self, n_bytes: int) -> None:
        self._left = max(_SMALL, _MOST_TIMES * n_bytes)
        self._left_for_elements = _MOST_FOR_ELEMENTS
        self._n_bytes = n_bytes

    def take(self, n_values: int, size: int) -> None:
        """Take what so many values of a size need, or raise."""
        needed = n_values * size
        self._left -= needed
        if size == _ELEMENT:
            self._left_for_elements -= needed
        if min(self._left, self._left_for_elements) < 0:
            raise DamagedFileError(
                f"{n_values:,} values that take {needed / 1e6:,.0f} MB in memory, more than a file "
                f"of {self._n_bytes:,} bytes may"
            )


class _Content(NamedTuple):
    """The content of a variable, the order of its bytes and the memory that it may take."""

    stream: io.BytesIO
    order: str
    room: _Room


def check_elements(path: Path, *, objects: bool = True) -> None:
    """Follow all elements of a file to its end.

    Parameters
    ----------
    path
        A file whose header was recognised by :data:`BYTE_ORDERS`.
    objects
        Variables of classes that are not followed (objects, functions, sparse matrices) may be
        there; no one may read them.

    Raises
    ------
    DamagedFileError
        Telling what was found at which byte.
    """
    n_bytes = path.stat().st_size
    room = _Room(n_bytes)
    with path.open("rb") as file:
        order = BYTE_ORDERS[file.read(HEADER_SIZE)[124:128]]
        while tag := file.read(8):
            at = file.tell() - 8
            try:
                kind, size = struct.unpack(f"{order}II", tag)
                if at + 8 + size > n_bytes:
                    raise DamagedFileError(f"{size} bytes expected, the file ends before")
                stream = io.BytesIO(file.read(size))
                if kind == _COMPRESSED:
                    stream = _decompress(stream.getbuffer(), order, room)
                    kind, size = struct.unpack(f"{order}II", _take(stream, 8))
                if kind != _MATRIX:
                    raise DamagedFileError(f"element of kind {kind}")
                room.take(1, _ELEMENT)
                _check_matrix(_Content(stream, order, room), size, depth=0 if objects else 1)
            except (DamagedFileError, struct.error, zlib.error) as error:
                raise DamagedFileError(f"variable at byte {at}: {error}") from error


def _decompress(content: memoryview, order: str, room: _Room) -> io.BytesIO:
    """Return the one matrix of a compressed element, of no more bytes than its tag says."""
    stream = zlib.decompressobj()
    tag = stream.decompress(content, 8)
    size = struct.unpack(f"{order}II", tag)[1]
    if size >= _MOST_BYTES:
        raise DamagedFileError(f"{size} bytes in one variable")
    room.take(size, 1)
    rest = stream.decompress(stream.unconsumed_tail, size + 1)
    # The checksum at its end makes sure of the values, too.
    if len(rest) != size or not stream.eof:
        raise DamagedFileError(f"{size} bytes expected, the compressed element has others")
    return io.BytesIO(tag + rest)


def _check_matrix(content: _Content, size: int, depth: int) -> None:
    """Check the elements of one matrix of ``size`` bytes, leave the stream behind it."""
    stream, order, _ = content
    end = stream.tell() + size
    if size == 0:
        return
    flags = struct.unpack(f"{order}II", _element(content, {_UINT32}, 8))[0]
    dimensions = _element(content, {_INT32})
    if len(dimensions) > 4 * _MOST_DIMENSIONS:
        raise DamagedFileError(f"{len(dimensions) // 4} dimensions")
    shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    if len(shape) < 2 or min(shape) < 0:
        raise DamagedFileError(f"dimensions {shape}")
    _element(content, {_INT8, _UTF8})
    _check_values(content, flags, math.prod(shape), depth)
    if stream.tell() > end:
        raise DamagedFileError(f"more content than {size} bytes")
    stream.seek(end)


def _check_values(content: _Content, flags: int, n_values: int, depth: int) -> None:
    """Check the values of a matrix: as its class, the lowest byte of the flags, has them."""
    kind = flags & 0xFF
    if kind in _NUMERIC:
        for _ in range(2 if flags & _COMPLEX else 1):
            content.room.take(n_values, _NUMBER)
            _check_numbers(content, n_values)
    elif kind == _CHAR:
        content.room.take(max(n_values, len(_element(content, _TEXT_KINDS))), _LETTER)
    elif kind == _STRUCT:
        content.room.take(n_values, _ELEMENT)
        _check_fields(content, n_values, depth)
    elif kind == _CELL:
        _check_matrices(content, n_values, depth)
    elif depth > 0:  # At the top they are left out: no source has objects and the like.
        raise DamagedFileError(f"array of class {kind} inside a struct or cell")


def _check_numbers(content: _Content, n_values: int) -> None:
    kind, found = _tagged(content)
    if kind not in _NUMBER_SIZES or len(found) != n_values * _NUMBER_SIZES[kind]:
        raise DamagedFileError(f"{len(found)} bytes of kind {kind} for {n_values} values")


def _check_fields(content: _Content, n_elements: int, depth: int) -> None:
    """Check the fields of a struct: the length of a name, all names, one matrix a field."""
    (length,) = struct.unpack(f"{content.order}i", _element(content, {_INT32}, 4))
    names = _element(content, {_INT8})
    if length <= 0 or len(names) % length:
        raise DamagedFileError(f"struct with {len(names)} letters for names of {length}")
    _check_matrices(content, n_elements * (len(names) // length), depth)


def _check_matrices(content: _Content, n_matrices: int, depth: int) -> None:
    """Check the values of the fields of a struct, or of a cell array."""
    if depth >= _DEEPEST:
        raise DamagedFileError(f"structs and cells nested {depth} deep")
    content.room.take(n_matrices, _ELEMENT)
    for _ in range(n_matrices):
        kind, size = struct.unpack(f"{content.order}II", _take(content.stream, 8))
        if kind != _MATRIX:
            raise DamagedFileError(f"field of kind {kind}")
        _check_matrix(content, size, depth + 1)


def _element(content: _Content, kinds: set[int], size: int | None = None) -> memoryview:
    """Return the content of an element that must be of one of the kinds, of so many bytes."""
    kind, found = _tagged(content)
    if kind not in kinds or (size is not None and len(found) != size):
        raise DamagedFileError(f"element of kind {kind} with {len(found)} bytes")
    return found


def _tagged(content: _Content) -> tuple[int, memoryview]:
    """Return kind and content of the next element, whose content is padded to eight bytes."""
    stream, order, _ = content
    head = _take(stream, 8)
    first, size = struct.unpack(f"{order}II", head)
    if first >> 16:  # A small one: the size is in the upper half, the content in the second word.
        if first >> 16 > 4:
            raise DamagedFileError(f"small element of {first >> 16} bytes")
        return first & 0xFFFF, head[4 : 4 + (first >> 16)]
    found = _take(stream, size)
    stream.seek(-size % 8, io.SEEK_CUR)
    return first, found


def _take(stream: io.BytesIO, size: int) -> memoryview:
    """Return the next bytes without a copy: a signal can have hundreds of megabytes."""
    at = stream.tell()
    taken = stream.getbuffer()[at : at + size]
    if len(taken) != size:
        raise DamagedFileError(f"{size} bytes expected, {len(taken)} are left")
    stream.seek(at + size)
    return taken
