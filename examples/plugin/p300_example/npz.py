"""NumPy archives: one a run, with the signal, the electrodes and the flashes as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from p300.errors import RecordingError
from p300.recordings.described import SourceInfo
from p300.recordings.places import Place, SubjectPattern, place_files
from p300.recordings.recording import FLASH_COLUMNS, Recording, build_recording
from p300.recordings.registry import files_ending

INFO = SourceInfo(
    title="NumPy archives, one .npz a run",
    subjects="from the file names: sub-01_run-2.npz",
    electrodes="as in the file, names of the 10-05 system",
    sfreq="as in the file",
    licence="your own",
    citation="none",
    obtain="numpy.savez: signal [electrode, sample] in volts, electrodes, sfreq, sample, target",
    endings=(".npz",),
    contained=True,  # all that is read lies at the path
)


def recognise(path: Path) -> dict[str, Any] | None:
    """Return no options for a file or folder of archives, None for others."""
    return {} if files_ending(path, ".npz") else None


def load(
    path: Path, *, dataset: str, subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
) -> Iterator[Recording]:  # fmt: skip
    """Yield one recording a file."""
    for file, place in place_files(files_ending(path, ".npz"), subjects, path, subject):
        yield _read(file, dataset, place)


def _read(file: Path, dataset: str, place: Place) -> Recording:
    import pandas as pd

    try:
        with np.load(file) as stored:  # never with allow_pickle
            flashes = pd.DataFrame({key: stored[key] for key in FLASH_COLUMNS if key in stored})
            signal, sfreq = stored["signal"], float(stored["sfreq"])
            electrodes = [str(name) for name in stored["electrodes"]]
    except (BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"{file}: not read ({error}); expected {INFO.obtain}") from error
    return build_recording(
        signal, electrodes, sfreq, flashes, dataset=dataset, **asdict(place), source=str(file)
    )
