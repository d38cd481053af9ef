"""What MATLAB files may become in memory: empty elements and zeros pack to next to nothing."""

from __future__ import annotations

import struct
import time
import zlib

import numpy as np
import pytest
from bad_input import bounded_memory

from p300.errors import RecordingError
from p300.recordings.readers.matfile import check_mat, mat_shapes, read_mat

_CELL, _STRUCT, _CHAR, _DOUBLE = 1, 2, 4, 6
_EMPTY = struct.pack("<II", 14, 0)


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(kind, shape, content=b"", name=b"y"):
    flags = element(6, struct.pack("<II", kind, 0))
    dimensions = element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, flags + dimensions + element(1, name) + content)


@pytest.fixture
def save(save_mat):
    """Write a MATLAB file of variables as they are given, packed or not."""

    def write(*variables, packed=True, more=0):
        path = save_mat("a.mat", {})
        pack = [zlib.compress(variable, 1) for variable in variables] if packed else []
        parts = [struct.pack("<II", 15, len(p)) + p for p in pack] or variables
        noise = element(9, np.random.default_rng(1).bytes(8 * more))
        end = matrix(_DOUBLE, (more, 1), noise, b"z")
        path.write_bytes(path.read_bytes() + b"".join(parts) + end)
        return path

    return write


def refuse(path, words):
    for read in (check_mat, mat_shapes):
        begin = time.monotonic()
        with bounded_memory(), pytest.raises(RecordingError, match=words) as caught:
            read(path)
        assert time.monotonic() - begin < 5
        assert str(caught.value).startswith(str(path))


def test_empty_cells_without_end(save):
    n = 10_000_000
    refuse(save(matrix(_CELL, (1, n), n * _EMPTY)), "10,000,000 values that take 4,000 MB")


def test_empty_cells_count_as_the_objects_that_they_become(save):
    """What a file may become goes by its size; what elements may, has an end in any."""
    small = save(matrix(_CELL, (1, 500_000), 500_000 * _EMPTY))
    refuse(
        small, r"500,000 values that take 200 MB in memory, more than a file of [\d,]+ bytes may"
    )
    large = save(matrix(_CELL, (1, 3_000_000), 3_000_000 * _EMPTY), more=4_000_000)
    refuse(large, "3,000,000 values that take 1,200 MB")


def test_honest_cells_are_read(save):
    path = save(matrix(_CELL, (1, 200_000), 200_000 * _EMPTY))
    assert mat_shapes(path)["y"] == (1, 200_000)
    assert len(read_mat(path, ["y"])["y"]) == 200_000


@pytest.mark.parametrize("n_fields", [0, 1])
@pytest.mark.parametrize("rows", [2**31 - 1, 5])
def test_structs_without_content(save, rows, n_fields):
    names = element(5, struct.pack("<i", 32)) + element(1, n_fields * b"a".ljust(32, b"\0"))
    fields = b"" if rows > 5 else rows * n_fields * _EMPTY
    path = save(matrix(_STRUCT, (rows, 1), names + fields), packed=False)
    if rows == 5:
        assert len(read_mat(path, mat_shapes(path))["y"]) == 5
    else:
        refuse(path, "2,147,483,647 values that take 858,993 MB")


def test_zeros_without_end(save):
    n = 2**25
    refuse(save(matrix(_DOUBLE, (n, 1), element(9, bytes(8 * n)))), "268,435,5.. values")
    refuse(save(matrix(_DOUBLE, (n, 1), element(2, bytes(n)))), "33,554,432 values .* 268 MB")
    refuse(save(matrix(_CHAR, (1, n), element(16, bytes(n)))), "33,554,432 values .* 268 MB")


def test_signals_that_pack_well_are_read(save_mat):
    signal = np.zeros((10, 100_000))
    signal[::2] = np.random.default_rng(1).integers(0, 9, 100_000)
    assert mat_shapes(save_mat("a.mat", {"y": signal}))["y"] == (10, 100_000)


def test_dimensions_without_end(save):
    refuse(save(matrix(_DOUBLE, (2,) * 100_000), packed=False), "100000 dimensions")
