"""The P300 speller of OpenViBE, recorded as .ov or GDF with its stimulations."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.ranges import Size
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.described import OPENVIBE
from p300.recordings.flashes import count_characters, make_flash_table
from p300.recordings.marks import NOTHING_SAID, Marks
from p300.recordings.places import SubjectPattern, place_files, search_folder
from p300.recordings.readers.gdf import read_gdf_events
from p300.recordings.readers.mnefile import read_raw
from p300.recordings.readers.ovfile import open_ov
from p300.recordings.recording import Recording, finish_recording
from p300.recordings.registry import files_ending

if TYPE_CHECKING:
    import pandas as pd
    from mne.io import BaseRaw

    Samples = npt.NDArray[np.int64]

INFO = replace(OPENVIBE, folders=True, endings=(".gdf", ".ov"), contained=True)

# OpenViBE's stimulation codes (OVTK_StimulationId_...).
TRIAL_START, VISUAL_START = 0x8005, 0x800B
LABEL_00, LAST_LABEL = 0x8100, 0x81FF
TARGET, NONTARGET = 0x8205, 0x8206

# Stimulations of one instant may be stored a sample or two apart.
_SAME_INSTANT = 0.01

# A speller flashes in trains (s); trials of motor imagery or of steady flicker are further apart.
_LONGEST_INTERVAL = 1.5


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by its stimulations whether a file, or one of a folder, is of this format."""
    return {} if any(map(_has_flashes, _files(path))) else None


def _files(path: Path) -> list[Path]:
    return sorted([*files_ending(path, ".gdf"), *files_ending(path, ".ov")])


def _is_ov(file: Path) -> bool:
    return file.name.lower().endswith(".ov")


def _has_flashes(file: Path) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is odd is for the one who loads the file
        try:
            if _is_ov(file):
                raw, samples, codes = open_ov(file)
                sfreq = float(raw.info["sfreq"])
            else:
                events = read_gdf_events(file)
                samples, codes, sfreq = events.samples, events.codes, events.sfreq
        except (RecordingError, OSError):
            return False
    order = np.argsort(samples, kind="stable")
    return _find_fault(samples[order], codes[order], sfreq) is None


def _leads(codes: Samples) -> npt.NDArray[np.bool_]:
    """Mark the stimulations that tell of a flash: labels, without any the target marks."""
    labels: npt.NDArray[np.bool_] = (codes > LABEL_00) & (codes <= LAST_LABEL)
    return labels if labels.any() else np.isin(codes, (TARGET, NONTARGET))


def _find_fault(samples: Samples, codes: Samples, sfreq: float) -> str | None:
    """Return in words why stimulations, in time order, are not those of a speller.

    Labels mark the trials of motor imagery or the frequency looked at in other recordings. A
    speller's have a target mark beside them, or come in trains and each several times.
    """
    leads = np.flatnonzero(_leads(codes))
    if not len(leads):
        return f"no flashes; stimulations {np.unique(codes)[:10].tolist()} found"
    names, counts = np.unique(codes[leads], return_counts=True)
    if np.isin(names, (TARGET, NONTARGET)).any():  # of an oddball, without labels
        return None
    marks = np.flatnonzero(np.isin(codes, (TARGET, NONTARGET)))
    beside = _following(leads, marks, samples, round(_SAME_INSTANT * sfreq)) >= 0
    intervals = np.diff(samples[leads]) / sfreq
    trains = len(intervals) > 0 and float(np.median(intervals)) <= _LONGEST_INTERVAL
    if beside.mean() >= 0.5 or (trains and counts.min() > 1):
        return None
    shown = ", ".join(f"{name} ({n})" for name, n in zip(names[:10], counts, strict=False))
    apart = f" {np.median(intervals):.3g} s apart" if len(intervals) else ""
    return (
        f"stimulations {shown} found{apart}, without target marks beside them, which are trials of "
        "something else than a speller"
    )


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
    channels: Channels = NO_CHANGES,
    marks: Marks = NOTHING_SAID,
    stream: Size | None = None,
) -> Iterator[Recording]:
    """Yield one recording a file.

    A label (``OVTK_StimulationId_Label_01`` and so on) names the row or column of a flash; its
    number is the flash code. ``Target`` or ``NonTarget`` beside it tells whether it holds the
    target. The flash begins at the next ``VisualStimulationStart``, or with the label where the
    file has none. A character is a trial (``TrialStart``) or, without, what lies between pauses.

    Parameters
    ----------
    path
        One ``.ov`` or ``.gdf`` file, or a folder of them.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        Regular expression with the named groups subject, session and run that tells them from the
        paths of the files, below ``path``; the last two may be missing. By default the files or
        their names tell.
    channels
        See :class:`~p300.recordings.channels.Channels`; the file's own names are often no more than
        "Channel 1".
    marks
        See :class:`~p300.recordings.marks.Marks`; the marks are the stimulations, as numbers. Rows
        of the ``layout`` have the labels 1 to n here and columns the labels after them, as OpenViBE
        counts by default. The file does not tell the symbols.
    stream
        Number of the signal among the streams of an ``.ov`` file, counted from 1; by default the
        only one whose rate can be that of EEG.

    Raises
    ------
    RecordingError
        When a file cannot be read, or the content cannot be a recording.
    """
    files = [path]  # whatever it is called
    if path.is_dir():
        files = search_folder(path, _files)
    if not files:
        raise RecordingError(f"{path}: no .ov or .gdf files here. {INFO.obtain}")
    matrix = marks.matrix(columns_first=False)
    for file, place in place_files(files, subjects, path, subject):
        raw, samples, codes = _open(file, stream)
        raw = channels.keep_eeg(raw, file)
        flashes = stimulation_flashes(samples, codes, marks, float(raw.info["sfreq"]), str(file))
        recording = finish_recording(
            raw,
            flashes,
            dataset=dataset,
            **asdict(place),
            layout=matrix,
            source=str(file),
            montage=channels.montage,
        )
        yield recording


def _open(file: Path, stream: int | None) -> tuple[BaseRaw, Samples, Samples]:
    """Return the signal, and samples and codes of the stimulations."""
    if _is_ov(file):
        return open_ov(file, stream)
    if stream is not None:
        raise RecordingError(f"{file}: option 'stream' given, which is for .ov files")
    events = read_gdf_events(file)
    return _read_signal(file), events.samples, events.codes


def _read_signal(file: Path) -> BaseRaw:
    import mne

    def read() -> BaseRaw:
        with warnings.catch_warnings():
            # A trial may stop after the last sample; flashes there are refused by name later.
            warnings.filterwarnings("ignore", message="(Omitted|Limited) .* annotation")
            return mne.io.read_raw_gdf(file, verbose="warning")

    # Its annotations are the stimulations, all of which go into the flash table.
    return read_raw(read, file).set_annotations(None)


def stimulation_flashes(
    samples: Samples, codes: Samples, marks: Marks, sfreq: float, where: str
) -> pd.DataFrame:
    """Make the flash table of OpenViBE's stimulations, wherever they were stored.

    Parameters
    ----------
    samples, codes
        [stimulation], samples from 0 and the numbers of OpenViBE.
    marks
        Options; without targets or codes named, as :func:`load` tells.
    sfreq
        Rate in Hz.
    where
        The file, for messages.

    Raises
    ------
    RecordingError
        When they are not those of a speller.
    """
    import pandas as pd

    if marks.named or marks.code is not None:
        table = pd.DataFrame({"sample": samples, "mark": pd.Series(codes.astype(str), dtype="str")})
        return marks.flashes(table, where)
    order = np.argsort(samples, kind="stable")
    samples, codes = samples[order], codes[order]
    fault = _find_fault(samples, codes, sfreq)
    if fault is not None:
        raise RecordingError(
            f"{where}: {fault}; expected labels of rows and columns ({LABEL_00 + 1} and more) in "
            f"trains, or {TARGET} (Target) and {NONTARGET} (NonTarget). Other marks are named with "
            "the source 'annotated' and its options 'target' and 'nontarget'"
        )
    leads = np.flatnonzero(_leads(codes))
    slack = round(_SAME_INSTANT * sfreq)
    onsets = samples[leads]
    if VISUAL_START in codes:
        starts = _following(leads, np.flatnonzero(codes == VISUAL_START), samples, slack)
        shown = starts >= 0
        if not shown.all():
            warnings.warn(
                f"{where}: {int((~shown).sum())} of {len(leads)} flashes are left out, nothing was "
                "shown between their stimulation and the next one",
                DataWarning,
                stacklevel=3,
            )
        leads, onsets = leads[shown], samples[starts[shown]]
    table = _make_table(leads, onsets, samples, codes, slack, where)
    return table.drop(columns="target") if marks.unknown else table


def _make_table(
    leads: Samples, onsets: Samples, samples: Samples, codes: Samples, slack: int, where: str
) -> pd.DataFrame:
    """Add target, code, character and repetition to the onsets of flashes."""
    import pandas as pd

    marks = np.flatnonzero(np.isin(codes, (TARGET, NONTARGET)))
    marked = _following(leads, marks, samples, slack)
    target = pd.array(codes[marked] == TARGET, dtype="boolean")
    target[marked < 0] = pd.NA
    trials = samples[codes == TRIAL_START]
    trial = np.searchsorted(trials, onsets + slack, side="right")
    character = np.unique(trial, return_inverse=True)[1] + 1 if len(trials) else None
    labels = codes[leads] - LABEL_00
    if (labels > LAST_LABEL - LABEL_00).any():  # target marks alone
        counted = count_characters(onsets) if character is None else character
        return pd.DataFrame({"sample": onsets, "target": target, "character": counted})
    return make_flash_table(
        onsets,
        target=target,
        code=labels,
        flashes_a_repetition=len(np.unique(labels)),
        where=where,
        character=character,
    )


def _following(leads: Samples, others: Samples, samples: Samples, slack: int) -> Samples:
    """Return the first of other stimulations at or after each lead and before the next lead.

    Parameters
    ----------
    leads, others
        Rows of ``samples``, in time order.
    samples
        Of all stimulations.
    slack
        How many samples before a lead still count as the same instant.

    Returns
    -------
    Rows of ``samples``, -1 where there is none.
    """
    begin = samples[leads] - slack
    end = np.append(begin[1:], np.iinfo(np.int64).max)
    place = np.searchsorted(samples[others], begin)
    found = np.append(others, -1)[place]
    return np.where((found >= 0) & (samples[found] < end), found, -1)
