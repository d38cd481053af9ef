"""Files that nothing reads as they are: what each of them is, and the command that goes on."""

from __future__ import annotations

import json
import re
import shlex
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p300.commands.finding import BIDS_ROOT, DEEPEST, FoundData, candidates
from p300.errors import RecordingError
from p300.recordings import open_recordings, source_module
from p300.recordings.guesses import likely_pair, look_like_codes
from p300.recordings.marks import MarksNotToldError
from p300.recordings.places import file_stem
from p300.recordings.registry import claiming_sources, natural_key

MOST_TOLD = 20
"""Files that are looked into; the others are counted."""

_PARTS = (".eeg", ".vmrk", ".fdt")  # of a recording that stands under another ending

_MARKS = ("target", "nontarget", "code")

EXAMPLES = (
    "What such a command says of the marks is an example: say which of yours are which. Marks that "
    "may be flash codes are spelled by a detector that was trained (p300 train)"
)


@dataclass(frozen=True)
class Unread:
    """A file that some source may read, but not as it is.

    Parameters
    ----------
    file
        Absolute.
    source
        The source that could read it.
    reason
        What was found and what is missing, in words that begin with the file's name.
    command
        The command that goes on, "" where the reason says all that can be done.
    """

    file: Path
    source: str
    reason: str
    command: str = ""


def find_unread(place: Path, found: Sequence[FoundData]) -> tuple[list[Unread], Counter[str]]:
    """Look into the files that belong to no data set.

    Parameters
    ----------
    place
        The file or folder that was searched.
    found
        The data sets in it.

    Returns
    -------
    The first :data:`MOST_TOLD` files that some source may read by their names, with the number of
    the others as a last one, and how many there are of each other kind of file, by its ending.
    """
    place = place.resolve()
    taken = [one.path for one in found if one.files is None]
    taken += [file for one in found for file in one.files or ()]
    left = [file for file in _files(place, DEEPEST) if not any(map(file.is_relative_to, taken))]
    own = [file for file in left if file == place or file.is_dir() or claiming_sources(file)]
    stems = {file_stem(file) for file in [*taken, *own]}
    others = _count(
        file
        for file in left
        if file not in own and not (file.suffix.lower() in _PARTS and file_stem(file) in stems)
    )
    unread = [explain(file) for file in own[:MOST_TOLD]]
    if more := own[MOST_TOLD:]:
        held = ", ".join(f"{n} {kind}" for kind, n in _count(more).most_common())
        unread.append(Unread(place, "", f"{len(more)} more files are not looked into: {held}"))
    return unread, others


def _count(files: Iterable[Path]) -> Counter[str]:
    return Counter(file.suffix.lower() or "no suffix" for file in files)


def _files(place: Path, deepest: int) -> Iterator[Path]:
    if not place.is_dir() or (place / BIDS_ROOT).is_file():
        yield place
        return
    known = set(candidates(place))
    belonging = {file for file in place.iterdir() if claiming_sources(file)} - known
    for inner in sorted(place.iterdir(), key=lambda path: natural_key(path.name)):
        if inner in known or (inner.is_file() and inner not in belonging):
            yield inner
        elif inner.is_dir() and inner.name[0] != "." and deepest > 0:
            yield from _files(inner, deepest - 1)


def explain(file: Path) -> Unread:
    """Say why a file is not read as it is, by trying.

    The sources that claim its ending are asked from the most general to the most specific; one that
    finds marks, of which nobody said what they are, knows best.
    """
    names = ["bids"] if (file / BIDS_ROOT).is_file() else claiming_sources(file)
    if not names:
        return Unread(file, "", f"{file.name}: {file.suffix or 'no suffix'}, no format known here")
    told = [_try(file, name) for name in reversed(names)]
    return next((one for one in told if one.command), told[0])


def _try(file: Path, source: str) -> Unread:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            next(iter(open_recordings(source, file)), None)
        except MarksNotToldError as error:
            return Unread(file, source, _shorten(error, file), name_marks(file, source, error))
        except RecordingError as error:
            return Unread(file, source, _shorten(error, file))
    return Unread(
        file,
        source,
        f"{file.name}: {source_module(source).INFO.title}; it can be read",
        f"p300 init {shlex.quote(str(file))} --source {source}",
    )


def _shorten(error: RecordingError, file: Path) -> str:
    return re.sub(rf"^{re.escape(str(file.parent))}/", "", str(error))


def name_marks(
    place: Path, source: str, error: MarksNotToldError, known: Mapping[str, Any] | None = None
) -> str:
    """Write the command that goes on where marks are not told; what they are is an example.

    Parameters
    ----------
    place
        The file or folder.
    source
        What reads it.
    error
        Its marks.
    known
        Options that were said or guessed; ``p300 init`` guesses them again.

    Returns
    -------
    "" where there are not two kinds of mark.
    """
    channel = "" if error.stim_channel is None else f"stim_channel={error.stim_channel}"
    words, options = ["p300", "init", str(place)], [channel]
    if look_like_codes(error.marks):
        words = ["p300", "spell", "DETECTOR", str(place)]
        others = {key: value for key, value in (known or {}).items() if key not in _MARKS}
        options += [f"{key}={_flow(value)}" for key, value in others.items()]
        options += ["target=unknown", r"code=(\d+)$"]
    elif pair := likely_pair(error.marks):
        target, nontarget = map(_quoted, pair)
        options += [f"target=[{target}]", f"nontarget=[{nontarget}]"]
    else:
        return ""
    words += ["--source", source]
    words += [word for option in options if option for word in ("--option", option)]
    return shlex.join(words)


def _flow(value: Any) -> str:
    import yaml

    text = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**6)
    return text.strip()[1:-1]


def _quoted(mark: str) -> str:
    """Write a mark so that YAML reads it as text; texts of JSON are texts of YAML."""
    plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_/. ]*(?<! )", mark)
    return mark if plain else json.dumps(mark, ensure_ascii=False)


def nothing_found(place: Path, unread: Sequence[Unread], others: Counter[str]) -> str:
    """Return what to say where no recording can be read: of each file why, and what to do."""
    lines = [f"{place}: no recording can be read as it is"]
    for one in unread:
        lines.append(f"- {one.reason}")
        lines += [f"  go on: {one.command}"] if one.command else []
    if any("--option" in one.command for one in unread):
        lines.append(EXAMPLES)
    if others:
        held = ", ".join(f"{n} {kind}" for kind, n in others.most_common(6))
        lines.append(f"- {held}: no formats known here; `p300 datasets` lists those that are")
    if not unread and not others:
        lines.append("- the folder has no files")
    lines.append(
        "Recordings in formats that MNE reads need marks, a trigger channel, or a table of the "
        "flashes NAME_flashes.csv beside NAME.edf: columns sample or onset (seconds), target (1 or "
        "0) and, if known, code, character, repetition"
    )
    return "\n".join(lines)
