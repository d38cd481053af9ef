"""Electrodes that hold no EEG: constant, clipped, copies of others, far too quiet or loud."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STILL, HELD = 0.98, 0.5
"""Share of steps that are zero beyond which an electrode is constant, and the share of time that it
spends in constant stretches of a second or more, beyond what the liveliest electrode does."""

LIVELY = 0.1
"""Share of steps that are zero up to which nobody looks for constant stretches."""

CLIPPED = 0.01
"""Share of samples at the very highest and lowest value beyond which an electrode is clipped."""

PILED = 3.0
"""The highest value of a clipped signal is this many times as frequent as the one below it; what
is only coarsely quantised has fewer and fewer samples towards its ends."""

FLAT, FAR = 1e-6, 1e3
"""Amplitude as a share of the others' below which an electrode is flat, and the factor by which one
that is quieter or louder holds no EEG."""

UNEVEN, SHARED = 20.0, 0.3
"""Where the others differ by more than this factor among themselves, gains differ and amplitudes
tell nothing; there an electrode holds EEG whose slow steps correlate with another's more than
this. Real ones with gains 50,000 times apart: 0.7 and more; a loose one: below 0.1."""

SAME = "the same signal as "
"""What is said of an electrode before those that it is a copy of."""

# Rounding moves two copies apart by half a step of each, and a line fitted to them a little more.
_ROUNDED, _SPREAD, _SINGLE = 0.75, 1.2, 1e-7
_ALIKE = 0.8
_COMPARED = 4096
_BLOCK = 0.05

# Ears and mastoids, which mirror each other where their mean is the reference.
_EARS = {"A1", "A2", "M1", "M2", "TP9", "TP10"}


@dataclass(frozen=True, eq=False)
class Faults:
    """What was found of the electrodes of a recording.

    Parameters
    ----------
    amplitude
        [electrode], volts; see :func:`robust_amplitude`.
    reasons
        Electrode -> what is wrong with it; only those that hold no EEG.
    partly
        Those of ``reasons`` that hold EEG most of the time, but are clipped now and then.
    typical
        Median amplitude of electrodes without a fault in volts; of all where there are none.
    """

    amplitude: Floats
    reasons: dict[str, str]
    partly: frozenset[str]
    typical: float


def robust_amplitude(data: Floats) -> Floats:
    """Amplitude of each electrode that drifts and steps do not inflate.

    Parameters
    ----------
    data
        [electrode, sample], in volts.

    Returns
    -------
    [electrode], volts: 1.4826 times the median absolute deviation of the first difference; about
    a fifth of the standard deviation of ordinary EEG at 256 Hz.
    """
    # Electrode by electrode: a recording can have hundreds of megabytes.
    return np.array([_typical_step(np.diff(row)) for row in data])


def _typical_step(steps: Floats) -> float:
    if len(steps) == 0:
        return 0.0
    spread = 1.4826 * float(np.median(np.abs(steps - np.median(steps))))
    # Coarsely quantised signals step rarely; their median step is zero but they are not flat.
    return spread if spread > 0 else float(steps.std())


def find_faults(
    signal_of: Callable[[int], Floats], electrodes: Sequence[str], sfreq: float
) -> Faults:
    """Find the electrodes of a recording that hold no EEG.

    Parameters
    ----------
    signal_of
        Gives the signal of the electrode with a number from 0: [sample], volts, all finite.
    electrodes
        Their names.
    sfreq
        Sampling rate in Hz.

    Returns
    -------
    Their amplitudes, and in words why some hold no EEG: flat; constant in nearly all samples, or
    most of the time while others are not; clipped, a noticeable share of samples exactly at the
    highest or lowest value; 1,000 times quieter or louder than the others; or the same signal as
    another electrode but for factor, offset and rounding, as of a bridge of gel. Which of two such
    electrodes is right cannot be told: both are named.
    """
    found = [_measure(signal_of(k), sfreq) for k in range(len(electrodes))]
    least_held = min(one.held for one in found)
    reasons = {k: why for k, one in enumerate(found) if (why := one.fault(least_held))}
    clipped = [one.clipped_share >= CLIPPED for one in found]
    partly = {k for k in reasons if clipped[k] and found[k].held - least_held <= HELD}
    for further in (_far, _copies):
        alive = [k for k in range(len(found)) if k not in reasons]
        reasons |= further(signal_of, alive, found, electrodes, sfreq) if len(alive) > 1 else {}
    amplitude = np.array([one.amplitude for one in found])
    good = [k for k in range(len(found)) if k not in reasons]
    return Faults(
        amplitude,
        {electrodes[k]: reasons[k] for k in sorted(reasons)},
        frozenset(electrodes[k] for k in partly if found[k].clipped_share < HELD),
        float(np.median(amplitude[good or slice(None)])),
    )


@dataclass(frozen=True, eq=False)
class _Measured:
    """What one pass over a signal tells.

    ``clipped`` is the share of samples at an end of the range, and that end in volts, of the ends
    where they pile up; ``step`` the smallest difference of neighbours that is not 0, ``largest``
    the largest absolute value, ``some`` a few thousand samples.
    """

    amplitude: float
    still: float
    held: float
    clipped: tuple[tuple[float, float], ...]
    step: float
    largest: float
    some: Floats

    def fault(self, least_held: float) -> str:
        """Say what is wrong with the signal by itself; nothing where nothing is."""
        if self.still == 1:
            return "flat"
        if self.still > STILL or self.held - least_held > HELD:
            return f"constant in {100 * max(self.still, self.held):.3g} % of the samples"
        if self.clipped_share < CLIPPED:
            return ""
        ends = " or ".join(f"{1e6 * end:.6g}" for _, end in self.clipped)
        return f"clipped ({100 * self.clipped_share:.2g} % of the samples are exactly {ends} µV)"

    @property
    def clipped_share(self) -> float:
        """Share of the samples that pile up at the ends."""
        return sum(share for share, _ in self.clipped)


def _measure(signal: Floats, sfreq: float) -> _Measured:
    steps = np.diff(signal)
    still = 1 - np.count_nonzero(steps) / max(1, len(steps))
    low, high = (float(signal.min()), float(signal.max())) if len(signal) else (0.0, 0.0)
    some = _thinned(signal, _COMPARED)
    sizes = np.abs(_thinned(steps, 16 * _COMPARED))
    return _Measured(
        amplitude=_typical_step(steps),
        still=still,
        held=_held(steps, sfreq) if still > LIVELY else 0.0,
        clipped=(*_clipped(signal, some, low, -1), *_clipped(signal, some, high, 1)),
        step=float(sizes[sizes > 0].min()) if sizes.any() else 0.0,
        largest=max(-low, high),
        some=some,
    )


def _thinned(values: Floats, n: int) -> Floats:
    """Return some of the values, evenly spaced."""
    return values[np.linspace(0, len(values) - 1, min(len(values), n)).astype(np.int64)]


def _held(steps: Floats, sfreq: float) -> float:
    """Return the share of the time that lies in stretches of a second or more without a step."""
    moves = np.flatnonzero(steps)
    lengths = np.diff(moves, prepend=-1, append=len(steps)) - 1
    return float(lengths[lengths >= sfreq].sum()) / len(steps)


def _clipped(signal: Floats, some: Floats, end: float, sign: int) -> list[tuple[float, float]]:
    """Return the share of samples at an end of the signal and the end in volts, if they pile up."""
    if np.count_nonzero(some == end) < CLIPPED / 8 * len(some):
        return []
    at_end = signal == end
    n_end = int(at_end.sum())
    if n_end < CLIPPED / 4 * len(signal) or n_end == len(signal):
        return []
    # A signal that repeats itself, as a generator's, comes back to its peak; it does not stay.
    stays = int((at_end[1:] & at_end[:-1]).sum()) > n_end / 4
    inside = sign * signal[~at_end]
    n_next = int((inside == inside.max()).sum())
    return [(n_end / len(signal), end)] if stays and n_end > PILED * n_next else []


def _far(
    signal_of: Callable[[int], Floats],
    alive: Sequence[int],
    found: Sequence[_Measured],
    _: Sequence[str],
    sfreq: float,
) -> dict[int, str]:
    """Name the electrodes that are far quieter or louder than the others."""
    amplitude = {k: found[k].amplitude for k in alive}
    typical = float(np.median(list(amplitude.values())))
    ratios = {k: value / typical for k, value in amplitude.items()}
    far = {k: ratio for k, ratio in ratios.items() if not 1 / FAR <= ratio <= FAR}
    others = [k for k in alive if k not in far]
    spread = [amplitude[k] for k in others]
    if far and max(spread) > UNEVEN * min(spread):
        slow = {k: _slow_steps(signal_of(k), sfreq) for k in alive}
        far = {
            k: ratio
            for k, ratio in far.items()
            if ratio <= FLAT or not any(abs(slow[k] @ slow[j]) > SHARED for j in others)
        }
    return {k: _how_far(ratio) for k, ratio in far.items()}


def _how_far(ratio: float) -> str:
    if ratio <= FLAT:
        return "flat"
    times = float(f"{max(ratio, 1 / ratio):.2g}")
    return f"{times:,.0f} times {'louder' if ratio > 1 else 'quieter'} than the others"


def _slow_steps(signal: Floats, sfreq: float) -> Floats:
    """Return the steps of means of 50 ms, in which neither mains nor drift counts, of length 1."""
    block = max(1, round(_BLOCK * sfreq))
    n_blocks = len(signal) // block
    steps = np.diff(signal[: n_blocks * block].reshape(n_blocks, block).mean(axis=1))
    limit = 5 * float(np.median(np.abs(steps)))  # a movement is not what they share
    steps = np.clip(steps - steps.mean(), -limit, limit)
    length = float(np.linalg.norm(steps))
    shared: Floats = steps / length if length else steps
    return shared


def _copies(
    signal_of: Callable[[int], Floats],
    alive: Sequence[int],
    found: Sequence[_Measured],
    electrodes: Sequence[str],
    _: float,
) -> dict[int, str]:
    """Name the electrodes whose signals are the same but for factor, offset and rounding."""
    # A few samples tell nearly all pairs apart; the others are compared as a whole.
    some = np.array([found[k].some for k in alive])
    some -= some.mean(axis=1, keepdims=True)
    spread = np.where(some.any(axis=1), some.std(axis=1), np.inf)
    some /= spread[:, np.newaxis]
    step, largest = (
        np.array([getattr(found[k], name) for k in alive]) for name in ("step", "largest")
    )
    apart = (_SPREAD * step / spread) ** 2 / 12 + 2 * (_SINGLE * largest / spread) ** 2
    alike = (some @ some.T / some.shape[1]) ** 2
    near = alike > np.maximum(_ALIKE, 1 - apart - apart[:, np.newaxis] - _SINGLE)
    same: dict[int, list[str]] = {}
    for i, j in np.argwhere(np.triu(near, k=1)):
        a, b = alive[i], alive[j]
        if _factor(found[a].some, found[b].some, found[a], found[b]) is None:
            continue  # where all drift together, most pairs end here
        factor = _factor(signal_of(a), signal_of(b), found[a], found[b])
        if factor is None or (factor < 0 and {electrodes[a], electrodes[b]} <= _EARS):
            continue
        for one, other, times in ((a, b, factor), (b, a, 1 / factor)):
            scaled = "" if abs(times - 1) < 1e-3 else f" times {times:.2g}"
            same.setdefault(one, []).append(electrodes[other] + scaled)
    return {k: SAME + " and ".join(names) for k, names in same.items()}


def _factor(one: Floats, other: Floats, a: _Measured, b: _Measured) -> float | None:
    """Return by what one signal is the other times a factor; None where it is another signal."""
    one, other = one - one.mean(), other - other.mean()
    factor = float(one @ other / (other @ other))
    apart = one - factor * other
    rounded = _ROUNDED * (a.step + abs(factor) * b.step)
    single = _SINGLE * (a.largest + abs(factor) * b.largest)
    return factor if float(np.abs(apart).max()) <= rounded + single else None
