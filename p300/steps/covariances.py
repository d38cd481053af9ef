"""Covariances of epochs, as ``xdawn_ts`` and ``erpcov_mdm`` read them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from p300.detectors.linear.xdawn import response_covariances, target_response
from p300.detectors.splits import Floats, check_training_data
from p300.steps.base import LabelledStep, Signals


class Covariances(LabelledStep):
    """Covariances of each epoch, or of it and the target response: [epoch, signal, signal].

    Barachant & Congedo, arXiv:1409.0107, 2014; see
    :func:`p300.detectors.linear.xdawn.response_covariances`.

    Parameters
    ----------
    response
        Whether the mean target epoch is stacked upon each, which doubles the signals. It is scaled
        to the variance of single epochs.
    shrunk
        Whether covariances are shrunk, by oracle approximation (OAS).

    Attributes
    ----------
    response_ : [signal, time], of no signals without ``response``
    """

    def __init__(self, response: bool = True, shrunk: bool = True) -> None:
        self.response = response
        self.shrunk = shrunk

    def _learn(self, X: Signals, y: npt.ArrayLike | None) -> None:
        self.response_: Floats = np.empty((0, X.shape[2]))
        if self.response:
            _, labels = check_training_data(X, () if y is None else y)
            self.response_ = target_response(X, labels)
        response_covariances(X[:1], self.response_)  # too few samples are told now

    def _transformed(self, X: Signals) -> Floats:
        return response_covariances(X, self.response_, shrink=self.shrunk)
