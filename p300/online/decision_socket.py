"""A WebSocket beside the stream of decisions: they go out to whoever opened it, flashes come in.

It has a thread of its own, so that no client holds up the session: what is to be sent is handed
over, and a client that does not take it is dropped, by name.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from p300.errors import MarkerError, P300Error
from p300.online.events import SENT, ClientDropped, Event, Fault, UnreadMessage
from p300.online.page_messages import Mark, Ping, read_message
from p300.online.sockets import (
    GONE,
    SOCKET,
    Outbox,
    asked_for,
    at,
    check_host,
    close,
    listen,
    names_of,
    new_token,
    pong,
    refused,
    websockets_server,
)
from p300.online.stamps import Floats

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.exceptions import ConnectionClosed
    from websockets.http11 import Request, Response

MOST_WAITING = 500
"""Messages that may wait for a client; a session has some ten a second."""

ANSWERS = 20.0
"""Seconds between a WebSocket's own pings, and within which each is to be answered."""

LAST = 1.0
"""Seconds in the end for what is on its way, and for a client to say farewell."""

TOO_SLOW = 4408
"""WebSocket close code: the client does not take what is sent."""

One = TypeVar("One")


class DecisionSocket:
    """The WebSocket of ``p300 online``, open within ``with``; messages are in docs/online.md.

    It stands in for an inlet of flashes, too: see :func:`p300.online.live.follow`.

    Parameters
    ----------
    host, port
        To listen on; port 0 is a free one.
    clock
        The session's time in seconds.
    say
        Prints a line: the address, and which clients come and go.

    Raises
    ------
    OnlineError
        When the host is none by name, or websockets is not installed; on entering, when it cannot
        be listened on.
    """

    there = True
    """As of an inlet that is never away: clients come and go."""

    def __init__(
        self, host: str, port: int, clock: Callable[[], float], say: Callable[[str], None]
    ) -> None:
        check_host(host)
        websockets_server()
        self.token = new_token()
        self.takes_flashes = True
        """Whether flashes come from its clients; else from a stream, and theirs are refused."""
        self._host, self._port, self._clock, self._say = host, port, clock, say
        self._hosts: set[str] = set()
        self._clients: dict[ServerConnection, Outbox] = {}
        self._drops: set[asyncio.Task[None]] = set()
        self._flashes: SimpleQueue[tuple[float, str]] = SimpleQueue()
        self._faults: SimpleQueue[tuple[type[Fault], str]] = SimpleQueue()
        self._open: Future[str] = Future()
        self._thread = ThreadPoolExecutor(1, "p300-websocket")

    def __enter__(self) -> Self:
        served = self._thread.submit(lambda: asyncio.run(self._run()))
        either: set[Future[Any]] = {self._open, served}
        wait(either, return_when=FIRST_COMPLETED)
        if served.done():
            served.result()  # raises why it is not open
        self._say(f"WebSocket: {self._open.result()}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.shutdown()

    # -- the session's side

    def __call__(self, event: Event) -> None:
        """Hand an event over, if it is one that is sent; it waits for nobody."""
        if isinstance(event, SENT):
            text = json.dumps(event.to_dict(), ensure_ascii=False)
            self._loop.call_soon_threadsafe(self._hand_out, text)

    def back(self) -> bool:
        """Return that it is there."""
        return True

    def pull(self) -> tuple[Floats, list[list[str]]]:
        """Return the flashes that came since: stamps [sample], and samples of one text."""
        found = _taken(self._flashes)
        return np.array([stamp for stamp, _ in found]), [[text] for _, text in found]

    def faults(self) -> list[tuple[type[Fault], str]]:
        """Return what went wrong since, for the session to name."""
        return _taken(self._faults)

    # -- the thread's side

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server, port = await listen(
            self._host, self._port, self._talk, self._answer, compression=None,
            ping_interval=ANSWERS, ping_timeout=ANSWERS, close_timeout=LAST,
        )  # fmt: skip
        async with server:
            self._hosts = names_of(self._host, port)
            self._open.set_result(f"ws://{at(self._host, port)}/{self.token}/{SOCKET}")
            await self._over.wait()
            await asyncio.gather(*(self._part(*one) for one in self._clients.items()))

    async def _part(self, client: ServerConnection, out: Outbox) -> None:
        """Send a client what waits for it, and say farewell."""
        if not await out.sent(LAST):
            self._say(f"{_named(client)} did not take the last messages")
        await close(client, GONE, "the session is over", LAST)

    def _answer(self, client: ServerConnection, request: Request) -> Response | None:
        """Refuse who has not the address; a page of any other server may have it."""
        if why := refused(request, self._hosts, self.token):
            return client.respond(403, why)
        return None if asked_for(request) == SOCKET else client.respond(404, "Nothing is here.")

    async def _talk(self, client: ServerConnection) -> None:
        """Serve a client as long as it is there."""
        from websockets.exceptions import ConnectionClosed

        self._clients[client] = Outbox(client, MOST_WAITING)
        self._say(f"{_named(client)} is there")
        try:
            async for message in client:
                self._take(client, message)
        except ConnectionClosed as error:
            self._ended(client, error)
        finally:
            if (out := self._clients.pop(client, None)) is not None:
                out.close()
            self._say(f"{_named(client)} is gone")

    def _ended(self, client: ServerConnection, error: ConnectionClosed) -> None:
        """Name an end that was not the client's own wish."""
        if client in self._clients and error.sent is not None and not error.rcvd_then_sent:
            why = f"{error.sent.code} {error.sent.reason}".strip()
            self._fault(ClientDropped, f"{_named(client)}: {why}; its connection is closed")

    def _take(self, client: ServerConnection, message: str | bytes) -> None:
        """Do what a client says."""
        try:
            said = read_message(message)
            if isinstance(said, Ping):
                self._send(client, pong(said, self._clock()))
            elif not isinstance(said, Mark):
                raise MarkerError(
                    f"message {said.do!r} found, which is for the page of p300 speller; expected "
                    "'ping' or 'mark'"
                )
            elif not self.takes_flashes:
                raise MarkerError(
                    "a flash found, but those of this session are of a marker stream; start "
                    "p300 online without --markers"
                )
            else:
                self._flashes.put((said.at, json.dumps(said.marker)))
        except P300Error as error:
            self._fault(UnreadMessage, f"{_named(client)}: {error}; left out")
            self._send(client, {"event": "error", "text": str(error)})

    def _send(self, client: ServerConnection, said: dict[str, Any]) -> None:
        self._put(client, json.dumps(said, ensure_ascii=False))

    def _hand_out(self, text: str) -> None:
        for client in list(self._clients):
            self._put(client, text)

    def _put(self, client: ServerConnection, text: str) -> None:
        """Send a text to a client; drop it if too much waits for it."""
        out = self._clients.get(client)
        if out is None or out.put(text):
            return
        del self._clients[client]
        out.close()
        self._fault(
            ClientDropped,
            f"{_named(client)} is too slow: {MOST_WAITING} messages wait for it; its connection is "
            "closed, it may open another",
        )
        closing = asyncio.create_task(close(client, TOO_SLOW, "too slow: messages wait", LAST))
        self._drops.add(closing)
        closing.add_done_callback(self._drops.discard)

    def _fault(self, kind: type[Fault], text: str) -> None:
        self._faults.put((kind, text))


def _named(client: ServerConnection) -> str:
    host, port = client.remote_address[:2]
    return f"the WebSocket's client {at(host, port)}"


def _taken(queue: SimpleQueue[One]) -> list[One]:
    """Return what is in a queue that nobody else takes from."""
    return [queue.get_nowait() for _ in range(queue.qsize())]
