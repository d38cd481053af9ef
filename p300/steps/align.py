"""Alignment of one domain by its own epochs, as it is recorded or at once."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from p300.detectors.splits import check_epochs
from p300.errors import DetectorError
from p300.signal.running_alignment import Running
from p300.steps.base import Signals, Step


class Align(Step):
    """Mix the electrodes of a domain so that its epochs have covariance one, on the whole.

    A domain is one session of one subject: fit one on each, never on several together (experiments
    do it by themselves, with the key ``alignment``). Labels are not used.
    :meth:`fit` takes all of its epochs. :meth:`partial_fit` follows it as it is recorded: epochs
    given one by one, each before it is transformed, become what ``mode: running`` makes of
    them (:class:`p300.signal.alignment.Alignment`).

    Parameters
    ----------
    method
        As of :class:`p300.signal.alignment.Alignment`.

    Attributes
    ----------
    mixing_ : [electrode, electrode]
    """

    def __init__(self, method: Literal["euclidean", "riemannian", "scaling"] = "euclidean") -> None:
        self.method = method

    def _learn(self, X: Signals, y: npt.ArrayLike | None) -> None:  # noqa: ARG002
        self._running = Running(self.method, X.astype(np.float32, copy=False))
        self.mixing_ = self._running.mixing

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Self:  # noqa: ARG002
        """Learn from the epochs that come next, in the order of time.

        What they are mixed by is good until there are a tenth more of them.

        Parameters
        ----------
        X
            [epoch, electrode, time].
        y
            Not used.

        Raises
        ------
        DetectorError
            As :meth:`fit`, or when the epochs are of another size than those before.
        """
        if not hasattr(self, "_running"):
            self._take(X)
            self._running = Running(self.method)
        epochs = check_epochs(X)
        if epochs.shape[1:] != self.input_shape_:
            raise DetectorError(
                f"epochs of {epochs.shape[1:]} (electrodes, samples) found, those before had "
                f"{self.input_shape_}"
            )
        for epoch in epochs:
            self._running.see(epoch[None])
        self.mixing_ = self._running.mixing
        return self

    def _transformed(self, X: Signals) -> npt.NDArray[np.floating]:
        aligned: npt.NDArray[np.floating] = self.mixing_ @ X
        return aligned
