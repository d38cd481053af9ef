"""A person whom a stored detector follows: what every adaptation has that goes on in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from p300.adaptation.coded_flashes import Flashes
    from p300.recordings.layout import Layout

Floats = npt.NDArray[np.float64]


class Person(Protocol):
    """Somebody who is scored by what is known now, and learned from character by character."""

    @property
    def trusted(self) -> bool:
        """Whether nothing was distrusted so far, neither what was learned nor what was known."""

    @property
    def n_fallen_back(self) -> int:
        """How many characters were scored by what was known at the start, as the rest was worse."""

    def log_odds(self, features: Floats) -> Floats:
        """Return the log-odds of a target of flashes of the character that is shown now.

        Parameters
        ----------
        features
            [epoch, feature].

        Returns
        -------
        [epoch].
        """

    def learn(self, own: Flashes) -> None:
        """Learn from the flashes of one character, which is over."""

    def post_hoc(self, features: Floats) -> Floats:
        """Return the log-odds of flashes of any character by what is known now, [epoch]."""

    def warn(self, name: str) -> None:
        """Say at the end what was not trusted of a person of this name, and when."""


class Adapting(Protocol):
    """What is stored beside a detector to go on learning."""

    def follow(self, layout: Layout) -> Person:
        """Return a new person, who looks at a layout."""
