"""Fit a fold's detector, let it adapt to the tested person as far as it may, and score."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from p300.adaptation.kinds import Adaptation
from p300.adaptation.readout import Floats
from p300.adaptation.transfer import Transfer, learn_transfer
from p300.detectors.base import Detector
from p300.epochs import Epochs
from p300.errors import ProtocolError
from p300.evaluation.learned import Learned
from p300.recordings.layout import Layout


@dataclass(frozen=True, eq=False)
class Parts:
    """The epochs of a fold.

    Parameters
    ----------
    train, test
        To fit on and to score.
    calibration
        Of the tested person, to adapt to; None under a protocol without.
    layout
        The stimulus layout of the data set, where it has one.
    level
        The level whose whole units a detector may set aside from the training set.
    learned_as
        What is learned from the training set, for ``learned``.
    """

    train: Epochs
    test: Epochs
    calibration: Epochs | None
    layout: Layout | None
    level: str
    learned_as: str


@dataclass(frozen=True, eq=False)
class Scored:
    """What came of a fold.

    Parameters
    ----------
    detector
        Fitted.
    train
        The epochs that it was fitted on.
    level
        The level whose whole units it could set aside from them.
    scores
        Log-odds of a target of the tested epochs, [epoch].
    training_scores
        The same of the training epochs as if each subject were new, [epoch]; None where they were
        not needed.
    seconds_before
        How long learning took that was done for an earlier fold.
    about
        JSON-ready: how the adaptation went.
    """

    detector: Detector
    train: Epochs
    level: str
    scores: Floats
    training_scores: Floats | None = None
    seconds_before: float = 0.0
    about: dict[str, Any] = field(default_factory=dict)


def fit_and_score(
    detector: Detector, adaptation: Adaptation, parts: Parts, learned: Learned
) -> Scored:
    """Fit, adapt and score.

    Parameters
    ----------
    detector
        Unfitted.
    adaptation
        What it may learn from the tested person.
    parts
        The fold.
    learned
        What folds of the same group have learned; what is learned here is added.

    Raises
    ------
    ProtocolError
        When the adaptation needs a layout or calibration characters and there are none.
    DetectorError
        When the detector has no last linear layer to adapt, or cannot be fine-tuned.
    """
    calibration = parts.calibration
    if adaptation in ("labelled", "from_scratch") and calibration is None:
        raise ProtocolError(
            f"adaptation {adaptation!r} needs a protocol with calibration characters of the tested "
            "person (few_shot)"
        )
    if adaptation in ("none", "fine_tuned"):
        fitted, before = learned.once(parts.learned_as, lambda: _fit(detector, parts))
        if adaptation == "fine_tuned" and calibration is not None and len(calibration):
            fitted = copy.deepcopy(fitted).fine_tune(calibration.X, calibration.y)
        scores = fitted.decision_function(parts.test.X)
        return Scored(fitted, parts.train, parts.level, scores, seconds_before=before)
    if adaptation == "from_scratch" and calibration is not None:
        detector.fit(calibration.X, calibration.y, groups=calibration.groups("character"))
        scores = detector.decision_function(parts.test.X)
        return Scored(detector, calibration, "character", scores)
    if parts.layout is None:
        raise ProtocolError(
            f"adaptation {adaptation!r} needs flash codes and their layout, which this data set "
            "does not have; use adaptation 'none'"
        )
    layout = parts.layout
    transfer, before = learned.once(
        parts.learned_as, lambda: learn_transfer(detector, parts.train, layout, parts.level)
    )
    about: dict[str, Any] = {"strength": asdict(transfer.strength)}
    if calibration is None:
        scores, courses = transfer.follow(parts.test, parts.layout)
        about["fell_back"] = [list(course.fell_back) for course in courses]
    else:
        readout = _adapt(transfer, adaptation, calibration, parts.layout)
        scores = transfer.score(readout, parts.test)
    return Scored(
        detector=transfer.detector,
        train=parts.train,
        level=parts.level,
        scores=scores,
        training_scores=transfer.training_scores,
        seconds_before=before,
        about=about,
    )


def _fit(detector: Detector, parts: Parts) -> Detector:
    return detector.fit(parts.train.X, parts.train.y, groups=parts.train.groups(parts.level))


def _adapt(
    transfer: Transfer, adaptation: Adaptation, calibration: Epochs, layout: Layout
) -> Callable[[Floats], Floats]:
    """Give the readout after the calibration characters."""
    if not len(calibration):
        return transfer.readout
    if adaptation == "labelled":
        return transfer.calibrated(calibration)
    return transfer.self_calibrated(calibration, layout)
