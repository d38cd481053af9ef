"""A fitted detector that spells: read from its folder, it follows a person flash by flash.

Offline and online are one path: every flash is scored by itself, because sums over several epochs
at once are rounded otherwise, so that scores are the same bit for bit however the epochs come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.adaptation.coded_flashes import Flashes, gather_flashes
from p300.adaptation.following import Adapting, Person
from p300.adaptation.storage import load_adapting
from p300.adaptation.transfer import features_read
from p300.detectors.storage import REMEDY, StoredDetector, load_detector
from p300.errors import DetectorError, SpellerError
from p300.recordings.damage import DAMAGED, marked_characters
from p300.recordings.layout import Layout, lit_symbols
from p300.recordings.recording import Recording
from p300.speller.model import SpellerModel
from p300.speller.records import SpellerRecord
from p300.stored import StoredFolder
from p300.threads import one_thread

SPELLER = "speller.json"
"""Beside a stored detector that can spell: the layout and what the speller has learned."""

Floats = npt.NDArray[np.float64]


class Seen(NamedTuple):
    """A flash whose epoch was read: what was read, [feature], and of which code and repetition."""

    read: Floats
    code: int
    repetition: int


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted detector with all that is stored beside it.

    Parameters
    ----------
    stored
        The detector.
    adapting
        How it goes on learning; None where it does not.
    model
        What its speller has learned; None where it cannot spell.
    layout
        That it learned on; None where it cannot spell.
    """

    stored: StoredDetector
    adapting: Adapting | None
    model: SpellerModel | None
    layout: Layout | None

    @classmethod
    def load(cls, folder: str | Path) -> Fitted:
        """Read the folder of a fitted detector.

        Raises
        ------
        DetectorError, SpellerError
            When a file is missing or damaged.
        """
        folder = Path(folder)
        stored = load_detector(folder)
        adapting = load_adapting(folder, stored.detector)
        files = StoredFolder(folder, SpellerError, REMEDY)
        if not files.has(SPELLER):
            if adapting is not None:
                raise DetectorError(
                    f"{folder}: this detector adapts by the layout in {SPELLER}, which is missing; "
                    f"{REMEDY}"
                )
            return cls(stored, None, None, None)
        about = files.record(SPELLER, SpellerRecord)
        return cls(stored, adapting, about.model(), about.layout.layout())

    def follow(self, layout: Layout | None) -> Follower:
        """Return what follows a person who looks at a layout."""
        return Follower(self, layout or self.layout)

    def score(self, recording: Recording) -> pd.DataFrame:
        """Score every flash of a recording.

        Returns
        -------
        As :meth:`p300.detectors.storage.StoredDetector.score`. A detector that goes on learning
        scores each character by what it knew before it, and in the column ``score_post_hoc`` by
        what it knew at the end. It learns nothing from characters that are marked as damaged.
        """
        with one_thread():
            return self._scored(recording)

    def _scored(self, recording: Recording) -> pd.DataFrame:
        from scipy.special import expit

        epochs = self.stored.cut(recording)
        layout = recording.layout or self.layout
        follower = self.follow(layout)
        X = epochs.X
        read = np.array([follower.read(X[k : k + 1]) for k in range(len(epochs))])
        if self.adapting is None or layout is None:
            scores = np.array([follower.score(one) for one in read])
            return epochs.flashes.assign(score=scores, probability=expit(scores))
        flashes, order = gather_flashes(epochs, read, layout)
        number = epochs.flashes["character"].fillna(-1).to_numpy(dtype=np.int64)[order]
        damaged = np.isin(number, list(marked_characters(recording, DAMAGED)))
        scores = np.empty(len(epochs))
        for character in range(flashes.n_characters):
            rows = np.flatnonzero(flashes.character == character)
            for row in rows:
                scores[order[row]] = follower.score(flashes.features[row])
            if not damaged[rows].any():
                follower.learn_from(flashes.of(flashes.character == character))
        again = follower.post_hoc(read, recording)
        return epochs.flashes.assign(score=scores, probability=expit(scores), score_post_hoc=again)


class Follower:
    """A fitted detector beside one person: it scores each flash and learns from each character.

    Parameters
    ----------
    fitted
        The detector.
    layout
        That the person looks at.
    """

    def __init__(self, fitted: Fitted, layout: Layout | None) -> None:
        self._detector = fitted.stored.detector
        self._person: Person | None = None
        if fitted.adapting is not None and layout is not None:
            self._person = fitted.adapting.follow(layout)
            self._codes, self._lit = sorted(layout.groups), lit_symbols(layout)

    @property
    def learns(self) -> bool:
        """Whether it goes on learning."""
        return self._person is not None

    @property
    def trusted(self) -> bool:
        """Whether nothing was distrusted so far, neither what it has learned nor what it knew."""
        return self._person is None or self._person.trusted

    @property
    def n_fallen_back(self) -> int:
        """How many characters were scored by what was known at the start, as the rest was worse."""
        return 0 if self._person is None else self._person.n_fallen_back

    def read(self, epoch: npt.NDArray[np.float32]) -> Floats:
        """Return what is needed of an epoch, [1, electrode, time], to score and to learn.

        Returns
        -------
        [feature]; of a detector that does not go on learning the log-odds of a target alone.
        """
        if self._person is None:
            return self._detector.decision_function(epoch)
        features: Floats = features_read(self._detector, epoch)[0]
        return features

    def score(self, read: Floats) -> float:
        """Return the log-odds of a target by what is known now."""
        if self._person is None:
            return float(read[0])
        return float(self._person.log_odds(read[None])[0])

    def learn(self, character: Sequence[Seen]) -> None:
        """Learn from the flashes of a character that is over, in the order of time."""
        if self._person is None or not character:
            return
        code = np.searchsorted(self._codes, [seen.code for seen in character])
        repetition = np.array([seen.repetition for seen in character], dtype=np.intp)
        read = np.array([seen.read for seen in character])
        self.learn_from(Flashes(read, np.zeros_like(code), code, repetition, self._lit))

    def learn_from(self, flashes: Flashes) -> None:
        """Learn from the same, gathered."""
        if self._person is not None:
            self._person.learn(flashes)

    def post_hoc(self, read: Floats, recording: Recording) -> Floats:
        """Score flashes again by what is known at the end; say where it was not trusted."""
        assert self._person is not None  # nothing else is scored again
        self._person.warn(f"{recording.dataset}/{recording.subject}")
        return self._person.post_hoc(read)
