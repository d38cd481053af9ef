"""What is learned from other subjects so that a detector can adapt to a new one.

How much the other subjects count is chosen among the training subjects, by treating each as the new
subject: the detector is fitted on the others and follows this one character by character.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.adaptation.coded_flashes import gather_flashes
from p300.adaptation.readout import (
    STRENGTHS,
    Floats,
    Readout,
    Strength,
    fit_readout,
    readout_of,
)
from p300.adaptation.self_calibration import Following, Prequential, score_prequentially
from p300.detectors.calibration import Sigmoid, finite_scores, fit_sigmoid
from p300.detectors.fitting import Fit, fit_each
from p300.detectors.splits import HeldOut, held_out_parts
from p300.errors import DetectorError, TrainingWarning
from p300.recordings.layout import Layout, has_codes, lit_symbols
from p300.signal.epochs import Epochs
from p300.signal.flash_rows import FlashRows
from p300.signal.parts import Part, part_of

if TYPE_CHECKING:
    from p300.adaptation.coded_flashes import Flashes
    from p300.detectors.base import Detector

FEWEST_SUBJECTS = 3
"""Training subjects below which no strength is chosen among them."""

OWN_SHARE = 0.25
"""Weight of a readout fitted to a subject's labelled epochs alone; see docs/adaptation.md."""

MOST_SUBJECTS = 10
"""Training subjects that are treated as new, unless told otherwise: with all of many subjects the
time of a study would grow with the square of their number; see docs/adaptation.md."""

PARTS = 5
"""Parts that one subject's training epochs are held out in."""


@dataclass(frozen=True, eq=False)
class Followed:
    """Scores of subjects whom a detector has followed.

    Parameters
    ----------
    scores
        Log-odds of a target, each by what was known before its character, [epoch].
    post_hoc
        The same by what is known at the end of the subject's session, of which the flash was a
        part, [epoch].
    sessions
        Of each subject.
    """

    scores: Floats
    post_hoc: Floats
    sessions: list[Prequential]


@dataclass(frozen=True, eq=False)
class Transfer:
    """A fitted detector whose last layer can go on learning.

    Parameters
    ----------
    detector
        Fitted on the training subjects.
    readout
        Of its features, fitted on the same epochs.
    strength
        How much the readout counts against a new subject's epochs.
    calibration
        Log-likelihood ratio -> log-odds of a target.
    training_scores
        Log-odds of each training epoch by a detector that was not fitted on its subject (its part
        of the characters, where there is one subject), adapted to the characters before its own,
        [epoch]; NaN of subjects that were not treated as new.
    """

    detector: Detector
    readout: Readout
    strength: Strength
    calibration: Sigmoid
    training_scores: Floats

    def score_prequentially(self, epochs: Epochs, layout: Layout) -> Followed:
        """Score subjects who are new, adapting to each character by character without labels.

        At the end of a session all its flashes are scored again by the readout of the end, the one
        at the start where the guard distrusts the adapted one.

        Parameters
        ----------
        epochs
            Of one or several subjects.
        layout
            The stimulus layout.

        Warns
        -----
        TrainingWarning
            Naming a subject and the characters at which the unadapted readout was taken instead.
        """
        features = read_features(self.detector, epochs)
        ratios, sessions = _score_subjects(
            self.readout, [self.strength], part_of(epochs), features, layout
        )
        subjects, again = epochs.units("subject"), np.empty(len(epochs))
        for number, (subject, session) in zip(np.unique(subjects), sessions, strict=True):
            warn_fallen_back(subject, session.fell_back)
            rows = subjects == number
            again[rows] = session.readout(features[rows])
        scores, post_hoc = (self.log_odds(found) for found in (ratios[0], again))
        return Followed(scores, post_hoc, [session for _, session in sessions])

    def follow(self, layout: Layout) -> CalibratedPerson:
        """See :class:`p300.adaptation.following.Adapting`."""
        return CalibratedPerson(self, layout)

    def self_calibrated(self, epochs: Epochs, layout: Layout) -> Readout:
        """Return the readout adapted to the unlabelled epochs of one subject, guarded.

        As at the end of :func:`~p300.adaptation.self_calibration.score_prequentially`.
        """
        features = read_features(self.detector, epochs)
        flashes, _ = gather_flashes(epochs, features, layout)
        (session,) = score_prequentially(self.readout, flashes, [self.strength])
        warn_fallen_back(_name(epochs), session.fell_back)
        return session.readout

    def calibrated(self, epochs: Epochs) -> Callable[[Floats], Floats]:
        """Return the readout adapted to the labelled epochs of one subject.

        It is averaged with one fitted to these epochs alone, by the weight :data:`OWN_SHARE`: where
        a subject's noise is unlike other subjects', that one needs fewer epochs to notice.
        """
        features = read_features(self.detector, epochs)
        adapted = self.readout.updated(features, epochs.y.astype(np.float64), self.strength)
        if len(np.unique(epochs.y)) < 2:
            return adapted
        own = fit_readout(features, epochs.y, self.readout.structure)
        return lambda features: (1 - OWN_SHARE) * adapted(features) + OWN_SHARE * own(features)

    def score(self, readout: Callable[[Floats], Floats], epochs: Epochs) -> Floats:
        """Return the log-odds of a target by what reads its features, [epoch]."""
        return self.log_odds(readout(read_features(self.detector, epochs)))

    def log_odds(self, ratios: Floats) -> Floats:
        """Return the log-odds of a target from log-likelihood ratios, [epoch]."""
        return finite_scores(self.calibration(ratios), f"of {self.detector.name}, adapted,")


class CalibratedPerson:
    """A person who is self-calibrated; see :class:`p300.adaptation.following.Person`."""

    def __init__(self, transfer: Transfer, layout: Layout) -> None:
        self._transfer = transfer
        self._following = Following(transfer.readout, [transfer.strength], lit_symbols(layout))

    @property
    def trusted(self) -> bool:
        """Whether what was adapted has always been trusted so far."""
        return not self._following.fell_back[0]

    @property
    def n_fallen_back(self) -> int:
        """See :attr:`p300.adaptation.following.Person.n_fallen_back`."""
        return len(self._following.fell_back[0])

    def log_odds(self, features: Floats) -> Floats:
        """See :meth:`p300.adaptation.following.Person.log_odds`."""
        return self._transfer.log_odds(self._following.ratios(features)[0])

    def learn(self, own: Flashes) -> None:
        """See :meth:`p300.adaptation.following.Person.learn`."""
        self._following.learn(own)

    def post_hoc(self, features: Floats) -> Floats:
        """See :meth:`p300.adaptation.following.Person.post_hoc`."""
        return self._transfer.log_odds(self._following.readout(0)(features))

    def warn(self, name: str) -> None:
        """See :meth:`p300.adaptation.following.Person.warn`."""
        warn_fallen_back(name, self._following.fell_back[0])


def read_features(detector: Detector, epochs: Epochs | Part) -> Floats:
    """Return what the last layer of a fitted detector reads of epochs, [epoch, feature].

    Raises
    ------
    DetectorError
        When the detector has no last linear layer.
    """
    if isinstance(epochs, Part):
        return _there(detector, detector.features_of(epochs))
    return features_read(detector, epochs.X)


def features_read(detector: Detector, X: npt.ArrayLike) -> Floats:
    """Return the same for X, [epoch, electrode, time]."""
    return _there(detector, detector.features(np.asarray(X, dtype=np.float32)))


def _there(detector: Detector, features: Floats | None) -> Floats:
    if features is None:
        raise DetectorError(
            f"detector {detector.name} has no last linear layer that could adapt to a new subject; "
            "use one that has (slda, xdawn_lda, xdawn_ts, the networks), or no adaptation"
        )
    return features


def learn_transfer(
    detector: Detector,
    epochs: Part,
    layout: Layout,
    level: str,
    *,
    seed: int = 0,
    most: int | None = MOST_SUBJECTS,
) -> Transfer:
    """Fit a detector and learn how to adapt it.

    Parameters
    ----------
    detector
        Unfitted.
    epochs
        Training epochs, labelled. With three subjects or more whose codes are known the strength
        is the one of :data:`STRENGTHS` with the highest mean ROC-AUC over training subjects as
        new subjects; with fewer the training epochs count for as many epochs as they are.
    layout
        The stimulus layout.
    level
        The level whose whole units the detector may set aside.
    seed
        Draws the subjects that are treated as new.
    most
        How many of them at most; None for all.

    Raises
    ------
    DetectorError
        When the detector has no last linear layer.
    """
    subjects, y, coded = epochs.units("subject"), epochs.y, has_codes(epochs.flashes)
    by_subject = [np.flatnonzero(subjects == subject) for subject in np.unique(subjects)]
    parts = held_out_parts(len(epochs), subjects, len(by_subject))
    if len(by_subject) == 1:
        parts = held_out_parts(len(epochs), epochs.groups("character"), PARTS)
    # With one of two subjects left out, one is left: what the detector sets aside are characters.
    inner = level if len(by_subject) > 2 else "character"
    strengths: Sequence[Strength] = STRENGTHS
    if sum(coded[rows].any() for rows in by_subject) < FEWEST_SUBJECTS:
        strengths = (Strength(targets=float(y.sum()), epochs=float(len(epochs))),)
    tried = _drawn(parts, coded, most, seed)
    ratios = np.full((len(strengths), len(epochs)), np.nan)
    fits = fit_each(_fits(detector, epochs, tried, inner, level))
    for _, rows in tried:
        fit = next(fits)
        fitted, readout = fit.detector, _readout(fit)
        del fit  # its epochs are freed before the next are read
        held_out = epochs.select(rows)
        features = read_features(fitted, held_out)
        if coded[rows].any():
            ratios[:, rows], _ = _score_subjects(readout, strengths, held_out, features, layout)
        else:
            ratios[:, rows] = readout(features)
    best = _best(ratios, y, tried)
    scored = np.isfinite(ratios[best])
    calibration = fit_sigmoid(ratios[best, scored], y[scored])
    whole = next(fits)
    return Transfer(
        detector=whole.detector,
        readout=_readout(whole),
        strength=strengths[best],
        calibration=calibration,
        training_scores=calibration(ratios[best]),
    )


def _drawn(parts: HeldOut, coded: npt.NDArray[np.bool_], most: int | None, seed: int) -> HeldOut:
    """Draw the parts to be held out: those with codes, where they are enough."""
    if most is None or len(parts) <= most:
        return parts
    able = [k for k, (_, rows) in enumerate(parts) if coded[rows].any()]
    of = able if len(able) >= most else range(len(parts))
    chosen = np.random.default_rng(seed).choice(list(of), most, replace=False)
    return [parts[k] for k in sorted(chosen.tolist())]


def _best(ratios: Floats, y: npt.NDArray[np.uint8], parts: HeldOut) -> int:
    """Return the strength with the highest mean ROC-AUC over held-out parts."""
    if len(ratios) == 1:
        return 0
    aucs = [_roc_aucs(ratios[:, rows], y[rows]) for _, rows in parts]
    return int(np.argmax(np.mean(aucs, axis=0)))


def _roc_aucs(ratios: Floats, y: npt.NDArray[np.uint8]) -> Floats:
    """Return the ROC-AUC of each row of ratios: the share of pairs in their order, ties half."""
    from scipy.stats import rankdata

    n_targets = int(y.sum())
    ranks = rankdata(ratios, axis=1)[:, y == 1].sum(axis=1)
    pairs = n_targets * (len(y) - n_targets)
    found: Floats = (ranks - n_targets * (n_targets + 1) / 2) / pairs
    return found


def _fits(
    detector: Detector, epochs: Part, parts: HeldOut, inner: str, level: str
) -> Iterator[Fit]:
    """Yield the fits without each of some parts, read for features alone, and that of all."""
    from sklearn.base import clone

    for rest, _ in parts:
        yield Fit(clone(detector), epochs.select(rest), inner, calibrated=False)
    yield Fit(clone(detector), epochs, level)


def _readout(fit: Fit) -> Readout:
    """Fit a readout to the features of what a detector was fitted on."""
    sums, structure = fit.detector.sums_of(fit.part), fit.detector.structure()
    if sums is not None:
        return readout_of(sums, structure)
    return fit_readout(read_features(fit.detector, fit.part), fit.part.y, structure)


def _score_subjects(
    readout: Readout,
    strengths: Sequence[Strength],
    epochs: Part,
    features: Floats,
    layout: Layout,
) -> tuple[Floats, list[tuple[str, Prequential]]]:
    """Score each subject of some epochs prequentially from the same start.

    Returns
    -------
    Log-likelihood ratios, [strength, epoch], and the name and the session of each subject
    for each strength.
    """
    ratios, sessions = np.empty((len(strengths), len(epochs))), list[tuple[str, Prequential]]()
    subjects = epochs.units("subject")
    for subject in np.unique(subjects):
        rows = np.flatnonzero(subjects == subject)
        own = epochs.select(rows)
        flashes, order = gather_flashes(own, features[rows], layout)
        for k, session in enumerate(score_prequentially(readout, flashes, strengths)):
            sessions.append((_name(own), session))
            ratios[k, rows[order]] = session.ratios
    return ratios, sessions


def _name(epochs: FlashRows) -> str:
    """Return the subject of some epochs as DATASET/SUBJECT."""
    return "/".join(str(epochs.flashes[column].iloc[0]) for column in ("dataset", "subject"))


def warn_fallen_back(subject: str, fell_back: Sequence[int]) -> None:
    """Name a subject and the characters at which the unadapted readout was taken instead."""
    if fell_back:
        warnings.warn(
            f"{subject}: self-calibration had become worse by its own evidence before "
            f"{len(fell_back)} characters (numbers {list(fell_back)}, from 0); the "
            "unadapted detector scored them",
            TrainingWarning,
            stacklevel=3,
        )
