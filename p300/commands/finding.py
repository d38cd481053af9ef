"""Find the recordings in a folder of unknown files: which source reads which of them, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p300.errors import RecordingError
from p300.recordings import Recording, open_recordings
from p300.recordings.places import file_stem
from p300.recordings.registry import (
    check_options,
    claiming_sources,
    natural_key,
    recognise_source,
    source_module,
)

DEEPEST = 3
"""Levels of folders below the one given that are looked into."""

BIDS_ROOT = "dataset_description.json"
"""What the folder of a BIDS data set holds."""

Sources = list[tuple[str, dict[str, Any]]]
"""The sources that read a place, the most specific first, and the options for each."""


@dataclass(frozen=True)
class FoundData:
    """A file or folder that a source reads.

    Parameters
    ----------
    name
        Data set name, from the folder's.
    path
        Absolute.
    source, options
        What reads it.
    guessed
        Names of the options that are guesses.
    others
        Other sources that would read it too.
    files
        Those of the folder that it consists of; None for all that the source reads.
    """

    name: str
    path: Path
    source: str
    options: Mapping[str, Any]
    guessed: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    files: tuple[Path, ...] | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """What is opened, one after the other."""
        return (self.path,) if self.files is None else self.files


@dataclass(frozen=True)
class _Place:
    """A file or folder, or some files of a folder, that are read alike."""

    path: Path
    sources: Sources
    files: tuple[Path, ...] | None = None

    @property
    def alike(self) -> str:
        """The same text for what one source reads with the same options."""
        return repr(self.sources[0])


def find_data(
    place: Path, source: str | None = None, options: Mapping[str, Any] | None = None
) -> list[FoundData]:
    """Find the data sets in a file or folder, or in its subfolders.

    A folder that a source recognises is one data set and not searched further; files of several
    formats in one folder are one data set for each that is read alike. Where a folder holds nothing
    but folders that differ by a number (subject1, subject2) and are read alike, it is one.

    Parameters
    ----------
    place
        The file or folder.
    source
        What it is, where that is known.
    options
        Options of the source, where they are known. Whatever is not said is guessed.

    Returns
    -------
    Nothing where no source reads anything here; :mod:`p300.commands.unread` tells why.

    Raises
    ------
    RecordingError
        When there is no such place, source or option.
    """
    if not place.exists():
        raise RecordingError(f"{place}: no such file or folder (looked from {Path.cwd()})")
    given = dict(options or {})
    place = place.resolve()
    if source is not None:
        check_options(source, given)
        guessed = dict(recognise_source(place, given)).get(source, {})
        places = [_Place(place, [(source, guessed)])]
    else:
        places = _joined(list(_recognised(place, given, DEEPEST)))
    found: list[FoundData] = []
    for one in places:
        (name, guessed), *others = one.sources
        if source is None and given:
            check_options(name, given)
        nearest = one.files[0] if one.files and len(one.files) == 1 else one.path
        found.append(
            FoundData(
                name=_unused_name(nearest, [earlier.name for earlier in found]),
                path=one.path,
                source=name,
                options=guessed | given,
                guessed=tuple(key for key in guessed if key not in given),
                others=tuple(other for other, _ in others),
                files=one.files,
            )
        )
    return found


def open_found(found: FoundData) -> Iterator[Recording]:
    """Yield the recordings of a data set one at a time."""
    for path in found.paths:
        yield from open_recordings(found.source, path, dataset=found.name, **found.options)


def candidates(folder: Path) -> list[Path]:
    """Return the files of a folder that some source may read by their names, in order.

    Tables that belong to a recording of their name are none.
    """
    claimed = [file for file in sorted(folder.iterdir()) if claiming_sources(file)]
    stems = {file_stem(file) for file in claimed if file.suffix.lower() not in (".csv", ".tsv")}
    return [
        file
        for file in claimed
        if not (
            file.suffix.lower() in (".csv", ".tsv")
            and file_stem(file).removesuffix("_flashes") in stems
        )
    ]


def _recognised(place: Path, given: Mapping[str, Any], deepest: int) -> Iterator[_Place]:
    if place.is_dir() and (apart := _read_apart(place, given)):
        yield from apart
        return
    sources = recognise_source(place, given)
    if sources:
        yield _Place(place, sources)
    elif place.is_dir() and deepest > 0:
        folders = [p for p in place.iterdir() if p.is_dir() and p.name[0] != "."]
        for inner in sorted(folders, key=lambda folder: natural_key(folder.name)):
            yield from _recognised(inner, given, deepest - 1)


def _read_apart(folder: Path, given: Mapping[str, Any]) -> list[_Place]:
    """Return the files of a folder with files of several formats that are read alike, if several.

    Returns
    -------
    Nothing where one source reads all that can be read, as it then takes the folder.
    """
    if (folder / BIDS_ROOT).is_file():
        return []
    files = candidates(folder)
    if len({tuple(claiming_sources(file)) for file in files}) < 2:
        return []
    groups: dict[str, _Place] = {}
    for file in files:
        sources = recognise_source(file, given)
        if sources:
            one = _Place(folder, sources, (file,))
            earlier = groups.get(one.alike)
            groups[one.alike] = (
                one if earlier is None else _Place(folder, sources, (*(earlier.files or ()), file))
            )
    return list(groups.values()) if len({p.sources[0][0] for p in groups.values()}) > 1 else []


def _joined(places: list[_Place]) -> list[_Place]:
    """Put numbered folders together, where one source reads all that a folder holds as one."""
    families: dict[Path, list[_Place]] = {}
    for one in places:
        families.setdefault(one.path.parent, []).append(one)
    joined: list[_Place] = []
    for parent, own in families.items():
        below = sum(one.path.is_relative_to(parent) for one in places)
        whole = len(own) == below > 1 and len({_kind(one) for one in own}) == 1
        joined += [_Place(parent, own[0].sources)] if whole and _kind(own[0]) else own
    return joined


def _kind(place: _Place) -> str:
    """Return the same text for numbered folders that are read alike, "" for what stays apart."""
    stem = re.fullmatch(r"(.*[A-Za-z][-_ ]?)\d+", place.path.name)
    name, options = place.sources[0]
    folders = source_module(name).INFO.folders
    if stem is None or not place.path.is_dir() or not folders or place.files is not None:
        return ""
    return repr([stem[1].lower(), name, options])


def _unused_name(path: Path, taken: Sequence[str]) -> str:
    """Make a data set name from a path, with as many parents as it takes to be the only one."""
    own = path if path.is_dir() else path.with_name(file_stem(path))
    parts = [word for part in own.parts if (word := slug(part))] or ["recordings"]
    names = ["_".join(parts[-n:]) for n in range(1, len(parts) + 1)]
    return next((name for name in names if name not in taken), f"{names[-1]}_{len(taken)}")


def slug(text: str) -> str:
    """Keep what a data set, a config and a run folder can be called; letters lose their accents."""
    import unicodedata

    spelled = text.translate({ord(a): b for a, b in _SPELLED.items()})
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", plain).strip("_.-")


_SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "o",
            "Ø": "O", "æ": "ae", "Æ": "Ae", "ł": "l", "Ł": "L"}  # fmt: skip
