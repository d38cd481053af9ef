"""Look at a folder of unknown recordings: which formats, and what they hold."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from p300.errors import DataWarning, RecordingError
from p300.recordings import SOURCES, Layout, Recording, Study, open_recordings, recognise_source
from p300.recordings.montage import unplaced_electrodes
from p300.recordings.registry import check_options, natural_key, source_module
from p300.runs.preparation import Progress, silent
from p300.signal.epochs import join_layouts
from p300.signal.preprocessing import describe_flashes

_DEEPEST = 3
"""Levels of folders below the one given that are looked into."""

Recognised = tuple[Path, list[tuple[str, dict[str, Any]]]]
"""A file or folder with the sources that read it and the options for each."""


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
    """

    name: str
    path: Path
    source: str
    options: Mapping[str, Any]
    guessed: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Survey:
    """What the recordings of a data set hold.

    Parameters
    ----------
    found
        Where they are.
    recordings
        One row a recording: subject (and whether it is ``certain``), session, run, ``source`` (the
        file), electrodes, unplaced and bad ones (lists), sfreq in Hz, seconds.
    flashes
        All flash tables, columns of :attr:`p300.signal.epochs.Epochs.flashes`.
    layout
        The stimulus matrix, None where it is unknown.
    warnings
        What deserves a look.
    """

    found: FoundData
    recordings: pd.DataFrame
    flashes: pd.DataFrame
    layout: Layout | None
    warnings: tuple[str, ...] = ()


def find_data(
    place: Path, source: str | None = None, options: Mapping[str, Any] | None = None
) -> list[FoundData]:
    """Find the data sets in a file or folder, or in its subfolders.

    A folder that a source recognises is one data set and not searched further. Where a folder holds
    nothing but folders that differ by a number (subject1, subject2) and are read alike, it is one.

    Parameters
    ----------
    place
        The file or folder.
    source
        What it is, where that is known: nothing is recognised then, nothing guessed.
    options
        Options of the source; they override those that were guessed.

    Raises
    ------
    RecordingError
        When there is nothing here that a source reads: with what was found, what was looked for
        and what to do.
    """
    if not place.exists():
        raise RecordingError(f"{place}: no such file or folder (looked from {Path.cwd()})")
    given = dict(options or {})
    place = place.resolve()
    if source is not None:
        check_options(source, given)
        return [FoundData(_unused_name(place, []), place, source, given)]
    places = _joined(list(_recognised(place, _DEEPEST)))
    if not places:
        raise RecordingError(_nothing_found(place))
    found: list[FoundData] = []
    for path, sources in places:
        (name, guessed), *others = sources
        found.append(
            FoundData(
                name=_unused_name(path, [one.name for one in found]),
                path=path,
                source=name,
                options=guessed | given,
                guessed=tuple(key for key in guessed if key not in given),
                others=tuple(other for other, _ in others),
            )
        )
    return found


def find_one(
    place: Path, source: str | None = None, options: Mapping[str, Any] | None = None
) -> FoundData:
    """Find the one data set in a file or folder; as :func:`find_data`.

    Raises
    ------
    RecordingError
        Also when there are several.
    """
    found = find_data(place, source, options)
    if len(found) > 1:
        places = ", ".join(f"{one.path} ({one.source})" for one in found)
        raise RecordingError(f"{place}: several data sets found, give one of them: {places}")
    return found[0]


def _recognised(place: Path, deepest: int) -> Iterator[Recognised]:
    sources = recognise_source(place)
    if sources:
        yield place, sources
    elif place.is_dir() and deepest > 0:
        folders = [p for p in place.iterdir() if p.is_dir() and p.name[0] != "."]
        for inner in sorted(folders, key=lambda folder: natural_key(folder.name)):
            yield from _recognised(inner, deepest - 1)


def _joined(places: list[Recognised]) -> list[Recognised]:
    """Put numbered folders together, where one source reads all that a folder holds as one."""
    families: dict[Path, list[Recognised]] = {}
    for path, sources in places:
        families.setdefault(path.parent, []).append((path, sources))
    joined: list[Recognised] = []
    for parent, own in families.items():
        below = sum(path.is_relative_to(parent) for path, _ in places)
        whole = len(own) == below > 1 and len({_kind(*one) for one in own}) == 1
        joined += [(parent, own[0][1])] if whole and _kind(*own[0]) else own
    return joined


def _kind(path: Path, sources: list[tuple[str, dict[str, Any]]]) -> str:
    """Return the same text for numbered folders that are read alike, "" for what stays apart."""
    stem = re.fullmatch(r"(.*[A-Za-z][-_ ]?)\d+", path.name)
    name, options = sources[0]
    if stem is None or not path.is_dir() or not source_module(name).INFO.folders:
        return ""
    return repr([stem[1].lower(), name, options])


def _unused_name(path: Path, taken: Sequence[str]) -> str:
    """Make a data set name from a path, with as many parents as it takes to be the only one."""
    parts = [word for part in path.with_suffix("").parts if (word := slug(part))] or ["recordings"]
    names = ["_".join(parts[-n:]) for n in range(1, len(parts) + 1)]
    return next((name for name in names if name not in taken), f"{names[-1]}_{len(taken)}")


def slug(text: str) -> str:
    """Keep what a data set, a config and a run folder can be called."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("_.-")


def _nothing_found(place: Path) -> str:
    files = [place] if place.is_file() else [p for p in place.rglob("*") if p.is_file()]
    kinds = Counter(file.suffix.lower() or "no suffix" for file in files)
    held = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common(6)) or "no files"
    known = ", ".join(name for name in SOURCES if source_module(name).INFO.from_files)
    return (
        f"{place}: nothing recognised ({held} found). Looked for: {known}; `p300 datasets show "
        "NAME` tells what each expects.\n"
        "Two ways to bring in recordings that MNE reads (EDF, BDF, FIF, BrainVision, EEGLAB...):\n"
        "1. If their annotations or a stimulus channel mark the flashes, say which marks are "
        f"which: p300 init {place} --source annotated --option 'target=[S 1]' "
        "--option 'nontarget=[S 2]'\n"
        "2. Otherwise write a table of the flashes, NAME_flashes.csv, beside each recording "
        "NAME.edf: columns sample or onset (seconds), target (1 or 0) and, if known, code, "
        f"character, repetition; then p300 init {place} again"
    )


def open_found(found: FoundData) -> Iterator[Recording]:
    """Yield the recordings of a data set one at a time."""
    return open_recordings(found.source, found.path, dataset=found.name, **found.options)


def survey(found: FoundData, progress: Progress = silent) -> Survey:
    """Load all recordings of a data set, one at a time, and keep what they say about themselves.

    Raises
    ------
    StudyError
        When it cannot be told who is who, see :class:`p300.recordings.study.Study`.
    RecordingError
        When one of them cannot be read.
    EpochsError
        When their flash codes are on different layouts, which no run takes for one data set.
    """
    rows, tables, layouts = [], [], []
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always", DataWarning)
        for recording in Study().admit(found.name, open_found(found)):
            rows.append(_describe(recording))
            tables.append(describe_flashes(recording))
            layouts.append({found.name: recording.layout} if recording.layout else {})
            progress(f"reading {found.name}", len(rows), 0)
    if not rows:
        raise RecordingError(f"{found.path}: no recordings found by the source {found.source!r}")
    layout = join_layouts(zip(tables, layouts, strict=True)).get(found.name)
    texts = [str(w.message) for w in raised if issubclass(w.category, DataWarning)]
    return Survey(
        found=found,
        recordings=pd.DataFrame(rows),
        flashes=pd.concat(tables, ignore_index=True),
        layout=layout,
        warnings=tuple(dict.fromkeys(texts)),
    )


def _describe(recording: Recording) -> dict[str, Any]:
    return {
        "subject": recording.subject,
        "certain": recording.certain,
        "session": recording.session,
        "run": recording.run,
        "source": recording.source,
        "electrodes": recording.electrodes,
        "unplaced": unplaced_electrodes(recording.electrodes),
        "bad": list(recording.raw.info["bads"]),
        "sfreq": recording.sfreq,
        "seconds": recording.raw.n_times / recording.sfreq,
    }
