"""Folders of many files: one that cannot be read does not stop the others."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from p300.errors import DataWarning, RecordingError
from p300.recordings.places import Place
from p300.recordings.recording import Recording


def read_each(
    files: Iterable[tuple[Path, Place]], path: Path, read: Callable[[Path, Place], Recording]
) -> Iterator[Recording]:
    """Yield the recordings of the files of a folder that can be read.

    Parameters
    ----------
    files
        With their places.
    path
        The folder, or the one file that was named itself.
    read
        Reads one.

    Raises
    ------
    RecordingError
        When none can be read, as for the first; or when there is one only.

    Warns
    -----
    DataWarning
        Naming each file that is left out, with the reason.
    """
    places, first, n_read = list(files), None, 0
    for file, place in places:
        try:
            recording = read(file, place)
        except RecordingError as error:
            if file == path or len(places) == 1:
                raise
            first = first or error
            reason = str(error).removeprefix(f"{file}: ")
            warnings.warn(f"{file}: left out: {reason}", DataWarning, stacklevel=2)
            continue
        n_read += 1
        yield recording
    if first is not None and not n_read:
        raise first
