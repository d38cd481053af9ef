"""BCI2000's own file format: a text header, then samples with the states of the system.

As described in BCI2000's technical reference (https://www.bci2000.org/mediawiki, "BCI2000 File
Format", "State Definition" and "Parameter Definition"). Everything that the header says is checked
against the file's size before it is believed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from p300.errors import RecordingError
from p300.recordings.guard import check_regular

_FORMATS = {"int16": "<i2", "int32": "<i4", "float32": "<f4"}
_MOST_STATE_BITS = 32
_FIRST_LINE = 1000
_VOLTS = {"": 1e-6, "v": 1.0, "mv": 1e-3, "muv": 1e-6, "uv": 1e-6, "nv": 1e-9}


@dataclass(frozen=True)
class State:
    """Where the value of a state lies in the state vector, in bits."""

    first: int
    length: int


@dataclass(frozen=True)
class Bci2000Header:
    """What the header of a file says.

    Parameters
    ----------
    file
        The file.
    n_bytes
        Length of the header.
    n_channels, n_state_bytes, sample_type
        What a sample consists of.
    n_samples
        How many whole samples follow the header.
    n_left
        Bytes after the last whole sample.
    states
        State name -> its place.
    parameters
        Parameter name -> the words after it, still encoded.
    """

    file: Path
    n_bytes: int
    n_channels: int
    n_state_bytes: int
    sample_type: str
    n_samples: int
    n_left: int
    states: Mapping[str, State]
    parameters: Mapping[str, list[str]]

    def value(self, name: str) -> str:
        """Return a parameter of one value, empty where it is not there."""
        return decode((self.parameters.get(name) or [""])[0])

    def values(self, name: str) -> list[str]:
        """Return a parameter that is a list, empty where it is not there."""
        words = self.parameters.get(name) or ["0"]
        n, rest = _extent(words, self._where(name))
        return [decode(word) for word in rest[:n]]

    def rows(self, name: str) -> list[list[str]]:
        """Return a parameter that is a matrix, empty where it is not there."""
        words = self.parameters.get(name) or ["0", "0"]
        n_rows, rest = _extent(words, self._where(name))
        n_columns, rest = _extent(rest, self._where(name))
        if n_rows * n_columns > len(rest):
            raise RecordingError(
                f"{self._where(name)}: {len(rest)} values found, expected {n_rows} x {n_columns}"
            )
        cells = [decode(word) for word in rest[: n_rows * n_columns]]
        return [cells[k * n_columns : (k + 1) * n_columns] for k in range(n_rows)]

    def sfreq(self) -> float:
        """Return the sampling rate in Hz."""
        return _number(
            self.value("SamplingRate"),
            {"": 1.0, "hz": 1.0, "khz": 1e3},
            self._where("SamplingRate"),
        )

    def volts(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Give, of every channel, the offset in units of the file and the volts a unit."""
        found = {}
        for name, units in (("SourceChOffset", {"": 1.0}), ("SourceChGain", _VOLTS)):
            words = self.values(name)
            if len(words) != self.n_channels:
                raise RecordingError(
                    f"{self._where(name)}: {len(words)} values found, expected one for each of "
                    f"{self.n_channels} channels"
                )
            found[name] = np.array([_number(word, units, self._where(name)) for word in words])
        return found["SourceChOffset"], found["SourceChGain"]

    def _where(self, name: str) -> str:
        return f"{self.file}: parameter {name}"


def decode(word: str) -> str:
    """Undo BCI2000's encoding: %20 is a space, %% a percent sign, % alone nothing."""

    def character(found: re.Match[str]) -> str:
        code = found[1]
        return code if code in ("", "%") else chr(int(code, 16))

    return re.sub(r"%([0-9A-Fa-f]{2}|%|)", character, word)


def read_header(file: Path) -> Bci2000Header:
    """Read the header of a BCI2000 file.

    Raises
    ------
    RecordingError
        When the file is empty, not of BCI2000, or its header is cut short or contradicts itself.
    """
    check_regular(file)
    size = file.stat().st_size
    if size == 0:
        raise RecordingError(f"{file}: the file is empty, expected a BCI2000 recording")
    with file.open("rb") as stream:
        first = stream.readline(_FIRST_LINE)
        fields = dict(re.findall(r"(\w+)= *(\S+)", first.decode("latin-1")))
        n_bytes, n_channels, n_state_bytes = (
            _count(fields.get(name, "")) for name in ("HeaderLen", "SourceCh", "StatevectorLen")
        )
        if not (n_bytes and n_channels and n_state_bytes):
            raise RecordingError(
                f"{file}: not a BCI2000 file, it begins with {first[:60]!r}; expected HeaderLen, "
                "SourceCh and StatevectorLen above 0"
            )
        sample_type = fields.get("DataFormat", "int16")
        if sample_type not in _FORMATS:
            raise RecordingError(
                f"{file}: samples of type {sample_type!r} found, expected one of {list(_FORMATS)}"
            )
        if not len(first) <= n_bytes <= size:
            raise RecordingError(
                f"{file}: cut short or damaged: the header should have {n_bytes} bytes, the file "
                f"has {size}"
            )
        text = _text(stream.read(n_bytes - len(first)))
    frame = np.dtype(_FORMATS[sample_type]).itemsize * n_channels + n_state_bytes
    if size - n_bytes < frame:
        raise RecordingError(
            f"{file}: {size - n_bytes} bytes after the header are no whole sample of {frame} "
            "bytes; the file is cut short or damaged"
        )
    states, parameters = _parse_definitions(text, n_state_bytes, file)
    return Bci2000Header(
        file=file,
        n_bytes=n_bytes,
        n_channels=n_channels,
        n_state_bytes=n_state_bytes,
        sample_type=sample_type,
        n_samples=(size - n_bytes) // frame,
        n_left=(size - n_bytes) % frame,
        states=states,
        parameters=parameters,
    )


def read_samples(
    header: Bci2000Header, states: Iterable[str]
) -> tuple[npt.NDArray[np.float64], dict[str, npt.NDArray[np.int64]]]:
    """Read the signal, [channel, sample] in volts, and the states that are there, [sample].

    Raises
    ------
    RecordingError
        When their unit is not known.
    """
    frame = np.dtype(
        [
            ("signal", _FORMATS[header.sample_type], (header.n_channels,)),
            ("states", "u1", (header.n_state_bytes,)),
        ]
    )
    offset, volts = header.volts()
    stored = np.fromfile(header.file, frame, count=header.n_samples, offset=header.n_bytes)
    with np.errstate(all="ignore"):  # what is not finite is refused by name later
        signal = (stored["signal"].T - offset[:, None]) * volts[:, None]
    known = [name for name in states if name in header.states]
    return signal, {name: _read_state(stored["states"], header.states[name]) for name in known}


def _read_state(vectors: npt.NDArray[np.uint8], state: State) -> npt.NDArray[np.int64]:
    """Return one value a sample; the lowest bit of the lowest byte comes first."""
    first, last = state.first // 8, (state.first + state.length - 1) // 8
    value = np.zeros(len(vectors), dtype=np.int64)
    for k in range(first, last + 1):
        value |= vectors[:, k].astype(np.int64) << (8 * (k - first))
    return (value >> (state.first % 8)) & ((1 << state.length) - 1)


def _parse_definitions(
    text: str, n_state_bytes: int, file: Path
) -> tuple[dict[str, State], dict[str, list[str]]]:
    states: dict[str, State] = {}
    parameters: dict[str, list[str]] = {}
    section = ""
    for line in text.splitlines():
        words = line.split()
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == "State Vector Definition" and words:
            states[words[0]] = _parse_state(words, n_state_bytes, file)
        elif section == "Parameter Definition" and len(words) >= 3 and words[2].endswith("="):
            end = words.index("//") if "//" in words else len(words)
            parameters[words[2].removesuffix("=")] = words[3:end]
    return states, parameters


def _parse_state(words: list[str], n_state_bytes: int, file: Path) -> State:
    """Read "name length value byte bit"."""
    numbers = [_count(word) for word in words[1:5]]
    if len(numbers) == 4 and None not in numbers:
        length, _, byte, bit = (number or 0 for number in numbers)
        if 0 < length <= _MOST_STATE_BITS and 8 * byte + bit + length <= 8 * n_state_bytes:
            return State(8 * byte + bit, length)
    raise RecordingError(
        f"{file}: state definition {' '.join(words)!r} found, expected name, length in bits, "
        f"value, byte and bit within {n_state_bytes} bytes"
    )


def _extent(words: list[str], where: str) -> tuple[int, list[str]]:
    """Read how many values there are, a number or as many names in braces; give the rest too."""
    if words[:1] == ["{"] and "}" in words:
        end = words.index("}")
        return end - 1, words[end + 1 :]
    number = _count(words[0]) if words else None
    if number is None or number > len(words):
        raise RecordingError(f"{where}: {words[:3]} found, expected a number of values, then these")
    return number, words[1:]


def _number(word: str, units: Mapping[str, float], where: str) -> float:
    found = re.fullmatch(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-zµ]*)", word.lower())
    unit = found[2].replace("µ", "u") if found else ""
    value = float(found[1]) * units.get(unit, math.nan) if found else math.nan
    if not math.isfinite(value):
        raise RecordingError(
            f"{where}: {word!r} found, expected a number without a unit or in "
            f"{', '.join(name for name in units if name) or 'none'}"
        )
    return value


def _count(word: str) -> int | None:
    return int(word) if re.fullmatch(r"[0-9]{1,18}", word) else None


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # older files: the code page of Windows
