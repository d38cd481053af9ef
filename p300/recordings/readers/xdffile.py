"""XDF files: their chunks are checked against the file's size, then pyxdf reads the streams.

XDF 1.0, https://github.com/sccn/xdf/wiki/Specifications.
"""

from __future__ import annotations

import html
import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from p300.errors import DataWarning, RecordingError
from p300.recordings.guard import check_regular, guarded

_STREAM_HEADER, _SAMPLES = 2, 3
_WITH_STREAM = (2, 3, 4, 6)
_BYTES = {
    "int8": 1, "int16": 2, "int32": 4, "int64": 8, "float32": 4, "double64": 8, "string": 1,
}  # fmt: skip
_MOST_CHANNELS = 10_000
# Said of every file without clock measurements.
_HARMLESS = "Segments and clock-segments differ"


@dataclass(frozen=True)
class XdfStream:
    """What the header of a stream says, and how many samples the file holds of it.

    ``sfreq`` is 0 for events at irregular times.
    """

    number: int
    name: str
    kind: str
    n_channels: int
    sample_type: str
    sfreq: float
    source_id: str = ""
    n_samples: int = 0

    def __str__(self) -> str:
        return (
            f"{self.number}: {self.name!r} (type {self.kind!r}, source id {self.source_id!r}, "
            f"{self.n_channels} x {self.sample_type}, {self.n_samples} samples)"
        )


def read_stream_headers(file: Path) -> list[XdfStream]:
    """Walk through the chunks of a file and give the streams that it announces.

    Raises
    ------
    RecordingError
        When the file is empty, no XDF file, cut short or contradicts itself.
    """
    check_regular(file)
    size = file.stat().st_size
    streams: dict[int, XdfStream] = {}
    counts: Counter[int] = Counter()
    with file.open("rb") as content:
        magic = content.read(4)
        if not magic:
            raise RecordingError(f"{file}: the file is empty, expected an XDF recording")
        if magic != b"XDF:":
            raise RecordingError(f"{file}: not an XDF file, it begins with {magic!r}")
        for tag, number, length in _chunks(content, size, file):
            if tag == _STREAM_HEADER:
                text = content.read(length).decode("utf-8", "replace")
                streams[number] = _parse_header(text, number, file)
            elif tag == _SAMPLES and number in streams:
                start = content.read(min(length, 9))
                counts[number] += _count_samples(start, length, streams[number], file)
    return [replace(stream, n_samples=counts[number]) for number, stream in streams.items()]


def _chunks(content: BinaryIO, size: int, file: Path) -> Iterator[tuple[int, int, int]]:
    """Yield tag, stream and length of what is left of each chunk; the file stands there."""
    at = content.tell()
    while at < size:
        content.seek(at)
        start = content.read(9)
        length, used = _variable_int(start)
        end = at + used + length
        content.seek(at + used)
        head = content.read(6)
        tag = int.from_bytes(head[:2], "little")
        skip = 6 if tag in _WITH_STREAM else 2
        if used == 0 or length < skip or end > size:
            raise RecordingError(
                f"{file}: the chunk at byte {at} reaches to byte {end} of {size}; the file is cut "
                "short or damaged"
            )
        content.seek(at + used + skip)
        yield tag, int.from_bytes(head[2:6], "little"), length - skip
        at = end


def _variable_int(content: bytes) -> tuple[int, int]:
    """Read a number of 1, 4 or 8 bytes behind the byte that tells which; give the bytes used."""
    n = content[0] if content else 0
    if n not in (1, 4, 8) or len(content) < 1 + n:
        return 0, 0
    return int.from_bytes(content[1 : 1 + n], "little"), 1 + n


def _parse_header(text: str, number: int, file: Path) -> XdfStream:
    def field(name: str) -> str:
        found = re.search(rf"<{name}>([^<]*)</{name}>", text)  # searched once through
        return html.unescape(found[1].strip()) if found else ""

    n_channels, sfreq = field("channel_count"), field("nominal_srate")
    readable = re.fullmatch(r"\d{1,9}", n_channels) and re.fullmatch(r"[\d.eE+-]{1,30}", sfreq)
    try:
        stream = XdfStream(
            number=number,
            name=field("name"),
            kind=field("type"),
            n_channels=int(n_channels) if readable else 0,
            sample_type=field("channel_format"),
            source_id=field("source_id"),
            sfreq=float(sfreq) if readable else 0.0,
        )
    except ValueError:
        stream = None
    if (
        stream is None
        or not 0 < stream.n_channels <= _MOST_CHANNELS
        or stream.sample_type not in _BYTES
    ):
        raise RecordingError(
            f"{file}: stream {field('name')!r} with {n_channels!r} channels of type "
            f"{field('channel_format')!r} at {sfreq!r} Hz found, expected numbers of channels and "
            f"Hz, and one of {list(_BYTES)}"
        )
    return stream


def _count_samples(start: bytes, length: int, stream: XdfStream, file: Path) -> int:
    """Return the number of samples of a chunk; refuse one that it cannot hold."""
    n_samples, used = _variable_int(start)
    least = 1 + stream.n_channels * _BYTES[stream.sample_type]
    if used == 0 or n_samples * least > length - used:
        raise RecordingError(
            f"{file}: {n_samples} samples of stream {stream.name!r} in a chunk of {length} bytes "
            "found; the file is damaged"
        )
    return n_samples


def read_streams(file: Path, streams: Sequence[XdfStream]) -> list[dict[str, Any]]:
    """Read streams with pyxdf, their clocks brought together; stamps keep their jitter.

    Returns
    -------
    As pyxdf gives them, in the order asked for: ``info``, ``time_series`` [sample, channel],
    ``time_stamps`` in s.

    Raises
    ------
    RecordingError
        When pyxdf fails or finds damage.
    """
    import pyxdf

    logger = logging.getLogger("pyxdf.pyxdf")
    said = _Collector()
    logger.addHandler(said)
    passed_on, logger.propagate = logger.propagate, False

    def read() -> list[dict[str, Any]]:
        with np.errstate(all="ignore"):
            found, _ = pyxdf.load_xdf(
                file,
                select_streams=[stream.number for stream in streams],
                dejitter_timestamps=False,
            )
        by_number = {stream["info"]["stream_id"]: stream for stream in found}
        return [by_number[stream.number] for stream in streams]

    try:
        found = guarded(read, file, reader="pyxdf")
    finally:
        logger.removeHandler(said)
        logger.propagate = passed_on
    for level, message in said.messages:
        if level >= logging.ERROR:
            raise RecordingError(f"{file}: the file is damaged: {message}")
        if not message.endswith(_HARMLESS):
            warnings.warn(f"{file}: {message}", DataWarning, stacklevel=2)
    return found


class _Collector(logging.Handler):
    """Keeps the warnings and errors that pyxdf only logs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.messages.append((record.levelno, record.getMessage()))
