"""Recordings with the ending .cnt: Neuroscan's, and ANT's by the library that antio brings."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

STEP = 0.1
"""Microvolts of a step of the samples."""


def neuroscan(
    signal: npt.NDArray[np.float64],
    names: Sequence[str],
    rate: int,
    events: Iterable[tuple[int, ...]],
    *,
    width: int = 2,
    kind: int = 1,
    n_samples: int | None = None,
) -> bytes:
    """Write a signal in microvolts, [channel, sample].

    ``events`` are (sample, stimulus), with the keys pressed as a third. Tables of the ``kind`` 3
    number their events by samples, others by bytes. ``n_samples`` is what the header counts.
    """
    n, length = signal.shape
    begin = 900 + 75 * n
    head = bytearray(900)
    head[:12] = b"Version 3.0\0"
    head[225:247] = b"01/02/20\0\0" + b"12:00:00".ljust(12, b"\0")
    struct.pack_into("<H4xH", head, 370, n, rate)
    struct.pack_into("<i", head, 864, length if n_samples is None else n_samples)
    struct.pack_into("<I", head, 886, begin + width * n * length)
    channels = b""
    for name in names:
        channel = bytearray(75)
        channel[:10] = name.encode()[:9].ljust(10, b"\0")
        struct.pack_into("<f", channel, 59, 1.0)
        struct.pack_into("<f", channel, 71, 204.8 * STEP)
        channels += channel
    samples = np.round(signal.T / STEP).astype("<i2" if width == 2 else "<i4").tobytes()
    rows = [(*event, 0)[:3] for event in events]
    table = b"".join(
        struct.pack("<HBBi", stimulus, 0, pad, at if kind == 3 else begin + width * n * at)
        + bytes(0 if kind == 1 else 11)
        for at, stimulus, pad in rows
    )
    return bytes(head) + channels + samples + struct.pack("<BII", kind, len(table), 0) + table


def ant(
    path: Path,
    signal: npt.NDArray[np.float64],
    names: Sequence[str],
    rate: int,
    events: Iterable[tuple[int, str]],
    *,
    units: Sequence[str] = (),
    wide: bool = False,
) -> None:
    """Write a signal in microvolts, [channel, sample], and (sample, name) of its triggers."""
    import antio

    library = ctypes.CDLL(str(Path(antio.__file__).parent / "libeep" / "libEep.so"))
    library.libeep_init()
    channels = library.libeep_create_channel_info()
    for name, unit in zip(names, units or ["uV"] * len(names), strict=True):
        library.libeep_add_channel(channels, name.encode("latin-1"), b"CPz", unit.encode())
    handle = library.libeep_write_cnt(os.fsencode(path), rate, channels, int(wide))
    about = library.libeep_create_recinfo()
    library.libeep_set_start_time(about, ctypes.c_long(1_600_000_000))
    library.libeep_add_recording_info(handle, about)
    values = np.ascontiguousarray(signal.T, dtype=np.float32)
    place = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    library.libeep_add_samples(handle, place, len(values))
    for sample, name in events:
        library.libeep_add_trigger(handle, ctypes.c_uint64(sample), name.encode())
    library.libeep_close(handle)
