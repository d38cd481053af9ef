"""From scratch: the calibration characters alone, as if there were no other subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p300.adaptation.base import Adaptation, FoldEpochs, Scored, score_epochs
from p300.detectors.splits import FEWEST_GROUPS
from p300.errors import ProtocolError
from p300.signal.parts import part_of

if TYPE_CHECKING:
    from p300.detectors.base import Detector


class FromScratch(Adaptation["Detector"]):
    """Learn from the labelled calibration characters only."""

    name = "from_scratch"
    about = "It learns from the labelled calibration characters alone."
    needs_labels = True
    fewest_characters = FEWEST_GROUPS

    def learn(self, detector: Detector, fold: FoldEpochs) -> Detector:  # noqa: ARG002
        """Return the detector unfitted: nothing is learned from the training subjects."""
        return detector

    def score(self, learned: Detector, fold: FoldEpochs) -> Scored:
        """Score with a detector that is fitted to the calibration characters."""
        from sklearn.base import clone

        if fold.calibration is None:
            raise ProtocolError(f"adaptation {self.name!r} without calibration characters")
        detector, own = clone(learned), part_of(fold.calibration)
        detector.fit_part(own, "character")
        return Scored(detector, own, "character", score_epochs(detector, fold.test))
