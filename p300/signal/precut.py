"""Epochs that came cut: the wanted samples of each, with nothing filtered."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning

if TYPE_CHECKING:
    from p300.recordings.epoched import Cut
    from p300.recordings.recording import Recording
    from p300.signal.sampling import EpochGrid

MOST_FOLDED = 0.01
"""Share of the power above half of the new rate that epochs may have to be subsampled: it is folded
down, and no filter of epochs as short as these could take it away."""

Signal = npt.NDArray[np.float64]


def take_stored(
    data: Signal, recording: Recording, cut: Cut, grid: EpochGrid
) -> npt.NDArray[np.float32]:
    """Return the wanted samples of epochs that came cut, [epoch, electrode, time].

    Parameters
    ----------
    data
        The epochs one after another, [electrode, sample], in volts.
    recording
        For messages.
    cut
        How they were cut.
    grid
        The wanted samples; within the epochs.

    Warns
    -----
    DataWarning
        Naming the settings that are not honoured; when subsampling folds more than
        :data:`MOST_FOLDED` of the power down.
    """
    stored = data.reshape(len(data), -1, cut.n_times).transpose(1, 0, 2)
    warnings.warn(
        f"data set {recording.dataset}: epochs that came cut, their filter is unknown; low, high, "
        "filter, filter_order, phase and order of the preprocessing are not applied to them. Set "
        "them to what the epochs were made with, so that a detector trained on them treats "
        "continuous recordings alike",
        DataWarning,
        stacklevel=3,
    )
    factor = round(grid.factor)
    if factor > 1 and (folded := _power_above(stored, 0.5 / factor)) > MOST_FOLDED:
        warnings.warn(
            f"{recording.source} ({recording.name}): {100 * folded:.0f} % of the power of the "
            f"epochs lies above {grid.sfreq / 2:g} Hz and is folded down by subsampling to "
            f"{grid.sfreq:g} Hz; leave preprocessing.sfreq out, or filter before cutting epochs",
            DataWarning,
            stacklevel=3,
        )
    begin = factor * grid.first - cut.first
    wanted = stored[:, :, begin : begin + factor * (grid.n_times - 1) + 1 : factor]
    return np.ascontiguousarray(wanted, dtype=np.float32)


def _power_above(epochs: Signal, frequency: float) -> float:
    """Return the share of the power at or above a frequency (1: the sampling rate)."""
    n_times = epochs.shape[2]
    total = above = 0.0
    for epoch in epochs:  # one at a time: they may fill the memory
        centred = (epoch - epoch.mean(axis=1, keepdims=True)) * np.hanning(n_times)
        power = np.square(np.abs(np.fft.rfft(centred, axis=1))).sum(axis=0)
        total += float(power.sum())
        above += float(power[np.fft.rfftfreq(n_times) >= frequency].sum())
    return above / total if total > 0 else 0.0
