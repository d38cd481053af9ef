"""Self-calibration: the last layer adapts without labels, because one symbol is attended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from p300.adaptation.base import Adaptation, FoldEpochs, Scored
from p300.adaptation.readout import Floats
from p300.adaptation.transfer import (
    MOST_SUBJECTS,
    Transfer,
    learn_transfer,
)
from p300.errors import ProtocolError
from p300.ranges import Group
from p300.recordings.layout import Layout
from p300.signal.epochs import Epochs

if TYPE_CHECKING:
    from p300.detectors.base import Detector


def layout_of(fold: FoldEpochs) -> Layout:
    """Return the layout that :meth:`~p300.adaptation.base.Adaptation.check` has seen."""
    if fold.layout is None:
        raise ProtocolError("flash codes without a layout; name it with the source's option layout")
    return fold.layout


class SelfCalibrated(Adaptation[Transfer]):
    """Adapt the last layer to unlabelled flashes of the tested subject.

    Under a protocol with calibration characters to these, else to the characters before the one
    that is scored.

    Parameters
    ----------
    subjects
        How many training subjects, drawn by the fold's seed, are treated as new ones to choose how
        much the others count; ``all``, or a number from three.
    """

    name = "self_calibrated"
    about = (
        "Self-calibration: its last layer adapts without labels to the tested subject's flashes, "
        "because only one symbol a character is attended; under few_shot to the calibration "
        "characters, else to those before the one that is scored."
    )
    references: ClassVar[tuple[str, ...]] = ("kindermans2012", "kindermans2014")
    needs_codes = True

    def __init__(self, *, subjects: Group | Literal["all"] = MOST_SUBJECTS) -> None:
        self.subjects = subjects

    def learn(self, detector: Detector, fold: FoldEpochs) -> Transfer:
        """Return the detector and how to adapt it, both from the training subjects."""
        return learn_transfer(
            detector,
            fold.train,
            layout_of(fold),
            fold.validation,
            seed=fold.seed,
            most=None if self.subjects == "all" else self.subjects,
        )

    def score(self, learned: Transfer, fold: FoldEpochs) -> Scored:
        """Score after, or while, adapting."""
        about: dict[str, Any] = {"strength": asdict(learned.strength)}
        if not len(fold.test):
            return self._scored(learned, fold, np.empty(0), about)
        if fold.calibration is None:
            followed = learned.score_prequentially(fold.test, layout_of(fold))
            about["fell_back"] = [list(session.fell_back) for session in followed.sessions]
            return self._scored(learned, fold, followed.scores, about, followed.post_hoc)
        readout: Callable[[Floats], Floats] = learned.readout
        if len(fold.calibration):
            readout = self._adapt(learned, fold.calibration, layout_of(fold))
        return self._scored(learned, fold, learned.score(readout, fold.test), about)

    def _adapt(
        self, learned: Transfer, calibration: Epochs, layout: Layout
    ) -> Callable[[Floats], Floats]:
        """Return the readout after the calibration characters."""
        return learned.self_calibrated(calibration, layout)

    def _scored(
        self,
        learned: Transfer,
        fold: FoldEpochs,
        scores: Floats,
        about: dict[str, Any],
        post_hoc: Floats | None = None,
    ) -> Scored:
        return Scored(
            detector=learned.detector,
            train=fold.train,
            validation=fold.validation,
            scores=scores,
            training_scores=learned.training_scores,
            post_hoc=post_hoc,
            about=about,
        )
