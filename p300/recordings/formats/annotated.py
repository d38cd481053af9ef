"""Any recording that MNE reads, with its flashes in its own annotations or stimulus channel."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from p300.errors import RecordingError
from p300.recordings.annotations import is_stretch
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.described import ANNOTATED
from p300.recordings.guard import guarded
from p300.recordings.guesses import guess_marks
from p300.recordings.marks import NOTHING_SAID, Marks, MarksNotToldError, list_marks
from p300.recordings.places import SubjectPattern, place_files, search_folder
from p300.recordings.readers.cntfile import DataFormat
from p300.recordings.readers.mnefile import (
    RECORDINGS,
    find_recordings,
    guess_eeg,
    is_recording,
    mark_samples,
    open_recording,
    record_file,
)
from p300.recordings.readers.triggers import (
    BY_ANNOTATIONS,
    Triggers,
    suggest_mask,
    trigger_channels,
    whole_numbers,
)
from p300.recordings.recording import Recording

if TYPE_CHECKING:
    import pandas as pd
    from mne.io import BaseRaw

INFO = replace(ANNOTATED, folders=True, endings=RECORDINGS, contained=True)


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
    channels: Channels = NO_CHANGES,
    marks: Marks = NOTHING_SAID,
    triggers: Triggers = BY_ANNOTATIONS,
    data_format: DataFormat | None = None,
) -> Iterator[Recording]:
    """Yield one recording a file.

    The marks are the descriptions of annotations, or the values of a trigger channel.

    Parameters
    ----------
    path
        A recording, or a folder of recordings.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        Regular expression with the named groups subject, session and run that tells them from the
        paths of the files, below ``path``; the last two may be missing. By default the files or
        their names tell.
    channels, marks, triggers
        See :class:`~p300.recordings.channels.Channels`, :class:`~p300.recordings.marks.Marks` and
        :class:`~p300.recordings.readers.triggers.Triggers`.
    data_format
        Type of the samples of a Neuroscan ``.cnt`` file, where the file leaves it open.

    Raises
    ------
    RecordingError
        When a recording cannot be read, has none of the marks, or cannot be EEG with flashes.
    """
    files = search_folder(path, find_recordings)
    if not files:
        raise RecordingError(f"{path}: no recordings in this folder. {INFO.obtain}")
    layout = marks.matrix()
    for file, place in place_files(files, subjects, path, subject):
        raw = open_recording(file, data_format=data_format)
        flashes = find_flashes(raw, triggers, marks, file)
        beside = [] if triggers.stim_channel is None else [triggers.stim_channel]
        eeg = channels.keep_eeg(raw, file, beside)
        yield record_file(eeg, flashes, layout, file, dataset, place, channels.montage)


def find_flashes(raw: BaseRaw, triggers: Triggers, marks: Marks, file: Path | str) -> pd.DataFrame:
    """Return the flash table of the annotations of a Raw, or of its trigger channel.

    Raises
    ------
    RecordingError
        When there are none of the marks, or nobody said which they are: then with all that may be
        marks.
    """
    if triggers.stim_channel is not None:
        named = [*(marks.target or ()), *(marks.nontarget or ())] if marks.named else []
        return marks.flashes(triggers.read(raw, file, map(str, named)), str(file))
    try:
        return marks.flashes(annotated_marks(raw), str(file))
    except MarksNotToldError as error:
        held = _trigger_marks(raw, file)
        if not held:
            raise type(error)(f"{error}{_unread_triggers(raw, file)}", error.marks) from error
        listed = "; ".join(f"{name!r} with {list_marks(own)}" for name, own in held.items())
        name, own = next(iter(held.items()))
        fewer = len(error.marks.unique()) < 2
        raise MarksNotToldError(
            f"{error}. Channels that may hold triggers (option 'stim_channel'): {listed}",
            own if fewer else error.marks,
            name if fewer else None,
        ) from error


def _trigger_marks(raw: BaseRaw, file: Path | str) -> dict[str, pd.Series[str]]:
    """Return the marks of the channels that may hold triggers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a channel that nobody named
        return {
            name: Triggers(name).read(raw, file)["mark"] for name in trigger_channels(raw, file)
        }


def _unread_triggers(raw: BaseRaw, file: Path | str) -> str:
    """Say which channels the file calls triggers, though they hold no whole numbers."""
    kinds = zip(raw.ch_names, raw.get_channel_types(), strict=True)
    for name in (name for name, kind in kinds if kind == "stim"):
        values = np.unique(guarded(partial(raw.get_data, picks=[name]), file))
        if len(values) > 1 and whole_numbers(values) is None:
            shown = ", ".join(f"{value:g}" for value in values[:5])
            return (
                f". Its trigger channel {name!r} holds no whole numbers ({shown}"
                f"{' and so on' if len(values) > 5 else ''}): write when flashes begin into a "
                "table beside it (source 'flash_table')"
            )
    return ""


def annotated_marks(raw: BaseRaw) -> pd.DataFrame:
    """Return the annotations that may be flashes, columns ``sample`` and ``mark`` (text)."""
    import pandas as pd

    names = [str(name) for name in raw.annotations.description]
    table = pd.DataFrame({"sample": mark_samples(raw), "mark": pd.Series(names, dtype="str")})
    return table.loc[np.array([not is_stretch(name) for name in names], dtype=bool)]


def recognise(path: Path) -> dict[str, Any] | None:
    """Guess which marks of a recording, or of the first of a folder, are its flashes.

    Returns
    -------
    Options ``target`` and ``nontarget`` as :func:`~p300.recordings.guesses.guess_marks` finds
    them, with ``stim_channel`` where the marks are there, ``code`` and ``layout`` where numbers in
    the marks' names look like flash codes, ``rename`` and ``drop`` where channels have no plain
    names of electrodes. None where nothing fits.
    """
    return _look_at_first(path, _guess)


def complete(path: Path, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Guess the other options, where it is said which marks are the flashes.

    Returns
    -------
    As :func:`recognise`, without ``target`` and ``nontarget``. None where the recording, or the
    first of a folder, has no such marks.
    """
    said = {key: given[key] for key in ("target", "nontarget", "code") if key in given}
    return _look_at_first(path, lambda raw, file: _find_marks(raw, file, Marks(**said)))


def _look_at_first(
    path: Path, look: Callable[[BaseRaw, Path], dict[str, Any] | None]
) -> dict[str, Any] | None:
    """Return what is found in the first recording, with what its channels seem to be."""
    file = next((file for file in find_recordings(path) if is_recording(file)), None)
    if file is None:
        return None

    def open_and_look() -> dict[str, Any] | None:
        raw = open_recording(file)
        found = look(raw, file)
        if found is None:
            return None
        beside = [name for name in raw.ch_names if name == found.get("stim_channel")]
        return found | guess_eeg(raw.drop_channels(beside))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MNE finds odd is for the one who loads the file
        try:
            return guarded(open_and_look, file)
        except RecordingError:
            return None


def _guess(raw: BaseRaw, file: Path) -> dict[str, Any] | None:
    """Guess from the annotations of a recording, else from its trigger channels."""
    options = guess_marks(annotated_marks(raw)["mark"])
    if options is not None:
        return options
    for there in _trigger_options(raw, file):
        options = guess_marks(Triggers(**there).read(raw, file)["mark"])
        if options is not None:
            return options | there
    return None


def _find_marks(raw: BaseRaw, file: Path, marks: Marks) -> dict[str, Any] | None:
    """Return where the marks are that are named: no option for annotations, or a channel."""
    for there in ({}, *_trigger_options(raw, file)):
        held = Triggers(**there).read(raw, file) if there else annotated_marks(raw)
        try:
            marks.tell(held["mark"], str(file))
        except RecordingError:
            continue
        return there
    return None


def _trigger_options(raw: BaseRaw, file: Path) -> Iterator[dict[str, Any]]:
    """Yield the options for each channel that may hold triggers, with a mask before without."""
    for name, values in trigger_channels(raw, file).items():
        mask = suggest_mask(values)
        yield from () if mask is None else ({"stim_channel": name, "mask": mask},)
        yield {"stim_channel": name}
