"""Header and event table of GDF files, checked against the file's size before anything is read.

GDF 1.x and 2.x (Schloegl 2006, GDF - a general dataformat for biosignals, arXiv:cs/0608052). The
signal itself is read by MNE.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from p300.errors import RecordingError
from p300.recordings.guard import check_regular

# GDF's number of a sample's type -> bytes; 279 and 535 are integers of 24 bits.
_SAMPLE_BYTES = {
    0: 1, 1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 8, 8: 8, 16: 4, 17: 8, 279: 3, 535: 3,
}  # fmt: skip
_FIXED_HEADER = _CHANNEL_HEADER = 256
_VERSION_2 = 1.9


@dataclass(frozen=True)
class GdfEvents:
    """The event table of a GDF file: samples counted from 0, and codes, in the file's order.

    ``sfreq`` is the rate of the signal in Hz.
    """

    samples: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    sfreq: float


def check_gdf(file: Path) -> None:
    """Check a GDF file that MNE is going to read; it need not have events.

    Raises
    ------
    RecordingError
        When the file is empty, no GDF file, cut short, or contradicts itself.
    """
    table, version, sfreq = _read_event_table(file)
    if table:
        _parse_events(table, version, sfreq, file)


def read_gdf_events(file: Path) -> GdfEvents:
    """Read the event table of a GDF file.

    Raises
    ------
    RecordingError
        When the file is empty, no GDF file, cut short, has no events, or contradicts itself.
    """
    table, version, sfreq = _read_event_table(file)
    if not table:
        raise RecordingError(f"{file}: the file has no event table; expected flashes")
    return _parse_events(table, version, sfreq, file)


def _read_event_table(file: Path) -> tuple[bytes, float, float]:
    """Return what follows the signal, the version of the file, and the rate of the signal."""
    check_regular(file)
    size = file.stat().st_size
    with file.open("rb") as stream:
        header = stream.read(_FIXED_HEADER)
        if not header:
            raise RecordingError(f"{file}: the file is empty, expected a GDF recording")
        if not header.startswith(b"GDF "):
            raise RecordingError(f"{file}: not a GDF file, it begins with {header[:8]!r}")
        if len(header) < _FIXED_HEADER:
            raise RecordingError(f"{file}: cut short, {size} bytes are less than the header of GDF")
        version = _version(header, file)
        start = _signal_start(header, version, size, file)
        channels = stream.read(start - _FIXED_HEADER)
        length, sfreq = _signal_size(header, channels, version, file)
        end = start + length
        if size < end:
            raise RecordingError(f"{file}: cut short, it has {size} of {end} bytes")
        stream.seek(end)
        return stream.read(), version, sfreq


def _version(header: bytes, file: Path) -> float:
    try:
        return float(header[4:8])
    except ValueError as error:
        raise RecordingError(
            f"{file}: GDF version {header[4:8]!r} found, expected 1.x or 2.x"
        ) from (error)


def _n_channels(header: bytes, version: float) -> int:
    (number,) = struct.unpack_from("<H" if version >= _VERSION_2 else "<I", header, 252)
    return int(number)


def _signal_start(header: bytes, version: float, size: int, file: Path) -> int:
    """Return the byte at which the signal begins; all headers lie before it."""
    if version >= _VERSION_2:
        (blocks,) = struct.unpack_from("<H", header, 184)
        start = 256 * int(blocks)
    else:
        (start,) = struct.unpack_from("<q", header, 184)
    n_channels = _n_channels(header, version)
    needed = _FIXED_HEADER + _CHANNEL_HEADER * n_channels
    if n_channels == 0 or not needed <= start <= size:
        raise RecordingError(
            f"{file}: {n_channels} channels and a header of {start} bytes found in a file of "
            f"{size} bytes, expected at least one channel and a header of {needed} bytes or more; "
            "the file is cut short or damaged"
        )
    return int(start)


def _signal_size(header: bytes, channels: bytes, version: float, file: Path) -> tuple[int, float]:
    """Return the size of the signal in bytes, and its rate in Hz."""
    (n_records,) = struct.unpack_from("<q", header, 236)
    numerator, denominator = struct.unpack_from("<II", header, 244)
    n = _n_channels(header, version)
    samples = np.frombuffer(channels, "<u4", count=n, offset=216 * n)
    kinds = np.frombuffer(channels, "<u4", count=n, offset=220 * n)
    unknown = sorted(set(kinds.tolist()) - set(_SAMPLE_BYTES))
    if unknown:
        raise RecordingError(f"{file}: samples of the GDF types {unknown} found, expected numbers")
    if len(set(samples.tolist())) > 1:
        raise RecordingError(
            f"{file}: channels with {sorted(set(samples.tolist()))} samples a record found, "
            "expected one sampling rate"
        )
    if n_records < 1 or samples[0] < 1 or numerator < 1 or denominator < 1:
        raise RecordingError(
            f"{file}: {n_records} records of {samples[0]} samples in {numerator}/{denominator} s "
            "found, expected a signal"
        )
    n_samples = int(samples[0])
    length = int(n_records) * n_samples * sum(_SAMPLE_BYTES[kind] for kind in kinds.tolist())
    return length, n_samples * int(denominator) / int(numerator)


def _parse_events(table: bytes, version: float, sfreq: float, file: Path) -> GdfEvents:
    if len(table) < 8:
        raise RecordingError(f"{file}: the event table is cut short, {len(table)} bytes are left")
    if version < 1.94:
        (number,) = struct.unpack_from("<I", table, 4)
    else:
        number = int.from_bytes(table[1:4], "little")
    if 8 + 6 * number > len(table):
        raise RecordingError(
            f"{file}: {number} events found in an event table of {len(table)} bytes; the file is "
            "cut short or damaged"
        )
    positions = np.frombuffer(table, "<u4", count=number, offset=8)
    codes = np.frombuffer(table, "<u2", count=number, offset=8 + 4 * number)
    # GDF counts samples from 1.
    return GdfEvents(positions.astype(np.int64) - 1, codes.astype(np.int64), sfreq)
