"""Recordings of every format, spoilt at random: recordings that are right, or an error."""

from __future__ import annotations

import importlib.util
import shutil
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from bad_input import CONTENTS, DAMAGES, HUGE, files_of, load_specimen
from campaigns.tried import MIB, Tried, outcome_of
from specimens import SPECIMENS, Specimen

from p300 import preprocess
from p300.errors import DataWarning, RecordingError
from p300.recordings import Recording, recognise_source

SECONDS = 60
MEMORY = 800 * MIB

NUMBERS = (
    b"\xff\xff\xff\x7f",
    b"\x7f\xff\xff\xff",
    b"\xff" * 8,
    b"9999",
    b"-1  ",
    b"nan ",
    b"1e99",
)
BLOCK = 512


def loaders(
    place: Path, seed: int, tries: Iterable[int], specimens: Sequence[Specimen] = SPECIMENS
) -> Iterator[Tried]:
    """Yield what came of spoilt specimens of every format, in turn."""
    for k in tries:
        specimen, random = specimens[k % len(specimens)], Random(f"{seed}-{k}")
        if importlib.util.find_spec(specimen.needs) is None:
            yield Tried(k, specimen.name, f"left out: {specimen.needs} is not installed")
            continue
        folder = place / "recording"
        folder.mkdir()
        try:
            path, what = _write_spoilt(specimen, folder, random)
            use = random.choice([_load, _load, _cut, _recognise])
            found = outcome_of(partial(use, specimen, path), seconds=SECONDS, memory=MEMORY)
        finally:
            shutil.rmtree(folder)
        yield Tried(k, f"{specimen.name}, {use.__name__[1:]}: {what}", found)


def _write_spoilt(specimen: Specimen, folder: Path, random: Random) -> tuple[Path, str]:
    """Write a recording, with faults of its content now and then, and spoil one or two files."""
    content, said = specimen.content, []
    if random.random() < 0.15:
        fault = random.choice(sorted({*CONTENTS} - {*specimen.cannot}))
        content, said = CONTENTS[fault](content), [fault]
    try:
        path = specimen.write(folder, content, "")
    except Exception:  # what cannot be written is no fault of a loader
        path = specimen.write(folder, specimen.content, "")
    for _ in range(random.choice([1, 1, 2])):
        file = random.choice(files_of(path))
        before = file.read_bytes()
        name, spoil = random.choice([*SPOILING, ("header", partial(_header, specimen.name))])
        file.write_bytes(spoil(before, random))
        said.append(f"{file.relative_to(folder)} {name}")
    return path, "; ".join(said)


def _load(specimen: Specimen, path: Path) -> Any:
    """Load; errors and warnings must name the file in a line."""
    return _numbers(_recordings(specimen, path))


def _cut(specimen: Specimen, path: Path) -> Any:
    """Load and cut epochs."""
    return preprocess(_recordings(specimen, path)).X


def _recordings(specimen: Specimen, path: Path) -> Sequence[Recording]:
    outcome = load_specimen(specimen, path)
    if outcome.recordings is None:
        raise RecordingError(outcome.error)
    return outcome.recordings


def _recognise(specimen: Specimen, path: Path) -> Any:
    """Ask all sources for what is there: none may raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return [len(recognise_source(path)), len(recognise_source(path.parent))]


def _numbers(recordings: Sequence[Recording]) -> Any:
    """Give what must be finite of recordings: their rate, signal and flashes."""
    return [
        number
        for one in recordings
        for number in (
            one.raw.info["sfreq"],
            np.abs(one.raw.get_data()).max(),
            *one.flashes["sample"],
        )
    ]


def _at(content: bytes, random: Random) -> int:
    """Draw a place: in the first bytes, where headers are, as often as anywhere."""
    return random.randrange(max(1, min(len(content), random.choice([600, len(content)]))))


def _flip(content: bytes, random: Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(random.choice([1, 3, 30]) if content else 0):
        spoilt[_at(content, random)] ^= 1 << random.randrange(8)
    return bytes(spoilt)


def _cut_short(content: bytes, random: Random) -> bytes:
    return content[: _at(content, random)]


def _insert(content: bytes, random: Random) -> bytes:
    at = _at(content, random)
    return content[:at] + random.randbytes(random.randrange(1, 60)) + content[at:]


def _delete(content: bytes, random: Random) -> bytes:
    at = _at(content, random)
    return content[:at] + content[at + random.randrange(1, 60) :]


def _swap(content: bytes, random: Random) -> bytes:
    """Swap two blocks."""
    one, other = sorted((_at(content, random), _at(content, random)))
    length = min(BLOCK, other - one)
    first, second = content[one : one + length], content[other : other + length]
    return (
        content[:one] + second + content[one + length : other] + first + content[other + length :]
    )


def _zero(content: bytes, random: Random) -> bytes:
    at = _at(content, random)
    length = len(content[at : at + random.choice([4, 40, BLOCK, 10**6])])
    return content[:at] + bytes(length) + content[at + length :]


def _number(content: bytes, random: Random) -> bytes:
    at, new = _at(content, random), random.choice(NUMBERS)
    return content[:at] + new + content[at + len(new) :]


def _whole(content: bytes, random: Random) -> bytes:
    return random.choice(sorted(DAMAGES.items()))[1](content)


def _header(name: str, content: bytes, random: Random) -> bytes:
    """Let a header promise more than there is, in the file whose header it is."""
    fields = sorted(HUGE.get(name, {}).items())
    try:
        return random.choice(fields)[1](content) if fields else _number(content, random)
    except (AssertionError, IndexError, ValueError):
        return _number(content, random)


Spoiling = Callable[[bytes, Random], bytes]
SPOILING: list[tuple[str, Spoiling]] = [
    ("flipped", _flip), ("cut short", _cut_short), ("inserted", _insert), ("deleted", _delete),
    ("swapped", _swap), ("zeroed", _zero), ("number", _number), ("replaced", _whole),
]  # fmt: skip
