"""A session that a page shows: which flashes are next, what was spelled, how fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from p300.errors import OnlineError
from p300.online.events import SENT, Decided, Event, Fault, Unseen
from p300.online.markers import Flash, write_end, write_flash
from p300.online.session import Session
from p300.recordings.layout import Layout
from p300.recordings.simulated.paradigm import Paradigm
from p300.speller.rates import bits_per_minute

if TYPE_CHECKING:
    from p300.online.persons import Person
    from p300.online.recorder import Recorder
    from p300.online.source import EegSource
    from p300.speller.fitted import Fitted

MOST_REPETITIONS = 15
"""Shown of a character before it is decided in any case."""

PAUSE = 2.5
"""Seconds before the first flash of a character."""

LAST = 1.5
"""Seconds of EEG after the last flash within which its epoch is complete and learned from."""

Tell = Callable[[dict[str, Any]], None]


def read_copy(text: str, layout: Layout) -> list[str]:
    """Return the symbols of a text to copy.

    One letter a symbol; where the layout has longer ones, words between blanks. Upper case is
    taken where the layout has no lower case, and ``_`` for a blank.

    Raises
    ------
    OnlineError
        When the layout does not have one.
    """
    longer = any(len(symbol) > 1 for symbol in layout.symbols)
    found = []
    for symbol in text.split() if longer else text:
        same = [one for one in (symbol, symbol.upper(), symbol.replace(" ", "_"))
                if one in layout.symbols]  # fmt: skip
        if not same:
            raise OnlineError(
                f"{symbol!r} of the text to copy is not on the matrix, which has "
                f"{' '.join(layout.symbols)}"
            )
        found.append(same[0])
    return found


class Spelling:
    """A session as a page has it, from its start to its end.

    Parameters
    ----------
    fitted, source
        As of :class:`~p300.online.session.Session`; the source has the layout of the paradigm.
    paradigm
        That is shown.
    copied
        Symbols to copy; none for free spelling.
    person
        Whose EEG it is.
    recorder
        Stores the session.
    tell
        Is told everything that happens, JSON-ready; see docs/online_page.md.
    seed
        Draws the order of flashes.
    offset
        As of :class:`~p300.online.session.Session`.
    """

    def __init__(
        self,
        fitted: Fitted,
        source: EegSource,
        paradigm: Paradigm,
        copied: Sequence[str],
        person: Person,
        *,
        recorder: Recorder | None,
        tell: Tell,
        seed: int,
        offset: float = 0.0,
    ) -> None:
        self.paradigm, self.copied, self.text = paradigm, list(copied), list[str]()
        self.decided: list[dict[str, Any]] = []
        """What the page was told of each character."""
        self._person, self._tell = person, tell
        self._rng = np.random.default_rng(seed)
        self._character, self._running = 0, False
        self._began, self._hope, self._right = 0.0, list[float](), list[bool]()
        self._away = 0.0
        self._since: float | None = None
        self._attended: str | None = None
        self._ended, self._reached = np.inf, -np.inf
        self._session = Session(
            fitted, source, self._hear, recorder=recorder, offset=offset, clock=person.clock
        )
        self.timings = self._session.timings

    @property
    def target(self) -> str | None:
        """The symbol that is to be copied now."""
        left = len(self.text) < len(self.copied)
        return self.copied[len(self.text)] if left else None

    @property
    def character(self) -> int:
        """The number of the character that is shown; 0 where none is."""
        return self._character if self._running else 0

    @property
    def finished(self) -> bool:
        """Whether all was copied, and learned from."""
        copied = bool(self.copied) and self.target is None and not self._running
        return copied and self._reached > self._ended + LAST

    # -- what the page does

    def next_character(self) -> None:
        """Tell the page what to show next."""
        self._character += 1
        self._running, self._ended = True, np.inf
        if self._character == 1:
            self._began = self._person.clock()
        order = self.paradigm.draw_order(self._rng, MOST_REPETITIONS)
        self._tell(
            {
                "event": "character",
                "character": self._character,
                "target": self.target,
                "order": order.tolist(),
                "pause": PAUSE,
            }
        )

    def flash(self, at: float, flash: Flash) -> None:
        """Take a flash that was shown at a time of the session's clock."""
        symbol = self.target if self.copied else self._attended
        lit = self.paradigm.layout.groups.get(flash.code, frozenset())
        late = self._person.see(at, target=symbol in lit)
        if late > 0:
            self._session.fault(
                Unseen,
                f"the flash of code {flash.code}, character {flash.character}, was told "
                f"{1e3 * late:.0f} ms too late; the simulated person's response to it lacks its "
                "beginning",
            )
        self._session.marker(at, write_flash(flash))

    def end(self, at: float, character: int) -> None:
        """Take note that all of a character was shown that will be."""
        if character == self._character:
            self._ended = at
        self._session.marker(at, write_end(character))

    def attend(self, symbol: str | None) -> None:
        """Let the simulated person look at a symbol, in free spelling."""
        self._attended = symbol

    def pause(self) -> None:
        """Take note that the page pauses; flashes go on where they stopped."""
        if self._since is None:
            self._since = self._person.clock()
        self._tell({"event": "paused", "at": self._since})

    def go_on(self) -> None:
        """Take note that the page goes on."""
        if self._since is not None:
            self._away += self._person.clock() - self._since
        self._since = None
        self._tell({"event": "gone on", "at": self._person.clock()})

    def correct(self) -> None:
        """Take the last symbol back."""
        if self.text:
            taken = self.text.pop()
            self._tell({"event": "corrected", "at": self._person.clock(), "symbol": taken})
            self._tell_text()

    def fault(self, kind: type[Fault], text: str) -> None:
        """Name a fault of the page."""
        self._session.fault(kind, text)

    def give_up(self, why: str) -> None:
        """End the character that is shown, if one is."""
        if self._running:
            self._running = False
            self._session.give_up(self._character, why)

    # -- what the person does

    def eeg(self) -> None:
        """Take what came of the EEG."""
        if what := self._person.came_back():
            self._session.reconnected(what)
        stamps, values = self._person.pull()
        self._session.eeg(stamps, values)
        self._reached = max(self._reached, *stamps[-1:].tolist(), -np.inf)

    def close(self) -> dict[str, Any]:
        """End the session, which is then stored; return its report."""
        self.give_up("the session was ended")
        self._session.close()
        return self.timings.to_dict() | {"page text": "".join(self.text)}

    # -- what comes out

    def _hear(self, event: Event) -> None:
        if isinstance(event, SENT):
            self._tell(event.to_dict())
        if isinstance(event, Decided) and event.character == self._character and self._running:
            self._decided(event)

    def _decided(self, event: Decided) -> None:
        self._running = False
        self.decided.append(event.to_dict())
        self._hope.append(event.posterior if event.symbol else 0.0)
        self._right.append(event.symbol == self.target)
        if event.symbol:
            self.text.append(event.symbol)
        self._tell_text()
        self._tell(self._rate())
        if self.target is not None or not self.copied:
            self.next_character()

    def _tell_text(self) -> None:
        self._tell({"event": "text", "text": self.text, "copy": self.copied})

    def _rate(self) -> dict[str, Any]:
        """Return bits a minute since the first character: by what was right, or is likely."""
        n = len(self._hope)
        shares = self._right if self.copied else self._hope
        spent = self._person.clock() - self._began - self._away
        bits = bits_per_minute(
            float(np.mean(shares)), max(spent, 1e-3) / n, len(self.paradigm.layout.symbols)
        )
        return {
            "event": "rate",
            "bits_per_minute": float(bits),
            "characters": n,
            "right": sum(self._right) if self.copied else None,
            "seconds": spent,
        }
