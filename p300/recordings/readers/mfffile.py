"""Recordings of EGI's Net Station (.mff, a folder), which MNE reads with mffpy."""

from __future__ import annotations

import re
import struct
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING
from xml.parsers.expat import ExpatError, ParserCreate

from p300.errors import RecordingError
from p300.recordings.guard import check_regular
from p300.recordings.readers.extras import import_extra

if TYPE_CHECKING:
    from mne.io import BaseRaw

KIND = "a recording of EGI's Net Station (.mff)"
_MOST_VALUES_A_BYTE = 100


def open_mff(folder: Path) -> BaseRaw:
    """Open a recording of Net Station, the events of its tracks as annotations.

    Raises
    ------
    RecordingError
        When mffpy is not installed, or the folder is damaged.
    """
    import mne

    import_extra("mffpy", folder, KIND)
    for file in folder.iterdir():
        check_regular(file)
        if file.suffix == ".xml":
            _check_xml(file)
    _check_length(folder)
    with redirect_stdout(StringIO()):  # mffpy prints which files it does without
        return mne.io.read_raw_egi(folder, verbose="warning").load_data(verbose="warning")


def _check_xml(file: Path) -> None:
    """Refuse what is no whole XML: mffpy reads what there is, and the other events were lost."""
    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = partial(_refuse_doctype, file)
    try:
        parser.Parse(file.read_bytes(), True)
    except ExpatError as error:
        raise RecordingError(
            f"{file}: not well-formed XML ({error}), the file is cut short or damaged"
        ) from error


def _refuse_doctype(file: Path, *_: object) -> None:
    """Refuse what Net Station never writes: by a doctype a text may grow or name other files."""
    raise RecordingError(f"{file}: a doctype found, expected XML without one")


def _check_length(folder: Path) -> None:
    """Compare the end of the last epoch with the size of the signal; MNE makes room for it."""
    signal, epochs = folder / "signal1.bin", folder / "epochs.xml"
    missing = [file.name for file in (signal, epochs) if not file.is_file()]
    if missing:
        raise RecordingError(f"{folder}: {missing} missing, expected {KIND}")
    with signal.open("rb") as stream:
        head = stream.read(16)
        _, _, _, n_channels = struct.unpack("<4i", head.ljust(16, b"\0"))
        stream.seek(16 + 4 * max(n_channels, 0) + 1)
        rate = int.from_bytes(stream.read(3), "little")
    ends = re.findall(r"<endTime>\s*(\d+)\s*</endTime>", epochs.read_text("utf-8", "replace"))
    n_samples = max(map(int, ends), default=0) * rate // 1_000_000
    size = signal.stat().st_size
    if n_channels < 1 or rate < 1 or n_channels * n_samples > _MOST_VALUES_A_BYTE * size:
        raise RecordingError(
            f"{folder}: its epochs promise {n_samples} samples of {n_channels} channels at {rate} "
            f"Hz, signal1.bin has {size} bytes; it is damaged or cut short"
        )
