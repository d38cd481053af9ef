"""A session of ``p300 online`` as a specimen: EEG as it came, flashes as notes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import test_xdf as xdf
from specimen_files import Content

from p300.recordings import MATRIX_6X6
from p300.recordings.formats.session import NOTES


def write_session(folder: Path, content: Content, without: str = "") -> Path:
    path, sfreq = folder / "sub-1.xdf", 250
    times = 5000 + np.arange(content.n_samples) / sfreq
    shown = zip(content.samples.tolist(), content.codes.tolist(), content.targets, strict=True)
    notes = [
        {"note": "flash", "sample": sample, "code": code, "character": 1,
         "repetition": k // 12 + 1, "target": bool(target)}
        for k, (sample, code, target) in enumerate(shown)
    ]  # fmt: skip
    said = [{"note": "session", "layout": MATRIX_6X6.to_dict(), "offset": 0.0}, *notes]
    stamps = np.concatenate([[0.0], 5000 + content.samples / sfreq])
    channels = xdf.labels(*content.electrodes)
    form = "double64"
    parts = {
        "EEG header": xdf.header(
            1, name="Amp", kind="EEG", n=len(channels), rate=sfreq, form=form, channels=channels
        ),
        "notes header": xdf.header(2, name="p300", kind=NOTES, n=1, rate=0, form="string"),
        "EEG": xdf.samples(1, times, 1e6 * content.signal.T, form),
        "notes": xdf.samples(2, stamps, [[json.dumps(note)] for note in said], "string"),
    }
    version = xdf.chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
    kept = [part for name, part in parts.items() if name != without]
    path.write_bytes(b"".join([b"XDF:", version, *kept]))
    return path
