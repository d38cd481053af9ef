"""Labelled calibration: the last layer adapts to a few characters whose targets are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from p300.adaptation.readout import Floats
from p300.adaptation.transfer import Transfer
from p300.adaptation.ways.self_calibrated import SelfCalibrated
from p300.recordings.layout import Layout
from p300.signal.epochs import Epochs


class Labelled(SelfCalibrated):
    """Adapt the last layer to labelled characters; what is learned of others is the same."""

    name = "labelled"
    about = "Its last layer adapts to the labelled calibration characters."
    references: ClassVar[tuple[str, ...]] = ()
    needs_labels = True

    def _adapt(
        self,
        learned: Transfer,
        calibration: Epochs,
        layout: Layout,  # noqa: ARG002
    ) -> Callable[[Floats], Floats]:
        return learned.calibrated(calibration)
