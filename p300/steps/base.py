"""What all steps share: the contract of a transformer on X [epoch, electrode, time]."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from p300.arguments import check_arguments
from p300.detectors.splits import check_epochs
from p300.errors import DetectorError

Signals = npt.NDArray[np.floating]
"""[epoch, electrode or signal, time], of float32 or float64."""


def _checked(X: npt.ArrayLike) -> Signals:
    """Check epochs; those of float64, which a step before may have made, stay that."""
    given = np.asarray(X)
    epochs: Signals = check_epochs(given)
    return given if given.dtype == np.float64 else epochs


class Step(TransformerMixin, BaseEstimator, ABC):
    """A transformer of epochs.

    Attributes
    ----------
    input_shape_ : number of electrodes (or signals) and of samples
    """

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Self:
        """Learn from epochs.

        Parameters
        ----------
        X
            [epoch, electrode, time].
        y
            1 for a target, 0 for a non-target, or two names, [epoch]; for those that learn of it.

        Raises
        ------
        DetectorError
            A parameter out of range, wrong shapes, NaN, epochs that the step cannot take.
        """
        self._learn(self._take(X), y)
        return self

    def transform(self, X: npt.ArrayLike) -> npt.NDArray[np.floating]:
        """Return what the step makes of epochs, the epoch being the first axis.

        Raises
        ------
        DetectorError
            When X has another number of electrodes or samples than the epochs of the fit.
        """
        check_is_fitted(self, "input_shape_")
        epochs = _checked(X)
        if epochs.shape[1:] != self.input_shape_:
            raise DetectorError(
                f"epochs of {epochs.shape[1]} electrodes x {epochs.shape[2]} samples found, "
                f"{type(self).__name__} was fitted on {self.input_shape_[0]} x "
                f"{self.input_shape_[1]}"
            )
        return self._transformed(epochs)

    @abstractmethod
    def _learn(self, X: Signals, y: npt.ArrayLike | None) -> None:
        """Learn from checked epochs."""

    @abstractmethod
    def _transformed(self, X: Signals) -> npt.NDArray[np.floating]:
        """Transform checked epochs."""

    def _take(self, X: npt.ArrayLike) -> Signals:
        """Check parameters and epochs; note the epochs' size."""
        kind = type(self)
        given = self.get_params(deep=False)
        check_arguments(kind, given, where=kind.__name__, error=DetectorError)
        epochs = _checked(X)
        self.input_shape_ = (epochs.shape[1], epochs.shape[2])
        return epochs

    def __sklearn_tags__(self) -> Any:
        """Describe scikit-learn that X has three axes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


class LabelledStep(Step):
    """A step that learns of labels."""

    def __sklearn_tags__(self) -> Any:
        """Describe scikit-learn that labels are needed."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
