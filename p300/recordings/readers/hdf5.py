"""HDF5 files: their structure is followed, and what they promise compared with their size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from p300.errors import RecordingError
from p300.recordings.guard import check_regular, guarded
from p300.recordings.readers.extras import import_extra

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SET_KIND = "an EEGLAB file of MATLAB 7.3 (HDF5)"

# MATLAB puts 512 bytes of its own before the signature.
_PLACES = (0, 512)
_MOST_BYTES_A_BYTE = 100


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


def _check_group(group: Any, file: Path, seen: set[Any]) -> None:
    """Look at all datasets of a group and of those within."""
    import h5py

    size = file.stat().st_size
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise RecordingError(f"{file}: {name!r} links elsewhere, expected a file of its own")
        item = group[name]
        if isinstance(item, h5py.Group):
            # A damaged file may hold itself.
            if item.id not in seen:
                seen.add(item.id)
                _check_group(item, file, seen)
        elif isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise RecordingError(f"{file}: {name!r} lies in other files, expected one file")
            n_bytes = (item.size or 0) * item.dtype.itemsize
            if n_bytes > _MOST_BYTES_A_BYTE * size:
                raise RecordingError(
                    f"{file}: {name!r} has {item.shape} values, {n_bytes} bytes, in a file of "
                    f"{size} bytes; it is damaged or cut short"
                )
