"""OpenViBE's own files (.ov): streams of signal and stimulations in EBML.

Layout and identifiers as in OpenViBE's sources (modules/ebml, toolkit/ovtk_defines.h and the boxes
"Generic stream writer" and "GDF file writer"). A file is a header that lists the types of its
streams, then chunks of these streams with their begin and end. Times are fixed point numbers,
seconds times 2**32. Sizes are followed within the file's own, so that a count makes no room.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.guard import check_regular, guarded

if TYPE_CHECKING:
    from mne.io import BaseRaw

_EBML = 0x0A45DFA3
_FILE_HEADER, _COMPRESSION, _TYPE = 0xF59505AB3684C8D8, 0x40358769166380D1, 0x732EC1D1FE904087
_CHUNK = 0x2E60AD1887A29BDF
_INDEX, _BEGIN, _CONTENT = 0x30A56D8AB9C12238, 0x093E6A0AC5A9467B, 0x8D4B0BE87051265C
_HEADER, _BUFFER = 0x002B395F108ADFAE, 0x00CF210102375310
_SIGNAL_HEADER, _RATE = 0x007855DE3748D375, 0x00141C430C37006B
_MATRIX_HEADER, _DIMENSION = 0x0072F5607ED2CBED, 0x0000E3C03A7D5141
_SIZE, _LABEL = 0x001302F736D8438A, 0x00153E40190227E0
_MATRIX, _VALUES = 0x0012066308FBC165, 0x00B18C10427D098C
_STIMULATIONS, _STIMULATION = 0x006DEABE7FC05A20, 0x0016EAC629FBCAA1
_CODE, _DATE = 0x006FA5DB4BAC31E9, 0x00B866D814DA5374

_SIGNAL_TYPE, _STIMULATION_TYPE = 0x5BA36127195FEAE1, 0x6F752DD0082A321E
_OTHER_TYPES = {
    0x434F65872EFD2B7E,  # EBML
    0x403488E7565D70B6,  # experiment information
    0x544A003E6DCBA5F6,  # streamed matrix
    0x013DF452A3A8879A,  # channel localisation
    0x1E4C0D6E5204EEB2,  # channel localisation of the first versions
    0x6AB26B810F8C02F3,  # channel units
    0x17341935152FF448,  # feature vector
    0x1F261C0A593BF6BD,  # spectrum
    0x897F844EB7958255,  # covariance matrix
    0x5A90816BFF2AFF72,  # time and frequency
}
"""Streams that hold neither a signal nor marks."""

_RATES = (20.0, 1e5)
"""Hz between which a stream of signal may be EEG."""

_SLACK = 1
"""Samples by which the begin of a chunk may be off its place; lost blocks are longer."""

Samples = npt.NDArray[np.int64]


def open_ov(file: Path, stream: int | None = None) -> tuple[BaseRaw, Samples, Samples]:
    """Open an OpenViBE file.

    Parameters
    ----------
    file
        The ``.ov`` file.
    stream
        Number of the stream of signal, counted from 1 over all streams of the file; by default the
        only one whose rate can be that of EEG.

    Returns
    -------
    The signal, taken as microvolts, with MNE's ``EDGE boundary`` where blocks are lost; and the
    samples (from 0) and codes of the stimulations.

    Raises
    ------
    RecordingError
        When the file cannot be read, or its signal cannot be told among several.
    """
    import mne

    found = read_ov(file)
    signal = _choose_signal(found.signals, stream, file)
    samples, codes = found.stimulations(signal, file)
    data = 1e-6 * np.concatenate(signal.blocks, axis=1)

    def make() -> BaseRaw:
        info = mne.create_info(signal.channels, signal.sfreq, "eeg", verbose="warning")
        raw = mne.io.RawArray(data, info, verbose="error")
        edges = np.array(signal.starts()) / signal.sfreq
        return raw.set_annotations(mne.Annotations(edges, 0.0, "EDGE boundary"), verbose="error")

    return guarded(make, file), samples, codes


def _choose_signal(signals: list[OvSignal], stream: int | None, file: Path) -> OvSignal:
    low, high = _RATES
    chosen = [signal for signal in signals if signal.blocks and low <= signal.sfreq <= high]
    if stream is not None:
        chosen = [signal for signal in signals if signal.blocks and signal.number == stream]
    if len(chosen) == 1:
        return chosen[0]
    listed = ", ".join(map(str, signals)) or "none"
    asked = "no such stream" if stream is not None else f"{len(chosen) or 'none'} may be the EEG"
    raise RecordingError(
        f"{file}: signal streams {listed} found, {asked}; name the one by its number with the "
        "option 'stream'"
    )


@dataclass
class OvSignal:
    """A stream of signal: its blocks, [channel, sample] in the file's unit, and where each lies.

    ``begins`` are the blocks' first samples, counted from the recording's time 0.
    """

    number: int
    sfreq: float = 0.0
    channels: list[str] = field(default_factory=list)
    block: int = 0
    blocks: list[npt.NDArray[np.float64]] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        shape = f"{len(self.channels)} channels, {self.block * len(self.blocks)} samples"
        return f"{self.number} ({shape} at {self.sfreq:g} Hz)"

    def starts(self) -> list[int]:
        """Return the samples at which a stretch begins that does not continue what is before."""
        lost = np.diff(self.begins) - self.block > _SLACK
        return [self.block * int(k + 1) for k in np.flatnonzero(lost)]

    def place(self, samples: Samples) -> Samples:
        """Return where samples lie that were counted from time 0: -1 where the signal lacks them.

        What lies before the first block or after the last one keeps its distance from them.
        """
        begins = np.array(self.begins)
        block = np.clip(np.searchsorted(begins, samples, side="right") - 1, 0, None)
        within = samples - begins[block]
        gap = (within >= self.block) & (block < len(begins) - 1)
        # A block that begins a sample late is no gap.
        gap &= np.append(np.diff(begins) - self.block > _SLACK, [False])[block]
        placed: Samples = np.where(gap, -1, block * self.block + within)
        return placed


@dataclass(frozen=True)
class OvFile:
    """The streams of a file that matter: signals, and all stimulations (dates in fixed point)."""

    signals: list[OvSignal]
    dates: list[int]
    codes: list[int]

    def stimulations(self, signal: OvSignal, file: Path) -> tuple[Samples, Samples]:
        """Return the samples in a signal at which stimulations lie, and their codes.

        Warns
        -----
        DataWarning
            Where stimulations lie in stretches that the signal lacks; they are left out.
        """
        rate = round(signal.sfreq)
        # As OpenViBE's own conversion to GDF counts, so that both files have the same samples.
        counted = [((date + 1) * rate - 1) >> 32 for date in self.dates]
        most = np.iinfo(np.int64).max // 4
        samples = signal.place(np.array([min(n, most) for n in counted], dtype=np.int64))
        codes = np.array([code & 0x7FFFFFFFFFFFFFFF for code in self.codes], dtype=np.int64)
        lost = (samples < 0) & (np.array(counted, dtype=object) >= signal.begins[0])
        if lost.any():
            warnings.warn(
                f"{file}: {int(lost.sum())} of {len(samples)} stimulations are left out, the file "
                "lacks the signal there",
                DataWarning,
                stacklevel=3,
            )
        return samples[~lost], codes[~lost]


def read_ov(file: Path) -> OvFile:
    """Read an OpenViBE file.

    Raises
    ------
    RecordingError
        When the file is empty, no OpenViBE file, cut short, compressed, or contradicts itself.
    """
    check_regular(file)
    content = memoryview(file.read_bytes())
    if not content:
        raise RecordingError(f"{file}: the file is empty, expected an OpenViBE recording")
    found = OvFile([], [], [])
    streams: dict[int, OvSignal | None] | None = None
    for name, part in _nodes(content, file):
        if streams is None and name not in (_EBML, _FILE_HEADER):
            raise RecordingError(
                f"{file}: not an OpenViBE file, it begins with {bytes(content[:8])!r}"
            )
        if name == _FILE_HEADER:
            streams = _read_streams(part, file)
            found.signals.extend(stream for stream in streams.values() if stream is not None)
        elif name == _CHUNK:
            _read_chunk(part, streams or {}, found, file)
    if streams is None:
        raise RecordingError(f"{file}: its header of streams is missing, the file is cut short")
    return found


def _nodes(content: memoryview, file: Path) -> Iterator[tuple[int, memoryview]]:
    """Yield the nodes that follow each other: their identifiers and contents."""
    at = 0
    while at < len(content):
        name, begin = _number(content, at)
        length, begin = _number(content, begin)
        if begin < 0 or begin + length > len(content):
            raise RecordingError(
                f"{file}: a node of {length} bytes found where {len(content) - at} are left; the "
                "file is cut short or damaged, or not an OpenViBE file"
            )
        yield name, content[begin : begin + length]
        at = begin + length


def _number(content: memoryview, at: int) -> tuple[int, int]:
    """Read a number of EBML, whose first bits tell its length; give where it ends, -1 for none.

    OpenViBE's identifiers have up to ten bytes, two more than EBML's.
    """
    if at < 0 or at >= len(content):
        return 0, -1
    first = content[at]
    if first == 0:  # nine or ten bytes, by the first bit of the second
        second = content[at + 1] if at + 1 < len(content) else 0
        length, first_bits = (9, 0x80) if second & 0x80 else (10, 0x40)
    else:
        length = 9 - first.bit_length()
        first_bits = 1 << (8 - length)
    end = at + length
    if end > len(content):
        return 0, -1
    bits = 8 * (length - 1) if first else 8 * (length - 2)
    value = int.from_bytes(content[at:end], "big") & ~(first_bits << bits)
    return value, end


def _whole(content: memoryview) -> int:
    return int.from_bytes(content, "big")


def _read_streams(content: memoryview, file: Path) -> dict[int, OvSignal | None]:
    """Return the streams by their index; None where a stream holds no signal."""
    types = []
    for name, part in _nodes(content, file):
        if name == _COMPRESSION and _whole(part):
            raise RecordingError(
                f"{file}: a compressed OpenViBE file found, which no version of OpenViBE reads or "
                "writes; write it again without compression, or as GDF"
            )
        if name == _TYPE:
            types.append(_whole(part))
    known = {_SIGNAL_TYPE, _STIMULATION_TYPE, *_OTHER_TYPES}
    unknown = [f"{kind:#018x}" for kind in types if kind not in known]
    if unknown or not types:
        raise RecordingError(
            f"{file}: streams of the types {unknown or 'none'} found, expected those of OpenViBE "
            "(signal, stimulations and so on); the file is damaged, or convert it with OpenViBE's "
            "'GDF file writer'"
        )
    return {k: OvSignal(k + 1) if kind == _SIGNAL_TYPE else None for k, kind in enumerate(types)}


def _read_chunk(
    content: memoryview, streams: dict[int, OvSignal | None], found: OvFile, file: Path
) -> None:
    parts = dict(_nodes(content, file))
    index, begin = _whole(parts.get(_INDEX, content[:0])), _whole(parts.get(_BEGIN, content[:0]))
    if index not in streams:
        raise RecordingError(
            f"{file}: a chunk of stream {index + 1} found, its header lists {len(streams)}; the "
            "file is damaged"
        )
    signal = streams[index]
    for name, part in _nodes(parts.get(_CONTENT, content[:0]), file):
        if signal is None and name == _BUFFER:
            _read_stimulations(part, found, file)
        elif signal is not None and name == _HEADER:
            _read_signal_header(part, signal, file)
        elif signal is not None and name == _BUFFER:
            _read_block(part, begin, signal, file)


def _read_stimulations(content: memoryview, found: OvFile, file: Path) -> None:
    """Take the stimulations out of a buffer; buffers of other streams hold none."""
    for name, part in _nodes(content, file):
        for child, stimulation in _nodes(part, file) if name == _STIMULATIONS else ():
            if child == _STIMULATION:
                values = dict(_nodes(stimulation, file))
                if _CODE not in values or _DATE not in values:
                    raise RecordingError(f"{file}: a stimulation without code or date found")
                found.codes.append(_whole(values[_CODE]))
                found.dates.append(_whole(values[_DATE]))


def _read_signal_header(content: memoryview, signal: OvSignal, file: Path) -> None:
    rate, sizes, labels = 0, [], []
    for name, part in _nodes(content, file):
        for child, value in _nodes(part, file) if name in (_SIGNAL_HEADER, _MATRIX_HEADER) else ():
            if child == _RATE:
                rate = _whole(value)
            elif child == _DIMENSION:
                fields = list(_nodes(value, file))
                sizes.append(math.prod(_whole(one) for kind, one in fields if kind == _SIZE))
                labels.append([bytes(one) for kind, one in fields if kind == _LABEL])
    if len(sizes) != 2 or min(sizes) < 1 or rate < 1 or signal.blocks:
        shape = " x ".join(map(str, sizes)) or "no"
        late = " after its first block" if signal.blocks else ""
        raise RecordingError(
            f"{file}: signal stream {signal.number} of {shape} values a block at {rate} Hz "
            f"found{late}, expected one header with channels, samples and a rate; the file is "
            "damaged"
        )
    if sizes[0] * sizes[1] * 8 > file.stat().st_size:
        raise RecordingError(
            f"{file}: blocks of {sizes[0]} channels and {sizes[1]} samples found, more than the "
            "file has bytes; it is cut short or damaged"
        )
    names = [text.decode("utf-8", "backslashreplace").strip() for text in labels[0]]
    names += [""] * (sizes[0] - len(names))
    signal.channels = [name or f"Channel {k + 1}" for k, name in enumerate(names[: sizes[0]])]
    signal.sfreq, signal.block = float(rate), sizes[1]


def _read_block(content: memoryview, begin: int, signal: OvSignal, file: Path) -> None:
    size = 8 * len(signal.channels) * signal.block
    for name, part in _nodes(content, file):
        for child, values in _nodes(part, file) if name == _MATRIX else ():
            if child != _VALUES:
                continue
            if size == 0 or len(values) != size:
                raise RecordingError(
                    f"{file}: a block of {len(values)} bytes found in signal stream "
                    f"{signal.number}, its header tells of {size}; the file is damaged"
                )
            first = ((begin + 1) * round(signal.sfreq) - 1) >> 32
            if signal.begins and first < signal.begins[-1] + signal.block - _SLACK:
                raise RecordingError(
                    f"{file}: block {len(signal.begins) + 1} of signal stream {signal.number} "
                    f"begins at {begin / 2**32:.3f} s, before the one before it ends; expected "
                    "continuous signal, not epochs that overlap"
                )
            block = np.frombuffer(values, "<f8").reshape(len(signal.channels), signal.block)
            signal.blocks.append(block)
            signal.begins.append(first)
