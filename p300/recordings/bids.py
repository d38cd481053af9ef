"""BIDS data sets: EEG with an events table of flashes, read with MNE-BIDS."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from p300.errors import RecordingError
from p300.recordings.flashes import check_codes, onset_samples
from p300.recordings.layout import Layout
from p300.recordings.mnefile import read_eeg, remove_flash_annotations
from p300.recordings.recording import Recording, finish_recording
from p300.recordings.registry import SourceInfo, select_subjects

if TYPE_CHECKING:
    from mne.io import BaseRaw
    from mne_bids import BIDSPath

INFO = SourceInfo(
    title="BIDS: any EEG data set whose events.tsv marks targets and non-targets",
    subjects="as in the data set",
    electrodes="as in the data set; standard 10-05 names",
    sfreq="as in the data set",
    licence="as in dataset_description.json",
    citation=(
        "Pernet CR, Appelhoff S, Gorgolewski KJ, Flandin G, Phillips C, Delorme A, Oostenveld R "
        "(2019). EEG-BIDS, an extension to the brain imaging data structure for "
        "electroencephalography. Scientific Data 6:103. doi:10.1038/s41597-019-0104-8"
    ),
    obtain=(
        "Give the root folder of the data set, with dataset_description.json and sub-*/eeg. Each "
        "events.tsv has the columns onset, trial_type (Target or NonTarget) and, if known, "
        "sample, stimulus_code, character and repetition"
    ),
)

_EXTENSIONS = [".vhdr", ".edf", ".bdf", ".set"]
_TARGET = {"target": True, "nontarget": False}
_COLUMNS = {"stimulus_code": "code", "character": "character", "repetition": "repetition"}
# Nothing is lost without them: positions are the standard ones, participants are not used.
_HARMLESS = (
    r"participants\.tsv file not found",
    r"(?s).*coordsystem\.json is REQUIRED.*Skipping reading electrode locations",
)


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    task: str | None = None,
    layout: Sequence[str | Sequence[str]] | None = None,
) -> Iterator[Recording]:
    """Yield one recording a run, in the order of subjects, sessions and runs.

    Rows of ``events.tsv`` whose ``trial_type`` is Target or NonTarget (any case, with or without
    a hyphen) are the flashes. ``sample`` is used where it is there, ``onset`` otherwise. A
    recording without a session or a run gets "1".

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
    layout
        Rows of the stimulus matrix, such as ``["ABCDEF", ...]``, whose columns have the flash
        codes 1 to n and whose rows the codes after them; None where it is unknown.

    Raises
    ------
    RecordingError
        When the folder is no BIDS data set, the task is not there or in doubt, an events table
        has no flashes, or the content cannot be a recording.
    """
    runs = _one_task(_find_runs(path), task, path)
    available = sorted({found.subject for found in runs})
    chosen = select_subjects(available, subjects, str(path))
    matrix = None if layout is None else Layout.row_column(layout)
    runs = [found for found in runs if found.subject in chosen]
    for bids_path in sorted(runs, key=_place):
        yield _read_run(bids_path, dataset, matrix)


def _find_runs(path: Path) -> list[BIDSPath]:
    from mne_bids import find_matching_paths

    if not (path / "dataset_description.json").is_file():
        raise RecordingError(
            f"{path}: no dataset_description.json here, expected the root folder of a BIDS data "
            f"set. {INFO.obtain}"
        )
    found: list[BIDSPath] = find_matching_paths(
        path, datatypes="eeg", suffixes="eeg", extensions=_EXTENSIONS, ignore_nosub=True
    )
    if not found:
        raise RecordingError(
            f"{path}: no EEG recordings ({', '.join(_EXTENSIONS)}) in sub-*/eeg, "
            f"there are {sorted(p.name for p in path.iterdir())[:10]}"
        )
    return found


def _one_task(runs: list[BIDSPath], task: str | None, path: Path) -> list[BIDSPath]:
    """Keep the runs of one task, with one recording in each place."""
    tasks = sorted({str(found.task) for found in runs})
    if task is None and len(tasks) > 1:
        raise RecordingError(f"{path}: tasks {tasks} found; name one with the option 'task'")
    if task is not None and task not in tasks:
        raise RecordingError(f"{path}: no task {task!r}, there are {tasks}")
    chosen = [found for found in runs if task in (None, found.task)]
    places = [_place(found) for found in chosen]
    twice = sorted({place for place in places if places.count(place) > 1})
    if twice:
        raise RecordingError(
            f"{path}: several recordings of subject, session and run {twice[0]}: "
            f"{[found.basename for found in chosen if _place(found) == twice[0]]}"
        )
    return chosen


def _place(bids_path: BIDSPath) -> tuple[str, str, str]:
    return (bids_path.subject, bids_path.session or "1", bids_path.run or "1")


def _read_run(bids_path: BIDSPath, dataset: str, layout: Layout | None) -> Recording:
    file, shown = _read_events(bids_path)
    raw = read_eeg(lambda: _open(bids_path), bids_path.fpath)
    columns = {new: shown[old] for old, new in _COLUMNS.items() if old in shown}
    samples = onset_samples(shown, raw.info["sfreq"], str(file))
    flashes = pd.DataFrame({"sample": samples, "target": shown["target"], **columns})
    remove_flash_annotations(raw, samples)
    subject, session, run = _place(bids_path)
    recording = finish_recording(
        raw,
        flashes,
        dataset=dataset,
        subject=subject,
        session=session,
        run=run,
        layout=layout,
        source=str(bids_path.fpath),
    )
    if layout is not None:
        check_codes(recording.flashes, layout, str(file))
    return recording


def _open(bids_path: BIDSPath) -> BaseRaw:
    from mne_bids import read_raw_bids

    with warnings.catch_warnings():
        for message in _HARMLESS:
            warnings.filterwarnings("ignore", message=message, category=RuntimeWarning)
        return read_raw_bids(bids_path, verbose="warning")


def _read_events(bids_path: BIDSPath) -> tuple[Path, pd.DataFrame]:
    """Find the events table of a recording and give its rows of flashes, with their targets."""
    file = bids_path.find_matching_sidecar(suffix="events", extension=".tsv", on_error="ignore")
    if file is None:
        raise RecordingError(
            f"{bids_path.fpath}: no events.tsv belongs to it, expected one with the flashes"
        )
    try:
        events = pd.read_csv(file, sep="\t", na_values=["n/a"], skipinitialspace=True)
    except (ValueError, OSError) as error:
        raise RecordingError(f"{file}: cannot be read as a table: {error}") from error
    if "trial_type" not in events:
        raise RecordingError(
            f"{file}: columns {list(events.columns)} found, expected 'trial_type' among them"
        )
    kinds = events["trial_type"].astype("string").str.lower().str.replace(r"[-_ ]", "", regex=True)
    events["target"] = kinds.map(_TARGET)
    shown = events[events["target"].notna()].reset_index(drop=True)
    if shown.empty:
        raise RecordingError(
            f"{file}: trial types {sorted(events['trial_type'].dropna().unique())[:10]} found, "
            "expected Target and NonTarget"
        )
    return file, shown
