"""Load the recordings of data sets that were found, and keep what they say about themselves."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from p300.arguments import accepted_arguments
from p300.commands.finding import FoundData, find_data, open_found
from p300.commands.unread import EXAMPLES, Unread, find_unread, name_marks, nothing_found
from p300.errors import DataWarning, P300Error, RecordingError
from p300.recordings import Layout, Recording, Study, source_module
from p300.recordings.checks import UnitError
from p300.recordings.electrode_names import unplaced_electrodes
from p300.recordings.guesses import guess_marks
from p300.recordings.marks import MarksNotToldError
from p300.runs.progress import Progress, silent
from p300.signal.epochs import join_layouts
from p300.signal.plausibility.doubts import warn_of_doubts
from p300.signal.plausibility.impression import take_impression
from p300.signal.preprocessing import describe_flashes
from p300.signal.sampling import held_window


@dataclass(frozen=True, eq=False)
class Survey:
    """What the recordings of a data set hold.

    Parameters
    ----------
    found
        Where they are.
    recordings
        One row a recording: subject (and whether it is ``certain``), session, run, ``source`` (the
        file), electrodes, unplaced and bad ones (lists), sfreq in Hz, seconds, ``window`` (s, see
        :func:`p300.signal.sampling.held_window`).
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


def find_one(
    place: Path, source: str | None = None, options: Mapping[str, Any] | None = None
) -> FoundData:
    """Find the one data set in a file or folder; as :func:`~p300.commands.finding.find_data`.

    Raises
    ------
    RecordingError
        Also when there are several, or nothing can be read.
    """
    found = find_data(place, source, options)
    if not found:
        raise RecordingError(nothing_found(place, *find_unread(place, found)))
    if len(found) > 1:
        places = ", ".join(f"{one.paths[0]} ({one.source})" for one in found)
        raise RecordingError(f"{place}: several data sets found, give one of them: {places}")
    return found[0]


@dataclass(frozen=True, eq=False)
class Surveyed:
    """What there is in a folder.

    Parameters
    ----------
    surveys
        Of the data sets that can be read.
    failed
        Data sets that cannot, with the reason.
    unread, others
        Files that belong to none, see :func:`p300.commands.unread.find_unread`.
    """

    surveys: list[Survey]
    failed: Mapping[str, str]
    unread: list[Unread]
    others: Counter[str]


def survey_place(
    place: Path,
    source: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> Surveyed:
    """Find the data sets in a file or folder and load their recordings.

    A data set that cannot be read does not stop the others.

    Raises
    ------
    P300Error
        When none can be read: the reason of the one there is, or of each file.
    """
    found = find_data(place, source, options)
    surveys: list[Survey] = []
    errors: dict[str, str] = {}
    for one in found:
        try:
            surveys.append(survey(one, progress))
        except P300Error as error:
            command = ""
            if isinstance(error, MarksNotToldError):
                command = name_marks(one.paths[0], one.source, error, one.options)
            if len(found) == 1 and not command:
                raise
            errors[one.name] = f"{error}\n  go on: {command}" if command else str(error)
            if len(found) == 1:
                raise RecordingError(f"{errors[one.name]}\n{EXAMPLES}") from error
    unread, others = find_unread(place, found)
    if not surveys:
        reasons = [f"- {name}: {error}" for name, error in errors.items()]
        raise RecordingError("\n".join([nothing_found(place, unread, others), *reasons]))
    return Surveyed(surveys, errors, unread, others)


def survey(found: FoundData, progress: Progress = silent) -> Survey:
    """Load all recordings of a data set, one at a time, and keep what they say about themselves.

    What only its content tells is guessed here, where nothing is said of it: which marks are the
    flashes, and that microvolts were taken for volts or the other way round.

    Raises
    ------
    StudyError
        When it cannot be told who is who, see :class:`p300.recordings.study.Study`.
    RecordingError
        When one of them cannot be read.
    EpochsError
        When their flash codes are on different layouts, which no run takes for one data set.
    """
    try:
        return _survey(found, progress)
    except (MarksNotToldError, UnitError) as error:
        takes = accepted_arguments(source_module(found.source).load)
        known, guess = found.options, _guess(error, found.options)
        guess = {key: value for key, value in guess.items() if key in takes and key not in known}
        if not guess:
            raise
        guessed = (*found.guessed, *guess)
        try:
            return survey(replace(found, options={**known, **guess}, guessed=guessed), progress)
        except UnitError:
            raise error from None  # others of them are in volts


def _guess(error: MarksNotToldError | UnitError, known: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(error, MarksNotToldError):
        said = "target" in known or error.stim_channel is not None
        return {} if said else guess_marks(error.marks) or {}
    unit = error.microvolts_per_unit
    return {} if unit is None else {"microvolts_per_unit": unit}


def _survey(found: FoundData, progress: Progress) -> Survey:
    rows, tables, layouts, impressions = [], [], [], []
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always", DataWarning)
        for recording in Study().admit(found.name, open_found(found)):
            rows.append(_describe(recording))
            impressions.append(take_impression(recording))
            tables.append(describe_flashes(recording))
            layouts.append({found.name: recording.layout} if recording.layout else {})
            progress(f"reading {found.name}", len(rows), 0)
        warn_of_doubts(impressions)
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
        "unplaced": unplaced_electrodes(recording),
        "bad": list(recording.raw.info["bads"]),
        "sfreq": recording.sfreq,
        "seconds": recording.raw.n_times / recording.sfreq,
        "window": held_window(recording),
    }
