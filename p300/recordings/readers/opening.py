"""The reader that a recording's name and first bytes call for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from p300.recordings.readers.ovfile import open_ov

if TYPE_CHECKING:
    from mne.io import BaseRaw


def open_raw(file: Path) -> BaseRaw:
    """Open a recording with the reader of its format; MNE's where there is no other.

    Raises
    ------
    RecordingError
        When the file cannot be read by one of this package's readers. MNE's raise anything.
    """
    import mne

    if file.suffix.lower() == ".ov":
        return _open_ov(file)
    return mne.io.read_raw(file, verbose="warning")


def _open_ov(file: Path) -> BaseRaw:
    """Open an OpenViBE file, its stimulations as annotations, as MNE has those of GDF."""
    import mne

    raw, samples, codes = open_ov(file)
    marks = mne.Annotations(samples / raw.info["sfreq"], 0.0, [str(code) for code in codes])
    return raw.set_annotations(raw.annotations + marks, verbose="error")
