"""Writers of small recordings in the formats of amplifiers and programs; see ``specimen_files``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import ov_writer as ov
from specimen_files import Content


def write_ov(folder: Path, content: Content, without: str = "") -> Path:
    path, rate, block = folder / "sub-1.ov", 250, 50
    signal = 1e6 * content.signal
    # A signal whose axes are swapped has no whole number of blocks.
    block = block if signal.shape[1] % block == 0 else signal.shape[1]
    kinds, labels = np.where(content.targets, 0x8205, 0x8206), 0x8100 + content.codes
    marks = [
        (ov.fixed(int(sample), rate), int(code))
        for sample, *codes in zip(content.samples, kinds, labels, strict=True)
        for code in (*codes, 0x800B)
    ]
    parts = {
        "streams": ov.header(ov.SIGNAL, ov.STIMULATIONS),
        "signal header": ov.signal_header(content.electrodes, block, rate),
        "stimulations": ov.stimulations(marks),
        "signal": b"".join(
            ov.block(signal[:, k : k + block], k, rate) for k in range(0, signal.shape[1], block)
        ),
    }
    path.write_bytes(b"".join(part for name, part in parts.items() if name != without))
    return path
