"""A Raw of MNE that somebody has opened and worked on already, as a recording.

Its marks are told as those of files are: the options are those of the source ``annotated``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.arguments import check_arguments, group_arguments
from p300.errors import RecordingError
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.formats.annotated import find_flashes
from p300.recordings.marks import NOTHING_SAID, Marks, event_names
from p300.recordings.places import Place
from p300.recordings.readers.mnefile import record_file
from p300.recordings.readers.triggers import BY_ANNOTATIONS, Triggers

if TYPE_CHECKING:
    import pandas as pd
    from mne.io import BaseRaw

    from p300.recordings.recording import Recording


@dataclass(frozen=True)
class RawOptions:
    """Options on a Raw, as :func:`p300.recordings.formats.annotated.load` has them."""

    channels: Channels = NO_CHANGES
    marks: Marks = NOTHING_SAID
    triggers: Triggers = BY_ANNOTATIONS

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> RawOptions:
        """Put options together that are given each on its own.

        Raises
        ------
        RecordingError
            For an unknown option or a value of the wrong type.
        """
        checked = check_arguments(cls, given, where="Recording.from_mne", error=RecordingError)
        return cls(**group_arguments(cls, checked))


def record_raw(
    raw: BaseRaw,
    dataset: str,
    place: Place,
    options: RawOptions,
    events: npt.ArrayLike | None = None,
    event_id: Mapping[str, int] | None = None,
) -> Recording:
    """Make the recording of a Raw, which stays as it is.

    Parameters
    ----------
    raw
        In volts, as everything in MNE.
    dataset, place
        Where the recording belongs.
    options
        What its marks and channels are.
    events, event_id
        [event, 3] as MNE has them: sample (counted as the Raw counts), value before, number; and
        what the numbers are called. Without them the annotations, or the trigger channel that is
        named, hold the marks.

    Raises
    ------
    RecordingError
        When it has none of the marks, or cannot be EEG with flashes.
    """
    channels, marks, triggers = options.channels, options.marks, options.triggers
    names = [str(name) for name in raw.filenames if name is not None]
    where = names[0] if names else "a Raw of MNE"
    if events is None:
        if event_id is not None:
            raise RecordingError(
                f"{where}: event_id without events found, expected both; without events the "
                "options 'target', 'nontarget' and 'code' tell what annotations mean"
            )
        flashes = find_flashes(raw, triggers, marks, where)
    elif triggers.stim_channel is not None:
        raise RecordingError(
            f"{where}: events and the option 'stim_channel' found, expected one of them"
        )
    else:
        flashes = marks.flashes(event_marks(raw, events, event_id or {}, where), where)
    beside = [] if triggers.stim_channel is None else [triggers.stim_channel]
    eeg = channels.keep_eeg(raw.copy(), where, beside)
    return record_file(eeg, flashes, marks.matrix(), where, dataset, place, channels.montage)


def event_marks(
    raw: BaseRaw, events: npt.ArrayLike, event_id: Mapping[str, int], where: str
) -> pd.DataFrame:
    """Return events as marks, columns ``sample`` (from the first of the Raw) and ``mark`` (text).

    A number that ``event_id`` does not name is its own name.

    Raises
    ------
    RecordingError
        When they are no events, or lie outside of the signal.
    """
    import pandas as pd

    table = np.asarray(events)
    if table.ndim != 2 or table.shape[1] != 3 or table.dtype.kind not in "iu":
        raise RecordingError(
            f"{where}: events of shape {table.shape} and type {table.dtype} found, expected whole "
            "numbers [event, 3] as mne.find_events and mne.events_from_annotations give them"
        )
    sample = table[:, 0].astype(np.int64) - int(raw.first_samp)
    outside = (sample < 0) | (sample >= raw.n_times)
    if outside.any():
        raise RecordingError(
            f"{where}: {int(outside.sum())} of {len(sample)} events are outside of the signal "
            f"(first at sample {table[outside, 0][0]}, the signal has {raw.first_samp} to "
            f"{raw.first_samp + raw.n_times - 1}); events count from where the Raw began "
            "(raw.first_samp), and at its rate: find them after cropping and resampling"
        )
    return pd.DataFrame({"sample": sample, "mark": event_names(table[:, 2], event_id)})
