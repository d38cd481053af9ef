"""What a detector looks at: where on the scalp, at which frequencies, when after the flash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from p300.detectors.splits import Floats
from p300.signal.parts import Part

if TYPE_CHECKING:
    from p300.detectors.base import Detector

GRADIENT_BATCH = 512
"""Epochs whose gradients are in memory at once."""

N_FFT = 128
"""Samples that kernels are padded to with zeros for their frequency response."""


def spatial_patterns(filters: Floats, part: Part, recorded: Part | None = None) -> Floats:
    """Return the scalp pattern of the activity that each spatial filter extracts.

    Pattern = covariance of the electrodes times filter (Haufe et al., NeuroImage 87:96-110, 2014,
    eq. 7 up to the scale of each pattern): a filter's weights alone do not show where its signal
    comes from.

    Parameters
    ----------
    filters
        [filter, electrode].
    part
        The epochs that the filters were learned from.
    recorded
        The same before they were aligned, where they were.

    Returns
    -------
    [filter, electrode]
    """
    n, (_, n_electrodes, _) = part.shape[0] * part.shape[2], part.shape
    products, sums = np.zeros((n_electrodes, n_electrodes)), np.zeros((2, n_electrodes))
    seen = part if recorded is None else recorded
    for (_, X), (_, before) in zip(part.blocks(), seen.blocks(), strict=True):
        a, b = (
            epochs.transpose(1, 0, 2).reshape(n_electrodes, -1).astype(np.float64)
            for epochs in (X, before)
        )
        products += a @ b.T
        sums += a.sum(axis=1), b.sum(axis=1)
    covariance = (products - np.outer(*sums) / n) / (n - 1)
    patterns: Floats = filters @ covariance
    return patterns


def frequency_response(kernels: Floats, sfreq: float) -> tuple[Floats, Floats]:
    """Return the gain of temporal kernels by frequency.

    Parameters
    ----------
    kernels
        [..., time].
    sfreq
        Rate of the signal that they read, in Hz.

    Returns
    -------
    Frequencies in Hz, [frequency], and gains, [..., frequency].
    """
    frequencies: Floats = np.fft.rfftfreq(N_FFT, 1 / sfreq).astype(np.float64)
    gain: Floats = np.abs(np.fft.rfft(kernels, N_FFT))
    return frequencies, gain


def saliency(detector: Detector, part: Part) -> Floats | None:
    """Return what a small rise of each sample adds to the log-odds, averaged over target epochs.

    Parameters
    ----------
    detector
        Fitted.
    part
        Labelled epochs.

    Returns
    -------
    Mean gradient, [electrode, time], in log-odds per unit of X; None for a detector that gives
    no gradients.
    """
    targets = np.flatnonzero(part.y == 1)
    total = np.zeros(part.shape[1:])
    for start in range(0, len(targets), GRADIENT_BATCH):
        gradients = detector.input_gradients(part.select(targets[start : start + GRADIENT_BATCH]).X)
        if gradients is None:
            return None
        total += gradients.sum(axis=0)
    return total / len(targets)


def inspect_detector(
    detector: Detector,
    part: Part,
    sfreq: float,
    recorded: Part | None = None,
) -> dict[str, Any]:
    """Return all that shows what a detector looks at, JSON-ready.

    Parameters
    ----------
    detector
        Fitted.
    part
        Its training epochs, labelled.
    sfreq
        Their rate in Hz.
    recorded
        The same before they were aligned, where they were; patterns on the scalp are those of what
        was recorded.

    Returns
    -------
    ``spatial_filters`` and ``spatial_patterns`` [filter, electrode], ``temporal_kernels``
    [filter, map, time], ``saliency`` [electrode, time], each None where the detector has no such
    thing, and ``sfreq``. Numbers have five digits.
    """
    filters, patterns = detector.spatial_filters(), None
    if filters is not None:
        patterns = spatial_patterns(filters, part, recorded)
    found = {
        "spatial_filters": filters,
        "spatial_patterns": patterns,
        "temporal_kernels": detector.temporal_kernels(),
        "saliency": saliency(detector, part),
    }
    return {"sfreq": sfreq} | {key: _short_lists(array) for key, array in found.items()}


def _short_lists(array: Floats | None) -> Any:
    return None if array is None else np.char.mod("%.5g", array).astype(float).tolist()
