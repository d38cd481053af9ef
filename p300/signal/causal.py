"""Causal preprocessing in pieces of any size: what is filtered and cut does not depend on them.

Offline and online are one path: offline a recording is one piece, and the epochs are the same bit
for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.errors import PreprocessingError
from p300.signal.epoch_arrays import zscored
from p300.signal.filters import KeptSections, Signal, anti_alias_sections, butterworth_sections

if TYPE_CHECKING:
    from p300.signal.preprocessing import Preprocessing
    from p300.signal.sampling import EpochGrid


def goes_on(settings: Preprocessing) -> bool:
    """Return whether the filters of some settings can go on where they stopped.

    MNE's windowed design filters by Fourier transforms of a whole signal.
    """
    return settings.phase == "causal" and settings.filter == "butterworth"


class CausalFilters:
    """Anti-alias filter and bandpass of one continuous stretch, as causal preprocessing has them.

    The filtered signal keeps the recording's rate: of the interleaved signals that subsampling
    leaves, each is filtered by itself and put back where it was, so that an epoch can begin at any
    sample. Epochs take every so many samples of it.

    Parameters
    ----------
    sfreq
        Rate of the recording in Hz.
    factor
        By which it is divided, a whole number.
    settings
        Of a causal Butterworth filter.
    """

    def __init__(self, sfreq: float, factor: float, settings: Preprocessing) -> None:
        self._smooth = KeptSections(anti_alias_sections(factor)) if factor > 1 else None
        streams = 1 if settings.order == "filter_first" else round(factor)
        band = settings.low, settings.high, settings.filter_order, settings.phase
        sections = butterworth_sections(sfreq / streams, *band)
        self._streams = [KeptSections(sections) for _ in range(streams)]
        self._next = 0  # which of them the next sample belongs to

    def __call__(self, piece: Signal) -> Signal:
        """Filter what comes next, [electrode, sample]; of that size, too."""
        if self._smooth is not None:
            piece = self._smooth(piece)
        n = len(self._streams)
        filtered = np.empty(piece.shape)
        for k, stream in enumerate(self._streams):
            own = slice((k - self._next) % n, None, n)
            filtered[:, own] = stream(piece[:, own])
        self._next = (self._next + piece.shape[1]) % n
        return filtered


class EpochCutter:
    """Epochs of one continuous stretch of signal that is still being recorded.

    Parameters
    ----------
    sfreq
        Rate of the recording in Hz.
    grid
        Of an epoch.
    settings
        Of a causal Butterworth filter, without electrodes: those of the signal are the epoch's.
    seconds
        How long the signal is kept for flashes that are told late.

    Raises
    ------
    PreprocessingError
        When the settings are not causal, or their filter cannot go on where it stopped.
    """

    def __init__(
        self, sfreq: float, grid: EpochGrid, settings: Preprocessing, seconds: float
    ) -> None:
        if not goes_on(settings):
            raise PreprocessingError(
                f"a {settings.phase}-phase {settings.filter} filter found, which needs the whole "
                "recording; expected phase: causal and filter: butterworth"
            )
        self._filters = CausalFilters(sfreq, grid.factor, settings)
        self._steps = np.round(grid.factor * grid.steps).astype(np.int64)
        self._zscored = settings.normaliser == "window_zscore"
        self._keep = round(seconds * sfreq) + int(self._steps[-1] - min(self._steps[0], 0))
        self._room = np.empty((0, 0))
        self._first = 0  # which sample of the stretch lies first in that room
        self.n_samples = 0

    def push(self, piece: Signal) -> None:
        """Take what comes next, volts, [electrode, sample]."""
        if not self.n_samples:
            self._room = np.empty((len(piece), 0))
        end = self.n_samples + piece.shape[1] - self._first
        if end > self._room.shape[1]:  # seldom: there is room for as much again as is kept
            kept = self._room[:, max(0, end - piece.shape[1] - self._keep) : end - piece.shape[1]]
            if self._room.shape[1] < 2 * self._keep + piece.shape[1]:
                self._room = np.empty((len(piece), 2 * self._keep + piece.shape[1]))
            self._room[:, : kept.shape[1]] = kept
            self._first = self.n_samples - kept.shape[1]
            end = kept.shape[1] + piece.shape[1]
        self._room[:, end - piece.shape[1] : end] = self._filters(piece)
        self.n_samples += piece.shape[1]

    @property
    def begins(self) -> int:
        """First sample of an epoch, from its onset."""
        return int(self._steps[0])

    def ends(self, onset: int) -> int:
        """Return the last sample of the stretch that the epoch of an onset needs."""
        return onset + int(self._steps[-1])

    def holds(self, onset: int) -> bool:
        """Return whether the signal from the first sample of an epoch on is still there."""
        return onset + self.begins >= self._first

    def epoch(self, onset: int) -> npt.NDArray[np.float32]:
        """Return the epoch of a flash, normalised, [1, electrode, time].

        Parameters
        ----------
        onset
            Its sample in the stretch; the epoch is there and ends by now.
        """
        at = onset - self._first + self._steps
        # As offline in memory, too: sums in float32 depend on the order of the axes.
        X = np.ascontiguousarray(self._room[None, :, at], dtype=np.float32)
        return zscored(X)[0] if self._zscored else X
