"""XDF files written as a session goes: whole chunks, one after another.

XDF 1.0, https://github.com/sccn/xdf/wiki/Specifications.
"""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from p300.recordings.readers.xdfsignal import ChannelAbout

_FILE, _HEADER, _SAMPLES, _FOOTER = 1, 2, 3, 6


class XdfStreamWriter:
    """One stream of a file that is being written; :meth:`XdfWriter.stream` makes it."""

    def __init__(self, file: XdfWriter, number: int) -> None:
        self._file, self._number = file, number
        self._n_samples, self._edges = 0, (0.0, 0.0)

    def numbers(self, stamps: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> None:
        """Write samples of numbers.

        Parameters
        ----------
        stamps
            [sample], seconds.
        values
            [sample, channel].
        """
        row = np.dtype([("n", "u1"), ("stamp", "<f8"), ("values", "<f8", values.shape[1])])
        rows = np.empty(len(stamps), row)
        rows["n"], rows["stamp"], rows["values"] = 8, stamps, values
        self._write(rows.tobytes(), stamps)

    def text(self, stamp: float, text: str) -> None:
        """Write a sample that is a text."""
        said = text.encode()
        content = struct.pack("<BdBI", 8, stamp, 4, len(said)) + said
        self._write(content, np.array([stamp]))

    def _write(self, content: bytes, stamps: npt.NDArray[np.float64]) -> None:
        if not len(stamps):
            return
        head = struct.pack("<IBI", self._number, 4, len(stamps))
        self._file.chunk(_SAMPLES, head + content)
        first = self._edges[0] if self._n_samples else float(stamps[0])
        self._edges = first, float(stamps[-1])
        self._n_samples += len(stamps)

    def close(self) -> None:
        """Write the footer."""
        first, last = self._edges
        text = (
            f'<?xml version="1.0"?><info><first_timestamp>{first!r}</first_timestamp>'
            f"<last_timestamp>{last!r}</last_timestamp>"
            f"<sample_count>{self._n_samples}</sample_count></info>"
        )
        self._file.chunk(_FOOTER, struct.pack("<I", self._number) + text.encode())


class XdfWriter:
    """An XDF file that grows; what was written is there if the process ends.

    Parameters
    ----------
    path
        Must not exist.
    """

    def __init__(self, path: Path) -> None:
        self._streams: list[XdfStreamWriter] = []
        self._content: BinaryIO = path.open("xb")
        self._content.write(b"XDF:")
        self.chunk(_FILE, b'<?xml version="1.0"?><info><version>1.0</version></info>')

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def stream(
        self,
        name: str,
        kind: str,
        source_id: str,
        sfreq: float,
        channels: list[ChannelAbout] | None = None,
    ) -> XdfStreamWriter:
        """Add a stream: of numbers where its channels are given, else of texts."""
        number = len(self._streams) + 1
        described = "".join(
            f"<channel><label>{escape(one.label)}</label><type>{escape(one.kind)}</type>"
            f"<unit>{escape(one.unit)}</unit></channel>"
            for one in channels or ()
        )
        text = (
            f'<?xml version="1.0"?><info><name>{escape(name)}</name><type>{escape(kind)}</type>'
            f"<channel_count>{len(channels or [0])}</channel_count>"
            f"<nominal_srate>{sfreq!r}</nominal_srate>"
            f"<channel_format>{'string' if channels is None else 'double64'}</channel_format>"
            f"<source_id>{escape(source_id)}</source_id>"
            f"<desc><channels>{described}</channels></desc></info>"
        )
        self.chunk(_HEADER, struct.pack("<I", number) + text.encode())
        self._streams.append(XdfStreamWriter(self, number))
        return self._streams[-1]

    def chunk(self, tag: int, content: bytes) -> None:
        """Write a chunk, and hand it to the system."""
        self._content.write(struct.pack("<BIH", 4, len(content) + 2, tag) + content)
        self._content.flush()

    def close(self) -> None:
        """Write the footers."""
        if self._content.closed:
            return
        for stream in self._streams:
            stream.close()
        self._content.close()
