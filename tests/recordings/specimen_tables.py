"""Writers of small recordings as text tables with a row a sample; see ``specimen_files``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from specimen_files import Content

SFREQ = 250


def _write(
    path: Path,
    columns: Mapping[str, Sequence[Any]],
    without: str,
    head: Sequence[str] = (),
) -> Path:
    kept = {
        title: values for title, values in columns.items() if not without or without not in title
    }
    rows = [list(kept), *zip(*kept.values(), strict=True)]
    lines = [*head, *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _marker(content: Content) -> list[int]:
    return content.state(1 + content.targets)[: content.n_samples].tolist()


def write_table(folder: Path, content: Content, without: str = "") -> Path:
    columns = {
        "Time": [f"{k / SFREQ:.3f}" for k in range(content.n_samples)],
        **dict(zip(content.electrodes, 1e6 * content.signal, strict=True)),
        "Event": _marker(content),
    }
    return _write(folder / "sub-1.csv", columns, without)


def write_openbci(folder: Path, content: Content, without: str = "") -> Path:
    n_samples = content.n_samples
    numbers = [f"EXG Channel {k}" for k in range(len(content.electrodes))]
    columns = {
        "Sample Index": [float(k % 256) for k in range(n_samples)],
        **dict(zip(numbers, 1e6 * content.signal, strict=True)),
        "Accel Channel 0": np.zeros(n_samples),
        "Timestamp": [f"{1717150000 + k / SFREQ:.4f}" for k in range(n_samples)],
        "Marker Channel": _marker(content),
    }
    head = ["%OpenBCI Raw EXG Data", f"%Number of channels = {len(numbers)}"]
    head += [f"%Sample Rate = {SFREQ} Hz", "%Board = OpenBCI_GUI$BoardCytonSerial"]
    return _write(folder / "sub-1.txt", columns, without, head)


def write_openvibe(folder: Path, content: Content, without: str = "") -> Path:
    n_samples = content.n_samples
    shown = dict(zip(content.samples.tolist(), zip(content.targets, content.codes), strict=True))  # noqa: B905
    times = [f"{k / SFREQ:.10f}" for k in range(n_samples)]
    events: dict[str, list[str]] = {"Event Id": [], "Event Date": [], "Event Duration": []}
    for k in range(n_samples):
        ids = []
        if k in shown:
            target, code = shown[k]
            ids = [0x8100 + code, 0x8205 if target else 0x8206, 0x800B]
        events["Event Id"].append(":".join(map(str, ids)))
        events["Event Date"].append(":".join([times[k]] * len(ids)))
        events["Event Duration"].append(":".join(["0"] * len(ids)))
    columns = {
        f"Time:{SFREQ}Hz": times,
        "Epoch": [k // 32 for k in range(n_samples)],
        **dict(zip(content.electrodes, 1e6 * content.signal, strict=True)),
        **events,
    }
    return _write(folder / "sub-1.csv", columns, without)
