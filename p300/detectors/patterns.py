"""What a detector looks at: where on the scalp, at which frequencies, when after the flash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.detectors.splits import EpochArray, Floats
from p300.signal.epoch_arrays import blocks

if TYPE_CHECKING:
    from p300.detectors.base import Detector

GRADIENT_BATCH = 512
"""Epochs whose gradients are in memory at once."""

N_FFT = 128
"""Samples that kernels are padded to with zeros for their frequency response."""


def spatial_patterns(filters: Floats, X: EpochArray, recorded: EpochArray | None = None) -> Floats:
    """Return the scalp pattern of the activity that each spatial filter extracts.

    Pattern = covariance of the electrodes times filter (Haufe et al., NeuroImage 87:96-110, 2014,
    eq. 7 up to the scale of each pattern): a filter's weights alone do not show where its signal
    comes from.

    Parameters
    ----------
    filters
        [filter, electrode].
    X
        The epochs that the filters were learned from, [epoch, electrode, time].
    recorded
        The same before they were aligned, where they were.

    Returns
    -------
    [filter, electrode]
    """
    seen = X if recorded is None else recorded
    n = X.shape[0] * X.shape[2]
    products = np.zeros((X.shape[1], X.shape[1]))
    sums = np.zeros((2, X.shape[1]))
    for block in blocks(X):
        a, b = (
            windows[block].transpose(1, 0, 2).reshape(X.shape[1], -1).astype(np.float64)
            for windows in (X, seen)
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


def saliency(detector: Detector, X: EpochArray, y: npt.ArrayLike) -> Floats | None:
    """Return what a small rise of each sample adds to the log-odds, averaged over target epochs.

    Parameters
    ----------
    detector
        Fitted.
    X
        [epoch, electrode, time].
    y
        1 for a target, 0 for a non-target, [epoch].

    Returns
    -------
    Mean gradient, [electrode, time], in log-odds per unit of X; None for a detector that gives
    no gradients.
    """
    targets = np.flatnonzero(np.asarray(y) == 1)
    total = np.zeros(X.shape[1:])
    for start in range(0, len(targets), GRADIENT_BATCH):
        gradients = detector.input_gradients(X[targets[start : start + GRADIENT_BATCH]])
        if gradients is None:
            return None
        total += gradients.sum(axis=0)
    return total / len(targets)


def inspect_detector(
    detector: Detector,
    X: EpochArray,
    y: npt.ArrayLike,
    sfreq: float,
    recorded: EpochArray | None = None,
) -> dict[str, Any]:
    """Return all that shows what a detector looks at, JSON-ready.

    Parameters
    ----------
    detector
        Fitted.
    X, y
        Its training epochs, [epoch, electrode, time], and their labels.
    sfreq
        Rate of X in Hz.
    recorded
        X before it was aligned, where it was; patterns on the scalp are those of what was recorded.

    Returns
    -------
    ``spatial_filters`` and ``spatial_patterns`` [filter, electrode], ``temporal_kernels``
    [filter, map, time], ``saliency`` [electrode, time], each None where the detector has no such
    thing, and ``sfreq``. Numbers have five digits.
    """
    filters = detector.spatial_filters()
    found = {
        "spatial_filters": filters,
        "spatial_patterns": None if filters is None else spatial_patterns(filters, X, recorded),
        "temporal_kernels": detector.temporal_kernels(),
        "saliency": saliency(detector, X, y),
    }
    return {"sfreq": sfreq} | {key: _short_lists(array) for key, array in found.items()}


def _short_lists(array: Floats | None) -> Any:
    return None if array is None else np.char.mod("%.5g", array).astype(float).tolist()
