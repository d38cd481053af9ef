"""Epochs of EEGLAB: a .set file of version 5 to 7.2 with more than one trial.

MNE joins the names of all events of an epoch into one and takes the latency of the first. Here the
event at time 0 tells the flash, and its urevent where it was in the recording.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.channels import Channels
from p300.recordings.guard import check_regular
from p300.recordings.readers.epochfile import Signal, StoredEpochs, check_clock
from p300.recordings.readers.matfile import check_mat, mat_shapes, read_mat

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = (
    "data", "nbchan", "pnts", "trials", "srate", "xmin", "chanlocs", "event", "urevent",
)  # fmt: skip
_NO_EEG = {"eog", "ecg", "ekg", "emg", "misc", "stim", "trig", "gsr", "resp", "aux"}

_NEAR = 0.51
"""Samples from time 0 within which an event is the one that the epoch was cut at."""


def is_epoch_set(file: Path) -> bool:
    """Return whether a .set file has more than one trial."""
    return file.suffix.lower() == ".set" and _count(_fields(file, ("trials",)), "trials", file) > 1


def read_epoch_set(file: Path) -> StoredEpochs:
    """Read epochs that EEGLAB saved; the onsets are those of the urevents.

    Raises
    ------
    RecordingError
        When the file is not one of epochs, is damaged, or an epoch has no event at time 0.
    """
    check_mat(file)
    eeg = _fields(file, _FIELDS)
    n_channels, n_times, n_epochs = (_count(eeg, key, file) for key in ("nbchan", "pnts", "trials"))
    if n_epochs < 2:
        raise RecordingError(
            f"{file}: a continuous recording, expected epochs; the sources annotated and "
            "flash_table read it"
        )
    data = _find_data(eeg.get("data"), (n_channels, n_times, n_epochs), file)
    sfreq, tmin = _number(eeg.get("srate"), "srate", file), _number(eeg.get("xmin"), "xmin", file)
    check_clock(sfreq, tmin, file)
    table = _table(eeg, n_epochs, n_times, round(tmin * sfreq), file)
    labels, others = _channel_names(eeg.get("chanlocs"), n_channels, file)

    def read(channels: Channels) -> tuple[list[str], Signal, list[str]]:
        values = _read_data(data, (n_channels, n_times, n_epochs))
        named = channels.choose(labels, file, beside=others)
        rows = [labels.index(name) for name in named]
        volts = channels.volts(values[rows].transpose(2, 0, 1), 1e-6)
        return list(named.values()), volts, []

    rate = sfreq if "sample" in table else None
    return StoredEpochs(file, table, rate, sfreq, tmin, read)


def _fields(file: Path, names: Sequence[str]) -> Mapping[str, Any]:
    """Return fields of the structure EEG, whose fields newer versions save each on its own."""
    if "EEG" not in mat_shapes(file):
        return read_mat(file, names)
    eeg = read_mat(file, ["EEG"])["EEG"]
    if not isinstance(eeg, dict):
        raise RecordingError(f"{file}: EEG is {type(eeg).__name__}, expected one structure")
    return eeg


def _number(value: Any, name: str, file: Path) -> float:
    array = np.asarray(value)
    if array.dtype.kind not in "iufb" or array.size != 1 or not np.isfinite(array).all():
        raise RecordingError(f"{file}: EEG.{name} is missing or no number, expected one")
    return float(array.reshape(-1)[0])


def _count(eeg: Mapping[str, Any], name: str, file: Path) -> int:
    value = _number(eeg.get(name), name, file)
    if value < 1 or value != round(value):
        raise RecordingError(f"{file}: EEG.{name} is {value:g}, expected a whole number from 1 on")
    return int(value)


def _structs(value: Any) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, dict)]


def _text(value: Any) -> str:
    array = np.asarray(value)
    if array.dtype.kind == "U":
        return "".join(array.reshape(-1)).strip()
    if array.dtype.kind in "iufb" and array.size == 1:
        return f"{float(array.reshape(-1)[0]):g}"
    return ""


def _float(value: Any) -> float:
    array = np.asarray(value)
    return float(array.reshape(-1)[0]) if array.dtype.kind in "iufb" and array.size == 1 else np.nan


def _table(
    eeg: Mapping[str, Any], n_epochs: int, n_times: int, first: int, file: Path
) -> pd.DataFrame:
    """Return the mark of each epoch and, where urevents tell it, its sample in the recording."""
    import pandas as pd

    names: list[list[str]] = [[] for _ in range(n_epochs)]
    samples = np.full(n_epochs, np.nan)
    original = [_float(one.get("latency")) - 1 for one in _structs(eeg.get("urevent"))]
    for event in _structs(eeg.get("event")):
        at = _float(event.get("latency")) - 1 + first  # of the epoch's first sample, from 1
        epoch = _float(event.get("epoch")) - 1
        if not (np.isfinite(at) and 0 <= epoch < n_epochs and epoch == round(epoch)):
            continue
        if abs(at - epoch * n_times) < _NEAR:
            names[int(epoch)].append(_text(event.get("type")))
            number = _float(event.get("urevent")) - 1
            if 0 <= number < len(original) and number == round(number):
                samples[int(epoch)] = original[int(number)]
    lacking = [k for k, own in enumerate(names) if not own]
    if lacking:
        raise RecordingError(
            f"{file}: {len(lacking)} of {n_epochs} epochs have no event at time 0 (first epoch "
            f"{lacking[0] + 1}), expected the flash that each was cut at"
        )
    marks = ["/".join(dict.fromkeys(own)) for own in names]
    table = pd.DataFrame({"mark": pd.Series(marks, dtype="str")})
    if np.isfinite(samples).all() and samples.min() >= 0 and samples.max() < 2**53:
        table["sample"] = np.round(samples).astype(np.int64)
    return table


def _channel_names(value: Any, n_channels: int, file: Path) -> tuple[list[str], list[str]]:
    """Return the names of all channels and those that the file says are no EEG."""
    places = _structs(value)
    labels = [_text(one.get("labels")) for one in places]
    if len(labels) != n_channels or "" in labels or len(set(labels)) < n_channels:
        raise RecordingError(
            f"{file}: EEG.chanlocs names {len(labels)} channels {labels[:8]}, expected "
            f"{n_channels} different names"
        )
    kinds = [_text(one.get("type")).lower() for one in places]
    others = [label for label, kind in zip(labels, kinds, strict=True) if kind in _NO_EEG]
    if others:
        warnings.warn(
            f"{file}: channels {others} are left out, the file says that they are no EEG",
            DataWarning,
            stacklevel=4,
        )
    return labels, others


def _find_data(value: Any, shape: tuple[int, int, int], file: Path) -> Path | npt.NDArray[Any]:
    """Return the epochs that the file holds, or the .fdt beside it: both of the shape stated."""
    array = np.asarray(value)
    if array.dtype.kind == "U":
        beside = file.with_name(Path(_text(array).replace("\\", "/")).name)
        beside = beside if beside.exists() else file.with_suffix(".fdt")
        check_regular(beside)
        n_bytes = beside.stat().st_size if beside.is_file() else 0
        if n_bytes != 4 * math.prod(shape):
            raise RecordingError(
                f"{file}: its signal in {beside.name} has {n_bytes} bytes, expected 4 for each of "
                f"{shape} channels, samples and epochs; is it there and whole?"
            )
        return beside
    if array.dtype.kind not in "iuf" or array.shape != shape:
        raise RecordingError(
            f"{file}: EEG.data is {array.dtype} of shape {array.shape}, expected {shape} numbers: "
            "channels, samples and epochs"
        )
    return array


def _read_data(found: Path | npt.NDArray[Any], shape: tuple[int, int, int]) -> Signal:
    """Return the epochs, [channel, time, epoch]."""
    if isinstance(found, Path):
        found = np.fromfile(found, dtype="<f4").reshape(shape, order="F")
    return found.astype(np.float64)
