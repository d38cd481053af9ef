"""Room for epochs of EEG: in memory, or on disk where they are many."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from p300.files import cache_folder, is_full, no_room_in_cache

IN_MEMORY = 2**30
"""Bytes of epochs that are kept in memory at most; more of them lie in a temporary file."""

BLOCK = 2**26
"""Bytes of epochs that are read at once from where there are many."""

_LARGE = 2**24
"""Bytes of gathered epochs from which a mapped file is let go of."""


def empty_epochs(n_epochs: int, n_electrodes: int, n_samples: int) -> npt.NDArray[np.float32]:
    """Return room for epochs, [epoch, electrode, time].

    Where they take more than :data:`IN_MEMORY` the room is a temporary file beside the cache that
    is removed with the array. There they lie as [epoch, time, electrode], so that a network can
    gather its batches from the file as they are; see
    :func:`p300.detectors.training.loop.time_major`.

    Raises
    ------
    NoRoomError
        When the disk of the cache has no room for them.
    """
    n_bytes = 4 * n_epochs * n_electrodes * n_samples
    if n_bytes <= IN_MEMORY:
        return np.empty((n_epochs, n_electrodes, n_samples), dtype=np.float32)
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder, prefix="epochs-") as file:
        _take_room(file.fileno(), n_bytes, folder)
        room = np.memmap(file, np.float32, "w+", shape=(n_epochs, n_samples, n_electrodes))
    return room.transpose(0, 2, 1)


def _take_room(file: int, n_bytes: int, folder: Path) -> None:
    """Take the room of a file before it is mapped: a full disk would end the process later."""
    if not hasattr(os, "posix_fallocate"):  # not on macOS and Windows
        return
    try:
        os.posix_fallocate(file, 0, n_bytes)
    except OSError as error:
        if is_full(error):
            raise no_room_in_cache(folder, n_bytes, error) from error
        # else this file system cannot say


@contextmanager
def writing_epochs(
    folder: Path, shape: tuple[int, int, int]
) -> Iterator[Callable[[npt.NDArray[np.floating]], None]]:
    """Write ``X.npy`` of a folder from one end to the other.

    Not through a map of the file: that of a full disk would end the process.

    Parameters
    ----------
    folder
        Where to.
    shape
        [epoch, electrode, time] of all epochs.

    Yields
    ------
    A function that writes the epochs which come next.
    """
    with (folder / "X.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)

        def write(epochs: npt.NDArray[np.floating]) -> None:
            file.write(np.ascontiguousarray(epochs, dtype="<f4").data)

        yield write


def blocks(X: npt.NDArray[np.floating]) -> Iterator[slice]:
    """Divide epochs into runs of whole epochs of :data:`BLOCK` bytes or less, at least one."""
    step = max(1, BLOCK * len(X) // max(1, X.nbytes))
    for start in range(0, len(X), step):
        yield slice(start, start + step)


def gather_epochs(
    X: npt.NDArray[np.float32], rows: npt.NDArray[np.intp]
) -> npt.NDArray[np.float32]:
    """Return the epochs at the given positions."""
    if len(rows) * X[:1].nbytes <= IN_MEMORY:
        gathered = X[rows]
    else:
        gathered = empty_epochs(len(rows), *X.shape[1:])
        for block in blocks(gathered):
            gathered[block] = X[rows[block]]
    if gathered.nbytes >= _LARGE:
        _let_go(X)
    return gathered


def _let_go(X: npt.NDArray[np.float32]) -> None:
    """Let go of what a mapped file takes of the memory; the system keeps it while there is room."""
    mapped = X.base
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        mapped.madvise(mmap.MADV_DONTNEED)


def zscored(X: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Bring each electrode of each epoch to zero mean and unit variance.

    Parameters
    ----------
    X
        [epoch, electrode, time].

    Returns
    -------
    The same, with zeros where an electrode does not vary in an epoch; and where that is so,
    [epoch, electrode, 1].
    """
    mean = X.mean(axis=2, keepdims=True)
    centred = X - mean
    spread = centred.std(axis=2, keepdims=True)
    # What float32 leaves of a constant is not a signal to be blown up.
    constant: npt.NDArray[np.bool_] = spread <= 1e-6 * np.abs(mean)
    centred /= np.where(constant, np.float32(np.inf), spread)
    return centred, constant
