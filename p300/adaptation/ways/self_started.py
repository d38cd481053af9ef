"""A start from nobody's data: the tested person's own flashes, without labels, and no others'."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from p300.adaptation.base import Adaptation, FoldEpochs, Scored, score_epochs
from p300.adaptation.coded_flashes import Flashes, Index, gather_flashes
from p300.adaptation.readout import Floats
from p300.adaptation.self_start import Started, score_from_nothing, start, target_share
from p300.adaptation.transfer import read_features
from p300.adaptation.ways.self_calibrated import layout_of
from p300.detectors.calibration import finite_scores
from p300.errors import ProtocolError
from p300.recordings.layout import lit_symbols
from p300.signal.parts import Part, part_of

if TYPE_CHECKING:
    from p300.detectors.base import Detector
    from p300.recordings.layout import Layout


class SelfStarted(Adaptation["Detector"]):
    """Learn from unlabelled flashes of the tested subject only.

    Under a protocol with calibration characters from these, else from the characters before the one
    that is scored, of the tested epochs: the first one is not known yet, and all its flashes score
    alike.
    """

    name = "self_started"
    about = (
        "It starts from nobody's data and learns without labels from the tested subject's flashes "
        "alone, because only one symbol a character is attended; under few_shot from the "
        "calibration characters, else from those before the one that is scored."
    )
    needs_codes = True
    fewest_characters = 1

    def learn(self, detector: Detector, fold: FoldEpochs) -> Detector:
        """Return a detector to which all epochs are alike: no training subject teaches it."""
        return detector.take_readout(
            fold.train.shape[1:], target_share(lit_symbols(layout_of(fold)))
        )

    def score(self, learned: Detector, fold: FoldEpochs) -> Scored:
        """Score by what the subject's own flashes have taught so far."""
        if not len(fold.test):
            raise ProtocolError(
                f"adaptation {self.name!r} learns nothing before somebody is recorded, so there is "
                "no detector to store; train one with self_calibrated"
            )
        layout = layout_of(fold)
        if fold.calibration is None:
            scores, last = _follow(learned, part_of(fold.test), layout)
            detector = _reading(learned, last)
        else:
            flashes, _ = _gathered(learned, part_of(fold.calibration), layout)
            detector = _reading(learned, start(flashes, learned.structure()))
            scores = score_epochs(detector, fold.test)
        # Who trains has taught nothing, and so can tell a speller how far to trust such scores.
        training_scores, _ = _follow(learned, fold.train, layout)
        return Scored(detector, fold.train, fold.validation, scores, training_scores)


def _follow(learned: Detector, epochs: Part, layout: Layout) -> tuple[Floats, Started]:
    """Score subjects, each from nothing on; return what is known of the last one at the end."""
    scores, subjects = np.empty(len(epochs)), epochs.units("subject")
    for subject in np.unique(subjects):
        rows = np.flatnonzero(subjects == subject)
        flashes, order = _gathered(learned, epochs.select(rows), layout)
        scores[rows[order]], last = score_from_nothing(flashes, learned.structure())
    return finite_scores(scores, f"of {learned.name}, started by itself,"), last


def _gathered(learned: Detector, own: Part, layout: Layout) -> tuple[Flashes, Index]:
    return gather_flashes(own, read_features(learned, own), layout)


def _reading(learned: Detector, started: Started) -> Detector:
    """Return a detector that reads by what a subject's flashes have taught."""
    if started.readout is None:
        return learned
    weights, middle = started.readout.line
    readout = weights, learned.threshold_ - middle
    share = float(expit(learned.threshold_))
    return copy.deepcopy(learned).take_readout(learned.input_shape_, share, readout)
