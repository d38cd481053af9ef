"""Recordings of g.tec's g.Recorder (.hdf5): samples, the channels as XML, and marks.

``RawData/Samples`` is [sample, channel] in microvolts, ``RawData/AcquisitionTaskDescription`` tells
rate and channels; ``AsynchronData`` has for each mark ``Time`` (its sample, from 0), ``TypeID`` and
``Value``, and the types' names in ``AsynchronSignalTypes``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import RecordingError
from p300.recordings.guard import guarded
from p300.recordings.readers.hdf5 import is_hdf5, open_hdf5

if TYPE_CHECKING:
    from mne.io import BaseRaw

KIND = "an HDF5 recording of g.tec's g.Recorder"
_SAMPLES, _ABOUT = "RawData/Samples", "RawData/AcquisitionTaskDescription"
_MARKS = "AsynchronData"
_KINDS = {"EEG": "eeg", "EOG": "eog", "ECG": "ecg", "EMG": "emg", "TRIG": "stim", "": "eeg"}

Values = npt.NDArray[np.float64]


def is_gtec(file: Path) -> bool:
    """Return by its content whether an HDF5 file is a recording of g.Recorder.

    Without h5py, or where the file is damaged, that cannot be told, and is for the reader to say.
    """
    if not file.is_file() or not is_hdf5(file):
        return False
    try:
        with open_hdf5(file, KIND) as content:
            return _SAMPLES in content
    except RecordingError:
        return True


def open_gtec(file: Path) -> BaseRaw:
    """Open a recording of g.Recorder.

    Marks are annotations called as their type and value, such as ``Digital In 1/4``, and a
    stimulus channel ``AsynchronData`` that holds, at the sample of a mark, the sum of the values
    there: ports whose lines are marks of their own.

    Raises
    ------
    RecordingError
        When h5py is not installed, or the file is none of g.Recorder or damaged.
    """
    with open_hdf5(file, KIND) as content:
        return guarded(lambda: _make_raw(content, file), file, reader="HDF5")


def _make_raw(content: Any, file: Path) -> BaseRaw:
    import mne

    missing = [name for name in (_SAMPLES, _ABOUT) if name not in content]
    if missing:
        raise RecordingError(
            f"{file}: {sorted(content)} found, {missing} are missing; expected {KIND}"
        )
    signal = np.asarray(content[_SAMPLES][()], dtype=np.float64)
    about = _text(content[_ABOUT])
    names, kinds = _channels(about)
    rate = _field(about, "SamplingFrequency") or _field(about, "SampleRate")
    readable = re.fullmatch(r"\d{1,7}(\.\d+)?", rate) is not None
    if signal.ndim != 2 or signal.shape[1] != len(names) or not readable or float(rate) == 0:
        raise RecordingError(
            f"{file}: samples of shape {signal.shape} and {len(names)} channels at {rate!r} Hz "
            "found, expected [sample, channel] with a name for each channel"
        )
    volts = np.array([1e-6 if kind not in ("stim", "misc") else 1.0 for kind in kinds])
    info = mne.create_info(names, float(rate), kinds, verbose="warning")
    raw = mne.io.RawArray((signal * volts).T, info, verbose="warning")
    return _add_marks(raw, content, file) if f"{_MARKS}/Time" in content else raw


def _channels(about: str) -> tuple[list[str], list[str]]:
    """Return names and MNE's kinds of the channels, in the order of the samples."""
    blocks = _elements(about, "ChannelProperties")
    numbers = [_field(block, "LogicalChannelNumber") for block in blocks]
    if all(re.fullmatch("[0-9]{1,9}", number) for number in numbers) and len(set(numbers)) == len(
        numbers
    ):
        blocks = [block for _, block in sorted(zip(map(int, numbers), blocks, strict=True))]
    names = [_field(block, "ChannelName") or f"Channel {k + 1}" for k, block in enumerate(blocks)]
    kinds = [_KINDS.get(_field(block, "ChannelType").upper(), "misc") for block in blocks]
    return names, kinds


def _field(text: str, name: str) -> str:
    # No part of the pattern can take what another may, so that it is searched once through.
    found = re.search(rf"<{name}(?:\s[^<>/]*)?>([^<]*)</{name}>", text)
    return html.unescape(found[1].strip()) if found else ""


def _elements(text: str, name: str) -> list[str]:
    """Return what is in each element of a name, which are not inside one another.

    Not by a pattern: of elements that do not end each would be searched for its end to the end of
    the text.
    """
    found = []
    for begun in re.split(rf"<{name}(?=[\s>])", text)[1:]:
        element, ended, _ = begun.partition(f"</{name}>")
        if ended:
            found.append(element.partition(">")[2])
    return found


def _text(dataset: Any) -> str:
    # The first alone: texts of any length may lie behind many references to one.
    first = np.asarray(dataset[(0,) * dataset.ndim]).item() if dataset.size else b""
    return first.decode("utf-8", "backslashreplace") if isinstance(first, bytes) else str(first)


def _add_marks(raw: BaseRaw, content: Any, file: Path) -> BaseRaw:
    import mne

    group = content[_MARKS]
    columns: dict[str, Values] = {
        name: np.asarray(group[name][()], dtype=np.float64).ravel()
        for name in ("Time", "TypeID", "Value")
        if name in group
    }
    samples = columns["Time"]
    if len({len(column) for column in columns.values()}) > 1 or not _whole(columns):
        shapes = {name: len(column) for name, column in columns.items()}
        raise RecordingError(
            f"{file}: marks of {shapes} whole numbers found in {_MARKS}, expected as many of each"
        )
    names = _mark_names(columns, _text(group["AsynchronSignalTypes"])
                        if "AsynchronSignalTypes" in group else "")  # fmt: skip
    marks = mne.Annotations(samples / raw.info["sfreq"], 0.0, names)
    raw.set_annotations(marks, verbose="warning")
    if "Value" not in columns:
        return raw
    row = np.zeros((1, raw.n_times))
    there = (samples >= 0) & (samples < raw.n_times)
    np.add.at(row[0], samples[there].astype(np.int64), columns["Value"][there])
    info = mne.create_info([_MARKS], raw.info["sfreq"], "stim", verbose="warning")
    return raw.add_channels([mne.io.RawArray(row, info, verbose="warning")], force_update_info=True)


def _whole(columns: Mapping[str, Values]) -> bool:
    return all(bool(np.isfinite(c).all() and (c == np.round(c)).all()) for c in columns.values())


def _mark_names(columns: Mapping[str, Values], types: str) -> list[str]:
    """Return type and value of each mark."""
    blocks = _elements(types, "AsynchronSignalDescription")
    called = {_field(block, "ID"): _field(block, "Name") for block in blocks}
    numbers = [str(int(number)) for number in columns.get("TypeID", columns["Time"] * 0)]
    names = [called.get(number) or number for number in numbers]
    if "Value" not in columns:
        return names
    return [f"{name}/{int(v)}" for name, v in zip(names, columns["Value"], strict=True)]
