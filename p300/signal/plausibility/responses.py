"""The responses of subjects, made comparable."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.signal.epochs import Epochs

Floats = npt.NDArray[np.float64]
Epoched = npt.NDArray[np.float32]

STEP = 0.02
"""Seconds; averages are compared at multiples of it."""

WINDOW = (0.0, 0.8)
"""Seconds from the flash; more is not compared."""

SHORTEST = 0.4
"""Seconds that epochs must have in common."""

USUAL = (
    "Fz", "FCz", "Cz", "CPz", "Pz", "POz", "Oz", "P3", "P4", "PO7", "PO8", "C3", "C4", "P7", "P8",
    "O1", "O2",
)  # fmt: skip
MOST = 16
"""Electrodes that are compared: first those where responses are, then others in their order."""


@dataclass(frozen=True, eq=False)
class Response:
    """Averages of epochs whose electrodes are each detrended and of unit variance.

    Parameters
    ----------
    electrodes
        Names of the rows.
    first
        Time of the first sample, in multiples of :data:`STEP`.
    target, nontarget
        [electrode, time]
    n_targets
        What was averaged.
    """

    electrodes: tuple[str, ...]
    first: int
    target: Floats
    nontarget: Floats
    n_targets: int


def comparable_epochs(epochs: Epochs, bad: Collection[str]) -> tuple[Epoched, tuple[str, ...]]:
    """Return a few electrodes of epochs, each detrended and of unit variance.

    So neither drifts, nor units, nor a few wild epochs count.

    Parameters
    ----------
    epochs
        In volts.
    bad
        Electrodes that are not compared.

    Returns
    -------
    [epoch, electrode, time], at multiples of :data:`STEP`, and the names of the electrodes.
    """
    good = [name for name in epochs.electrodes if name not in bad]
    order = [*(n for n in USUAL if n in good), *(n for n in good if n not in USUAL)][:MOST]
    rows = [epochs.electrodes.index(name) for name in order]
    X = epochs.X[:, rows].astype(np.float32)
    trend = np.linspace(-1, 1, X.shape[2], dtype=np.float32)
    trend /= np.linalg.norm(trend)
    X -= X.mean(axis=2, keepdims=True)
    X -= (X @ trend)[..., np.newaxis] * trend
    spread = X.std(axis=2, keepdims=True)
    X /= np.where(spread > 0, spread, np.float32(1))
    compared: Epoched = X @ _interpolation(epochs.times).astype(np.float32)
    return compared, tuple(order)


def first_time(times: Floats) -> int:
    """Return the first multiple of :data:`STEP` within the window and the epochs."""
    return int(np.ceil((max(times[0], WINDOW[0]) - 1e-9) / STEP))


def _interpolation(times: Floats) -> Floats:
    """Return the matrix [time, new time] that interpolates linearly."""
    first = first_time(times)
    last = int(np.floor((min(times[-1], WINDOW[1]) + 1e-9) / STEP))
    wanted = STEP * np.arange(first, last + 1)
    return np.array([np.interp(wanted, times, one) for one in np.eye(len(times))])


def average_responses(
    X: Epoched, electrodes: Sequence[str], target: pd.Series, times: Floats
) -> Response | None:
    """Average comparable epochs; None where a kind is missing or the epochs are too short.

    Parameters
    ----------
    X, electrodes
        Of :func:`comparable_epochs`.
    target
        [epoch], NA where unknown.
    times
        Of the epochs.
    """
    known = target.notna().to_numpy()
    targets = target.fillna(value=False).to_numpy(dtype=bool)
    kinds = targets & known, ~targets & known
    if min(rows.sum() for rows in kinds) < 2 or X.shape[2] < SHORTEST / STEP or not electrodes:
        return None
    target_mean, nontarget_mean = (X[rows].mean(axis=0, dtype=np.float64) for rows in kinds)
    n_targets = int(kinds[0].sum())
    return Response(tuple(electrodes), first_time(times), target_mean, nontarget_mean, n_targets)


@dataclass(frozen=True, eq=False)
class Waves:
    """The responses of each subject on one grid.

    Parameters
    ----------
    subjects
        Names of the first axis.
    electrodes
        Names of the second.
    first
        Time of the first sample, in multiples of :data:`STEP`.
    difference, every
        [subject, electrode, time], target minus non-target and the response to non-targets; NaN
        where an electrode was not recorded.
    """

    subjects: tuple[str, ...]
    electrodes: tuple[str, ...]
    first: int
    difference: Floats
    every: Floats

    def without(self, subjects: Collection[str]) -> Waves:
        """Return those of the other subjects."""
        kept = [k for k, name in enumerate(self.subjects) if name not in subjects]
        names = tuple(self.subjects[k] for k in kept)
        return Waves(names, self.electrodes, self.first, self.difference[kept], self.every[kept])

    def of_others(self, subject: str) -> tuple[Floats, Floats]:
        """Return the means of the other subjects, [electrode, time]; 0 where none has it."""
        rest = self.without([subject])
        return _mean(rest.difference), _mean(rest.every)


def _mean(waves: Floats) -> Floats:
    there = ~np.isnan(waves)
    mean: Floats = np.where(there, waves, 0.0).sum(axis=0) / np.maximum(1, there.sum(axis=0))
    return mean


def join_responses(responses: Mapping[str, Sequence[Response]]) -> Waves | None:
    """Average the recordings of each subject; None where they have too little time in common.

    Parameters
    ----------
    responses
        Subject -> those of its recordings.
    """
    everything = [one for parts in responses.values() for one in parts]
    if not everything:
        return None
    first = max(one.first for one in everything)
    last = min(one.first + one.target.shape[1] for one in everything)
    if (last - first) * STEP < SHORTEST:
        return None
    names = tuple(dict.fromkeys(name for one in everything for name in one.electrodes))
    shape = (len(responses), len(names), last - first)
    sums = {kind: np.zeros(shape) for kind in ("target", "nontarget")}
    weights = np.zeros(shape)
    for subject, parts in zip(range(shape[0]), responses.values(), strict=True):
        for one in parts:
            rows = [names.index(name) for name in one.electrodes]
            inside = slice(first - one.first, last - one.first)
            weights[subject, rows] += one.n_targets
            for kind, total in sums.items():
                total[subject, rows] += one.n_targets * getattr(one, kind)[:, inside]
    target, every = (
        np.where(weights > 0, total / np.maximum(weights, 1), np.nan) for total in sums.values()
    )
    return Waves(tuple(responses), names, first, target - every, every)


def correlation(one: Floats, other: Floats, shift: int = 0) -> float:
    """Correlate waves at their common electrodes, the first later than the other by a shift.

    Parameters
    ----------
    one, other
        [electrode, time]; NaN where an electrode is not there.
    shift
        In samples.
    """
    n = one.shape[1]
    one = one[:, max(0, shift) : n + min(0, shift)]
    other = other[:, max(0, -shift) : n - max(0, shift)]
    rows = ~np.isnan(one[:, 0]) & ~np.isnan(other[:, 0])
    one, other = (wave[rows] - wave[rows].mean(axis=1, keepdims=True) for wave in (one, other))
    length = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / length if length else 0.0
