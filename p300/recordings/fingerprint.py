"""Signals that are the same, told by what scaling, rounding, cutting and reordering leave alone.

Each electrode is smoothed over a cycle of either mains. The sign of the difference of two samples
some milliseconds apart survives any factor. The signs of :data:`BITS` such differences, one after
another, make a word; there is a word at every sample of every electrode. Of these the fingerprint
keeps those whose hash is divisible by :data:`ONE_OF`: the signal itself says which, so that two
cuts of one recording keep the same ones wherever they begin. A word that comes again in a recording
(a dead electrode, a strong mains) is kept once.

Two recordings hold the same signal where they share words at one lag in time. Those of different
people share one word or two by chance, at lags all over the place.

Measured on real recordings of six sources: a copy is found after any factors, in 16 bits over up to
+-10 mV, with three of its electrodes in another order, and from 7 s of overlap on. Copies that were
filtered, resampled or re-referenced have other signs and are not found, nor those rounded to steps
as large as the signal itself. Pairs of different recordings share words in two stretches at most
(26 real ones and 96 of 48 simulated subjects) or in three (made-up ones whose mains is 1000 times
their EEG), where :data:`FEWEST_STRETCHES` are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from p300.recordings.recording import Recording

BITS = 64
"""Signs in a word."""

STEP = 0.02
"""Seconds from sample to sample of a difference, and from one sign of a word to the next. Long
enough for differences of several microvolts, beside which a 16-bit file rounds little."""

CYCLES = (1 / 50, 1 / 60)
"""Seconds over which the signal is averaged, one after the other: what is left of either mains is
a hundredth."""

ONE_OF = 256
"""One of so many words is kept."""

FEWEST_STRETCHES = 5
"""Stretches of the length of a word, 1.3 s, in which two recordings must share words."""

_MOST_ALIKE = 8
"""Recordings with one word that each is compared with: enough to name copies of copies."""

_MIXER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """The words kept of a recording.

    Parameters
    ----------
    words
        uint64 [word], each different.
    times
        Sample at which each begins first, int64 [word].
    step
        Samples from one sign to the next.
    """

    words: npt.NDArray[np.uint64]
    times: npt.NDArray[np.int64]
    step: int

    @property
    def stretches(self) -> int:
        """Number of stretches that have a word; with too few no copy can be told."""
        return len(np.unique(self.times // (BITS * self.step)))


@dataclass(frozen=True)
class Shared:
    """Two recordings, by their positions, that hold the same signal for some seconds at least."""

    first: int
    second: int
    stretches: int


def fingerprint(recording: Recording) -> Fingerprint:
    """Return the fingerprint of a recording's signal.

    Parameters
    ----------
    recording
        Any; its flashes do not matter.
    """
    step = max(1, round(STEP * recording.sfreq))
    kept = [_keep_words(_smooth(row, recording.sfreq), step) for row in recording.raw.get_data()]
    words = np.concatenate([w for w, _ in kept])
    times = np.concatenate([t for _, t in kept])
    order = np.argsort(times, kind="stable")
    words, first = np.unique(words[order], return_index=True)
    return Fingerprint(words, times[order][first], step)


def _smooth(signal: npt.NDArray[np.float64], sfreq: float) -> npt.NDArray[np.float64]:
    for seconds in CYCLES:
        n = max(1, round(seconds * sfreq))
        sums = np.cumsum(np.append(0.0, signal - signal[:1].sum()))
        signal = sums[n:] - sums[:-n]
    return signal


def _keep_words(
    signal: npt.NDArray[np.float64], step: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return the words of one electrode that are kept, and where they begin."""
    words = (signal[step:] > signal[:-step]).astype(np.uint64)
    length = 1
    while length < BITS:  # words of twice the length: each with the one that follows it
        ahead = step * length
        words = words[:-ahead] | (words[ahead:] << np.uint64(length))
        length *= 2
    # A negative factor turns all signs.
    words = np.where(words & np.uint64(1), ~words, words)
    mixed = words * _MIXER  # overflows, as it should
    mixed ^= mixed >> np.uint64(32)
    times = np.flatnonzero((mixed * _MIXER) >> np.uint64(32) < 2**32 // ONE_OF)
    return words[times], times.astype(np.int64)


def find_shared(prints: Sequence[Fingerprint]) -> list[Shared]:
    """Return the pairs of recordings that hold the same signal.

    Parameters
    ----------
    prints
        Of the recordings.

    Returns
    -------
    Each pair once, with the number of stretches of a word's length in which they share words at
    one time lag, :data:`FEWEST_STRETCHES` at least.
    """
    votes = _votes(prints) if prints else np.empty((0, 3), np.int64)
    pairs: dict[tuple[int, int], int] = {}
    for (first, second, _), count in zip(
        *np.unique(votes, axis=0, return_counts=True), strict=True
    ):
        place = int(first), int(second)
        pairs[place] = max(pairs.get(place, 0), int(count))
    return [Shared(*place, n) for place, n in sorted(pairs.items()) if n >= FEWEST_STRETCHES]


def _votes(prints: Sequence[Fingerprint]) -> npt.NDArray[np.int64]:
    """Return first recording, second and lag, one row a stretch in which they share a word."""
    words = np.concatenate([one.words for one in prints])
    order = np.argsort(words, kind="stable")
    words = words[order]
    owner = np.repeat(np.arange(len(prints)), [len(one.words) for one in prints])[order]
    times = np.concatenate([one.times for one in prints])[order]
    steps = np.array([one.step for one in prints])
    found = []
    for ahead in range(1, 1 + min(_MOST_ALIKE, len(prints))):
        same = np.flatnonzero(words[ahead:] == words[:-ahead])
        if not len(same):
            break
        a, b = same, same + ahead  # the order is stable: a belongs to the earlier recording
        step = steps[owner[a]]
        stretch = times[a] // (BITS * step)
        lag = (times[b] - times[a]) // step
        found.append(np.stack([owner[a], owner[b], lag, stretch], axis=1))
    if not found:
        return np.empty((0, 3), np.int64)
    return np.unique(np.concatenate(found), axis=0)[:, :3]
