"""The character that is shown now: its flashes so far, and when enough is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from p300.recordings.layout import Layout
from p300.speller.evidence import add_likelihood_ratios
from p300.speller.fitted import Seen
from p300.speller.language import Prior
from p300.speller.model import SpellerModel
from p300.speller.selections import NOTHING, Floats, Selections
from p300.speller.stopping import Stop


class Letter:
    """A character while it is shown.

    Parameters
    ----------
    number
        Of the character.
    layout
        That it is shown on.
    model
        What the speller has learned.
    language
        Prior over symbols.
    text
        What was spelled before.
    """

    def __init__(
        self,
        number: int,
        layout: Layout,
        model: SpellerModel,
        language: Prior | None,
        text: Sequence[str],
    ) -> None:
        self.number = number
        self.seen: list[Seen] = []
        self.decided = False
        self.judged = 0
        """So many flashes were there when it was last asked whether they are enough."""
        self._layout, self._model = layout, model
        self._prior: Floats | float = 0.0 if language is None else language(text, layout)
        self._names = pd.DataFrame({"character": [number]})
        self._codes = sorted(layout.groups)
        self._scores: list[float] = []
        self._told: dict[bool | None, set[int]] = {True: set(), False: set(), None: set()}

    @property
    def repetition(self) -> int:
        """The repetition that is shown now; 0 before the first."""
        return self.seen[-1].repetition if self.seen else 0

    def has(self, code: int, repetition: int) -> bool:
        """Return whether a flash was seen."""
        return any((one.code, one.repetition) == (code, repetition) for one in self.seen)

    def missing(self, repetition: int) -> list[int]:
        """Return the codes of a repetition that were not seen."""
        there = {one.code for one in self.seen if one.repetition == repetition}
        return [code for code in self._codes if code not in there]

    def add(self, seen: Seen, score: float, *, target: bool | None) -> None:
        """Take a flash, in the order of time; whether it is of what is attended may be unknown."""
        self.seen.append(seen)
        self._scores.append(score)
        self._told[target].add(seen.code)

    def posterior(self) -> Floats:
        """Return log p(symbol) after each repetition so far, [repetition, symbol].

        By risk with a last entry for nobody.
        """
        _, repetition = np.unique([one.repetition for one in self.seen], return_inverse=True)
        n = len(self.seen)
        selections = Selections(
            layout=self._layout,
            names=self._names,
            true=np.array([-1]),
            n_repetitions=np.array([repetition.max() + 1]),
            selection=np.zeros(n, dtype=np.intp),
            repetition=repetition,
            code=np.searchsorted(self._codes, [one.code for one in self.seen]),
            score=np.array(self._scores),
        )
        evidence = add_likelihood_ratios(selections, self._model.ratio)[0]
        return self._model.log_posterior(evidence, self._prior)

    def stop(self, posterior: Floats) -> Stop:
        """Return how the character is decided if there are no more repetitions than those."""
        return self._model.stop(posterior[None], np.array([len(posterior)]))

    def symbol(self, position: int) -> str:
        """Return a symbol, empty for nothing."""
        return (*self._layout.symbols, NOTHING)[position]

    def right(self, symbol: str) -> bool | None:
        """Return whether a symbol is the attended one, or empty where nobody attended.

        None where the markers do not tell: of some flash nothing is said, or not one symbol alone
        is left.
        """
        groups, targets, others = self._layout.groups, self._told[True], self._told[False]
        if self._told[None]:
            return None
        left = {
            one
            for one in self._layout.symbols
            if all(one in groups[code] for code in targets)
            and not any(one in groups[code] for code in others)
        }
        if not targets and not left:
            return symbol == NOTHING
        return symbol in left if len(left) == 1 else None
