"""A speller's page that is served beside the tests, and a script that stands in for the page."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from p300.online.applied_offset import NO_OFFSET, AppliedOffset
from p300.online.events import FAULTS, PAGE_FAULTS, Unseen
from p300.online.page_server import Offer, PageServer
from p300.online.persons import SimulatedPerson
from p300.speller.fitted import Fitted

ROWS = [list(row) for row in ("ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ0123", "456789")]


class Served:
    """A server in a thread of its own.

    Parameters
    ----------
    detector
        Folder.
    out
        Where sessions are stored.
    speed, seed
        Of the simulated person.
    offset
        That is applied.
    """

    def __init__(
        self,
        detector: Path,
        out: Path,
        *,
        speed: float = 5.0,
        seed: int = 1,
        offset: AppliedOffset = NO_OFFSET,
    ) -> None:
        fitted = Fitted.load(detector)
        self.out, self.said = out, list[str]()
        offer = Offer(SimulatedPerson(seed, speed), lambda _: fitted, ROWS, out, speed, offset)
        self.server = PageServer(offer, self.said.append, seed=1)
        self.address, self._open = "", threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.server.run("127.0.0.1", 0, self._opened)

    def _opened(self, address: str) -> None:
        self.address = address
        self._open.set()

    def __enter__(self) -> Served:
        self._thread.start()
        assert self._open.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.server.stop.set)
            self._thread.join(20)
        assert not self._thread.is_alive()

    def log(self) -> list[dict[str, Any]]:
        """What the log of the only session has."""
        (file,) = self.out.glob("*.jsonl")
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    def faults(self) -> list[str]:
        """Kinds of the faults that are named there."""
        kinds = {kind.kind for kind in FAULTS + PAGE_FAULTS} - {
            Unseen.kind
        }  # that is of a busy machine
        return [one["event"] for one in self.log() if one["event"] in kinds]


class Scripted:
    """What stands in for a page: it shows no flash but says that it does.

    Parameters
    ----------
    address
        Of the page.
    """

    def __init__(self, address: str, **options: Any) -> None:
        host = address.partition("://")[2].partition("/")[0]
        options = {"origin": f"http://{host}"} | options
        self._open = ExitStack()
        place = address.replace("http", "ws", 1) + "socket"
        self.socket: ClientConnection = self._open.enter_context(connect(place, **options))

    def say(self, **said: Any) -> None:
        """Say something."""
        self.socket.send(json.dumps(said))

    def hear(self, event: str, seconds: float = 15.0) -> dict[str, Any]:
        """Wait for a message of a kind."""
        end = time.monotonic() + seconds
        while True:
            told = json.loads(self.socket.recv(timeout=max(end - time.monotonic(), 0.01)))
            if told["event"] == event:
                return dict(told)

    def now(self) -> float:
        """The session's clock, to a round trip."""
        self.say(do="ping", page=0.0)
        return float(self.hear("pong")["server"])

    def start(self, copy: str = "P3", paradigm: str = "row_column") -> dict[str, Any]:
        """Start a session; return what is to be shown first."""
        self.hear("welcome")
        self.say(do="start", paradigm=paradigm, copy=copy)
        return self.hear("character")

    def flash(self, character: dict[str, Any], n: int, at: float) -> float:
        """Say that the first flashes were shown, each when it is due; return when the last was."""
        codes = [(code, k + 1) for k, codes in enumerate(character["order"]) for code in codes]
        for code, repetition in codes[:n]:
            number = character["character"]
            marker = {"flash": code, "character": number, "repetition": repetition}
            while self.now() < at:
                time.sleep(0.01)
            self.say(do="mark", at=at, marker=marker)
            at += 0.175
        return at

    def close(self) -> None:
        """Close the page."""
        self._open.close()
