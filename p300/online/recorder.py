"""A session as it is stored: the EEG as it came, the markers as they came, what became of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from p300.online.applied_offset import NO_OFFSET, AppliedOffset
from p300.online.xdf_file import XdfWriter
from p300.recordings.formats.session import MARKERS, NOTES, SessionNote
from p300.recordings.layout import Layout
from p300.recordings.readers.xdfsignal import ChannelAbout

Floats = npt.NDArray[np.float64]


class Recorder:
    """The XDF file of a session, written as it goes; source ``session`` reads it.

    Three streams: the EEG, before any filter and in the unit it came in; the markers' texts; and
    notes of p300: which flash was taken to be at which sample, where the EEG does not go on, which
    characters were damaged, faults and decisions.

    Parameters
    ----------
    path
        Must not exist.
    name, sfreq, channels
        Of the stream of EEG.
    layout
        That is shown.
    offset
        From a marker to its flash in the EEG, and where it comes from.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        sfreq: float,
        channels: list[ChannelAbout],
        layout: Layout,
        offset: AppliedOffset = NO_OFFSET,
    ) -> None:
        self.path = path
        self._file = XdfWriter(path)
        self._eeg = self._file.stream(name, "EEG", "", sfreq, channels)
        self._markers = self._file.stream("markers", MARKERS, "", 0.0)
        self._notes = self._file.stream("p300", NOTES, "", 0.0)
        note = SessionNote(layout=layout.to_dict(), offset=offset.seconds, measured=offset.measured)
        self.note(0.0, note.model_dump())

    def eeg(self, stamps: Floats, values: Floats) -> None:
        """Store samples as they came; stamps [sample], values [sample, channel]."""
        self._eeg.numbers(stamps, values)

    def marker(self, stamp: float, text: str) -> None:
        """Store a marker as it came."""
        self._markers.text(stamp, text)

    def note(self, stamp: float, said: dict[str, Any]) -> None:
        """Store a note, JSON-ready."""
        self._notes.text(stamp, json.dumps(said, ensure_ascii=False))

    def close(self) -> None:
        """End the file."""
        self._file.close()
