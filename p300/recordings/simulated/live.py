"""The EEG of somebody of the study while it comes: what evokes it is not known beforehand."""

from __future__ import annotations

import numpy as np

from p300.recordings.simulated.eeg import (
    BLINK_WIDTH,
    MAINS,
    REACH,
    Array,
    Subject,
    blink_train,
    evoked_eeg,
    mains_hum,
    ongoing_eeg,
)

BLOCK = 64.0
"""Seconds of ongoing EEG that are drawn at once; below a few times 1 / BLOCK the spectrum is
smeared."""

AHEAD = 2.0
"""Seconds that responses and blinks are known beforehand: the latest ends after 1.6 s."""


class LiveEeg:
    """EEG as :func:`p300.recordings.simulated.eeg.simulate_eeg` has it, in pieces of any size.

    Ongoing EEG is drawn in blocks that fade into one another: two independent stationary
    processes, times the sine and the cosine of one angle, are a process of the same variance. The
    responses to a flash are added to what has not been taken yet.

    Parameters
    ----------
    rng
        Of the session.
    subject
        Whose EEG.
    sfreq
        Sampling rate in Hz.
    """

    def __init__(self, rng: np.random.Generator, subject: Subject, sfreq: float) -> None:
        self._rng, self._subject, self._sfreq = rng, subject, sfreq
        self._hop = round(BLOCK / 2 * sfreq)
        self._block = self._draw()
        self._faded, self._at = self._fade(), 0
        self._ahead = np.zeros((len(subject.blink), round(AHEAD * sfreq)))
        self._phase = rng.uniform(0, 2 * np.pi)
        self.n_samples = 0
        """That were taken."""

    def _draw(self) -> Array:
        return ongoing_eeg(self._rng, self._subject, 2 * self._hop, self._sfreq)

    def _fade(self) -> Array:
        """Return what is between the middles of the last block and a new one."""
        angle = np.pi / 2 * (np.arange(self._hop) + 0.5) / self._hop
        last, self._block = self._block, self._draw()
        faded: Array = last[:, self._hop :] * np.cos(angle)
        faded += self._block[:, : self._hop] * np.sin(angle)
        return faded

    def flash(self, onset: float, *, target: bool) -> float:
        """Let the subject see a flash.

        Parameters
        ----------
        onset
            Seconds from the first sample.
        target
            Whether it is attended.

        Returns
        -------
        Seconds by which the flash was told too late for the beginning of its response to be in the
        EEG; 0 where it was early enough.
        """
        since = onset - self.n_samples / self._sfreq
        late = 0.0
        for response in self._subject.responses:
            if target or not response.component.targets_only:
                seen, n = np.array([since]), self._ahead.shape[1]
                self._ahead += evoked_eeg(self._rng, response, seen, n, self._sfreq)
                late = max(late, REACH * response.width - response.latency - since)
        return late

    def take(self, n_samples: int) -> Array:
        """Return the next samples, volts, [electrode, sample]."""
        pieces = []
        while n_samples:
            if self._at == self._hop:
                self._faded, self._at = self._fade(), 0
            n = min(n_samples, self._hop - self._at, self._ahead.shape[1] // 4)
            pieces.append(self._piece(n))
            n_samples -= n
        return np.hstack([np.empty((len(self._ahead), 0)), *pieces])

    def _piece(self, n: int) -> Array:
        samples = np.arange(self.n_samples, self.n_samples + n)
        self._blink(n)
        piece: Array = self._faded[:, self._at : self._at + n] + self._ahead[:, :n]
        if self._sfreq / 2 > MAINS:
            piece += mains_hum(self._subject, self._phase, samples, self._sfreq)
        self._ahead = np.hstack([self._ahead[:, n:], np.zeros((len(self._ahead), n))])
        self._at += n
        self.n_samples += n
        return piece

    def _blink(self, n: int) -> None:
        """Draw the blinks whose bumps begin in the next samples."""
        seconds = n / self._sfreq
        count = self._rng.poisson(self._subject.blinks_per_minute * seconds / 60)
        times = REACH * BLINK_WIDTH + self._rng.uniform(0, seconds, count)
        train = blink_train(self._rng, times, self._ahead.shape[1], self._sfreq)
        self._ahead += np.outer(self._subject.blink, train)
