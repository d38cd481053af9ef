"""The P300 speller of OpenViBE, recorded as GDF with its stimulations."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.flashes import check_codes, count_characters, make_flash_table
from p300.recordings.layout import Layout
from p300.recordings.montage import choose_electrodes
from p300.recordings.places import SubjectPattern, place_files, search_folder
from p300.recordings.readers.gdf import GdfEvents, read_gdf_events
from p300.recordings.readers.mnefile import keep_eeg, read_raw
from p300.recordings.recording import Recording, finish_recording
from p300.recordings.registry import SourceInfo, files_ending

if TYPE_CHECKING:
    import pandas as pd
    from mne.io import BaseRaw

    Samples = npt.NDArray[np.int64]

INFO = SourceInfo(
    title="OpenViBE: recordings of its P300 speller as GDF, with their stimulations",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="as in the recording, often without names; the option 'electrodes' names them",
    sfreq="as in the recording",
    licence="your own",
    citation=(
        "Renard Y, Lotte F, Gibert G, Congedo M, Maby E, Delannoy V, Bertrand O, Lecuyer A (2010). "
        "OpenViBE: an open-source software platform to design, test, and use brain-computer "
        "interfaces in real and virtual environments. Presence 19(1):35-53. "
        "doi:10.1162/pres.19.1.35"
    ),
    obtain=(
        "Write signal and stimulations with OpenViBE's 'GDF file writer', or convert .ov files "
        "with it, and put the .gdf files into one folder"
    ),
    folders=True,
    endings=(".gdf",),
)

# OpenViBE's stimulation codes (OVTK_StimulationId_...).
TRIAL_START, VISUAL_START = 0x8005, 0x800B
LABEL_00, LAST_LABEL = 0x8100, 0x81FF
TARGET, NONTARGET = 0x8205, 0x8206

# Stimulations of one instant may be stored a sample or two apart.
_SAME_INSTANT = 0.01


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by its stimulations whether a file, or one of a folder, is of this format."""
    return {} if any(_has_flashes(file) for file in files_ending(path, ".gdf")) else None


def _has_flashes(file: Path) -> bool:
    try:
        return bool(np.any(_leads(read_gdf_events(file).codes)))
    except (RecordingError, OSError):
        return False


def _leads(codes: Samples) -> npt.NDArray[np.bool_]:
    """Mark the stimulations that tell of a flash: labels, without any the target marks."""
    labels: npt.NDArray[np.bool_] = (codes > LABEL_00) & (codes <= LAST_LABEL)
    return labels if labels.any() else np.isin(codes, (TARGET, NONTARGET))


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
    electrodes: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    layout: Sequence[str | Sequence[str]] | None = None,
) -> Iterator[Recording]:
    """Yield one recording a file.

    A label (``OVTK_StimulationId_Label_01`` and so on) names the row or column of a flash; its
    number is the flash code. ``Target`` or ``NonTarget`` beside it tells whether it holds the
    target. The flash begins at the next ``VisualStimulationStart``, or with the label where the
    file has none. A character is a trial (``TrialStart``) or, without, what lies between pauses.

    Parameters
    ----------
    path
        One ``.gdf`` file, or a folder of them.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        A :data:`~p300.recordings.places.SubjectPattern`: a regular expression with the named groups
        subject, session and run that tells them from the paths of the files, below ``path``.
    electrodes
        Names of the channels, in the order of the file and without those dropped. By default the
        file's own, which are often no more than "Channel 1".
    drop
        Channels of the file that are no EEG.
    layout
        Rows of the stimulus matrix, such as ``["ABCDEF", ...]``, whose rows have the labels 1 to n
        and whose columns the labels after them, as OpenViBE counts by default. The file does not
        tell the symbols.

    Raises
    ------
    RecordingError
        When a file cannot be read, or the content cannot be a recording.
    """
    files = [path]  # whatever it is called
    if path.is_dir():
        files = search_folder(path, lambda folder: files_ending(folder, ".gdf"))
    if not files:
        raise RecordingError(f"{path}: no .gdf files here. {INFO.obtain}")
    matrix = None if layout is None else Layout.row_column(layout, columns_first=False)
    for file, place in place_files(files, subjects, path, subject):
        events = read_gdf_events(file)
        raw = _read_signal(file)
        names = choose_electrodes(raw.ch_names, drop=drop, electrodes=electrodes, source=str(file))
        raw.pick(list(names), verbose="error").rename_channels(names, verbose="error")
        flashes = _read_flashes(events, float(raw.info["sfreq"]), str(file))
        recording = finish_recording(
            raw,
            flashes,
            dataset=dataset,
            **asdict(place),
            layout=matrix,
            source=str(file),
        )
        if matrix is not None:
            check_codes(recording.flashes, matrix, str(file))
        yield recording


def _read_signal(file: Path) -> BaseRaw:
    import mne

    def read() -> BaseRaw:
        with warnings.catch_warnings():
            # A trial may stop after the last sample; flashes there are refused by name later.
            warnings.filterwarnings("ignore", message="(Omitted|Limited) .* annotation")
            return mne.io.read_raw_gdf(file, verbose="warning")

    # Its annotations are the stimulations, all of which go into the flash table.
    return keep_eeg(read_raw(read, file), file).set_annotations(None)


def _read_flashes(events: GdfEvents, sfreq: float, where: str) -> pd.DataFrame:
    """Make the flash table of the stimulations."""
    order = np.argsort(events.samples, kind="stable")
    samples, codes = events.samples[order], events.codes[order]
    leads = np.flatnonzero(_leads(codes))
    if not len(leads):
        raise RecordingError(
            f"{where}: no flashes; stimulations {np.unique(codes)[:10].tolist()} found, expected "
            f"labels of rows and columns ({LABEL_00 + 1} and more), or {TARGET} (Target) and "
            f"{NONTARGET} (NonTarget)"
        )
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
    return _make_table(leads, onsets, samples, codes, slack, where)


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
