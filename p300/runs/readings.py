"""What is known of recordings since they were read: those whose files are as they were stay closed.

To find the epochs of a data set in the cache, and to tell who is who, takes the content of its
recordings. What was found is kept beside the epochs under two hashes: of the sources with their
options, of the code and the libraries that read them; and of the files
(:mod:`p300.recordings.footprint`). Where a source cannot tell its files, or one of them changed a
moment ago, nothing is kept, and recordings are read each time.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

import p300
from p300.errors import StoredFileError
from p300.files import cache_folder, safe_name, write_json
from p300.recordings.fingerprint import Fingerprint
from p300.recordings.footprint import footprint
from p300.recordings.registry import SOURCES, check_options, source_module
from p300.recordings.study import Seen
from p300.runs.cache import hash_facts, is_whole, new_entry, publish
from p300.runs.config import Experiment
from p300.stored import StoredFolder

READING = ("reading.json", "words.safetensors")
"""The files of an entry."""

SETTLED = 2.0
"""Seconds since the last change of a file after which a further one has another time."""

_LIBRARIES = (
    "numpy", "scipy", "pandas", "mne", "mne-bids", "pyxdf", "h5py", "antio", "mffpy", "pymatreader",
    "edfio",
)  # fmt: skip
"""Libraries that read recordings."""


@dataclass(frozen=True, eq=False)
class Known:
    """What was found when the recordings of a data set were read.

    Parameters
    ----------
    seen
        Who is who, see :class:`p300.recordings.study.Study`.
    content
        Name of the data set's entries in the cache.
    """

    seen: Sequence[Seen]
    content: str


class _SeenRecord(BaseModel):
    place: tuple[str, str, str]
    name: str
    source: str
    certain: bool
    step: int


class _ReadingRecord(BaseModel):
    seen: list[_SeenRecord]
    content: str


@dataclass(frozen=True, eq=False)
class Files:
    """The files of a data set as they are now.

    Parameters
    ----------
    group
        Folder in the cache of what is known of its sources.
    state
        Hash of the files.
    changed
        When the last of them changed.
    looked
        When they were looked at.
    """

    group: Path
    state: str
    changed: float
    looked: float

    def recall(self) -> Known | None:
        """Return what was found when these files were read, None where nothing is kept."""
        entry = self.group / self.state
        if not is_whole(entry, READING):
            return None
        stored = StoredFolder(entry)
        try:
            record = stored.record("reading.json", _ReadingRecord)
            arrays = stored.arrays("words.safetensors")
            seen = [
                Seen(
                    one.place,
                    one.name,
                    one.source,
                    one.certain,
                    Fingerprint(arrays[f"words{k}"], arrays[f"times{k}"], one.step),
                )
                for k, one in enumerate(record.seen)
            ]
        except (StoredFileError, KeyError):  # another version wrote it
            return None
        return Known(seen, record.content)

    def keep(self, known: Known, now: Files | None) -> None:
        """Keep what was found when these files were read.

        Parameters
        ----------
        known
            What was found.
        now
            The files after they were read: nothing is kept where they are others, or where one
            changed so lately that it could have changed again under the same time.
        """
        if now is None or now.state != self.state or self.changed > self.looked - SETTLED:
            return
        from safetensors.numpy import save_file

        with new_entry(self.group) as folder:
            arrays: dict[str, Any] = {}
            for k, one in enumerate(known.seen):
                arrays[f"words{k}"] = np.ascontiguousarray(one.content.words)
                arrays[f"times{k}"] = np.ascontiguousarray(one.content.times)
            save_file(arrays, folder / "words.safetensors")
            seen = [
                {
                    "place": one.place,
                    "name": one.name,
                    "source": one.source,
                    "certain": one.certain,
                    "step": one.content.step,
                }
                for one in known.seen
            ]
            write_json(folder / "reading.json", {"seen": seen, "content": known.content})
            publish(folder, self.group / self.state, READING)


def files_of(experiment: Experiment, dataset: str, data: Path) -> Files | None:
    """Look at the files of a data set, without reading them.

    Parameters
    ----------
    experiment, dataset
        Name the sources.
    data
        Folder that the sources' paths are seen from.

    Returns
    -------
    None where a source cannot tell its files.
    """
    looked, newest = time.time(), 0.0
    asked: list[Any] = [_code(), _versions(), dataset]
    state: list[Any] = []
    for source in experiment.datasets[dataset]:
        module = source_module(source.source)
        file = getattr(module, "__file__", None)
        if not module.INFO.contained or file is None:
            return None
        options = check_options(source.source, source.options)
        place = data / source.path if source.path is not None else None
        found = footprint(place, source.options)
        if found is None:
            return None
        facts, changed = found
        newest = max(newest, changed)
        # The path as it is given, too: recordings are named by it.
        where = [str(place), str(place.absolute())] if place is not None else None
        code = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        options_said = repr(sorted(options.items()))
        package = SOURCES.package(source.source)  # of a plug-in: its version counts, too
        asked.append([source.source, package, code, where, source.subjects, options_said])
        state.append(facts)
    group = cache_folder() / f"{safe_name(dataset)}-{hash_facts(asked)}"
    return Files(group, hash_facts(state), newest, looked)


@cache
def _code() -> str:
    """Return a hash of the code that makes recordings of files, or generates them."""
    digest = hashlib.sha256()
    folder = Path(p300.__file__).parent
    files = [*(folder / "recordings").rglob("*.py"), *(folder / "runs").glob("*.py")]
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@cache
def _versions() -> list[str]:
    found = [p300.__version__, platform.python_version()]
    for name in _LIBRARIES:
        try:
            found.append(importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            found.append("none")
    return found
