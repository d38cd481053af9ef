"""The page and its server: files over HTTP, messages over a WebSocket, one page at a time.

The address has a token that is drawn anew each time; requests for another host, or of another
page, are refused. Everything runs in one thread but the training of a detector.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p300.errors import MarkerError, OnlineError, P300Error
from p300.online.applied_offset import NO_OFFSET, AppliedOffset
from p300.online.events import Fault, PageGone, SecondPage, Stopped, UnreadMessage
from p300.online.markers import End, read_marker
from p300.online.page_files import answer
from p300.online.page_messages import Attend, Mark, Ping, Plain, Start, read_message
from p300.online.persons import Person
from p300.online.session_files import SessionFiles
from p300.online.sockets import GONE, Outbox, at, close, listen, names_of, new_token, pong
from p300.online.source import match
from p300.online.spelling import Spelling, read_copy
from p300.recordings.simulated.paradigm import ParadigmName, shown_on
from p300.speller.fitted import Fitted

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

POLL = 0.02
"""Seconds between looks at the EEG."""

REFUSED = 4409
"""WebSocket close code: another page is open."""

LAST = 5.0
"""Seconds for which a page that does not take what is sent is waited for in the end."""


@dataclass(frozen=True, eq=False)
class Offer:
    """What a page can be given.

    Parameters
    ----------
    person
        Whose EEG it is.
    detector
        Returns the fitted detector for a paradigm; may take its time.
    rows
        Symbols of the matrix.
    folder
        That sessions are stored in.
    speed
        Seconds of the session in a second of the page.
    offset
        From a flash as it is told to the flash in the EEG.
    """

    person: Person
    detector: Callable[[ParadigmName], Fitted]
    rows: list[list[str]]
    folder: Path
    speed: float = 1.0
    offset: AppliedOffset = NO_OFFSET


class PageServer:
    """Serves a page and the session that it shows.

    Parameters
    ----------
    offer
        What the page is given.
    say
        Prints a line.
    seed
        Draws the order of flashes; None: another one each time.
    """

    def __init__(self, offer: Offer, say: Callable[[str], None], seed: int | None = None) -> None:
        self.token = new_token()
        self._offer, self._say, self._seed = offer, say, seed
        self._page: ServerConnection | None = None
        self._out: Outbox | None = None
        self._spelling: Spelling | None = None
        self._files: SessionFiles | None = None
        self._hosts: set[str] = set()
        self.stop = asyncio.Event()

    async def run(self, host: str, port: int, opened: Callable[[str], None]) -> None:
        """Serve until ``stop`` is set, by Ctrl-C for instance.

        Parameters
        ----------
        host, port
            To listen on; port 0 is a free one.
        opened
            Is told the address of the page.

        Raises
        ------
        OnlineError
            When the host is none by name, or cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            # Windows has none, and only the main thread is told of signals.
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self.stop.set)
        server, port = await listen(host, port, self._talk, self._answer)
        async with server:
            self._hosts = names_of(host, port)
            opened(f"http://{at(host, port)}/{self.token}/")
            try:
                await self._pump()
            finally:
                await self._stopped()

    async def _pump(self) -> None:
        """Hand on EEG until it is to stop."""
        while not self.stop.is_set():
            if self._spelling is None:
                self._offer.person.pull()
            else:
                self._spelling.eeg()
                if self._spelling.finished:
                    self._finish()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), POLL)

    async def _stopped(self) -> None:
        if self._spelling is not None:
            self._spelling.fault(Stopped, "the server was stopped; what was recorded is kept")
            self._finish()
        if (page := self._page) is not None and self._out is not None:  # it may go away meanwhile
            await self._out.sent(LAST)
            await close(page, GONE, "the server was stopped", LAST)

    def _answer(self, _: ServerConnection, request: Request) -> Response | None:
        return answer(request, self._hosts, self.token)

    # -- WebSocket

    async def _talk(self, page: ServerConnection) -> None:
        """Talk to a page as long as it is there."""
        from websockets.exceptions import ConnectionClosed

        if self._page is not None:
            text = "another page is open; close it, or go on there"
            self._fault(SecondPage, f"a second page was opened and turned away: {text}")
            await page.send(json.dumps({"event": "refused", "text": text}))
            await page.close(REFUSED, text)
            return
        self._page, self._out = page, (out := Outbox(page))
        self._tell(self._welcome())
        try:
            async for message in page:
                await self._take(message)
        except ConnectionClosed:
            pass  # without a farewell: what it means is the same
        finally:
            out.close()
            self._page = self._out = None
            if self._spelling is not None and not self.stop.is_set():
                self._fault(PageGone, "the page was closed or reloaded while a session was running")
                self._spelling.give_up("its page was closed or reloaded")
                self._spelling.attend(None)  # nobody knows where the mouse will be

    def _tell(self, said: dict[str, Any]) -> None:
        if self._files is not None:
            self._files.log(said)
        self._put(said)

    def _put(self, said: dict[str, Any]) -> None:
        if self._out is not None:
            self._out.put(json.dumps(said, ensure_ascii=False))

    def _fault(self, kind: type[Fault], text: str) -> None:
        """Name a fault of the page, in the session where there is one."""
        self._say(f"{kind.kind}: {text}")
        if self._spelling is not None:
            self._spelling.fault(kind, text)

    def _welcome(self) -> dict[str, Any]:
        running = self._spelling
        return {
            "event": "welcome",
            "rows": self._offer.rows,
            "person": self._offer.person.name,
            "simulated": self._offer.person.simulated,
            "speed": self._offer.speed,
            "running": None if running is None else _shown(running),
        }

    async def _take(self, text: str | bytes) -> None:
        """Do what a page says."""
        try:
            said = read_message(text)
            if isinstance(said, Ping):
                self._put(pong(said, self._offer.person.clock()))
            elif isinstance(said, Start):
                await self._start(said)
            elif self._spelling is None:
                raise MarkerError(f"message {said.do!r} found before a session was started")
            else:
                self._do(self._spelling, said)
        except P300Error as error:
            self._fault(UnreadMessage, str(error))
            self._tell({"event": "error", "text": str(error)})

    async def _start(self, said: Start) -> None:
        """Begin a session."""
        if self._spelling is not None:
            raise OnlineError("a session is running; end it before another one is started")
        paradigm = shown_on(self._offer.rows, said.paradigm)
        copied = read_copy(said.copy_text, paradigm.layout)
        self._tell({"event": "preparing", "paradigm": said.paradigm})
        fitted = await asyncio.to_thread(self._offer.detector, said.paradigm)
        person = self._offer.person
        source = match(fitted, person.name, person.sfreq, person.channels, paradigm.layout)
        self._files = SessionFiles(self._offer.folder, source, self._offer.offset)
        person.pull()  # what came before is not of the session
        self._spelling = Spelling(
            fitted, source, paradigm, copied, person,
            recorder=self._files.recorder, tell=self._tell, seed=self._draw(),
            offset=self._offer.offset.seconds,
        )  # fmt: skip
        self._tell({"event": "started", **_shown(self._spelling)})
        self._spelling.next_character()

    def _draw(self) -> int:
        return secrets.randbits(32) if self._seed is None else self._seed

    def _do(self, spelling: Spelling, said: Mark | Attend | Plain) -> None:
        if isinstance(said, Mark):
            marker = read_marker(json.dumps(said.marker))
            if isinstance(marker, End):
                spelling.end(said.at, marker.character)
            else:
                spelling.flash(said.at, marker)
        elif isinstance(said, Attend):
            spelling.attend(said.symbol)
        elif said.do == "pause":
            spelling.pause()
        elif said.do == "go_on":
            spelling.go_on()
        elif said.do == "correct":
            spelling.correct()
        elif said.do == "resume":
            if spelling.character:
                raise MarkerError("message 'resume' found while a character is shown")
            spelling.next_character()
        else:
            self._finish()

    def _finish(self) -> None:
        """End the session and tell where it is."""
        assert self._spelling is not None
        assert self._files is not None
        report = self._spelling.close() | {"offset": self._offer.offset.to_dict()}
        self._tell({"event": "over", "file": str(self._files.path), "report": report})
        self._say(f"Session: {self._files.path}")
        self._files.close(report)
        self._spelling = self._files = None


def _shown(spelling: Spelling) -> dict[str, Any]:
    """Return what a page has to know of a session that runs."""
    layout = spelling.paradigm.layout
    return {
        "symbols": list(layout.symbols),
        "groups": {str(code): sorted(group) for code, group in layout.groups.items()},
        "text": spelling.text,
        "copy": spelling.copied,
        "decided": spelling.decided,
    }
