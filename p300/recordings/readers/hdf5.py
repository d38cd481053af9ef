"""HDF5 files: their structure is followed, and what they promise compared with their size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from p300.errors import RecordingError
from p300.recordings.guard import check_regular, guarded
from p300.recordings.readers.extras import import_extra

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SET_KIND = "an EEGLAB file of MATLAB 7.3 (HDF5)"

# MATLAB puts 512 bytes of its own before the signature.
_PLACES = (0, 512)
_MOST_BYTES_A_BYTE = 100

# Each value of a cell or struct is an object of the file, but empty ones may be one and the same.
_VALUES, _BYTES_A_VALUE = 1000, 8


def is_hdf5(file: Path) -> bool:
    """Return whether a file has the signature of HDF5, at its begin or behind MATLAB's header."""
    with file.open("rb") as stream:
        head = stream.read(max(_PLACES) + len(SIGNATURE))
    return any(head[at : at + len(SIGNATURE)] == SIGNATURE for at in _PLACES)


@contextmanager
def open_hdf5(file: Path, kind: str) -> Iterator[Any]:
    """Open an HDF5 file for reading.

    Parameters
    ----------
    file
        The file.
    kind
        What it is, for messages.

    Yields
    ------
    The ``h5py.File``, none of whose datasets promises far more than the file has, or lies
    elsewhere.

    Raises
    ------
    RecordingError
        When h5py is not installed, or the file is no HDF5 file or damaged.
    """
    check_regular(file)
    if not is_hdf5(file):
        raise RecordingError(f"{file}: not an HDF5 file, expected {kind}")
    h5py = import_extra("h5py", file, kind)

    def open_() -> Any:
        opened = h5py.File(file, "r")
        try:
            _check_group(opened, file, set())
        except BaseException:
            opened.close()
            raise
        return opened

    opened = guarded(open_, file, reader="HDF5")
    with opened:
        yield opened


def _check_group(group: Any, file: Path, seen: set[Any], promised: int = 0) -> int:
    """Look at all datasets of a group and of those within; return the bytes that they promise."""
    import h5py

    size = file.stat().st_size
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise RecordingError(f"{file}: {name!r} links elsewhere, expected a file of its own")
        item = group[name]
        # A damaged file may hold itself.
        if item.id in seen:
            continue
        seen.add(item.id)
        if isinstance(item, h5py.Group):
            promised = _check_group(item, file, seen, promised)
        elif isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise RecordingError(f"{file}: {name!r} lies in other files, expected one file")
            n_bytes = (item.size or 0) * item.dtype.itemsize
            promised += n_bytes
            if promised > _MOST_BYTES_A_BYTE * size:
                raise RecordingError(
                    f"{file}: {name!r} has {item.shape} values, {n_bytes} bytes, in a file of "
                    f"{size} bytes; it is damaged or cut short"
                )
    return promised


def check_values(opened: Any, file: Path) -> None:
    """Check an HDF5 file of MATLAB, whose cells and structs refer to their elements.

    Parameters
    ----------
    opened
        The ``h5py.File``.
    file
        The file, for messages.

    Raises
    ------
    RecordingError
        When its references stand for more values than the file has room for, or it refers to
        itself: whoever follows them would not come back.
    """
    most = _VALUES + file.stat().st_size // _BYTES_A_VALUE
    n_values = guarded(lambda: _count_values(opened, most, {}), file, reader="HDF5")
    if n_values > most:
        raise RecordingError(
            f"{file}: its cells and structs stand for {n_values:,.0f} values, at most {most:,} "
            f"expected in a file of {file.stat().st_size} bytes; it is damaged"
        )


def _count_values(item: Any, most: int, known: dict[int, float]) -> float:
    """Return how many values a group or dataset stands for; without end where it is in itself."""
    import h5py

    place = h5py.h5o.get_info(item.id).addr
    if place not in known:
        known[place] = math.inf
        inner: Iterable[Any] = ()
        if isinstance(item, h5py.Group):
            inner = item.values()
        elif item.dtype.kind == "O":
            if h5py.check_ref_dtype(item.dtype) is None:
                raise RecordingError(f"{item.file.filename}: {item.name!r} is no array of MATLAB")
            if (item.size or 0) > most:
                return float(item.size)
            inner = (item.file[reference] for reference in np.ravel(item[()]) if reference)
        known[place] = 1 + sum(_count_values(one, most, known) for one in inner)
    return known[place]
