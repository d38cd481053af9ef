"""The responses of subjects, made comparable."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

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
SHRINKAGE = 0.1
"""Weight of the identity in the covariance of electrodes of unit variance."""

BLOCKS = 20
"""Parts that the epochs of a recording are averaged in, to see how much averages vary."""

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
    difference
        [block, electrode, time], target minus non-target, in :data:`BLOCKS` stretches of time.
    every
        [electrode, time], after non-targets.
    covariance
        [electrode, electrode], of single epochs.
    n_targets
        What was averaged.
    """

    electrodes: tuple[str, ...]
    first: int
    difference: Floats
    every: Floats
    covariance: Floats
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
    X: Epoched = epochs.X[:, rows] @ _interpolation(epochs.times).astype(np.float32)
    trend = np.linspace(-1, 1, X.shape[2], dtype=np.float32)
    trend /= np.linalg.norm(trend)
    X -= X.mean(axis=2, keepdims=True)
    X -= (X @ trend)[..., np.newaxis] * trend
    spread = np.sqrt(np.einsum("ijk,ijk->ij", X, X) / X.shape[2])[..., np.newaxis]
    X /= np.where(spread > 0, spread, np.float32(1))
    return X, tuple(order)


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
    """Average comparable epochs; None where they are too few or too short.

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
    if min(rows.sum() for rows in kinds) < BLOCKS or X.shape[2] < SHORTEST / STEP or not electrodes:
        return None
    targets_mean, others_mean = (
        np.array(
            [
                X[rows].mean(axis=0, dtype=np.float64)
                for rows in np.array_split(np.flatnonzero(kind), BLOCKS)
            ]
        )
        for kind in kinds
    )
    return Response(
        tuple(electrodes),
        first_time(times),
        targets_mean - others_mean,
        others_mean.mean(axis=0),
        _covariance(X[known]),
        int(kinds[0].sum()),
    )


def _covariance(X: Epoched) -> Floats:
    flat = X.transpose(1, 0, 2).reshape(X.shape[1], -1)
    covariance: Floats = (flat @ flat.T / flat.shape[1]).astype(np.float64)
    return covariance


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
        [subject, block, electrode, time], target minus non-target, and [subject, electrode, time],
        the response to non-targets; NaN where an electrode was not recorded.
    whitening
        [electrode, electrode], what the waves are multiplied by: the inverse root of the covariance
        of single epochs, mean over the subjects, so that what electrodes share counts less.
    """

    subjects: tuple[str, ...]
    electrodes: tuple[str, ...]
    first: int
    difference: Floats
    every: Floats
    whitening: Floats

    def without(self, subjects: Collection[str]) -> Waves:
        """Return those of the other subjects."""
        kept = [k for k, name in enumerate(self.subjects) if name not in subjects]
        names = tuple(self.subjects[k] for k in kept)
        return replace(
            self, subjects=names, difference=self.difference[kept], every=self.every[kept]
        )

    def of_others(self, subject: str) -> tuple[Floats, Floats]:
        """Return the means of the other subjects, as those of a subject; 0 where none has it."""
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
    last = min(one.first + one.every.shape[1] for one in everything)
    if (last - first) * STEP < SHORTEST:
        return None
    names = tuple(dict.fromkeys(name for one in everything for name in one.electrodes))
    n_subjects, n_times = len(responses), last - first
    difference = np.zeros((n_subjects, BLOCKS, len(names), n_times))
    every = np.zeros((n_subjects, len(names), n_times))
    weights = np.zeros((n_subjects, len(names), 1))
    covariance = np.zeros((len(names), len(names)))
    counts = np.zeros_like(covariance)
    for subject, parts in enumerate(responses.values()):
        for one in parts:
            rows = [names.index(name) for name in one.electrodes]
            inside = slice(first - one.first, last - one.first)
            weights[subject, rows] += one.n_targets
            difference[subject][:, rows] += one.n_targets * one.difference[..., inside]
            every[subject, rows] += one.n_targets * one.every[:, inside]
            covariance[np.ix_(rows, rows)] += one.covariance
            counts[np.ix_(rows, rows)] += 1
    weights = np.where(weights > 0, weights, np.nan)
    whitening = _inverse_root(covariance / np.maximum(counts, 1))
    return Waves(
        tuple(responses),
        names,
        first,
        _whitened(difference / weights[:, None], whitening),
        _whitened(every / weights, whitening),
        whitening,
    )


def _inverse_root(covariance: Floats) -> Floats:
    """Return the symmetric inverse root of a covariance that is shrunk first."""
    noise = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(noise)
    root: Floats = (vectors / np.sqrt(np.maximum(values, SHRINKAGE / 2))) @ vectors.T
    return root


def _whitened(waves: Floats, whitening: Floats) -> Floats:
    """Multiply waves, [..., electrode, time]; electrodes that are not there stay so."""
    return np.where(np.isnan(waves), np.nan, whitening @ np.nan_to_num(waves))


def correlation(one: Floats, other: Floats, shift: int = 0) -> float:
    """Correlate waves at their common electrodes, the first later than the other by a shift.

    Parameters
    ----------
    one, other
        [electrode, time]; NaN where an electrode is not there.
    shift
        In samples.
    """
    one, other = _aligned(one, other, shift)
    length = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / length if length else 0.0


def certainty(blocks: Floats, other: Floats, shift: int = 0) -> float:
    """Return by how many standard errors blocks of a wave are like another wave, on average.

    Parameters
    ----------
    blocks
        [block, electrode, time], as in :func:`correlation`.
    other, shift
        As in :func:`correlation`.
    """
    ours, theirs = _aligned(blocks, other, shift)
    products = (ours * theirs).sum(axis=(1, 2))
    error = float(np.std(products, ddof=1)) / np.sqrt(len(products))
    return float(np.mean(products)) / error if error else 0.0


def _aligned(one: Floats, other: Floats, shift: int) -> tuple[Floats, Floats]:
    """Return what two waves have in common, without their means over time.

    The first may be several, [block, electrode, time], which all have the same electrodes.
    """
    n = one.shape[-1]
    one = one[..., max(0, shift) : n + min(0, shift)]
    other = other[:, max(0, -shift) : n - max(0, shift)]
    absent = np.isnan(one[..., 0]) | np.isnan(other[:, 0])
    rows = ~absent.reshape(-1, len(other)).any(axis=0)
    one, other = one[..., rows, :], other[rows]
    return one - one.mean(axis=-1, keepdims=True), other - other.mean(axis=-1, keepdims=True)
