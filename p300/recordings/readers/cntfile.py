"""Neuroscan's continuous recordings (.cnt): how wide samples are, and where the events lie.

Header, channels and event table as in http://paulbourke.net/dataformats/eeg/ and EEGLAB's
loadcnt.m. MNE 1.13 has events a sample early, or further off where they are numbered by samples,
does not open files with a stretch marked as bad to its end, and takes long names for bad channels.
Whether a sample has two bytes or four the file does not say outright.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError

if TYPE_CHECKING:
    from mne.io import BaseRaw

DataFormat = Literal["int16", "int32"]
"""How Neuroscan stores a sample."""

_HEADER, _CHANNEL = 900, 75
_WIDTHS: dict[DataFormat, int] = {"int16": 2, "int32": 4}
_EVENT = {1: struct.Struct("<HBBi"), 2: struct.Struct("<HBBi11x"), 3: struct.Struct("<HBBi11x")}
_BY_SAMPLE = 3
_BAD, _GOOD = 0xC0, 0xD0
_CHANNEL_TYPE = np.dtype(
    {
        "names": ["name", "bad", "baseline", "sensitivity", "calibration"],
        "formats": ["S10", "u1", "<i2", "<f4", "<f4"],
        "offsets": [0, 14, 47, 59, 71],
        "itemsize": _CHANNEL,
    }
)


@dataclass(frozen=True)
class CntHeader:
    """What a header counts: channels, samples (0 where unknown), Hz, and where the events lie.

    ``run`` is the number of bytes of a channel that follow each other; below two where channels
    take turns.
    """

    n_channels: int
    n_samples: int
    sfreq: int
    table: int
    run: int

    @property
    def begin(self) -> int:
        """The byte at which the signal begins."""
        return _HEADER + _CHANNEL * self.n_channels


def check_cnt(file: Path) -> CntHeader:
    """Read the header of a Neuroscan recording and compare its counts with the file's size.

    Raises
    ------
    RecordingError
        When the file is none, is cut short, or contradicts itself.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        head = stream.read(_HEADER)
    if not head.startswith(b"Version ") or len(head) < _HEADER:
        raise RecordingError(
            f"{file}: neither a Neuroscan nor an ANT recording, it begins with {head[:12]!r}"
        )
    n_channels, sfreq = struct.unpack_from("<H4xH", head, 370)
    (n_samples,) = struct.unpack_from("<i", head, 864)
    (low,), (high,) = struct.unpack_from("<I", head, 886), struct.unpack_from("<I", head, 16)
    table = low + (high << 32) if size >= 2**32 else low
    (run,) = struct.unpack_from("<i", head, 894)
    header = CntHeader(n_channels, max(n_samples, 0), sfreq, table, run)
    if n_channels == 0 or sfreq == 0 or not header.begin < header.table <= size - 9:
        raise RecordingError(
            f"{file}: {n_channels} channels at {sfreq} Hz and events at byte {header.table} of "
            f"{size} found, expected a signal between the {header.begin} bytes of the header and "
            "the events; the file is cut short or damaged"
        )
    return header


def open_cnt(file: Path, data_format: DataFormat | None = None) -> BaseRaw:
    """Open a Neuroscan recording, its events as annotations.

    Parameters
    ----------
    file
        The recording.
    data_format
        How samples are stored; by default what the header's number of samples tells.

    Raises
    ------
    RecordingError
        When the file cannot be read, or does not tell how wide its samples are.
    """
    import mne

    header = check_cnt(file)
    kind = data_format or _find_format(header, file)
    *places, marks = _read_events(file, header, _WIDTHS[kind])
    names, bads, signal = _read_signal(file, header, kind)
    info = mne.create_info(names, float(header.sfreq), "eeg", verbose="warning")
    info["bads"] = [name for name, bad in zip(info["ch_names"], bads, strict=True) if bad]
    onsets, durations = (np.array(samples, dtype=float) / header.sfreq for samples in places)
    raw = mne.io.RawArray(signal, info, verbose="warning")
    return raw.set_annotations(mne.Annotations(onsets, durations, marks), verbose="warning")


def _read_signal(
    file: Path, header: CntHeader, kind: DataFormat
) -> tuple[list[str], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return the channels' names, whether they are marked as bad, and the signal in volts."""
    width, n_bytes = _WIDTHS[kind], header.table - header.begin
    run = max(header.run // width, 1)
    n_runs, left = divmod(n_bytes, width * header.n_channels * run)
    if left:
        warnings.warn(
            f"{file}: its signal ends within a sample, {left} bytes are left out",
            DataWarning,
            stacklevel=2,
        )
    with file.open("rb") as stream:
        stream.seek(_HEADER)
        about = np.frombuffer(stream.read(header.begin - _HEADER), _CHANNEL_TYPE)
        stored = np.frombuffer(stream.read(n_bytes - left), f"<i{width}")
    # [run, channel, sample]
    signal = np.moveaxis(stored.reshape(n_runs, header.n_channels, run), 1, 0)
    values = signal.reshape(header.n_channels, -1) - about["baseline"][:, np.newaxis].astype(float)
    microvolts = about["sensitivity"].astype(float) * about["calibration"].astype(float) / 204.8
    names = [name.split(b"\0")[0].decode("latin-1").strip() for name in about["name"].tolist()]
    return names, about["bad"] > 0, values * (1e-6 * microvolts)[:, np.newaxis]


def _find_format(header: CntHeader, file: Path) -> DataFormat:
    bytes_ = header.table - header.begin
    fits = [
        kind
        for kind, width in _WIDTHS.items()
        if bytes_ == width * header.n_channels * header.n_samples
    ]
    if len(fits) == 1:
        return fits[0]
    raise RecordingError(
        f"{file}: {bytes_} bytes of signal found where the header counts {header.n_samples} "
        f"samples of {header.n_channels} channels, so that it cannot be told whether samples have "
        "16 or 32 bits; say it with the option 'data_format' (int16 or int32)"
    )


def _read_events(
    file: Path, header: CntHeader, width: int
) -> tuple[list[float], list[float], list[str]]:
    """Return samples (from 0), durations in samples, and names of the events.

    Names are MNE's: the number of the stimulus, or the key that was pressed. Where someone marked
    a stretch as bad, its end is no event of its own.
    """
    frame = width * header.n_channels
    samples: list[float] = []
    durations: list[float] = []
    names: list[str] = []
    bad: int | None = None
    for kind, (stimulus, key, pad, offset) in _event_table(file, header):
        place = offset if kind == _BY_SAMPLE else (offset - header.begin) // frame
        if pad == _GOOD and bad is not None:
            durations[bad], bad = place - samples[bad], None
            continue
        press = f"KeyPad Response {pad & 0x0F}" if pad & 0x0F else f"Keyboard Response {key}"
        name = press if pad & 0x0F or key else str(stimulus)
        if pad == _BAD:
            bad, name = len(samples), f"BAD_{name}"
        samples.append(place)
        durations.append(0)
        names.append(name)
    if bad is not None:  # to the end of the signal
        durations[bad] = (header.table - header.begin) // frame - samples[bad]
    return samples, durations, names


def _event_table(file: Path, header: CntHeader) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield for each event the kind of the table, and what of it matters."""
    with file.open("rb") as stream:
        stream.seek(header.table)
        kind, length = struct.unpack("<BI4x", stream.read(9))
        event = _EVENT.get(kind)
        left = file.stat().st_size - header.table - 9
        if event is None or length > left or length % event.size:
            raise RecordingError(
                f"{file}: a table of events of kind {kind} with {length} bytes found where {left} "
                f"are left, expected one of {sorted(_EVENT)} with whole events; the file is cut "
                "short or damaged"
            )
        for values in event.iter_unpack(stream.read(length)):
            yield kind, values
