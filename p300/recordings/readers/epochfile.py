"""Epochs as files hold them: MNE's -epo.fif here, EEGLAB's .set and arrays beside."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.channels import Channels
from p300.recordings.guard import check_regular, guarded
from p300.recordings.marks import event_names
from p300.recordings.readers.fif import holds_block
from p300.recordings.readers.headers import check_header

if TYPE_CHECKING:
    import pandas as pd
    from mne import BaseEpochs

FIF_EPOCHS = 373
"""Number of the block of a FIF file that holds epochs."""

PLACES = ("subject", "session", "run")
NUMBERS = ("code", "character", "repetition")

_HIGHEST_RATE, _LONGEST_BEGIN = 1e5, 3600.0

Signal = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StoredEpochs:
    """What a file of epochs says, with its signal still on disk.

    Parameters
    ----------
    file
        The file.
    table
        One row an epoch: ``mark`` (text; not there where nothing tells targets), ``sample`` where
        onsets are known, and whatever is known of :data:`PLACES` (text) and :data:`NUMBERS`.
    onset_sfreq
        Rate at which ``sample`` counts; None where onsets are not known.
    sfreq
        Sampling rate in Hz.
    tmin
        Seconds from the flash to the first sample.
    read
        Gives the electrodes, the epochs [epoch, electrode, time] in volts, and those of the
        electrodes that are marked as bad.
    """

    file: Path
    table: pd.DataFrame
    onset_sfreq: float | None
    sfreq: float
    tmin: float
    read: Callable[[Channels], tuple[list[str], Signal, list[str]]]


def check_clock(sfreq: float, tmin: float, file: Path) -> None:
    """Refuse a rate and a begin of epochs that no recording has, before anything counts by them.

    Raises
    ------
    RecordingError
        When they are not of a possible size.
    """
    if not (0 < sfreq <= _HIGHEST_RATE and abs(tmin) <= _LONGEST_BEGIN):
        raise RecordingError(
            f"{file}: epochs at {sfreq:g} Hz from {tmin:g} s on found, expected a rate of at most "
            f"{_HIGHEST_RATE:g} Hz and a begin within {_LONGEST_BEGIN:g} s of the flash"
        )


def is_epoch_fif(file: Path) -> bool:
    """Return whether a FIF file holds epochs; of a compressed one by its name."""
    name = file.name.lower()
    if name.endswith(".fif.gz"):
        return name.endswith("epo.fif.gz")
    return name.endswith(".fif") and file.is_file() and holds_block(file, FIF_EPOCHS)


def read_epoch_fif(file: Path) -> StoredEpochs:
    """Read epochs that MNE saved; columns of their metadata tell places, codes and characters.

    Projections that the file holds and did not apply are not applied.

    Raises
    ------
    RecordingError
        When the file cannot be read.

    Warns
    -----
    DataWarning
        When the file does not say at which rate its onsets count.
    """
    import mne

    check_regular(file)
    check_header(file)
    epochs = guarded(
        lambda: mne.read_epochs(file, proj=False, preload=False, verbose="warning"), file
    )
    table, rate = epoch_table(epochs, file)

    def read(channels: Channels) -> tuple[list[str], Signal, list[str]]:
        loaded = guarded(lambda: mne.read_epochs(file, proj=False, verbose="error"), file)
        eeg: Any = replace(channels, microvolts_per_unit=None).keep_eeg(loaded, file)
        volts = channels.volts(eeg.get_data(copy=False), 1.0)
        return list(eeg.ch_names), volts, list(eeg.info["bads"])

    return StoredEpochs(file, table, rate, epochs.info["sfreq"], float(epochs.times[0]), read)


def epoch_table(epochs: BaseEpochs, where: Path | str) -> tuple[pd.DataFrame, float | None]:
    """Return what epochs of MNE tell of each, and the rate at which their samples count.

    Parameters
    ----------
    epochs
        Of a file, or made by anybody.
    where
        For messages.

    Returns
    -------
    Columns and rate as in :class:`StoredEpochs`; numbers may be missing.

    Warns
    -----
    DataWarning
        When a column of metadata holds no whole numbers, or they do not tell at which rate onsets
        count.
    """
    import pandas as pd

    marks = event_names(epochs.events[:, 2], epochs.event_id)
    table = pd.DataFrame({"mark": marks, "sample": epochs.events[:, 0]})
    known = pd.DataFrame(epochs.metadata).reset_index(drop=True)
    known.columns = [str(name).strip().lower() for name in known.columns]
    for name in (name for name in PLACES if name in known):
        table[name] = [f"{v:g}" if isinstance(v, float) else str(v) for v in known[name]]
    for name in (name for name in NUMBERS if name in known):
        numbers = pd.to_numeric(known[name], errors="coerce").astype("Float64")
        untold = numbers.isna()
        if known.loc[untold, name].notna().any() or (numbers != numbers.round()).any():
            _warn(f"{where}: column {name!r} of its metadata is left out, it is no whole numbers")
        elif not untold.all():
            table[name] = numbers.astype("Int64")
    # MNE keeps the events at the rate of the recording, whatever the epochs were brought to, and
    # its rate only since version 1.0.
    rate: float | None = float(np.ravel(epochs._raw_sfreq)[0])
    if getattr(epochs, "_unsafe_annot_add", False):  # only of those that were read
        rate = None
        _warn(
            f"{where}: written by a version of MNE that does not keep the rate at which onsets "
            "count; the onsets of the flashes are taken for unknown"
        )
    return table, rate


def _warn(text: str) -> None:
    warnings.warn(text, DataWarning, stacklevel=4)
