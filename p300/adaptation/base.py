"""What every way to adapt has: what it needs, what it shares, how it learns and scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from p300.errors import ProtocolError

if TYPE_CHECKING:
    from p300.detectors.base import Detector
    from p300.recordings.layout import Layout
    from p300.signal.epochs import Epochs
    from p300.signal.parts import Part

LearnedT = TypeVar("LearnedT")


@dataclass(frozen=True, eq=False)
class FoldEpochs:
    """The epochs of a fold, each part aligned by itself.

    Parameters
    ----------
    train, test
        To fit on and to score; nothing is tested where a detector is only to be stored.
    calibration
        Of the tested subject, to adapt to; None under a protocol without.
    layout
        The stimulus layout of the tested data set, where it has one.
    validation
        The level whose whole units a detector may set aside from the training set.
    seed
        What is drawn while learning to adapt follows from it.
    """

    train: Part
    test: Epochs
    calibration: Epochs | None
    layout: Layout | None
    validation: str
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Scored:
    """What came of a fold.

    Parameters
    ----------
    detector
        Fitted.
    train
        The epochs that it was fitted on.
    validation
        The level whose whole units it could set aside from them.
    scores
        Log-odds of a target, [tested epoch].
    training_scores
        The same of the training epochs as if each subject were new, [training epoch]; None where
        adapting did not need them, NaN of subjects that were not treated as new.
    post_hoc
        Log-odds of a target by what was known at the end of each subject's session, [tested epoch];
        None where nothing is learned while testing. Never by labels; but what was learned without
        them was learned from these very epochs too, so these are not scores of unseen ones.
    about
        JSON-ready: how the adaptation went.
    """

    detector: Detector
    train: Part
    validation: str
    scores: npt.NDArray[np.float64]
    training_scores: npt.NDArray[np.float64] | None = None
    post_hoc: npt.NDArray[np.float64] | None = None
    about: dict[str, Any] = field(default_factory=dict)


def score_epochs(detector: Detector, epochs: Epochs) -> npt.NDArray[np.float64]:
    """Return the log-odds of a target, [epoch]; of no epochs, none."""
    return detector.decision_function(epochs.X) if len(epochs) else np.empty(0)


class Adaptation(ABC, Generic[LearnedT]):
    """One way for a detector to learn from the subject that it is tested on.

    It first learns from the training subjects, which folds share that differ in nothing else, and
    then scores the tested subject, adapting on the way. A subclass has settings at most, given to
    its constructor and kept under their names.
    """

    name: ClassVar[str]
    """In configs."""
    about: ClassVar[str]
    """What is learned from the tested subject, a sentence for the report."""
    references: ClassVar[tuple[str, ...]] = ()
    """Keys of :mod:`p300.references`."""
    needs_codes: ClassVar[bool] = False
    """Whether all flashes must have codes of one layout."""
    needs_labels: ClassVar[bool] = False
    """Whether it needs labelled characters of the tested subject."""
    fewest_characters: ClassVar[int] = 0
    """Calibration characters below which a fold is left out."""
    fits_plainly: ClassVar[bool] = False
    """Whether :meth:`learn` is nothing but one fit to the training epochs, which a graphics card
    can make beside others."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{self.name}{vars(self) or ''}"

    def settings(self) -> str | dict[str, Any]:
        """Return the entry of a config: the name, or the name beside all settings."""
        return {"method": self.name, **vars(self)} if vars(self) else self.name

    @property
    def learns_like(self) -> str:
        """The same text for ways that learn the same from the training subjects."""
        return f"{type(self).learn.__qualname__} {vars(self)}"

    @abstractmethod
    def learn(self, detector: Detector, fold: FoldEpochs) -> LearnedT:
        """Fit an unfitted detector to the training epochs; return what :meth:`score` needs."""

    @abstractmethod
    def score(self, learned: LearnedT, fold: FoldEpochs) -> Scored:
        """Adapt to the tested subject and score; ``learned`` stays as it is."""

    def check(self, fold: FoldEpochs) -> None:
        """Refuse a fold that lacks what is needed.

        Raises
        ------
        ProtocolError
            When there are no calibration characters or no layout of flash codes.
        """
        if self.needs_labels and fold.calibration is None:
            raise ProtocolError(
                f"adaptation {self.name!r} needs a protocol with calibration characters of the "
                "tested subject (few_shot)"
            )
        if self.needs_codes and fold.layout is None:
            raise ProtocolError(
                f"adaptation {self.name!r} needs flash codes and their layout, which this data set "
                "does not have; use adaptation 'none'"
            )
