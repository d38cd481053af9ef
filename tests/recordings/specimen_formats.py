"""Writers of small recordings in the formats of amplifiers and programs; see ``specimen_files``."""

from __future__ import annotations

from pathlib import Path

import cnt_writer
import hdf5_writer
import mff_writer
import numpy as np
import ov_writer as ov
from specimen_files import Content, annotate


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


def write_cnt(folder: Path, content: Content, without: str = "") -> Path:
    path = folder / "sub-1.cnt"
    events = zip(content.samples.tolist(), np.where(content.targets, 5, 3).tolist(), strict=True)
    kept = [] if without == "events" else events
    signal = np.clip(1e6 * content.signal, -2e8, 2e8)
    path.write_bytes(cnt_writer.neuroscan(signal, content.electrodes, 250, kept, width=4))
    return path


def write_ant(folder: Path, content: Content, without: str = "") -> Path:
    path = folder / "sub-1.cnt"
    kinds = np.where(content.targets, "rare", "often").tolist()  # of eight letters at most
    events = zip(content.samples.tolist(), kinds, strict=True)
    kept = [] if without == "triggers" else events
    cnt_writer.ant(path, 1e6 * content.signal, content.electrodes, 250, kept)
    return path


def write_mff(folder: Path, content: Content, without: str = "") -> Path:
    path = folder / "sub-1.mff"
    rows = np.resize(1e6 * content.signal, (33, content.n_samples))
    kinds = ["targ" if target else "nont" for target in content.targets]
    # Net Station counts in milliseconds.
    mff_writer.write(path, rows, 250, zip(content.samples.tolist(), kinds, strict=True))
    if without:
        (path / without).unlink()
    return path


def write_set73(folder: Path, content: Content, without: str = "") -> Path:
    path = folder / "sub-1.set"
    events = list(zip(content.samples.tolist(), annotate(content), strict=True))
    hdf5_writer.eeglab(path, 1e6 * content.signal, content.electrodes, 250, events, without=without)
    return path


def write_gtec_hdf5(folder: Path, content: Content, without: str = "") -> Path:
    path = folder / "sub-1.hdf5"
    channels = [(name, "EEG") for name in content.electrodes]
    kinds = np.where(content.targets, 2, 1).tolist()
    marks = [(at, kind, 1) for at, kind in zip(content.samples.tolist(), kinds, strict=True)]
    types = {1: "NonTarget", 2: "Target"}
    hdf5_writer.gtec(path, 1e6 * content.signal, channels, 250, marks, types, without=without)
    return path
