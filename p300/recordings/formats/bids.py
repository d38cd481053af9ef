"""BIDS data sets: EEG with an events table of flashes, read with MNE-BIDS."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p300.arguments import repeated
from p300.errors import DataWarning, RecordingError
from p300.files import read_bytes
from p300.json_text import LARGEST, parse_json
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.described import BIDS
from p300.recordings.electrode_names import guess_channels
from p300.recordings.flashes import number_flashes
from p300.recordings.guard import check_regular, guarded
from p300.recordings.marks import NOTHING_SAID, Marks
from p300.recordings.onsets import check_seconds
from p300.recordings.readers.bids_events import event_samples, guess_flash_rows, read_flash_rows
from p300.recordings.readers.csv_table import read_table
from p300.recordings.readers.edf_times import is_discontinuous, place_annotations, place_onsets
from p300.recordings.readers.mnefile import keep_pauses, read_raw, remove_flash_annotations
from p300.recordings.recording import Recording, finish_recording
from p300.recordings.registry import select_places

if TYPE_CHECKING:
    from mne.io import BaseRaw
    from mne_bids import BIDSPath

INFO = replace(BIDS, contained=True)

_EXTENSIONS = [".vhdr", ".edf", ".bdf", ".set"]
_FLASH = ("code", "character", "repetition")
# Nothing is lost without them: positions are the standard ones, participants are not used.
_HARMLESS = (
    r"participants\.tsv file not found",
    r"The data contains 'boundary' events",  # they become edges of segments
    r"(?s).*coordsystem\.json is REQUIRED.*Skipping reading electrode locations",
)


_MOST_TABLES = 20


def recognise(path: Path) -> dict[str, Any] | None:
    """Return whether a folder is a BIDS data set with flashes; guess its task, marks and matrix.

    Only the first :data:`_MOST_TABLES` events tables are read.
    """
    return _look_at_tables(path, guess_flash_rows)


def complete(path: Path, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Guess the other options, where it is said which events are the flashes.

    Returns
    -------
    As :func:`recognise`, without the marks. None where no events table has such events.
    """
    said = {key: given[key] for key in ("target", "nontarget", "code") if key in given}

    def find(file: Path) -> dict[str, Any] | None:
        try:
            read_flash_rows(file, Marks(**said))
        except RecordingError:
            return None
        return {}

    return _look_at_tables(path, find) if said else None


def _look_at_tables(
    path: Path, look: Callable[[Path], dict[str, Any] | None]
) -> dict[str, Any] | None:
    """Return what is found in the first events table with flashes, a matrix from any of them."""
    if not (path / "dataset_description.json").is_file():
        return None
    # A table above the recordings belongs to all of its task.
    tables = sorted([*path.glob("*_events.tsv"), *path.glob("sub-*/**/*_events.tsv")])
    guesses = [(file, look(file)) for file in tables[:_MOST_TABLES]]
    found = [(file, guess) for file, guess in guesses if guess is not None]
    if not found:
        return None
    file, options = found[0]
    with_rows = (guess for _, guess in found if "layout" in guess)
    options = next((guess for guess in with_rows if options.items() <= guess.items()), options)
    if len({_task(file) for file in tables}) > 1:
        options = {"task": _task(file), **options}
    return options | _guess_names(file)


def _guess_names(events: Path) -> dict[str, Any]:
    """Guess ``rename`` and ``drop`` from the table of channels beside a table of events."""
    file = events.with_name(events.name.replace("_events.tsv", "_channels.tsv"))
    try:
        table = read_table(file, "\t")
    except RecordingError:
        return {}
    if not {"name", "type"} <= set(table.columns):
        return {}
    is_eeg = table["type"].astype("str").str.upper() == "EEG"
    return guess_channels([str(name) for name in table.loc[is_eeg, "name"]])


def _task(file: Path) -> str | None:
    named = re.search(r"_task-([A-Za-z0-9]+)", file.name)
    return named[1] if named else None


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    task: str | None = None,
    channels: Channels = NO_CHANGES,
    marks: Marks = NOTHING_SAID,
) -> Iterator[Recording]:
    """Yield one recording a run, in the order of subjects, sessions and runs.

    Rows of ``events.tsv`` whose ``trial_type`` is Target or NonTarget (any case, with or without
    a hyphen) are the flashes, or those that the options name, in ``trial_type``, ``value`` or
    another column. ``onset`` decides when they begin. A recording without a session or a run gets
    "1".

    Parameters
    ----------
    path
        Root folder of the data set.
    dataset
        Name of the data set.
    subjects
        Subjects wanted, without "sub-"; by default all found.
    task
        Task wanted; needed only where the data set has several.
    channels, marks
        See :class:`~p300.recordings.channels.Channels` and :class:`~p300.recordings.marks.Marks`.

    Raises
    ------
    RecordingError
        When the folder is no BIDS data set, the task is not there or in doubt, an events table
        has no flashes, or the content cannot be a recording.
    """
    runs = _with_events(_one_task(_find_runs(path), task, path), path)
    places = {_place(found): found for found in runs}
    for place in select_places(places, subjects, str(path)):
        yield _read_run(places[place], dataset, channels, marks)


def _find_runs(path: Path) -> list[BIDSPath]:
    from mne_bids import find_matching_paths

    if not (path / "dataset_description.json").is_file():
        raise RecordingError(
            f"{path}: no dataset_description.json here, expected the root folder of a BIDS data "
            f"set. {INFO.obtain}"
        )
    for subject in sorted(path.glob("sub-*")):
        _check_loops(subject, (path.resolve(),))
    found: list[BIDSPath] = guarded(
        lambda: find_matching_paths(
            path, datatypes="eeg", suffixes="eeg", extensions=_EXTENSIONS, ignore_nosub=True
        ),
        path,
    )
    _warn_of_dangling_links(path)
    if not found:
        raise RecordingError(
            f"{path}: no EEG recordings ({', '.join(_EXTENSIONS)}) in sub-*/eeg, "
            f"there are {sorted(p.name for p in path.iterdir())[:10]}"
        )
    return found


def _check_loops(folder: Path, above: tuple[Path, ...]) -> None:
    """Refuse folders that lead back to themselves; mne-bids would follow them again and again."""
    if not folder.is_dir():
        return
    real = folder.resolve()
    if real in above:
        raise RecordingError(f"{folder}: a link to a folder of which it is a part; remove it")
    for inner in folder.iterdir():
        _check_loops(inner, (*above, real))


def _warn_of_dangling_links(path: Path) -> None:
    """Warn of recordings that mne-bids passes over, as datalad leaves them before it gets them."""
    links = sorted(link for link in path.glob("sub-*/**/*_eeg.*") if link.is_symlink())
    lost = [link.name for link in links if link.suffix in _EXTENSIONS and not link.exists()]
    if lost:
        warnings.warn(
            f"{path}: {len(lost)} recordings are links that lead nowhere and are left out (first: "
            f"{lost[0]}); if datalad or git-annex keeps this data set, get their content first",
            DataWarning,
            stacklevel=4,
        )


def _one_task(runs: list[BIDSPath], task: str | None, path: Path) -> list[BIDSPath]:
    """Keep the runs of one task, with one recording in each place."""
    tasks = sorted({str(found.task) for found in runs})
    if task is None and len(tasks) > 1:
        raise RecordingError(f"{path}: tasks {tasks} found; name one with the option 'task'")
    if task is not None and task not in tasks:
        raise RecordingError(f"{path}: no task {task!r}, there are {tasks}")
    chosen = [found for found in runs if task in (None, found.task)]
    if twice := sorted(repeated(_place(found) for found in chosen)):
        raise RecordingError(
            f"{path}: several recordings of subject, session and run {twice[0]}: "
            f"{[found.basename for found in chosen if _place(found) == twice[0]]}"
        )
    return chosen


def _with_events(runs: list[BIDSPath], path: Path) -> list[BIDSPath]:
    """Leave out the recordings to which no table of events belongs, unless it is all."""
    lacking = [found for found in runs if _find_events(found) is None]
    if len(lacking) == len(runs):
        raise RecordingError(
            f"{lacking[0].fpath}: no events.tsv belongs to it, expected one with the flashes"
        )
    if lacking:
        warnings.warn(
            f"{path}: {len(lacking)} of {len(runs)} recordings have no events.tsv and are left "
            f"out: {', '.join(found.basename for found in lacking[:10])}",
            DataWarning,
            stacklevel=3,
        )
    return [found for found in runs if found not in lacking]


def _place(bids_path: BIDSPath) -> tuple[str, str, str]:
    return (bids_path.subject, bids_path.session or "1", bids_path.run or "1")


def _read_run(bids_path: BIDSPath, dataset: str, channels: Channels, marks: Marks) -> Recording:
    _check_folders(bids_path)
    events = _find_events(bids_path) or Path()
    shown = place_onsets(read_flash_rows(events, marks), bids_path.fpath)
    shown = shown.reset_index(drop=True)
    raw = channels.keep_eeg(read_raw(lambda: _open(bids_path), bids_path.fpath), bids_path.fpath)
    if is_discontinuous(bids_path.fpath):
        _place_events(raw, events, bids_path.fpath)
    keep_pauses(raw, bids_path.fpath)
    samples = event_samples(shown, raw.info["sfreq"], str(events))
    check_seconds(shown["onset"], raw.n_times / raw.info["sfreq"], events)
    known = [name for name in ("target", *_FLASH) if name in shown]
    flashes = number_flashes(shown[known].assign(sample=samples), str(events))
    layout = marks.matrix()
    remove_flash_annotations(raw, samples)
    subject, session, run = _place(bids_path)
    return finish_recording(
        raw,
        flashes,
        dataset=dataset,
        subject=subject,
        session=session,
        run=run,
        layout=layout,
        source=str(bids_path.fpath),
        montage=channels.montage,
        reference=_stated_reference(bids_path),
    )


def _place_events(raw: BaseRaw, events: Path, file: Path) -> None:
    """Place the events by the clock; mne-bids counts them along the signal."""
    import mne
    from mne_bids import events_file_to_annotation_kwargs

    told = guarded(lambda: events_file_to_annotation_kwargs(events, verbose="error"), events)
    marks = mne.Annotations(told["onset"], told["duration"], told["description"])
    place_annotations(raw, marks, file)


def _stated_reference(bids_path: BIDSPath) -> str:
    """Return EEGReference of the recording, "" where it says nothing."""
    file: Path | None = bids_path.find_matching_sidecar(
        suffix="eeg", extension=".json", on_error="ignore"
    )
    stored = guarded(lambda: parse_json(read_bytes(file, LARGEST), LARGEST), file) if file else {}
    said = stored.get("EEGReference") if isinstance(stored, dict) else None
    known = isinstance(said, str) and said.strip().casefold() not in ("", "n/a", "unknown")
    return str(said).strip() if known else ""


def _check_folders(bids_path: BIDSPath) -> None:
    """Refuse pipes and devices wherever mne-bids looks for files that belong to a recording."""
    root = Path(bids_path.root)
    for folder in (bids_path.directory, *bids_path.directory.parents):
        for beside in folder.iterdir():
            if beside.exists():
                check_regular(beside)
        if folder == root:
            break


def _open(bids_path: BIDSPath) -> BaseRaw:
    from mne_bids import read_raw_bids

    with warnings.catch_warnings():
        for message in _HARMLESS:
            warnings.filterwarnings("ignore", message=message, category=RuntimeWarning)
        if is_discontinuous(bids_path.fpath):  # they are placed anew
            warnings.filterwarnings("ignore", "(Omitted|Limited) .* annotation", RuntimeWarning)
        return read_raw_bids(bids_path, verbose="warning")


def _find_events(bids_path: BIDSPath) -> Path | None:
    """Find the events table of a recording."""

    def find() -> Path | None:
        found = bids_path.find_matching_sidecar("events", ".tsv", on_error="ignore")
        return Path(found) if found is not None else None

    file: Path | None = guarded(find, bids_path.fpath, reader="mne-bids")
    return file
