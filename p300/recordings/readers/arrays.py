"""Named arrays of a NumPy archive (.npz) or a MATLAB file (.mat); their headers are read first."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from p300.errors import RecordingError
from p300.recordings.guard import check_regular, guarded
from p300.recordings.readers.matfile import Shapes, mat_shapes, read_mat
from p300.stored.arrays import read_npy_header

_MOST_TIMES_SMALLER = 200
"""No recorded signal is compressed further."""

_SMALL = 10_000_000
"""Bytes of an array that may be compressed further, such as labels that are all alike."""

_Read = TypeVar("_Read")


def holds_arrays(file: Path) -> bool:
    """Return by its name whether a file is a NumPy archive or a MATLAB file."""
    return file.suffix.lower() in (".npz", ".mat")


def array_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Return the arrays of a file with their dimensions, without reading their values.

    Those that hold Python's objects are left out: nothing is unpickled.

    Raises
    ------
    RecordingError
        When the file is neither, is damaged, or promises more than it can hold.
    """
    if file.suffix.lower() == ".mat":
        return mat_shapes(file)
    _check_archive(file)
    return _guarded(file, lambda: _npz_shapes(file))


def read_arrays(file: Path, names: Iterable[str]) -> dict[str, Any]:
    """Return named arrays of a file that :func:`array_shapes` accepted.

    Those that it lacks are left out; a cell array of MATLAB is a list.

    Raises
    ------
    RecordingError
        When the file is damaged.
    """
    wanted = list(names)
    if file.suffix.lower() == ".mat":
        return read_mat(file, wanted)

    def read() -> dict[str, Any]:
        with np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in wanted if name in stored}

    return _guarded(file, read)


def list_arrays(shapes: Shapes) -> str:
    """Write the arrays of a file with their dimensions."""
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no arrays of numbers"


def _check_archive(file: Path) -> None:
    check_regular(file)
    if not file.is_file():
        raise RecordingError(f"{file}: no such file, expected a NumPy archive")
    if not zipfile.is_zipfile(file):
        with file.open("rb") as stream:
            head = stream.read(16)
        raise RecordingError(
            f"{file}: not a NumPy archive (it begins with {head!r}), expected one that "
            "numpy.savez wrote; is it cut short, or was something else renamed?"
        )


def _npz_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    shapes = {}
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if not info.filename.endswith(".npy"):
                continue
            with archive.open(info) as member:
                shape, dtype, _ = read_npy_header(member)
                n_bytes = math.prod(shape) * dtype.itemsize
                fits = dtype.hasobject or n_bytes + member.tell() == info.file_size
            # Room is made for an array before its values are read.
            packed = min(info.compress_size, file.stat().st_size)
            if not fits or info.file_size > max(_SMALL, _MOST_TIMES_SMALLER * packed):
                raise ValueError(
                    f"{info.filename} promises an array of {shape}, {n_bytes} bytes, and holds "
                    f"{info.file_size} in {packed} bytes"
                )
            if not dtype.hasobject:
                shapes[info.filename.removesuffix(".npy")] = shape
    return shapes


def _guarded(file: Path, read: Callable[[], _Read]) -> _Read:
    return guarded(
        read, file, reader="numpy", fault="the NumPy archive is damaged or cut short",
        advice="write it again with numpy.savez",
    )  # fmt: skip
