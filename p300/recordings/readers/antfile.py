"""Recordings of ANT amplifiers (.cnt): chunks of RIFF, whose compressed signal antio reads.

Layout as in libeep (v4/eep.c): RIFF, or RF64 with wide numbers, of the form "CNT ", with the chunks
raw3 (signal), eeph (header as text) and evt (triggers).
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from p300.errors import DataWarning, RecordingError
from p300.files import read_json
from p300.recordings.readers import ant_child
from p300.recordings.readers.extras import import_extra

if TYPE_CHECKING:
    from mne.io import BaseRaw

KIND = "a recording of an ANT amplifier (.cnt)"

_NUMBER_BYTES = {b"RIFF": 4, b"RF64": 8}
_MOST_VALUES_A_BYTE = 100
_VOLTS = {"uv": 1e-6, "µv": 1e-6, "mv": 1e-3, "v": 1.0}
# ANT's names of the inputs that are not the cap's.
_BIPOLAR = r"BIP\d+"


def is_ant(file: Path) -> bool:
    """Return by its first bytes whether a file is a recording of an ANT amplifier."""
    with file.open("rb") as stream:
        head = stream.read(16)
    wide = _NUMBER_BYTES.get(head[:4])
    return wide is not None and head[4 + wide : 8 + wide] == b"CNT "


def check_ant(file: Path) -> None:
    """Compare the sizes of a file's chunks, and what its header counts, with its own size.

    Raises
    ------
    RecordingError
        When they do not fit.
    """
    size, header = file.stat().st_size, None
    with file.open("rb") as stream:
        wide = _NUMBER_BYTES[stream.read(4)]
        end = 4 + wide + int.from_bytes(stream.read(wide), "little")
        at = 4 + wide + 4
        while at + 4 + wide <= min(end, size):
            stream.seek(at)
            name, length = stream.read(4), int.from_bytes(stream.read(wide), "little")
            if at + 4 + wide + length > size:
                end = at + 4 + wide + length
            elif name == b"eeph":
                header = stream.read(length)
            at += 4 + wide + length + length % 2
    if end > size or header is None:
        raise RecordingError(
            f"{file}: cut short or damaged, its chunks take {end} bytes of {size}"
            + ("" if header else ", and none is its header")
        )
    n_samples, n_channels = (_count(header, name, file) for name in ("Samples", "Channels"))
    if n_samples * n_channels > _MOST_VALUES_A_BYTE * size:
        raise RecordingError(
            f"{file}: its header promises {n_samples} samples of {n_channels} channels, the file "
            f"has {size} bytes; it is damaged or cut short"
        )


def _count(header: bytes, name: str, file: Path) -> int:
    found = re.search(rf"\[{name}\]\s*(\d{{1,18}})\s".encode(), header)
    if found is None:
        raise RecordingError(f"{file}: its header does not tell its {name.lower()}, it is damaged")
    return int(found[1])


PATIENCE, SLOWEST = 60.0, 1e6
"""Seconds that antio is given to read a file, and bytes a second that it is given beside them."""


def open_ant(file: Path) -> BaseRaw:
    """Open a recording of an ANT amplifier, its triggers as annotations.

    Raises
    ------
    RecordingError
        When antio is not installed, or cannot read the file.
    """
    import mne

    import_extra("antio", file, KIND)
    signal, about = _read_apart(file)
    bipolar = [re.fullmatch(_BIPOLAR, name) is not None for name in about["names"]]
    factors = np.array([_VOLTS.get(unit.lower(), np.nan) for unit in about["units"]])
    other = np.isnan(factors) & ~np.array(bipolar)
    if other.any():
        units = {about["names"][k]: about["units"][k] for k in np.flatnonzero(other)}
        warnings.warn(
            f"{file}: channels {units} are left aside, their units are none of voltage",
            DataWarning,
            stacklevel=2,
        )
    kinds = ["misc" if aside else "eeg" for aside in other | np.array(bipolar)]
    info = mne.create_info(about["names"], float(about["sfreq"]), kinds, verbose="warning")
    volts = signal.astype(np.float64) * np.nan_to_num(factors, nan=1.0)[:, np.newaxis]
    raw = mne.io.RawArray(volts, info, verbose="warning")
    samples, durations, marks = _marks(about)
    rate = raw.info["sfreq"]
    return raw.set_annotations(
        mne.Annotations(np.array(samples) / rate, np.array(durations) / rate, marks),
        verbose="warning",
    )


def _read_apart(file: Path) -> tuple[np.ndarray[Any, Any], Mapping[str, Any]]:
    """Read a file in another process, which may not come back."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-P", ant_child.__file__, str(file), folder]
        patience = PATIENCE + file.stat().st_size / SLOWEST
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=patience)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise RecordingError(
                f"{file}: antio was still reading {KIND} after {patience:.0f} s; is it damaged?"
            ) from None
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").split("\n")
            reason = next((line for line in reversed(said) if line.strip()), "it was ended by it")
            raise RecordingError(
                f"{file}: antio cannot read {KIND} ({reason.strip()[:300]}); is it damaged or cut "
                "short?"
            )
        about = read_json(Path(folder) / "about.json")
        return np.load(Path(folder) / "signal.npy", allow_pickle=False), about


def _marks(about: Mapping[str, Any]) -> tuple[list[int], list[int], list[str]]:
    """Return samples, durations and names of the triggers, and of what the amplifier missed."""
    samples, durations, marks = (list(about[name]) for name in ("samples", "durations", "marks"))
    off, on = about["disconnected"]["start"], about["disconnected"]["stop"]
    pairs = len(off) == len(on) and all(a <= b for a, b in zip(off, on, strict=True))
    if pairs:
        samples += off
        durations += [b - a for a, b in zip(off, on, strict=True)]
        marks += ["BAD_disconnection"] * len(off)
    else:
        samples += [*off, *on]
        durations += [0] * (len(off) + len(on))
        marks += ["Amplifier disconnected"] * len(off) + ["Amplifier reconnected"] * len(on)
    return samples, durations, marks
