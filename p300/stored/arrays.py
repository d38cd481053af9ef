"""Arrays in files: what their headers promise is compared with the file before it is read."""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

LARGEST = 2**32
"""Bytes of stored weights; those of the largest network here are a thousandth of that."""

LONGEST_HEADER = 10_000
"""Bytes of the header of a .npy file."""


def read_safetensors(file: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a file.

    Raises
    ------
    ValueError
        When it is none, too large, or an array holds NaN or infinite values; its name is told.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if file.stat().st_size > LARGEST:
        raise ValueError(f"{file.stat().st_size:,} bytes found, at most {LARGEST:,} expected")
    try:
        arrays: dict[str, npt.NDArray[Any]] = load_file(file)
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise ValueError(f"array {name} of {array.dtype} found, expected numbers")
        if not np.isfinite(array).all():
            raise ValueError(f"array {name} holds NaN or infinite values")
    return arrays


def map_npy(file: Path, n_axes: int) -> npt.NDArray[np.float32]:
    """Return the float32 array of a .npy file, memory-mapped.

    Raises
    ------
    ValueError
        When it is another one, or the file is not exactly as long as its header says.
    """
    with file.open("rb") as stream:
        shape, dtype, by_columns = read_npy_header(stream)
        start = stream.tell()
    if dtype != np.float32 or by_columns or len(shape) != n_axes:
        order = " in Fortran order" if by_columns else ""
        raise ValueError(f"{dtype} {shape}{order} found, expected float32 of {n_axes} axes")
    promised, found = 4 * math.prod(shape), file.stat().st_size - start
    if promised != found or not all(shape[1:]):
        raise ValueError(f"{shape} of {promised:,} bytes promised, {found:,} found")
    if not promised:
        return np.empty(shape, dtype=np.float32)
    return np.memmap(file, np.float32, "r", start, shape)


def read_npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """Read the header of a .npy file: dimensions, type, and whether columns come first.

    Raises
    ------
    Exception
        Any of many where there is none.
    """
    version = np.lib.format.read_magic(stream)
    length = int.from_bytes(stream.read(2 if version == (1, 0) else 4), "little")
    header = ast.literal_eval(stream.read(min(length, LONGEST_HEADER)).decode("utf-8"))
    shape = tuple(int(n) for n in header["shape"])
    if min(shape, default=0) < 0:
        raise ValueError(f"dimensions {shape}")
    dtype = np.lib.format.descr_to_dtype(header["descr"])
    return shape, dtype, bool(header["fortran_order"])
