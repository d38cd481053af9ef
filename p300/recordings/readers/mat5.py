"""The structure of MATLAB 5 files, checked before scipy reads them.

scipy trusts the tags of a file and takes the interpreter down where one is impossible, as a
damaged download has them. Here every tag is followed first; no value is looked at.

Format: "MAT-File Format", The MathWorks, level 5. Each element is a tag (kind, number of bytes)
and its content; a matrix element contains the elements flags, dimensions, name and values.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from pathlib import Path

HEADER_SIZE = 128
BYTE_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
"""Bytes 124-127 of the header (version 0x0100, letters MI) -> byte order of the file."""

_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED, _UTF8 = 1, 5, 6, 14, 15, 16
_NUMBER_SIZES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
_TEXT_KINDS = {1, 2, 3, 4, _UTF8, 17, 18}
_CELL, _STRUCT, _CHAR, _NUMERIC = 1, 2, 4, range(6, 16)
_COMPLEX = 0x0800
_DEEPEST = 16
_MOST_EMPTY = 1000  # structs without fields, which take no bytes in the file but do in memory
_MOST_BYTES = 2**31  # of one variable, by the format


class DamagedFileError(ValueError):
    """An element is cut short or impossible."""


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
    with path.open("rb") as file:
        order = BYTE_ORDERS[file.read(HEADER_SIZE)[124:128]]
        while tag := file.read(8):
            at = file.tell() - 8
            try:
                kind, size = struct.unpack(f"{order}II", tag)
                if at + 8 + size > n_bytes:
                    raise DamagedFileError(f"{size} bytes expected, the file ends before")
                content = io.BytesIO(file.read(size))
                if kind == _COMPRESSED:
                    content = _decompress(content.getbuffer(), order)
                    kind, size = struct.unpack(f"{order}II", _take(content, 8))
                if kind != _MATRIX:
                    raise DamagedFileError(f"element of kind {kind}")
                _check_matrix(content, size, order, depth=0 if objects else 1)
            except (DamagedFileError, struct.error, zlib.error) as error:
                raise DamagedFileError(f"variable at byte {at}: {error}") from error


def _decompress(content: memoryview, order: str) -> io.BytesIO:
    """Give the one matrix of a compressed element, of no more bytes than its tag says."""
    stream = zlib.decompressobj()
    tag = stream.decompress(content, 8)
    size = struct.unpack(f"{order}II", tag)[1]
    if size >= _MOST_BYTES:
        raise DamagedFileError(f"{size} bytes in one variable")
    rest = stream.decompress(stream.unconsumed_tail, size + 1)
    # The checksum at its end makes sure of the values, too.
    if len(rest) != size or not stream.eof:
        raise DamagedFileError(f"{size} bytes expected, the compressed element has others")
    return io.BytesIO(tag + rest)


def _check_matrix(stream: io.BytesIO, size: int, order: str, depth: int) -> None:
    """Check the elements of one matrix of ``size`` bytes, leave the stream behind it."""
    end = stream.tell() + size
    if size == 0:
        return
    flags = struct.unpack(f"{order}II", _element(stream, order, {_UINT32}, 8))[0]
    dimensions = _element(stream, order, {_INT32})
    shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    if len(shape) < 2 or min(shape) < 0:
        raise DamagedFileError(f"dimensions {shape}")
    _element(stream, order, {_INT8, _UTF8})
    _check_values(stream, order, flags, math.prod(shape), depth)
    if stream.tell() > end:
        raise DamagedFileError(f"more content than {size} bytes")
    stream.seek(end)


def _check_values(stream: io.BytesIO, order: str, flags: int, n_values: int, depth: int) -> None:
    """Check the values of a matrix: as its class, the lowest byte of the flags, has them."""
    kind = flags & 0xFF
    if kind in _NUMERIC:
        for _ in range(2 if flags & _COMPLEX else 1):
            _check_numbers(stream, order, n_values)
    elif kind == _CHAR:
        _element(stream, order, _TEXT_KINDS)
    elif kind == _STRUCT:
        _check_fields(stream, order, n_values, depth)
    elif kind == _CELL:
        _check_matrices(stream, order, n_values, depth)
    elif depth > 0:  # At the top they are left out: no source has objects and the like.
        raise DamagedFileError(f"array of class {kind} inside a struct or cell")


def _check_numbers(stream: io.BytesIO, order: str, n_values: int) -> None:
    kind, content = _tagged(stream, order)
    if kind not in _NUMBER_SIZES or len(content) != n_values * _NUMBER_SIZES[kind]:
        raise DamagedFileError(f"{len(content)} bytes of kind {kind} for {n_values} values")


def _check_fields(stream: io.BytesIO, order: str, n_elements: int, depth: int) -> None:
    """Check the fields of a struct: the length of a name, all names, one matrix a field."""
    (length,) = struct.unpack(f"{order}i", _element(stream, order, {_INT32}, 4))
    names = _element(stream, order, {_INT8})
    if length <= 0 or len(names) % length:
        raise DamagedFileError(f"struct with {len(names)} letters for names of {length}")
    if not names and n_elements > _MOST_EMPTY:
        raise DamagedFileError(f"{n_elements} structs without fields")
    _check_matrices(stream, order, n_elements * (len(names) // length), depth)


def _check_matrices(stream: io.BytesIO, order: str, n_matrices: int, depth: int) -> None:
    """Check the values of the fields of a struct, or of a cell array."""
    if depth >= _DEEPEST:
        raise DamagedFileError(f"structs and cells nested {depth} deep")
    for _ in range(n_matrices):
        kind, size = struct.unpack(f"{order}II", _take(stream, 8))
        if kind != _MATRIX:
            raise DamagedFileError(f"field of kind {kind}")
        _check_matrix(stream, size, order, depth + 1)


def _element(
    stream: io.BytesIO, order: str, kinds: set[int], size: int | None = None
) -> memoryview:
    """Give the content of an element that must be of one of the kinds, of so many bytes."""
    kind, content = _tagged(stream, order)
    if kind not in kinds or (size is not None and len(content) != size):
        raise DamagedFileError(f"element of kind {kind} with {len(content)} bytes")
    return content


def _tagged(stream: io.BytesIO, order: str) -> tuple[int, memoryview]:
    """Give kind and content of the next element, whose content is padded to eight bytes."""
    head = _take(stream, 8)
    first, size = struct.unpack(f"{order}II", head)
    if first >> 16:  # A small one: the size is in the upper half, the content in the second word.
        if first >> 16 > 4:
            raise DamagedFileError(f"small element of {first >> 16} bytes")
        return first & 0xFFFF, head[4 : 4 + (first >> 16)]
    content = _take(stream, size)
    stream.seek(-size % 8, io.SEEK_CUR)
    return first, content


def _take(stream: io.BytesIO, size: int) -> memoryview:
    """Give the next bytes without a copy: a signal can have hundreds of megabytes."""
    at = stream.tell()
    taken = stream.getbuffer()[at : at + size]
    if len(taken) != size:
        raise DamagedFileError(f"{size} bytes expected, {len(taken)} are left")
    stream.seek(at + size)
    return taken
