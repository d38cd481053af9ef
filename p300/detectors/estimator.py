"""Any classifier of scikit-learn as a detector: its scores calibrated like all others."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from p300.detectors.base import Detector
from p300.detectors.splits import EpochArray, Floats, Index, cross_fitted_scores
from p300.errors import DetectorError

CROSS_FITS = 5
"""Parts of the training groups for the cross-fitted calibration."""


class EstimatorDetector(Detector):
    """A classifier or pipeline on X [epoch, electrode, time], with calibrated log-odds.

    Calibrated on scores of training epochs, each by a copy that was fitted to the other parts of
    the training groups. It can be evaluated, not stored: its weights are known to itself alone.

    Parameters
    ----------
    estimator
        Unfitted; with ``decision_function`` or ``predict_proba``.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    @property
    def name(self) -> str:  # type: ignore[override]  # follows the estimator
        """Class of the estimator, and of a pipeline's last step."""
        steps = getattr(self.estimator, "steps", None)
        names = [type(step).__name__ for _, step in steps or []]
        return "+".join(names) or type(self.estimator).__name__

    @property
    def learns_like(self) -> str:
        """The same for one estimator only: what two of them have in common is not known."""
        return f"{self.name} {id(self.estimator)}"

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Fit to all training epochs; calibrate by cross-fitting. See :meth:`Detector.fit`."""
        epochs, labels = self._take(X, y)

        def score(rest: Index, rows: Index) -> Floats:
            return _scores(clone(self.estimator).fit(epochs[rest], labels[rest]), epochs[rows])

        held_out = cross_fitted_scores(labels, groups, CROSS_FITS, score)
        self.estimator_ = clone(self.estimator).fit(epochs, labels)
        self._calibrate(*held_out)
        return self

    def _raw_scores(self, X: EpochArray) -> Floats:
        return _scores(self.estimator_, X)

    @property
    def n_parameters(self) -> None:
        """Not known."""
        return

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        raise DetectorError(
            f"{self.name}: an estimator of another library can be evaluated, but not stored; use a "
            "detector of `p300 detectors` for that"
        )

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:  # noqa: ARG002
        self._arrays()


def _scores(fitted: Any, X: EpochArray) -> Floats:
    """Return decisions, or the log-odds of probabilities, [epoch]."""
    if hasattr(fitted, "decision_function"):
        return np.asarray(fitted.decision_function(X), dtype=np.float64).reshape(len(X))
    from scipy.special import logit

    probability = np.asarray(fitted.predict_proba(X), dtype=np.float64)[:, 1]
    # Trees are sure at times: their log-odds stay finite, and in order.
    scores: Floats = logit(np.clip(probability, 1e-12, 1 - 1e-12))
    return scores


def as_detector(given: Any) -> Detector:
    """Return a detector as it is, and any other classifier as an :class:`EstimatorDetector`.

    Raises
    ------
    DetectorError
        When it cannot be fitted or gives no scores.
    """
    if isinstance(given, Detector):
        return given
    scoring = hasattr(given, "decision_function") or hasattr(given, "predict_proba")
    if isinstance(given, type) or not (hasattr(given, "fit") and scoring):
        raise DetectorError(
            f"{given!r} found, expected a detector (p300.make_detector) or an unfitted classifier "
            "of scikit-learn with decision_function or predict_proba"
        )
    return EstimatorDetector(given)
