"""No adaptation: the detector scores the tested subject as it was learned from other subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p300.adaptation.base import Adaptation, FoldEpochs, Scored, score_epochs

if TYPE_CHECKING:
    from p300.detectors.base import Detector


class NoAdaptation(Adaptation["Detector"]):
    """Learn from the training subjects only."""

    name = "none"
    about = ""
    fits_plainly = True

    def learn(self, detector: Detector, fold: FoldEpochs) -> Detector:
        """Return the detector, fitted to the training epochs."""
        return detector.fit_part(fold.train, fold.validation)

    def score(self, learned: Detector, fold: FoldEpochs) -> Scored:
        """Score with the detector as it is."""
        scores = score_epochs(learned, fold.test)
        return Scored(learned, fold.train, fold.validation, scores)
