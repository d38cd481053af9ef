"""A start from nobody's data: the tested person's own flashes, without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from p300.adaptation.base import Adaptation, FoldEpochs, Scored
from p300.adaptation.coded_flashes import Flashes, Index, gather_flashes
from p300.adaptation.readout import Floats
from p300.adaptation.self_start import (
    Prior,
    Started,
    of_nobody,
    of_others,
    score_by_starting,
    start,
)
from p300.adaptation.starting import Start, warn_refuted
from p300.adaptation.transfer import MOST_SUBJECTS, read_features
from p300.adaptation.ways.self_calibrated import layout_of
from p300.detectors.calibration import Sigmoid, fit_sigmoid
from p300.recordings.layout import has_codes, lit_symbols
from p300.signal.parts import Part, part_of

if TYPE_CHECKING:
    from p300.detectors.base import Detector
    from p300.recordings.layout import Layout


class SelfStarted(Adaptation[Start]):
    """Learn from unlabelled flashes of the tested subject.

    Under a protocol with calibration characters from these, else from the characters before the one
    that is scored, of the tested epochs.

    Parameters
    ----------
    others
        Whether the training subjects tell what is to be expected of the tested one. Without them
        the first character is not known yet, and all its flashes score alike.
    """

    name = "self_started"
    about = (
        "It learns without labels from the tested subject's flashes, because only one symbol a "
        "character is attended, and needs nobody else's (unless told to expect of the subject "
        "what the training subjects have shown); under few_shot from the calibration characters, "
        "else from those before the one that is scored."
    )
    references: ClassVar[tuple[str, ...]] = ("kindermans2012",)
    needs_codes = True
    fewest_characters = 1

    def __init__(self, *, others: bool = False) -> None:
        self.others = others

    def learn(self, detector: Detector, fold: FoldEpochs) -> Start:
        """Return what is known before; by default no training subject teaches any of it."""
        train, layout = fold.train, layout_of(fold)
        share = float(lit_symbols(layout).mean())  # of targets, all codes and symbols alike
        blank = detector.take_readout(train.shape[1:], share)
        features, subjects = read_features(blank, train), train.units("subject")

        def prior(rows: Index) -> Prior:
            if not self.others or not len(rows):
                return of_nobody(features.shape[1], blank.structure())
            return of_others(features[rows], train.y[rows], subjects[rows], blank.structure())

        ratios = np.full(len(train), np.nan)
        for one in _as_new(train, fold.seed):
            rows, rest = np.flatnonzero(subjects == one), np.flatnonzero(subjects != one)
            flashes, order = gather_flashes(train.select(rows), features[rows], layout)
            ratios[rows[order]], _ = score_by_starting(flashes, prior(rest))
        calibration, scored = Sigmoid(1.0, blank.threshold_), np.isfinite(ratios)
        if self.others and scored.any():
            calibration = fit_sigmoid(ratios[scored], train.y[scored])
        return Start(blank, prior(np.arange(len(train))), calibration, calibration(ratios))

    def score(self, learned: Start, fold: FoldEpochs) -> Scored:
        """Score by what the subject's own flashes have taught so far.

        Warns
        -----
        TrainingWarning
            Naming subjects whose flashes say the opposite of what the others have shown.
        """
        layout, test = layout_of(fold), part_of(fold.test)
        if fold.calibration is None:
            ratios, known = _follow(learned, test, layout)
        else:
            calibration = part_of(fold.calibration)
            flashes, _ = _gathered(learned.detector, calibration, layout)
            known = _told(start(flashes, learned.prior), calibration)
            nothing, readout = np.zeros(len(test)), known.readout
            ratios = readout(read_features(learned.detector, test)) if readout else nothing
        return Scored(
            detector=learned.reading(known.readout),
            train=fold.train,
            validation=fold.validation,
            scores=learned.log_odds(ratios),
            training_scores=learned.training_scores,
            about={"variance": learned.prior.variance},
        )


def _as_new(train: Part, seed: int) -> Index:
    """Return the training subjects whose flashes have codes, some of them where they are many."""
    coded = np.unique(train.units("subject")[has_codes(train.flashes)])
    most = min(len(coded), MOST_SUBJECTS)
    return np.sort(np.random.default_rng(seed).choice(coded, most, replace=False))


def _follow(learned: Start, epochs: Part, layout: Layout) -> tuple[Floats, Started]:
    """Score subjects, each from the start on; return what is known of the last one at the end.

    Where nobody is tested that is what was expected.
    """
    ratios, subjects = np.empty(len(epochs)), epochs.units("subject")
    known = Started(learned.prior.readout)
    for subject in np.unique(subjects):
        rows = np.flatnonzero(subjects == subject)
        own = epochs.select(rows)
        flashes, order = _gathered(learned.detector, own, layout)
        ratios[rows[order]], known = score_by_starting(flashes, learned.prior)
        _told(known, own)
    return ratios, known


def _told(known: Started, own: Part) -> Started:
    """Return what is known of a subject; say so where it is the opposite of what was expected."""
    first = own.flashes.iloc[0]
    warn_refuted(f"{first['dataset']}/{first['subject']}", known)
    return known


def _gathered(detector: Detector, own: Part, layout: Layout) -> tuple[Flashes, Index]:
    return gather_flashes(own, read_features(detector, own), layout)
