"""Who sits in the simulated study, and the EEG that such a subject gives.

Background, alpha rhythm, drift, sensor noise, mains, blinks and the responses to flashes add up.
Every ingredient is a stationary Gaussian process of a stated spectrum, or a train of Gaussian
bumps, times a topography from :mod:`p300.recordings.simulated.head`. Volts throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p300.recordings.simulated.head import place, scalp_electrodes, topographies

Array = npt.NDArray[np.float64]

MAINS = 50.0
"""Hz."""

BLINK_WIDTH = 0.07
"""Standard deviation of a blink's bump, in seconds."""

REACH = 4.0
"""Standard deviations from its middle at which a bump ends."""

_MICROVOLT = 1e-6


@dataclass(frozen=True)
class Component:
    """One component of the evoked response, as it is in the average subject.

    Parameters
    ----------
    name
        As in the literature.
    beneath, depth
        Its dipoles point outwards (inwards where ``microvolts`` is negative) beneath these
        electrodes, at this depth in head radii.
    microvolts
        Peak of the waveform at the electrode where it is largest.
    latency, width
        Time of the peak from the flash and standard deviation of the Gaussian waveform, in seconds.
    latency_jitter, amplitude_jitter
        Standard deviations over flashes, in seconds and relative to the amplitude.
    latency_range
        Subjects' latencies lie evenly within this distance of ``latency``, in seconds.
    targets_only
        False for what every flash evokes.
    """

    name: str
    beneath: tuple[str, ...]
    depth: float
    microvolts: float
    latency: float
    width: float
    latency_jitter: float
    amplitude_jitter: float
    latency_range: float
    targets_only: bool


COMPONENTS = (
    Component("P1", ("O1", "O2"), 0.3, 1.0, 0.105, 0.016, 0.005, 0.2, 0.010, False),
    Component("N1", ("PO7", "PO8"), 0.3, -1.2, 0.165, 0.022, 0.007, 0.2, 0.015, False),
    Component("P2", ("POz",), 0.4, 1.2, 0.235, 0.030, 0.010, 0.2, 0.020, False),
    Component("N200", ("PO7", "PO8"), 0.35, -2.9, 0.215, 0.030, 0.015, 0.3, 0.040, True),
    Component("P300", ("CPz", "Pz"), 0.5, 4.5, 0.380, 0.055, 0.030, 0.4, 0.080, True),
)
"""Visual response to every flash (P1, N1, P2) and what a target adds (N200, P300).

Latencies and topographies after Krusienski et al. (2008), J Neurosci Methods 167(1):15-21, and
Polich (2007), Clin Neurophysiol 118(10):2128-2148; amplitudes, jitters and ranges are set so that
single flashes are as hard to tell apart as in real recordings, see
:mod:`p300.recordings.simulated.study`.
"""

# Subjects differ by a log-normal factor of these standard deviations (of the logarithm).
_GAIN_SPREAD = 0.25  # everything from inside the head: thickness of the skull
_COMPONENT_SPREAD = 0.20  # each component on its own
_WIDTH_SPREAD = 0.20
_NOISE_SPREAD = 0.10
# ... and their dipoles by these standard deviations, in head radii and as part of the moment.
_POSITION_SPREAD = 0.10
_DIRECTION_SPREAD = 0.25

_N_CORTICAL_DIPOLES = 300
SHARED_VARIANCE = 0.6
"""Part of the background that is equal at all electrodes; gives the correlation between distant
electrodes of recordings against one ear (Fz and Oz: .5 to .8 in BNCI Horizon 003-2015)."""


@dataclass(frozen=True, eq=False)
class Response:
    """A component in one subject: its topography [electrode] and its own timing."""

    component: Component
    topography: Array
    latency: float
    width: float
    latency_jitter: float


@dataclass(frozen=True, eq=False)
class Subject:
    """One simulated subject at the electrodes recorded.

    ``background`` [electrode, process] and ``alpha`` [electrode, process] mix independent processes
    of unit variance; ``blink`` and ``mains`` [electrode] are peak amplitudes.
    """

    responses: tuple[Response, ...]
    background: Array
    slope: float
    alpha: Array
    alpha_frequency: float
    blink: Array
    blinks_per_minute: float
    mains: Array
    drift: float


def draw_subject(
    rng: np.random.Generator,
    electrodes: Sequence[str],
    *,
    hard: bool,
    latency_spread: float = 1.0,
    shared: float = SHARED_VARIANCE,
) -> Subject:
    """Draw a subject.

    Parameters
    ----------
    rng
        The subject's own generator. All but ``mains`` is the same for any choice of electrodes.
    electrodes
        Names of the 10-05 system.
    hard
        0.65 times the amplitude of what only targets evoke and twice its latency jitter.
    latency_spread
        What the latency ranges of what only targets evoke are multiplied by.
    shared
        Part of the background's variance that is equal at all electrodes, from 0 to below 1.
    """
    gain = _MICROVOLT * _factor(rng, _GAIN_SPREAD)
    responses = tuple(
        _draw_response(rng, c, electrodes, gain, hard, latency_spread if c.targets_only else 1.0)
        for c in COMPONENTS
    )
    return Subject(
        responses=responses,
        background=7
        * gain
        * _factor(rng, _NOISE_SPREAD)
        * _cortical_mixing(rng, electrodes, shared),
        slope=rng.normal(1.7, 0.1),
        alpha=rng.uniform(3, 9) * gain * _dipole_maps(rng, ("PO3", "Oz", "PO4"), 0.3, electrodes),
        alpha_frequency=rng.normal(10.0, 0.7),
        blink=rng.uniform(80, 160)
        * _MICROVOLT
        * _dipole_maps(rng, ("Fp1", "AFz", "Fp2"), 0.3, electrodes, vary=0.3).sum(axis=1),
        blinks_per_minute=rng.uniform(3, 10),
        drift=15 * _MICROVOLT * _factor(rng, 0.4),
        mains=2 * _MICROVOLT * np.exp(rng.normal(0, 0.3, len(electrodes))),
    )


def _factor(rng: np.random.Generator, spread: float) -> float:
    return float(np.exp(rng.normal(0, spread)))


def _draw_response(
    rng: np.random.Generator,
    usual: Component,
    electrodes: Sequence[str],
    gain: float,
    hard: bool,
    latency_spread: float,
) -> Response:
    harder = hard and usual.targets_only
    amplitude = usual.microvolts * gain * _factor(rng, _COMPONENT_SPREAD) * (0.65 if harder else 1)
    return Response(
        component=usual,
        topography=amplitude
        * _dipole_maps(rng, usual.beneath, usual.depth, electrodes).sum(axis=1),
        latency=usual.latency + rng.uniform(-1, 1) * latency_spread * usual.latency_range,
        width=usual.width * _factor(rng, _WIDTH_SPREAD),
        latency_jitter=usual.latency_jitter * (2 if harder else 1),
    )


def _dipole_maps(
    rng: np.random.Generator,
    beneath: Sequence[str],
    depth: float,
    electrodes: Sequence[str],
    *,
    vary: float = 1.0,
) -> Array:
    """Draw outward dipoles beneath some electrodes; their maps add up to 1 where largest.

    Returns
    -------
    [electrode, dipole]
    """
    centres = np.array([place(name, depth) for name in beneath])
    positions = centres + rng.normal(0, vary * _POSITION_SPREAD, centres.shape)
    outward = positions / np.linalg.norm(positions, axis=1, keepdims=True)
    moments = outward + rng.normal(0, vary * _DIRECTION_SPREAD, centres.shape)
    peak = np.abs(topographies(scalp_electrodes(), positions, moments).sum(axis=1)).max()
    maps: Array = topographies(electrodes, positions, moments) / peak
    return maps


def _cortical_mixing(rng: np.random.Generator, electrodes: Sequence[str], shared: float) -> Array:
    """Mix independent processes so that they covary as the background EEG does at electrodes.

    Many cortical dipoles, and what the reference electrode adds to all. They all have one spectrum,
    so as many processes as electrodes replace them exactly: with topographies L = U S V', the
    processes U S e have the covariance L L'. Unit variance in the mean over the scalp.
    """
    outward = rng.normal(size=(_N_CORTICAL_DIPOLES, 3))
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    positions = outward * rng.uniform(0.2, 0.75, (_N_CORTICAL_DIPOLES, 1))
    moments = rng.normal(size=positions.shape)
    scalp = topographies(scalp_electrodes(), positions, moments)
    scale = np.sqrt((scalp**2).sum(axis=1).mean())
    cortex = topographies(electrodes, positions, moments) / scale * np.sqrt(1 - shared)
    equal = np.full((len(electrodes), 1), np.sqrt(shared))
    left, strength, _ = np.linalg.svd(np.hstack([cortex, equal]), full_matrices=False)
    mixing: Array = left * strength
    return mixing


def simulate_eeg(
    rng: np.random.Generator,
    subject: Subject,
    onsets: Array,
    targets: npt.NDArray[np.bool_],
    n_samples: int,
    sfreq: float,
    alpha_gain: Array | float = 1.0,
) -> Array:
    """Return the EEG of a subject while flashes are shown.

    Parameters
    ----------
    rng
        The run's own generator.
    onsets
        [flash], in seconds from the start.
    targets
        [flash]
    sfreq
        Sampling rate in Hz.
    alpha_gain
        What the alpha rhythm is multiplied by, [sample].

    Returns
    -------
    [electrode, sample], in volts
    """
    clock = (n_samples, sfreq)
    signal = ongoing_eeg(rng, subject, *clock, alpha_gain)
    signal += np.outer(subject.blink, _blinks(rng, subject.blinks_per_minute, *clock))
    if sfreq / 2 > MAINS:
        signal += mains_hum(subject, rng.uniform(0, 2 * np.pi), np.arange(n_samples), sfreq)
    for response in subject.responses:
        seen = onsets[targets] if response.component.targets_only else onsets
        signal += evoked_eeg(rng, response, seen, *clock)
    return signal


def ongoing_eeg(
    rng: np.random.Generator,
    subject: Subject,
    n_samples: int,
    sfreq: float,
    alpha_gain: Array | float = 1.0,
) -> Array:
    """Return what nothing evokes, blinks and mains left out; parameters as :func:`simulate_eeg`.

    It is stationary and Gaussian but for ``alpha_gain``, [electrode, sample].
    """
    clock = (n_samples, sfreq)
    signal = subject.background @ _process(
        rng, subject.background.shape[1], *clock, _one_over_f(subject.slope)
    )
    alpha = _process(rng, subject.alpha.shape[1], *clock, _rhythm(subject.alpha_frequency))
    signal += subject.alpha @ (alpha * alpha_gain)
    signal += subject.drift * _process(rng, len(signal), *clock, _random_drift)
    # Amplifier and skin; 0.1 uV per root Hz is 1.1 uV in the band of 120 Hz.
    signal += 0.1 * _MICROVOLT * np.sqrt(sfreq / 2) * rng.standard_normal(signal.shape)
    return signal


def mains_hum(
    subject: Subject, phase: float, samples: npt.NDArray[np.int64], sfreq: float
) -> Array:
    """Return the hum at samples of the recording, [electrode, sample]."""
    wave = np.sin(2 * np.pi * MAINS / sfreq * samples + phase)
    return np.outer(subject.mains, wave)


def _process(
    rng: np.random.Generator,
    n_processes: int,
    n_samples: int,
    sfreq: float,
    density: Callable[[Array], Array],
) -> Array:
    """Draw stationary Gaussian processes of a power spectral density (1/Hz); [process, sample]."""
    frequency = np.fft.rfftfreq(n_samples, 1 / sfreq).astype(np.float64)
    spectrum = rng.standard_normal((2, n_processes, len(frequency)))
    amplitude = np.sqrt(density(frequency) * sfreq * n_samples / 4)
    amplitude[0] = 0.0
    process: Array = np.fft.irfft((spectrum[0] + 1j * spectrum[1]) * amplitude, n=n_samples)
    return process


def _one_over_f(slope: float) -> Callable[[Array], Array]:
    """Power falling as f^-slope above a knee at 1 Hz; unit variance in 0.1-20 Hz."""

    def shape(frequency: Array) -> Array:
        return 1 / (1 + frequency**slope)

    band = np.linspace(0.1, 20, 2000)
    power = float(shape(band).mean()) * (band[-1] - band[0])
    return lambda frequency: shape(frequency) / power


def _rhythm(centre: float) -> Callable[[Array], Array]:
    """Power around one frequency, unit variance; the width makes it wax and wane in a second."""
    spread = 0.5
    return lambda frequency: (
        np.exp(-0.5 * ((frequency - centre) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    )


def _random_drift(frequency: Array) -> Array:
    """Electrode potentials that wander over a minute: corner at 0.02 Hz, unit variance."""
    corner = 0.02
    # The integral of 1 / (1 + x^3) from 0 to infinity is 2 pi / (3 sqrt 3).
    density: Array = 3 * np.sqrt(3) / (2 * np.pi * corner) / (1 + (frequency / corner) ** 3)
    return density


def _blinks(rng: np.random.Generator, per_minute: float, n_samples: int, sfreq: float) -> Array:
    seconds = n_samples / sfreq
    times = rng.uniform(0, seconds, rng.poisson(per_minute * seconds / 60))
    return blink_train(rng, times, n_samples, sfreq)


def blink_train(rng: np.random.Generator, times: Array, n_samples: int, sfreq: float) -> Array:
    """Return what blinks at some times (s) do where they are largest, in the mean 1, [sample]."""
    heights = rng.lognormal(0, 0.2, len(times))
    return _bumps(times, heights, BLINK_WIDTH, n_samples, sfreq)


def evoked_eeg(
    rng: np.random.Generator, response: Response, onsets: Array, n_samples: int, sfreq: float
) -> Array:
    """Return a component at the electrodes, [electrode, sample]; successive responses add up."""
    times = onsets + rng.normal(response.latency, response.latency_jitter, len(onsets))
    heights = rng.normal(1, response.component.amplitude_jitter, len(onsets))
    train = _bumps(times, heights, response.width, n_samples, sfreq)
    return np.outer(response.topography, train)


def _bumps(times: Array, heights: Array, width: float, n_samples: int, sfreq: float) -> Array:
    """Add up Gaussians of given peak times (s), heights and standard deviation (s); [sample]."""
    reach = int(np.ceil(REACH * width * sfreq))
    samples = np.round(times * sfreq).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
    values = heights[:, None] * np.exp(-0.5 * ((samples / sfreq - times[:, None]) / width) ** 2)
    inside = (samples >= 0) & (samples < n_samples)
    train = np.zeros(n_samples)
    np.add.at(train, samples[inside], values[inside])
    return train
