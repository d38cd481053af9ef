"""Any recording that MNE reads, with its flashes in its own annotations or stimulus channel."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from p300.errors import RecordingError
from p300.recordings.annotations import is_stretch
from p300.recordings.flashes import flash_onsets, make_flash_table
from p300.recordings.guard import guarded
from p300.recordings.layout import Layout, guess_rows
from p300.recordings.places import SubjectPattern, place_files, search_folder
from p300.recordings.readers.mnefile import (
    find_recordings,
    guess_eeg,
    is_recording,
    keep_eeg,
    mark_samples,
    open_recording,
    record_file,
)
from p300.recordings.recording import Recording
from p300.recordings.registry import SourceInfo

if TYPE_CHECKING:
    import pandas as pd
    from mne.io import BaseRaw

INFO = SourceInfo(
    title="Annotated: any recording that MNE reads, flashes from its annotations or stim channel",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="as in the recording; standard 10-05 names, or named with the option 'rename'",
    sfreq="as in the recording",
    licence="your own",
    citation=(
        "Gramfort A, Luessi M, Larson E, Engemann DA, Strohmeier D, Brodbeck C, Goj R, Jas M, "
        "Brooks T, Parkkonen L, Haemaelaeinen M (2013). MEG and EEG data analysis with "
        "MNE-Python. Frontiers in Neuroscience 7:267. doi:10.3389/fnins.2013.00267"
    ),
    obtain=(
        "Give a recording (.edf, .bdf, .vhdr, .set, .fif, .cnt and so on) or a folder of them, and "
        "say with the options 'target' and 'nontarget' which of its marks are which flashes"
    ),
    folders=True,
)

# Port bits above the sixteen of a trigger cable tell the state of a BioSemi amplifier.
_TRIGGER_BITS = 0xFFFF

# Names of the flashes in recordings of others; "infrequent" is tried before "frequent".
_TARGET_WORDS = ("oddball", "deviant", "rare", "infrequent")
_NONTARGET_WORDS = ("nontarget", "standard", "frequent")
# An oddball is shown once in three to twenty times; other pairs of marks are something else.
_ODDBALL_RATIO = (3, 20)
_NUMBER_AT_END = r"(\d+)$"


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
    target: Sequence[str | int] = (),
    nontarget: Sequence[str | int] = (),
    stim_channel: str | None = None,
    code: str | Mapping[str | int, int] | None = None,
    rename: Mapping[str, str] | None = None,
    drop: Sequence[str] | None = None,
    layout: Sequence[str | Sequence[str]] | None = None,
) -> Iterator[Recording]:
    r"""Yield one recording a file.

    With flash codes the characters are counted by the pauses between them, and the n-th flash of
    a code within a character belongs to repetition n. Without codes neither is known.

    Parameters
    ----------
    path
        A recording, or a folder of recordings.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        A :data:`~p300.recordings.places.SubjectPattern`: a regular expression with the named groups
        subject, session and run that tells them from the paths of the files, below ``path``.
    target, nontarget
        The marks of the two kinds of flash: descriptions of annotations, or values of
        ``stim_channel``; ``*`` and ``?`` stand for any letters, or any one. Other marks are left
        aside.
    stim_channel
        Channel whose changes are the marks, such as ``Status``; by default the annotations are.
    code
        How the flash code follows from a mark: a regular expression whose group is the number,
        such as ``"flash/(\d+)"``, or a mapping from mark to code; None where it is unknown.
    rename
        Channel name in the file -> electrode name.
    drop
        Channels of the file that are no EEG.
    layout
        Rows of the stimulus matrix, such as ``["ABCDEF", ...]``, whose columns have the flash
        codes 1 to n and whose rows the codes after them; None where it is unknown.

    Raises
    ------
    RecordingError
        When a recording cannot be read, has none of the marks, or cannot be EEG with flashes.
    """
    files = search_folder(path, find_recordings)
    if not files:
        raise RecordingError(f"{path}: no recordings in this folder. {INFO.obtain}")
    matrix = None if layout is None else Layout.row_column(layout)
    for file, place in place_files(files, subjects, path, subject):
        raw = open_recording(file)
        marks = _read_marks(raw, stim_channel, file)
        shown = _choose_flashes(marks, _words(target), _words(nontarget), file)
        flashes = _with_codes(shown, code, file)
        beside = {*(drop or []), *([] if stim_channel is None else [stim_channel])}
        eeg = keep_eeg(raw, file, rename, sorted(beside))
        yield record_file(eeg, flashes, matrix, file, dataset, place)


def _words(marks: Sequence[str | int]) -> list[str]:
    return [str(mark) for mark in marks]


def _read_marks(raw: BaseRaw, stim_channel: str | None, file: Path) -> pd.DataFrame:
    """Return all marks of a recording, columns ``sample`` and ``mark`` (text)."""
    import pandas as pd

    if stim_channel is None:
        names = [str(name) for name in raw.annotations.description]
        table = pd.DataFrame({"sample": mark_samples(raw), "mark": pd.Series(names, dtype="str")})
        return table.loc[np.array([not is_stretch(name) for name in names], dtype=bool)]
    if stim_channel not in raw.ch_names:
        stims = [
            name
            for name, kind in zip(raw.ch_names, raw.get_channel_types(), strict=True)
            if kind == "stim"
        ]
        raise RecordingError(
            f"{file}: no channel {stim_channel!r}; of its channels {list(raw.ch_names)} "
            f"{stims or 'none'} hold triggers"
        )
    found = guarded(lambda: raw.get_data(picks=[stim_channel])[0], file)
    if not (np.isfinite(found).all() and (found == np.round(found)).all()):
        raise RecordingError(
            f"{file}: channel {stim_channel!r} holds NaN or fractions, expected whole numbers as "
            "triggers are"
        )
    values = np.abs(found).astype(np.int64) & _TRIGGER_BITS
    onsets = flash_onsets(values)
    return pd.DataFrame({"sample": onsets, "mark": values[onsets].astype(str)})


def _choose_flashes(
    marks: pd.DataFrame, target: list[str], nontarget: list[str], file: Path
) -> pd.DataFrame:
    """Keep the marks that are flashes, with their targets."""
    import pandas as pd

    names = pd.unique(marks["mark"])
    kinds: dict[str, bool] = {}
    for patterns, kind in ((target, True), (nontarget, False)):
        for pattern in patterns:
            matched = [name for name in names if name == pattern or fnmatchcase(name, pattern)]
            both = [name for name in matched if kinds.get(name, kind) is not kind]
            if both:
                raise RecordingError(
                    f"{file}: mark {both[0]!r} is meant by 'target' and by 'nontarget', expected "
                    "each mark in one of them"
                )
            kinds |= dict.fromkeys(matched, kind)
    shown = marks[marks["mark"].isin(list(kinds))]
    flashes = shown.assign(target=shown["mark"].map(kinds).astype(bool))
    if flashes["target"].nunique() < 2:
        counts = marks["mark"].value_counts()
        listed = ", ".join(f"{name!r} ({n})" for name, n in counts.head(20).items()) or "no marks"
        raise RecordingError(
            f"{file}: {listed} found, expected targets {target} and non-targets {nontarget} among "
            "them; name its marks with the options 'target' and 'nontarget'"
        )
    return flashes.sort_values("sample", kind="stable", ignore_index=True)


def _with_codes(
    shown: pd.DataFrame, code: str | Mapping[str | int, int] | None, file: Path
) -> pd.DataFrame:
    """Return the flash table, with codes, characters and repetitions where codes are known."""
    import pandas as pd

    if code is None:
        return shown[["sample", "target"]]
    numbers = {name: _code_of(name, code, file) for name in pd.unique(shown["mark"])}
    return make_flash_table(
        shown["sample"].to_numpy(),
        target=shown["target"],
        code=shown["mark"].map(numbers),
        flashes_a_repetition=len(set(numbers.values())),
        where=str(file),
    )


def _code_of(mark: str, code: str | Mapping[str | int, int], file: Path) -> int:
    if isinstance(code, str):
        try:
            found = re.search(code, mark)
            if found is not None and found[1] is not None:
                return int(found[1])
        except (re.error, IndexError, ValueError) as error:
            raise RecordingError(
                f"{file}: option 'code' {code!r} does not work on mark {mark!r} ({error}), "
                "expected a regular expression whose group is a number"
            ) from error
    else:
        numbers = {str(name): number for name, number in code.items()}
        if mark in numbers:
            return numbers[mark]
    raise RecordingError(
        f"{file}: option 'code' gives no flash code to mark {mark!r}, expected one for each flash"
    )


def recognise(path: Path) -> dict[str, Any] | None:
    """Guess which marks of a recording, or of the first of a folder, are its flashes.

    Marks are told apart by their names (target, oddball, deviant, rare; non-target, standard,
    frequent), else the two most frequent marks are taken where one is three to twenty times as
    frequent as the other: the rarer one is the target.

    Returns
    -------
    Options ``target`` and ``nontarget``, with ``stim_channel`` where the marks are there, ``code``
    and ``layout`` where numbers in the marks' names look like flash codes, ``rename`` and ``drop``
    where channels have no plain names of electrodes. None where nothing fits.
    """
    file = next((file for file in find_recordings(path) if is_recording(file)), None)
    if file is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MNE finds odd is for the one who loads the file
        try:
            return guarded(lambda: _look_into(file), file)
        except RecordingError:
            return None


def _look_into(file: Path) -> dict[str, Any] | None:
    """Guess from the annotations of a recording, else from its stimulus channels."""
    raw = open_recording(file)
    kinds = zip(raw.ch_names, raw.get_channel_types(), strict=True)
    for channel in (None, *(name for name, kind in kinds if kind == "stim")):
        options = _guess(_read_marks(raw, channel, file)["mark"])
        if options is not None:
            there = {} if channel is None else {"stim_channel": channel}
            return options | there | guess_eeg(raw)
    return None


def _guess(marks: pd.Series[str]) -> dict[str, Any] | None:
    """Guess the options from the marks of a recording, or of its stimulus channel."""
    counts = marks.value_counts()
    named = {str(name): _named_target(str(name)) for name in counts.index}
    target = [name for name, kind in named.items() if kind is True]
    nontarget = [name for name, kind in named.items() if kind is False]
    if not (target and nontarget):
        if len(counts) < 2:
            return None
        low, high = _ODDBALL_RATIO
        if not low <= counts.iloc[0] / counts.iloc[1] <= high:
            return None
        target, nontarget = [str(counts.index[1])], [str(counts.index[0])]
        return {"target": _as_numbers(target), "nontarget": _as_numbers(nontarget)}
    numbers = [re.search(_NUMBER_AT_END, name) for name in (*target, *nontarget)]
    codes = {int(found[1]) for found in numbers if found is not None}
    if None in numbers or len(codes) < 3:
        return {"target": sorted(target), "nontarget": sorted(nontarget)}
    # Other recordings have other codes among their targets.
    target, nontarget = (
        sorted({re.sub(_NUMBER_AT_END, "*", name) for name in kind}) for kind in (target, nontarget)
    )
    rows = guess_rows(codes)
    options = {"target": target, "nontarget": nontarget, "code": _NUMBER_AT_END}
    return options if rows is None else {**options, "layout": rows}


def _named_target(name: str) -> bool | None:
    """Return by its name whether a mark is a target (True) or a non-target (False)."""
    word = re.sub(r"[^a-z]", "", name.lower())
    if any(part in word for part in _TARGET_WORDS):
        return True
    if any(part in word for part in _NONTARGET_WORDS):
        return False
    return True if "target" in word else None


def _as_numbers(marks: list[str]) -> list[str | int]:
    return [int(mark) if mark.isdecimal() else mark for mark in marks]
