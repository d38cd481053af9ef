"""Recordings that came as epochs, without the signal between them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.layout import Layout
from p300.recordings.places import Place
from p300.recordings.recording import Recording, finish_recording

if TYPE_CHECKING:
    import pandas as pd

SHORTEST_INTERVAL = 0.02
"""Seconds from flash to flash. Onsets nearer than that (median) are none: MNE numbers epochs of
which it knows no onsets 0, 1, 2 ..."""

_GRID = 1e-2
"""Samples that an epoch may begin off a whole number of samples from its flash."""


@dataclass(frozen=True)
class Cut:
    """How epochs were cut by others, with whatever filter.

    Parameters
    ----------
    first
        First sample of an epoch, from its flash.
    n_times
        Number of its samples.
    onset_sfreq
        Rate in Hz at which ``sample`` of the flashes counts in the recording that was cut; None
        where onsets are unknown and ``sample`` is the place in the file: then nobody can tell which
        epochs share samples.
    """

    first: int
    n_times: int
    onset_sfreq: float | None

    @property
    def holds_flash(self) -> bool:
        """Whether the epochs hold the sample of their flash."""
        return self.first <= 0 < self.first + self.n_times


def build_epoched(
    X: npt.ArrayLike,
    electrodes: Sequence[str],
    sfreq: float,
    tmin: float,
    flashes: pd.DataFrame,
    *,
    onset_sfreq: float | None,
    dataset: str,
    place: Place,
    bads: Sequence[str] = (),
    layout: Layout | None = None,
    source: str = "",
    montage: str | None = None,
) -> Recording:
    """Make a checked :class:`~p300.recordings.recording.Recording` from epochs.

    Parameters
    ----------
    X
        [epoch, electrode, time], in volts.
    electrodes
        Names of the electrodes.
    sfreq
        Sampling rate in Hz.
    tmin
        Seconds from the flash to the first sample.
    flashes
        One row an epoch in the order of ``X``; columns as in ``Recording.flashes``.
    onset_sfreq
        Rate at which ``sample`` counts, None where it is the place in the file; see :class:`Cut`.
        Onsets that cannot be are not believed.
    dataset, place
        Where the recording belongs.
    bads
        Electrodes that the file marks as bad.
    layout
        The stimulus matrix, None where it is unknown.
    source
        The file.
    montage
        Whose names the electrodes have, see
        :func:`p300.recordings.electrode_names.read_electrodes`.

    Raises
    ------
    RecordingError
        When anything in it cannot be a recording; see
        :func:`p300.recordings.recording.check_recording`.

    Warns
    -----
    DataWarning
        When onsets are not believed; when codes, characters and repetitions are left out because
        onsets are unknown; when epochs begin between two samples.
    """
    import mne

    epochs = np.asarray(X, dtype=np.float64)
    if epochs.ndim != 3 or epochs.shape[:2] != (len(flashes), len(electrodes)) or not epochs.size:
        raise RecordingError(
            f"{source}: epochs of shape {epochs.shape} found, expected [{len(flashes)} epochs, "
            f"{len(electrodes)} electrodes, samples]"
        )
    onset_sfreq, flashes = believed_onsets(onset_sfreq, flashes, source)
    order = np.argsort(flashes["sample"].to_numpy(), kind="stable")
    n_epochs, n_electrodes, n_times = epochs.shape
    signal = epochs[order].transpose(1, 0, 2).reshape(n_electrodes, n_epochs * n_times)
    info = mne.create_info(list(electrodes), sfreq, "eeg", verbose="error")
    info["bads"] = [name for name in electrodes if name in bads]
    return finish_recording(
        mne.io.RawArray(signal, info, verbose="error"),
        flashes.iloc[order],
        dataset=dataset,
        **asdict(place),
        layout=layout,
        source=source,
        segment_starts=[k * n_times for k in range(n_epochs)],
        montage=montage,
        cut=Cut(_first_sample(tmin, sfreq, source), n_times, onset_sfreq),
    )


def believed_onsets(
    onset_sfreq: float | None, flashes: pd.DataFrame, source: str
) -> tuple[float | None, pd.DataFrame]:
    """Return the rate of the onsets and the flashes with what is known of them.

    Without onsets characters are not kept: which of them share samples, nobody could tell.
    """
    table = flashes.reset_index(drop=True)
    sample = table["sample"].to_numpy(dtype=np.float64)
    if onset_sfreq is not None and len(table) > 1:
        interval = float(np.median(np.diff(np.sort(sample)))) / onset_sfreq
        if interval < SHORTEST_INTERVAL:
            _warn(
                f"{source}: onsets {interval:.2g} s apart (median) found, which flashes cannot be; "
                "they are taken for the order of the epochs, and onsets for unknown"
            )
            onset_sfreq = None
    if onset_sfreq is not None:
        return onset_sfreq, table
    names = [name for name in ("code", "character", "repetition") if name in table]
    known = [name for name in names if table[name].notna().any()]
    if known:
        _warn(
            f"{source}: {', '.join(known)} left out, the onsets of the flashes are unknown, and "
            "without them nobody can tell which epochs share samples; give them with the option "
            "'variables' (onset or sample) or 'onset_interval'"
        )
    return None, table.assign(sample=np.arange(len(table))).drop(columns=names)


def _first_sample(tmin: float, sfreq: float, source: str) -> int:
    first = round(tmin * sfreq)
    if abs(tmin * sfreq - first) > _GRID:
        _warn(
            f"{source}: the epochs begin {tmin:g} s from the flash, between two samples at "
            f"{sfreq:g} Hz; {first / sfreq:.6g} s are taken"
        )
    return first


def _warn(text: str) -> None:
    warnings.warn(text, DataWarning, stacklevel=4)
