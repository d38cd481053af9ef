"""Fine-tuning: all weights of a network go on learning from a few labelled characters."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, ClassVar

from p300.adaptation.base import FoldEpochs, Scored
from p300.adaptation.ways.none import NoAdaptation

if TYPE_CHECKING:
    from p300.detectors.base import Detector


class FineTuned(NoAdaptation):
    """Learn from the training subjects, then with all weights from the calibration characters."""

    name = "fine_tuned"
    about = (
        "All its weights go on learning from the labelled calibration characters; under protocols "
        "without any it stays as it is."
    )
    references: ClassVar[tuple[str, ...]] = ("yosinski2014",)

    def score(self, learned: Detector, fold: FoldEpochs) -> Scored:
        """Score with a copy of the detector that has learned from the calibration characters."""
        if fold.calibration is not None and len(fold.calibration):
            calibration = fold.calibration
            learned = copy.deepcopy(learned).fine_tune(calibration.X, calibration.y)
        return super().score(learned, fold)
