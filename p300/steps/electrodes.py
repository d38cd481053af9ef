"""Named electrodes of X."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from p300.detectors.meta.electrode_choice import named_electrodes
from p300.ranges import Names
from p300.steps.base import Signals, Step


class PickElectrodes(Step):
    """Take named electrodes, in the order of the names: [epoch, electrode, time].

    Parameters
    ----------
    picks
        Their names.
    electrodes
        Names of the electrodes of X. In a config each fold tells them.

    Attributes
    ----------
    picked_ : rows of X
    """

    def __init__(self, picks: Names, electrodes: Names | None = None) -> None:
        self.picks = picks
        self.electrodes = electrodes

    def _learn(self, X: Signals, y: npt.ArrayLike | None) -> None:  # noqa: ARG002
        self.picked_ = named_electrodes(self.picks, self.electrodes, X.shape[1])

    def _transformed(self, X: Signals) -> npt.NDArray[np.floating]:
        return X[:, self.picked_]
