"""The reader that a recording's name and first bytes call for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from p300.errors import RecordingError
from p300.recordings.readers.antfile import is_ant, open_ant
from p300.recordings.readers.cntfile import DataFormat, open_cnt
from p300.recordings.readers.gtec_hdf5 import open_gtec
from p300.recordings.readers.mfffile import open_mff
from p300.recordings.readers.ovfile import open_ov

if TYPE_CHECKING:
    from mne.io import BaseRaw

HDF5_ENDINGS = (".hdf5", ".h5")
"""Of g.Recorder's files; others call theirs so too."""


def open_raw(file: Path, data_format: DataFormat | None = None) -> BaseRaw:
    """Open a recording with the reader of its format; MNE's where there is no other.

    Parameters
    ----------
    file
        The recording.
    data_format
        How a Neuroscan ``.cnt`` file stores samples.

    Raises
    ------
    RecordingError
        When the file cannot be read by one of this package's readers. MNE's raise anything.
    """
    import mne

    ending = file.suffix.lower()
    if ending == ".cnt" and not is_ant(file):
        return open_cnt(file, data_format)
    if data_format is not None:
        raise RecordingError(
            f"{file}: option 'data_format' given, which is for .cnt files of Neuroscan"
        )
    if ending == ".cnt":
        return open_ant(file)
    if ending in HDF5_ENDINGS:
        return open_gtec(file)
    if ending == ".mff" and file.is_dir():
        return open_mff(file)
    if ending == ".ov":
        return _open_ov(file)
    if ending == ".set":
        return _open_set(file)
    return mne.io.read_raw(file, verbose="warning")


def _open_ov(file: Path) -> BaseRaw:
    """Open an OpenViBE file, its stimulations as annotations, as MNE has those of GDF."""
    import mne

    raw, samples, codes = open_ov(file)
    marks = mne.Annotations(samples / raw.info["sfreq"], 0.0, [str(code) for code in codes])
    return raw.set_annotations(raw.annotations + marks, verbose="error")


def _open_set(file: Path) -> BaseRaw:
    """Open an EEGLAB file; marks that are numbers are called 1, however MATLAB stored them."""
    import mne

    raw = mne.io.read_raw_eeglab(file, verbose="warning")
    names = {str(name) for name in raw.annotations.description}
    whole = {name: name[:-2] for name in names if re.fullmatch(r"-?\d+\.0", name)}
    raw.annotations.rename(whole)
    return raw
