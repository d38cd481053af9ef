"""What must be known to use an exported detector without this package, JSON-ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from p300.detectors.catalogue import DETECTORS
from p300.detectors.registry import resolved_parameters
from p300.detectors.sharing.graph import EPOCHS, IR_VERSION, LOG_ODDS, MIXING, OPSET
from p300.signal.alignment import Alignment
from p300.signal.filters import butterworth_sections, realised_band

if TYPE_CHECKING:
    from p300.detectors.storage import StoredDetector
    from p300.signal.preprocessing import Preprocessing

FORMAT = 1

ALIGNED_BY = {
    "euclidean": "R is the average of the epochs' covariances, each divided by its size against "
    "the average (Tyler's estimator)",
    "riemannian": "R is the geometric mean of the epochs' covariances",
    "scaling": "R is diagonal: the median variance of each electrode over epochs",
}

KNOWN_BY = {
    "offline": "of all epochs of the recording session",
    "prefix": "of the epochs of the session's first {characters} characters",
    "running": "of the session's epochs so far, this one among them",
}


def describe_export(stored: StoredDetector, adaptation: str | None) -> dict[str, Any]:
    """Return what a graph reads and gives, and what must come before it.

    Parameters
    ----------
    stored
        The detector.
    adaptation
        Name of the adaptation that is stored with it and is no part of the graph, if any.
    """
    detector, settings = stored.detector, stored.settings
    info, n_samples = DETECTORS.get(detector.name), detector.input_shape_[1]
    calibration = detector.calibration_
    return {
        "format": FORMAT,
        "detector": {
            "name": detector.name,
            "title": info.title if info else None,
            "citation": info.citation if info else None,
            "parameters": resolved_parameters(detector),
        },
        "inputs": _inputs(stored),
        "output": {
            LOG_ODDS: {
                "shape": ["as many as epochs"],
                "type": "float32",
                "holds": "calibrated log-odds of a target, natural logarithm",
            }
        },
        "classes": {"0": "non-target", "1": "target"},
        "threshold": detector.threshold_,
        "electrodes": list(stored.electrodes),
        "positions": {name: list(place) for name, place in stored.positions.items()},
        "reference": settings.reference,
        "sfreq": stored.sfreq,
        "filter": describe_filter(settings, stored.sfreq),
        "window": {
            "tmin": settings.tmin,
            "tmax": settings.tmax,
            "first_sample": round(settings.tmin * stored.sfreq),
            "n_samples": n_samples,
            "holds": "seconds from the flash; samples from the flash at sfreq, the first included",
        },
        "normaliser": {"name": settings.normaliser, "in_graph": True},
        "alignment": describe_alignment(stored.alignment),
        "adaptation": None if adaptation is None else {"name": adaptation, "in_graph": False},
        "calibration": {
            "slope": calibration.slope,
            "intercept": calibration.intercept,
            "in_graph": True,
        },
        "opset": OPSET,
        "ir_version": IR_VERSION,
    }


def _inputs(stored: StoredDetector) -> dict[str, Any]:
    n_electrodes, n_samples = stored.detector.input_shape_
    inputs: dict[str, Any] = {
        EPOCHS: {
            "shape": ["any number", n_electrodes, n_samples],
            "axes": ["epoch", "electrode", "time"],
            "type": "float32",
            "unit": "V",
            "holds": "filtered and cut, neither normalised nor aligned",
        }
    }
    if stored.alignment.changes_epochs:
        inputs[MIXING] = {
            "shape": [n_electrodes, n_electrodes],
            "axes": ["electrode after", "electrode before"],
            "type": "float32",
            "holds": "the matrix of the alignment",
        }
    return inputs


def describe_alignment(alignment: Alignment) -> dict[str, Any] | None:
    """Return how the matrix that a graph takes follows from a person's epochs; None without."""
    if not alignment.changes_epochs:
        return None
    known = KNOWN_BY[alignment.mode].format(characters=alignment.characters)
    return {
        "method": alignment.method,
        "mode": alignment.mode,
        "characters": alignment.characters,
        "in_graph": False,
        "input": MIXING,
        "needs": f"the reference covariance R {known}, after the normaliser; no labels",
        "matrix": "D^-1/2 is the inverse of the electrodes' standard deviations in R, C = D^-1/2 R "
        f"D^-1/2; the matrix is C^-1/2 D^-1/2. {ALIGNED_BY[alignment.method]}",
        "computed_by": "p300.signal.alignment: whitener(reference(epoch_covariances(X), n_samples, "
        "method))",
    }


def describe_filter(settings: Preprocessing, sfreq: float) -> dict[str, Any]:
    """Return the filter of the continuous signal.

    Parameters
    ----------
    settings
        Of the preprocessing.
    sfreq
        Of the epochs, in Hz.
    """
    after = settings.order == "subsample_first"
    about: dict[str, Any] = {
        "design": settings.filter,
        "order": settings.filter_order if settings.filter == "butterworth" else None,
        "low": settings.low,
        "high": settings.high,
        "phase": settings.phase,
        "passes": "forwards and backwards" if settings.phase == "zero" else "forwards",
        "online": settings.phase == "causal",
        "steps": settings.order,
        "anti_alias": {
            "design": "Chebyshev I, order 8, 0.05 dB ripple, where the recording's rate is higher",
            "edge": 0.4 * sfreq,
            "phase": settings.phase,
        },
        # Filtered first, a recording is filtered at its own rate, which others need not have.
        "sfreq": sfreq if after else None,
        "sections": None,
        "minus_3_db": list(realised_band(settings, sfreq)) if after else None,
    }
    if settings.filter == "butterworth" and after:
        sections = butterworth_sections(
            sfreq, settings.low, settings.high, settings.filter_order, settings.phase
        )
        about["sections"] = sections.tolist()
    elif settings.filter == "butterworth":
        about["minus_3_db"] = [settings.low, settings.high]  # by its design, at any rate
    return about
