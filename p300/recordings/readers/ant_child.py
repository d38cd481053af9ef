"""Reads an ANT recording in a process of its own, which ``antfile.py`` starts.

The library behind antio takes its process down on files that are damaged.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def main(file: str, folder: str) -> None:
    """Write the signal, [channel, sample], to ``signal.npy`` of a folder, the rest to a JSON."""
    from antio import read_cnt
    from antio.parser import read_data, read_info, read_triggers

    recording = read_cnt(file)
    names, units, _, _, _ = read_info(recording)
    samples, durations, marks, _, disconnected = read_triggers(recording)
    about = {
        "names": names,
        "units": units,
        "sfreq": recording.get_sample_frequency(),
        "samples": samples,
        "durations": durations,
        "marks": marks,
        "disconnected": disconnected,
    }
    # In the precision that the library gives.
    np.save(Path(folder) / "signal.npy", read_data(recording).astype(np.float32))
    (Path(folder) / "about.json").write_text(json.dumps(about), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
