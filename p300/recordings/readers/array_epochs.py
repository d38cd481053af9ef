"""Epochs as named arrays: X, y and what lies beside them in a NumPy archive or a MATLAB file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field, Strict

from p300.arguments import ArgumentGroup
from p300.errors import RecordingError
from p300.ranges import Positive
from p300.recordings.channels import Channels
from p300.recordings.readers.arrays import array_shapes, list_arrays, read_arrays
from p300.recordings.readers.epochfile import (
    NUMBERS,
    PLACES,
    Signal,
    StoredEpochs,
    check_clock,
)
from p300.recordings.readers.matfile import Shapes

if TYPE_CHECKING:
    import pandas as pd

Role = Literal[
    "X", "y", "electrodes", "sfreq", "tmin", "times", "onset", "sample", "subject", "session",
    "run", "code", "character", "repetition",
]  # fmt: skip
Axis = Literal["epoch", "electrode", "time"]


def _each_once(axes: tuple[Axis, Axis, Axis]) -> tuple[Axis, Axis, Axis]:
    if len(set(axes)) < len(axes):
        raise ValueError(f"each of epoch, electrode and time once expected, {list(axes)} found")
    return axes


Axes = Annotated[tuple[Axis, Axis, Axis], AfterValidator(_each_once)]
"""The axes of X in order."""

USUAL: Mapping[Role, tuple[str, ...]] = {
    "X": ("X", "epochs", "data", "eeg", "signal", "signals", "X_data"),
    "y": ("y", "labels", "label", "targets", "target", "y_data"),
    "electrodes": ("electrodes", "ch_names", "channels", "channel_names", "chans"),
    "sfreq": ("sfreq", "fs", "srate", "sampling_rate", "sample_rate"),
    "tmin": ("tmin",),
    "times": ("times", "time"),
    "onset": ("onset", "onsets"),
    "sample": ("sample", "samples"),
    "subject": ("subject", "subjects", "subject_id", "participant"),
    "session": ("session", "sessions"),
    "run": ("run", "runs"),
    "code": ("code", "codes", "stimulus_code"),
    "character": ("character", "characters"),
    "repetition": ("repetition", "repetitions"),
}
"""What the arrays are called where nothing else is said, in any case, the first that is there."""


_MICROVOLTS = (0.02, 1e4)
"""Median distance of values from their median: larger than any in volts."""


@dataclass(frozen=True)
class Arrays(ArgumentGroup):
    """Options on epochs that lie in named arrays.

    Parameters
    ----------
    variables
        What an array holds -> its name in the file, such as ``{X: data, y: labels}``; the others
        are looked for by their usual names. ``X`` and ``y``; ``electrodes``, ``sfreq``, ``tmin`` or
        ``times`` (s, of the samples from the flash); one value an epoch, or one for all: ``subject,
        session, run, code, character, repetition`` and ``onset`` (s) or ``sample`` of the flash in
        the recording that was cut.
    axes
        Of X in order, such as ``[electrode, time, epoch]``. By default the axis as long as y is the
        epochs' and, of the others, the one as long as there are names of electrodes theirs, where
        that is unambiguous.
    sfreq
        Sampling rate in Hz, where the file does not tell.
    tmin
        Seconds from the flash to the first sample of its epoch (-0.2: it begins before), where the
        file does not tell.
    onset_interval
        Seconds from flash to flash, where the file tells no onsets and its epochs lie in the order
        in which they were recorded, none left out.
    """

    variables: Mapping[Role, str] | None = None
    axes: Axes | None = None
    sfreq: Annotated[Positive, Field(le=1e5)] | None = None
    tmin: Annotated[float, Strict(), Field(ge=-10, le=10)] | None = None
    onset_interval: Annotated[Positive, Field(le=60)] | None = None


AS_USUAL = Arrays()
"""The arrays as their names and shapes tell."""


def find_arrays(shapes: Shapes, arrays: Arrays, file: Path) -> dict[Role, str]:
    """Return what is there -> the name of its array.

    Raises
    ------
    RecordingError
        When an array that the options name is not there.
    """
    named = dict(arrays.variables or {})
    if missing := [name for name in named.values() if name not in shapes]:
        raise RecordingError(
            f"{file}: no arrays {missing}, as the option 'variables' names them; it holds "
            f"{list_arrays(shapes)}"
        )
    lower = {name.lower(): name for name in reversed(list(shapes))}
    for role, usual in USUAL.items():
        found = [name for name in usual if name in shapes] or [
            lower[name.lower()] for name in usual if name.lower() in lower
        ]
        if found and role not in named:
            named[role] = found[0]
    return named


def is_epoch_arrays(file: Path, arrays: Arrays) -> bool:
    """Return whether a file holds X with three axes, and labels or codes as long as one of them."""
    shapes = array_shapes(file)
    found = find_arrays(shapes, arrays, file)
    told: Role = "y" if "y" in found else "code"
    if "X" not in found or told not in found:
        return False
    shape = shapes[found["X"]]
    return len(shape) == 3 and _length(shapes[found[told]]) in shape


def read_labels(file: Path, arrays: Arrays) -> pd.Series[str]:
    """Return y of a file that :func:`is_epoch_arrays` accepted, as texts; empty without one."""
    import pandas as pd

    name = find_arrays(array_shapes(file), arrays, file).get("y")
    y = read_arrays(file, [name])[name] if name else []
    return pd.Series(_each_text(y), dtype="str")


def guess_arrays(file: Path, arrays: Arrays) -> dict[str, Any]:
    """Guess ``tmin`` and ``microvolts_per_unit`` of a file, where it does not tell them."""
    found = find_arrays(array_shapes(file), arrays, file)
    guessed = {} if {"tmin", "times"} & set(found) else {"tmin": 0.0}
    X = _numbers(read_arrays(file, [found["X"]])[found["X"]], found["X"], file)
    return guessed | ({"microvolts_per_unit": 1.0} if in_microvolts(X) else {})


def in_microvolts(X: npt.NDArray[Any]) -> bool:
    """Return whether values are too large for volts and may be microvolts."""
    low, high = _MICROVOLTS
    return low < float(np.median(np.abs(X - np.median(X)))) < high


def read_epoch_arrays(file: Path, channels: Channels, arrays: Arrays) -> StoredEpochs:
    """Read epochs of a NumPy archive or a MATLAB file.

    Parameters
    ----------
    file
        The file.
    channels
        Tells the electrodes where the file does not.
    arrays
        See :class:`Arrays`.

    Raises
    ------
    RecordingError
        When X or y is not there or has another shape than they must, axes are ambiguous, or rate,
        start or electrodes are not told.
    """
    shapes = array_shapes(file)
    found = find_arrays(shapes, arrays, file)
    if "X" not in found or not {"y", "code"} & set(found):
        raise RecordingError(
            f"{file}: {list_arrays(shapes)} found, expected epochs X and labels y; name them with "
            "the option 'variables' (variables: {X: data, y: labels}). Arrays of Python objects "
            "are not read"
        )
    values = read_arrays(file, [name for role, name in found.items() if role != "X"])
    known = {role: values[name] for role, name in found.items() if name in values}
    shape = shapes[found["X"]]
    n_epochs = _length(shapes[found["y"]]) if "y" in found else _length(shapes[found["code"]])
    names = _electrodes(known.get("electrodes"), channels, file)
    axes = arrays.axes or _guess_axes(shape, n_epochs, names, file)
    if len(shape) != 3 or shape[axes.index("epoch")] != n_epochs:
        raise RecordingError(
            f"{file}: X ({found['X']}) of shape {shape} for {n_epochs} labels found, expected "
            f"three axes ({', '.join(axes)}) with one epoch for each label"
        )
    n_electrodes = shape[axes.index("electrode")]
    if names is None:
        names = [f"channel {k + 1}" for k in range(n_electrodes)]
    if len(names) != n_electrodes:
        raise RecordingError(
            f"{file}: {len(names)} names of electrodes for X of shape {shape} ({', '.join(axes)}) "
            "found, expected one for each electrode; see the options 'electrodes' and 'axes'"
        )
    sfreq, tmin = _clock(known, arrays, shape[axes.index("time")], file)
    table = _table(known, n_epochs, sfreq, file)

    def read(channels: Channels) -> tuple[list[str], Signal, list[str]]:
        stored = _numbers(read_arrays(file, [found["X"]])[found["X"]], found["X"], file)
        order = [axes.index(axis) for axis in ("epoch", "electrode", "time")]
        named = channels.choose(names, file)
        epochs = stored.transpose(order)[:, [names.index(name) for name in named]]
        return list(named.values()), channels.volts(epochs, 1.0), []

    return StoredEpochs(file, table, sfreq if "sample" in table else None, sfreq, tmin, read)


def _length(shape: tuple[int, ...]) -> int:
    """Return the length of a list; rows and columns of MATLAB are lists. -1 for what is none."""
    long = [n for n in shape if n != 1]
    return long[0] if len(long) == 1 else 1 if not long else -1


def _guess_axes(
    shape: tuple[int, ...], n_epochs: int, names: list[str] | None, file: Path
) -> tuple[Axis, ...]:
    """Tell the axes of X by their lengths.

    Raises
    ------
    RecordingError
        When an axis is as long as another, or no names of electrodes are known.
    """
    epoch = [k for k, n in enumerate(shape) if n == n_epochs]
    electrode = [k for k, n in enumerate(shape) if names is not None and n == len(names)]
    left = [k for k in electrode if k not in epoch]
    if len(shape) != 3 or len(epoch) != 1 or len(left) != 1:
        told = f"{len(names)} electrodes" if names is not None else "electrodes without names"
        raise RecordingError(
            f"{file}: X of shape {shape} with {n_epochs} labels and {told} found, expected three "
            "axes of which one alone is as long as the labels, and another as the names of the "
            "electrodes; say which is which with the option 'axes' (axes: [epoch, electrode, "
            "time]), and name the electrodes with 'electrodes'"
        )
    axes: list[Axis] = ["time", "time", "time"]
    axes[epoch[0]], axes[left[0]] = "epoch", "electrode"
    return tuple(axes)


def _electrodes(value: Any, channels: Channels, file: Path) -> list[str] | None:
    """Return the names of the electrodes in the file, else those that the option tells."""
    if value is None:
        return list(channels.electrodes) if channels.electrodes is not None else None
    parts = value if isinstance(value, list) else list(np.ravel(value))
    names = [str(np.asarray(part).reshape(-1)[0]).strip() for part in parts if np.size(part)]
    if len(set(names)) < len(parts):
        raise RecordingError(f"{file}: names of electrodes {names} found, expected different ones")
    return names


def _clock(
    known: Mapping[Role, Any], arrays: Arrays, n_times: int, file: Path
) -> tuple[float, float]:
    """Return the rate and the start of the epochs; the options go before the file."""
    sfreq, tmin = arrays.sfreq, arrays.tmin
    if "times" in known and (sfreq is None or tmin is None):
        times = _numbers(known["times"], "times", file).astype(np.float64).ravel()
        steps = np.diff(times)
        if len(times) != n_times or not (steps > 0).all() or np.ptp(steps) > 1e-2 * steps.mean():
            raise RecordingError(
                f"{file}: times of {len(times)} samples found, expected {n_times} ascending ones "
                "at one distance, in seconds from the flash; or give 'sfreq' and 'tmin'"
            )
        sfreq = sfreq if sfreq is not None else float((n_times - 1) / (times[-1] - times[0]))
        tmin = tmin if tmin is not None else float(times[0])
    if sfreq is None and "sfreq" in known:
        sfreq = _number(known["sfreq"], "sfreq", file)
    if tmin is None and "tmin" in known:
        tmin = _number(known["tmin"], "tmin", file)
    if sfreq is None or tmin is None:
        lacking = [name for name, value in (("sfreq", sfreq), ("tmin", tmin)) if value is None]
        raise RecordingError(
            f"{file}: the file does not tell {' and '.join(lacking)} (rate in Hz, seconds from the "
            "flash to the first sample of its epoch); give them with the options of that name"
        )
    check_clock(sfreq, tmin, file)
    return sfreq, tmin


def _number(value: Any, name: str, file: Path) -> float:
    array = _numbers(value, name, file).ravel()
    if array.size != 1 or not np.isfinite(array).all():
        raise RecordingError(f"{file}: {name} has {array.size} values, expected one number")
    return float(array[0])


def _numbers(value: Any, name: str, file: Path) -> npt.NDArray[Any]:
    array = np.asarray(value) if not isinstance(value, dict | list) else np.asarray("")
    if array.dtype.kind not in "iufb":
        raise RecordingError(f"{file}: {name} holds {array.dtype}, expected real numbers")
    return array


def _table(known: Mapping[Role, Any], n_epochs: int, sfreq: float, file: Path) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {}
    if "y" in known:
        columns["mark"] = _texts(known["y"], n_epochs, "y", file)
    for role, value in known.items():
        if role in PLACES:
            columns[role] = _texts(value, n_epochs, role, file)
        elif role in NUMBERS:
            columns[role] = _whole(value, n_epochs, role, file)
    if "sample" in known:
        columns["sample"] = _whole(known["sample"], n_epochs, "sample", file)
    elif "onset" in known:
        onset = _numbers(known["onset"], "onset", file).astype(np.float64)
        samples = onset * sfreq
        columns["sample"] = _whole(np.round(samples), n_epochs, "onset", file)
    table = pd.DataFrame(columns, index=range(n_epochs))
    return table.astype({name: "str" for name in ("mark", *PLACES) if name in table})


def _texts(value: Any, n_epochs: int, name: str, file: Path) -> list[str]:
    """Return a text for each epoch: numbers as they are written, one for all again and again."""
    return _one_each(_each_text(value), n_epochs, name, file)


def _each_text(value: Any) -> list[str]:
    return [_text(part) for part in (value if isinstance(value, list) else np.ravel(value))]


def _text(value: Any) -> str:
    array = np.asarray(value)
    if array.dtype.kind == "b" and array.size == 1:
        return str(int(array.reshape(-1)[0]))
    if array.dtype.kind in "iuf" and array.size == 1:
        return f"{float(array.reshape(-1)[0]):.15g}"
    return "".join(str(part) for part in array.reshape(-1)).strip()


def _whole(value: Any, n_epochs: int, name: str, file: Path) -> list[int]:
    array = _numbers(value, name, file).ravel().astype(np.float64)
    if not (np.isfinite(array).all() and (array == np.round(array)).all()):
        raise RecordingError(f"{file}: {name} holds NaN or fractions, expected whole numbers")
    if np.abs(array).max(initial=0) > 2**53:
        raise RecordingError(f"{file}: {name} holds {array.max():g}, expected less")
    return _one_each([int(number) for number in array], n_epochs, name, file)


def _one_each(values: list[Any], n_epochs: int, name: str, file: Path) -> list[Any]:
    if len(values) == 1 and name in PLACES:
        values = values * n_epochs
    if len(values) != n_epochs:
        raise RecordingError(
            f"{file}: {name} has {len(values)} values for {n_epochs} epochs, expected one an epoch"
        )
    return values
