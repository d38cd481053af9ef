"""OpenViBE's own files, written as its "Generic stream writer" does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

SIGNAL, STIMULATIONS, MATRIX = 0x5BA36127195FEAE1, 0x6F752DD0082A321E, 0x544A003E6DCBA5F6
_LIMITS = (2**7, 2**14, 2**21, 2**28, 2**35, 2**42, 2**49, 2**56, 2**63)


def number(value: int) -> bytes:
    """Write a number whose first bits tell its length."""
    length = next((k + 1 for k, limit in enumerate(_LIMITS) if value < limit - 1), 10)
    wide = bytearray(value.to_bytes(length, "big"))
    if length <= 8:
        wide[0] |= 1 << (8 - length)
    else:
        wide[1] |= 1 << (16 - length)
    return bytes(wide)


def node(name: int, *parts: bytes | int | str) -> bytes:
    content = b"".join(map(_content, parts))
    return number(name) + number(len(content)) + content


def _content(part: bytes | int | str) -> bytes:
    if isinstance(part, int):
        return part.to_bytes((part.bit_length() + 7) // 8, "big")
    return part.encode() if isinstance(part, str) else part


def fixed(sample: int, rate: int) -> int:
    return (sample << 32) // rate


def header(*types: int, compression: int = 0) -> bytes:
    ebml = node(0x0A45DFA3, node(0x0282, "OpenViBE_Stream_File"), node(0x0286, 1), node(0x02F2, 10))
    listed = [node(0x732EC1D1FE904087, kind) for kind in types]
    compressed = node(0x40358769166380D1, compression)
    return ebml + node(0xF59505AB3684C8D8, compressed, *listed)


def chunk(index: int, begin: int, end: int, content: bytes) -> bytes:
    return node(
        0x2E60AD1887A29BDF,
        node(0x30A56D8AB9C12238, index),
        node(0x093E6A0AC5A9467B, begin),
        node(0x8B5CCCD9C5024F29, end),
        node(0x8D4B0BE87051265C, content),
    )


def signal_header(
    names: Sequence[str], block: int, rate: int, *, index: int = 0, n_channels: int | None = None
) -> bytes:
    labels = [node(0x00153E40190227E0, name) for name in names]
    sizes = [node(0x001302F736D8438A, n) for n in (n_channels or len(names), block)]
    content = node(
        0x002B395F108ADFAE,
        node(0x00CDD0F746B0278D, SIGNAL),
        node(0x006F5A087796EBC5, 2),
        node(0x007855DE3748D375, node(0x00141C430C37006B, rate)),
        node(
            0x0072F5607ED2CBED,
            node(0x003FEBD42725D428, 2),
            node(0x0000E3C03A7D5141, sizes[0], *labels),
            node(0x0000E3C03A7D5141, sizes[1]),
        ),
    )
    return chunk(index, 0, 0, content)


def block(values: npt.NDArray[np.float64], first: int, rate: int, *, index: int = 0) -> bytes:
    """Write a block of [channel, sample] whose first sample is counted from the time 0."""
    raw = node(0x00B18C10427D098C, np.ascontiguousarray(values, "<f8").tobytes())
    content = node(0x00CF210102375310, node(0x0012066308FBC165, raw))
    end = first + values.shape[1]
    return chunk(index, fixed(first, rate), fixed(end, rate), content)


def stimulations(marks: Iterable[tuple[int, int]], *, index: int = 1) -> bytes:
    """Write stimulations, dates in fixed point and codes, as a chunk of one buffer."""
    nodes = [
        node(
            0x0016EAC629FBCAA1,
            node(0x006FA5DB4BAC31E9, code),
            node(0x00B866D814DA5374, date),
            node(0x14EE055F87FBCC9C, 0),
        )
        for date, code in marks
    ]
    content = node(0x006DEABE7FC05A20, node(0x00BB790B2B8574D8, len(nodes)), *nodes)
    return chunk(index, 0, 0, node(0x00CF210102375310, content))


def recording(
    signal: npt.NDArray[np.float64],
    names: Sequence[str],
    rate: int,
    events: Iterable[tuple[int, int]],
    *,
    size: int = 50,
    start: int = 0,
    lost: Sequence[int] = (),
) -> bytes:
    """Write a signal in microvolts, [channel, sample], in blocks; and (sample, code) of marks.

    ``start`` is the sample, from time 0, at which the signal begins; ``lost`` numbers the blocks
    that are not written.
    """
    blocks = [
        block(signal[:, k : k + size], start + k, rate)
        for k in range(0, signal.shape[1] - size + 1, size)
        if k // size not in lost
    ]
    marks = [(fixed(start + sample, rate), code) for sample, code in events]
    half = len(blocks) // 2
    parts = [header(SIGNAL, STIMULATIONS), signal_header(names, size, rate)]
    return b"".join([*parts, *blocks[:half], stimulations(marks), *blocks[half:]])
