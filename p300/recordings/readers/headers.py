"""Counts in headers, compared with the size of the file before MNE makes room for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from p300.errors import RecordingError
from p300.recordings.readers.antfile import check_ant, is_ant
from p300.recordings.readers.cntfile import check_cnt
from p300.recordings.readers.extras import import_extra
from p300.recordings.readers.fif import check_fif, check_packed_fif
from p300.recordings.readers.gdf import check_gdf
from p300.recordings.readers.hdf5 import SET_KIND, check_values, is_hdf5, open_hdf5
from p300.recordings.readers.matfile import check_mat
from p300.recordings.readers.named_files import check_brainvision, check_persyst

_EDF_HEADER = 256
"""Bytes of the header of EDF and BDF, and of what follows it for each channel."""


def check_header(file: Path) -> None:
    """Check a recording whose format this module or a reader knows; others are MNE's alone.

    Raises
    ------
    RecordingError
        When the header counts more than the file can hold, or the structure of the file is
        damaged.
    """
    check = _CHECKS.get(file.suffix.lower())
    if check is None or not file.is_file():
        return
    if file.stat().st_size == 0:
        raise RecordingError(f"{file}: the file is empty, expected a recording")
    check(file)


def _check_edf(file: Path) -> None:
    """Channels are counted in the bytes 252 to 255."""
    with file.open("rb") as stream:
        header = stream.read(_EDF_HEADER)
    if not header.startswith((b"0", b"\xffBIOSEMI")):
        raise RecordingError(f"{file}: not an EDF or BDF file, it begins with {header[:16]!r}")
    counted = re.fullmatch(rb"\s*(\d+)\s*", header[252:])
    n_channels = int(counted[1]) if counted else 0
    _compare(file, n_channels, _EDF_HEADER * (n_channels + 1))


def _check_vhdr(file: Path) -> None:
    """Each channel has a line such as ``Ch1=Fz``; signal and marks are in other files."""
    check_brainvision(file)
    counted = re.search(rb"(?im)^\s*NumberOfChannels\s*=\s*(\d+)", file.read_bytes())
    n_channels = int(counted[1]) if counted else 0
    _compare(file, n_channels, len("Ch1=\n") * n_channels)


def _check_cnt(file: Path) -> None:
    """Amplifiers of ANT and Neuroscan's program write files of the same name."""
    if is_ant(file):
        check_ant(file)
    else:
        check_cnt(file)


def _check_set(file: Path) -> None:
    """EEGLAB saves files of MATLAB 5 to 7.2, or 7.3, which are HDF5."""
    if is_hdf5(file):
        import_extra("pymatreader", file, SET_KIND)  # with which MNE reads it
        with open_hdf5(file, SET_KIND) as opened:
            check_values(opened, file)
    else:
        check_mat(file)


def _compare(file: Path, n_channels: int, needed: int) -> None:
    size = file.stat().st_size
    if needed > size:
        raise RecordingError(
            f"{file}: its header of {n_channels} channels takes {needed} bytes, the file has "
            f"{size}; it is damaged or cut short"
        )


_CHECKS: dict[str, Callable[[Path], None]] = {
    ".ahdr": _check_vhdr,
    ".bdf": _check_edf,
    ".cnt": _check_cnt,
    ".edf": _check_edf,
    ".fif": check_fif,
    ".gdf": check_gdf,
    ".gz": check_packed_fif,
    ".lay": check_persyst,
    ".set": _check_set,
    ".vhdr": _check_vhdr,
}
