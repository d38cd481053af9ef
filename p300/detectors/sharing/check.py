"""Whether an ONNX graph gives what the detector gives, by onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from p300.detectors.base import Detector
from p300.detectors.sharing.graph import EPOCHS, LOG_ODDS, MIXING
from p300.detectors.storage import StoredDetector
from p300.errors import DetectorError
from p300.signal.domain_covariance import epoch_covariances, reference, whitener
from p300.signal.epoch_arrays import zscored

MOST_APART = 1e-4
"""Log-odds that graph and detector may differ by; beyond 1 in size, that share of them."""

VOLTS = 1e-5
"""Standard deviation of EEG."""

SIZES = (1, 2, 37)
"""Epochs at once: the first axis is free."""

Epochs = npt.NDArray[np.float32]


def largest_difference(model: Any, stored: StoredDetector) -> float:
    """Compare a graph with the detector that it was made of, on noise and on simulated responses.

    Parameters
    ----------
    model
        An ``onnx.ModelProto``.
    stored
        The detector.

    Returns
    -------
    The largest difference of log-odds, those above 1 in size divided by it.

    Raises
    ------
    DetectorError
        When it is above :data:`MOST_APART`, or onnxruntime does not take the graph.
    """
    import onnxruntime

    detector = stored.detector
    normalised = stored.settings.normaliser != "none"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        largest = 0.0
        for X in tried_epochs(detector, VOLTS if normalised else amplitude(detector)):
            read = zscored(X)[0] if normalised else X
            given = {EPOCHS: X}
            if stored.alignment.changes_epochs:
                given[MIXING] = mixing_of(read, stored.alignment.method)
                read = given[MIXING] @ read
            expected = detector.decision_function(read)
            found = np.asarray(session.run([LOG_ODDS], given)[0], dtype=np.float64)
            if found.shape != expected.shape:
                raise _differs(detector, f"scores of shape {found.shape} of {len(X)} epochs")
            apart = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
            largest = max(largest, float(np.nan_to_num(apart, nan=np.inf).max()))
    except _errors() as error:
        raise _differs(detector, f"onnxruntime: {str(error)[:300]}") from error
    if largest > MOST_APART:
        slope = detector.calibration_.slope
        raise _differs(
            detector,
            f"log-odds that are off by {largest:.2g}, with scores that it multiplies by "
            f"{slope:.2g}",
        )
    return largest


def tried_epochs(detector: Detector, size: float) -> Iterator[Epochs]:
    """Yield noise, then simulated epochs, [epoch, electrode, time]: some at once, then others.

    Parameters
    ----------
    detector
        Fitted.
    size
        Standard deviation.
    """
    rng = np.random.default_rng(2011)
    n_electrodes, n_times = detector.input_shape_
    response = np.exp(-0.5 * ((np.arange(n_times) / n_times - 0.46) / 0.1) ** 2)
    topography = rng.uniform(0.2, 1.0, n_electrodes)[:, None]
    for n in SIZES:
        noise = rng.standard_normal((n, n_electrodes, n_times))
        yield (size * noise).astype(np.float32)
        shared = rng.standard_normal((n, 1, n_times))
        slow = np.cumsum(noise + shared, axis=2) / np.sqrt(n_times)  # as the spectrum of EEG falls
        target = (np.arange(n) % 6 == 0)[:, None, None]
        simulated = slow + 0.5 * noise + target * topography * response
        simulated[-1, 0] = 1.0  # an electrode that does not vary
        yield (size * simulated).astype(np.float32)


def amplitude(detector: Detector) -> float:
    """Return the size of epochs at which a detector's log-odds vary, whatever their unit.

    Epochs that are too small for its unit would all score alike, and hide any difference.
    """
    shape = (16, *detector.input_shape_)
    noise = np.random.default_rng(7).standard_normal(shape, dtype=np.float32)
    sizes = [10.0**power for power in range(-7, 3)]
    varied = (
        size
        for size in sizes
        if detector.decision_function((size * noise).astype(np.float32)).std() > 0.3
    )
    return next(varied, VOLTS)


def mixing_of(X: Epochs, method: str) -> npt.NDArray[np.float32]:
    """Return the matrix by which an alignment mixes epochs that it knows all of."""
    mixing: npt.NDArray[np.float32] = whitener(
        reference(epoch_covariances(X), X.shape[2], method)
    ).astype(np.float32)
    return mixing


def _errors() -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises: classes that have no base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    named = [kind for kind in vars(state).values() if isinstance(kind, type)]
    return (RuntimeError, *(kind for kind in named if issubclass(kind, Exception)))


def _differs(detector: Detector, found: str) -> DetectorError:
    return DetectorError(
        f"{detector.name}: the ONNX graph does not give what the detector gives ({found} found, "
        f"expected at most {MOST_APART:g} between them); nothing was written. A detector that "
        "hardly tells epochs apart multiplies its rounding: train it longer. Else report it with "
        "the versions of onnx and onnxruntime, and use the detector by p300.load_detector"
    )
