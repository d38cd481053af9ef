"""Where recordings belong: subject, session and run, told by files or guessed from their names."""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from p300.errors import DataWarning, RecordingError
from p300.recordings.registry import natural_key, select_subjects

_GROUPS = ("subject", "session", "run")
_DEEPEST = 3
"""Levels of folders that are searched below a folder without recordings."""

_MOST_NAMED = 8
"""Guesses that a warning lists."""

_ENTITY = re.compile(r"(?:^|_)(sub|ses|run)-([A-Za-z0-9]+)")
_ENTITY_FOLDER = re.compile(r"(sub|ses)-([A-Za-z0-9]+)")
_NUMBERED_FOLDER = re.compile(r"(subject|session)[-_ ]?0*(\d+)", re.IGNORECASE)
_NUMBERED_SUBJECT = re.compile(r"(?:s|sub|subj|subject|vp|participant)[-_ ]?\d+", re.IGNORECASE)
_RUN_WORDS = (
    "run", "block", "part", "recording", "rec", "training", "train", "test", "calibration", "trial",
)  # fmt: skip
_SESSION_WORDS = ("session", "sess", "ses", "day", "visit")
_WORDS = "|".join([*_RUN_WORDS, *_SESSION_WORDS, "raw", "eeg", "epochs", "epo"])
_PART = re.compile(rf"({_WORDS})(?:[-_ ]*(\d+))?(?=[-_. ]|$)", re.IGNORECASE)
_NAME_WITH_PARTS = re.compile(
    rf"(?P<subject>.*?)(?P<parts>(?:(?:^|[-_. ]+)(?:{_WORDS})(?:[-_ ]*\d+)?)+)", re.IGNORECASE
)


@dataclass(frozen=True)
class Place:
    """Where a recording belongs.

    Parameters
    ----------
    subject, session, run
        Labels.
    certain
        Whether the subject is told by the file or by a pattern that the user gave; False where it
        is a guess from names.
    """

    subject: str
    session: str = "1"
    run: str = "1"
    certain: bool = True


@dataclass(frozen=True)
class Told:
    """What a file says of its place; a run that it does not say is counted."""

    subject: str
    session: str = "1"
    run: str | None = None
    certain: bool = True


def check_subject_pattern(pattern: str) -> str:
    """Return a pattern that tells subjects from paths, or refuse it.

    Raises
    ------
    ValueError
        When it is no regular expression, has no group ``subject``, has other groups by name, or
        could take for ever: something repeated within what is repeated, or more than three ``.*``.
    """
    expected = (
        "expected a regular expression with the named group subject and, if known, session and "
        r"run, such as (?P<subject>[^/_]+)_block(?P<run>\d+)"
    )
    try:
        groups = re.compile(pattern).groupindex
    except (re.error, OverflowError) as error:
        raise ValueError(f"{expected} ({error})") from error
    if "subject" not in groups or not set(groups) <= set(_GROUPS):
        raise ValueError(f"{expected}; its named groups are {sorted(groups) or 'none'}")
    if _may_take_forever(pattern):
        raise ValueError(
            f"{expected}, in which nothing is repeated that itself holds a repetition or a choice, "
            r"no group is referred back to and .* or .+ stand three times at most; such a pattern "
            "could take for ever"
        )
    return pattern


SubjectPattern = Annotated[str, AfterValidator(check_subject_pattern)]
"""The option ``subject`` of sources: a regular expression with the named groups ``subject`` and, if
known, ``session`` and ``run``. It is looked for in the path of each file below the source's folder,
with ``/`` between folders. Without the group ``run`` the files of a subject and session are counted
in the order of their names."""


def _may_take_forever(pattern: str) -> bool:
    """Return whether a repeated group holds a repetition or a choice, or too many dots repeat."""
    plain = re.sub(r"\[\^?\]?(?:\\.|[^\]\\])*\]", "x", re.sub(r"\\[^\d]", "x", pattern))
    if re.search(r"\\\d|\(\?P=", plain) or len(re.findall(r"\.[*+]", plain)) > 3:
        return True
    branching = [False]
    for position, letter in enumerate(plain):
        if letter == "(":
            branching.append(False)
        elif letter == ")" and len(branching) > 1:
            inner = branching.pop()
            if inner and re.match(r"[*+]|\{\d*,?\d*\}", plain[position + 1 :]):
                return True
            branching[-1] |= inner
        elif letter in "*+|" or re.match(r"\{\d*,\d*\}", plain[position:]):
            branching[-1] = True
    return False


def search_folder(
    path: Path, files_of: Callable[[Path], list[Path]], deepest: int = _DEEPEST
) -> list[Path]:
    """Return the files of a folder or, where it has none, of the folders below it.

    Parameters
    ----------
    path
        A file or a folder.
    files_of
        Gives the files wanted of one folder, or of a file itself.
    deepest
        Levels of folders that are searched below.
    """
    found = files_of(path)
    if found or not path.is_dir() or not deepest:
        return found
    inner = [folder for folder in path.iterdir() if folder.is_dir() and folder.name[0] != "."]
    inner.sort(key=lambda folder: natural_key(folder.name))
    return [file for folder in inner for file in search_folder(folder, files_of, deepest - 1)]


def file_stem(file: Path) -> str:
    """Return the name of a recording without its ending."""
    return re.sub(r"\.fif\.gz$|\.[^.]*$", "", file.name, flags=re.IGNORECASE)


def read_entities(file: Path, path: Path) -> Told | None:
    """Return the place that a name such as ``sub-01_ses-1_run-2`` tells, or a folder ``sub-01``."""
    folders = [_ENTITY_FOLDER.fullmatch(part) for part in _folders(file, path)]
    told = {found[1]: found[2] for found in folders if found} | dict(_ENTITY.findall(file.name))
    if "sub" in told:
        return Told(told["sub"], told.get("ses", "1"), told.get("run", "1"))
    return None


def read_folders(file: Path, path: Path) -> Told | None:
    """Return the place that folders such as ``subject1/session1`` tell, those above ``path`` too.

    A subject without a number is called as the first folder below ``path`` that is no session,
    which is a guess, "1" where only the session is told. Runs are counted. None where no folder
    tells anything.
    """
    names = [part for part in _folders(file, path) if not _NUMBERED_FOLDER.fullmatch(part)]
    told = {"subject": names[0] if names else "1", "session": "1"}
    certain, tells = not names, bool(names)
    # The same however the path is spelled; of two numbers the nearer one.
    for part in file.absolute().parts:
        if numbered := _NUMBERED_FOLDER.fullmatch(part):
            told[numbered[1].lower()] = numbered[2]
            certain = certain or numbered[1].lower() == "subject"
            tells = True
    return Told(**told, certain=certain) if tells else None


def guess_place(file: Path, root: Path) -> Told:
    """Return the place that a name without ``sub-`` suggests.

    In folders below ``root`` the folder is the subject (``anna/x.fif``), as is a numbered folder
    that the file lies in (``subject1/train_2022.fif``); else what is before words such as block,
    run or session (``anna1_block2.edf``), else the whole name. Names that begin with s, subject or
    the like and a number (``s01``) are certain.

    Parameters
    ----------
    file
        The recording.
    root
        The folder that all recordings have in common.
    """
    folders = _folders(file, root)
    names = [part for part in folders if not _NUMBERED_FOLDER.fullmatch(part)]
    numbered = [_NUMBERED_FOLDER.fullmatch(f) for f in folders or [file.absolute().parent.name]]
    told = {found[1].lower(): found[2] for found in numbered if found}
    session = told.get("session", "1")
    if subject := told.get("subject") or next(iter(names), None):
        return Told(subject, session, certain=False)
    return _guess_by_name(file_stem(file), session)


def _guess_by_name(stem: str, session: str) -> Told:
    split = _NAME_WITH_PARTS.fullmatch(stem)
    subject, tail = (split["subject"], split["parts"]) if split else (stem, "")
    parts = [(word.lower(), number) for word, number in _PART.findall(tail)]
    runs = [number.lstrip("0") for word, number in parts if word in _RUN_WORDS]
    sessions = [number.lstrip("0") for word, number in parts if word in _SESSION_WORDS]
    if not runs and not sessions:  # raw, eeg: they belong to no name that is otherwise clear
        return Told(stem, session, "1", bool(_NUMBERED_SUBJECT.fullmatch(stem)))
    return Told(
        subject=subject or "1",
        session=next(filter(None, sessions), session),
        run=next(filter(None, runs), None) if runs else "1",
        certain=bool(_NUMBERED_SUBJECT.fullmatch(subject)),
    )


def place_files(
    files: Iterable[Path],
    subjects: Sequence[str] | None,
    path: Path,
    pattern: str | None = None,
    read: Callable[[Path, Path], Told | None] = read_entities,
) -> list[tuple[Path, Place]]:
    """Describe subjects, sessions and runs of files; keep the subjects wanted.

    Parameters
    ----------
    files
        Recordings, of which there should be one in each place.
    subjects
        Subjects wanted; None for all.
    path
        The file or folder that was searched.
    pattern
        A :data:`SubjectPattern`; where it is given nothing else counts.
    read
        Tells what a file (and the path searched) says of its place; None where it says nothing and
        the place must be guessed.

    Returns
    -------
    Files with their places, in the order of the places; run 2 comes before run 10.

    Raises
    ------
    RecordingError
        When the pattern does not fit a file, two files have one place, or a wanted subject is not
        there.

    Warns
    -----
    DataWarning
        Naming the places that were guessed, where there are several files.
    """
    ordered = sorted(files, key=lambda file: natural_key(_below(file, path)))
    if pattern is not None:
        told = {file: _match(pattern, file, path) for file in ordered}
    else:
        root = Path(os.path.commonpath([file.parent for file in ordered] or [path]))
        told = {file: read(file, path) or guess_place(file, root) for file in ordered}
        _refuse_scattered(told, path)
    places = _count_runs(told)
    _refuse_twice(places, path)
    _tell_guesses(places, path)
    available = sorted({place.subject for place in places.values()}, key=natural_key)
    chosen = select_subjects(available, subjects, str(path))
    found = [(file, place) for file, place in places.items() if place.subject in chosen]
    return sorted(
        found, key=lambda item: [natural_key(getattr(item[1], group)) for group in _GROUPS]
    )


def _folders(file: Path, path: Path) -> tuple[str, ...]:
    return file.relative_to(path).parts[:-1] if file != path and file.is_relative_to(path) else ()


def _below(file: Path, path: Path) -> str:
    return "/".join([*_folders(file, path), file.name])


def _match(pattern: str, file: Path, path: Path) -> Told:
    found = re.search(pattern, _below(file, path))
    labels = {name: label for name, label in found.groupdict().items() if label} if found else {}
    if "subject" not in labels:
        raise RecordingError(
            f"{path}: the pattern {pattern!r} of the option 'subject' finds no subject in "
            f"{_below(file, path)!r}; expected one in every file: change the pattern, or move the "
            "file elsewhere"
        )
    return Told(labels["subject"], labels.get("session", "1"), labels.get("run"))


def _count_runs(told: Mapping[Path, Told]) -> dict[Path, Place]:
    """Return places; runs are counted in sessions where one is not told or guesses are alike."""
    twice = Counter((one.subject, one.session, one.run) for one in told.values())
    counted = {
        (one.subject, one.session)
        for one in told.values()
        if one.run is None or (not one.certain and twice[one.subject, one.session, one.run] > 1)
    }
    so_far: Counter[tuple[str, str]] = Counter()
    places = {}
    for file, one in told.items():
        session = (one.subject, one.session)
        so_far[session] += 1
        run = one.run if one.run is not None and session not in counted else str(so_far[session])
        places[file] = Place(*session, run, one.certain)
    return places


def _refuse_scattered(told: Mapping[Path, Told], path: Path) -> None:
    """Refuse to count files of several folders as runs of one session."""
    first: dict[tuple[str, str], Path] = {}
    for file, one in told.items():
        other = first.setdefault((one.subject, one.session), file)
        if one.run is None and other.parent != file.parent:
            raise RecordingError(
                f"{path}: files in {other.parent} and in {file.parent} are both subject and "
                f"session {(one.subject, one.session)}; name the folders subject1/session1 and so "
                "on, or tell subjects, sessions and runs with the option 'subject'"
            )


def _refuse_twice(places: Mapping[Path, Place], path: Path) -> None:
    first: dict[tuple[str, str, str], Path] = {}
    for file, place in places.items():
        labels = (place.subject, place.session, place.run)
        other = first.setdefault(labels, file)
        if other is not file:
            raise RecordingError(
                f"{path}: {_below(other, path)} and {_below(file, path)} are both subject, session "
                f"and run {labels}; expected one recording of each: name the files "
                "sub-01_ses-1_run-1 and so on, or tell them apart with the option 'subject'"
            )


def _tell_guesses(places: Mapping[Path, Place], path: Path) -> None:
    guessed = [
        f"{_below(file, path)} is subject {place.subject}"
        + (f", session {place.session}" if place.session != "1" else "")
        + f", run {place.run}"
        for file, place in places.items()
        if not place.certain
    ]
    if guessed and len(places) > 1:
        more = len(guessed) - _MOST_NAMED
        listed = "; ".join(guessed[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
        warnings.warn(
            f"{path}: guessed: {listed}. Confirm it, or say it better, with the option 'subject', "
            f"such as {suggest_pattern([_below(file, path) for file in places])!r}",
            DataWarning,
            stacklevel=4,
        )


def suggest_pattern(paths: Sequence[str]) -> str:
    """Return a :data:`SubjectPattern` that says of paths below a folder what is guessed."""
    first = Path(paths[0])
    if len(first.parts) > 1:
        numbered = re.fullmatch(r"subject[-_ ]?\d+", first.parts[0], re.IGNORECASE)
        return r"^(?i:subject)[-_ ]?0*(?P<subject>\d+)/" if numbered else "^(?P<subject>[^/]+)/"
    split = _NAME_WITH_PARTS.fullmatch(file_stem(first))
    for word, number in _PART.findall(split["parts"] if split else ""):
        if word.lower() in _RUN_WORDS:
            run = r"0*(?P<run>\d+)" if number else ""
            return rf"^(?P<subject>.+?)[-_. ]+{word}[-_ ]*{run}"
    return r"^(?P<subject>[^/.]+)"
