"""WebSockets of this machine: who may open one, and what is on its way to a client.

An address has a token of 128 random bits, another one each time: whoever has it may. Needs
websockets: ``pip install 'p300[online]'``.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any

from p300.errors import OnlineError
from p300.online.page_messages import Ping

if TYPE_CHECKING:
    from websockets.asyncio.server import Server, ServerConnection
    from websockets.http11 import Request, Response

HOME = ("127.0.0.1", "localhost", "::1")
"""This machine's names for itself."""

EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - they are refused

SOCKET = "socket"
"""Where the WebSocket is, behind the token."""

LARGEST = 1 << 14
"""Bytes of a message of a client."""

GONE = 1001
"""WebSocket close code: the server stops."""


def websockets_server() -> Any:
    """Import the library of the server.

    Raises
    ------
    OnlineError
        When it is not installed.
    """
    try:
        from websockets.asyncio import server
    except ImportError as error:
        raise OnlineError(
            f"websockets is not there ({error}), which the page and a WebSocket need; install it "
            "with pip install 'p300[online]'"
        ) from error
    return server


def new_token() -> str:
    """Return what an address has, so that nobody guesses it."""
    return secrets.token_urlsafe(16)


def check_host(host: str) -> None:
    """Refuse a host that is every network at once.

    Raises
    ------
    OnlineError
        Because the address has to name one, by which requests are checked.
    """
    if host in EVERYWHERE:
        raise OnlineError(
            f"host {host!r} found, which is every network this machine is in; name the one by "
            "which it is opened, such as --host lab-pc"
        )


def at(host: str, port: int) -> str:
    """Return host and port as addresses have them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def names_of(host: str, port: int) -> set[str]:
    """Return what a request may call a host: of this machine, any of its names for itself."""
    return {at(name, port) for name in (HOME if host in HOME else (host,))}


def asked_for(request: Request) -> str:
    """Return what is asked for behind the token."""
    return request.path.partition("?")[0].lstrip("/").partition("/")[2]


def refused(request: Request, hosts: Collection[str], token: str) -> str:
    """Return why a request is refused; empty where it is not.

    Parameters
    ----------
    request
        As it came.
    hosts
        What it may call the server: another name is that of a page which had the browser believe
        that the server is its own.
    token
        That its path begins with.
    """
    if request.headers.get("Host", "") not in hosts:
        return "Another host is asked for."
    given = request.path.partition("?")[0].lstrip("/").partition("/")[0]
    if not secrets.compare_digest(given.encode(), token.encode()):
        return "Take the address that is printed, with its token."
    return ""


async def listen(
    host: str,
    port: int,
    talk: Callable[[ServerConnection], Awaitable[None]],
    answer: Callable[[ServerConnection, Request], Response | None],
    **options: Any,
) -> tuple[Server, int]:
    """Begin to serve; return the server and its port, which is a free one where 0 was asked for.

    Raises
    ------
    OnlineError
        When the host is none by name, or cannot be listened on.
    """
    check_host(host)
    library = websockets_server()
    try:
        server: Server = await library.serve(
            talk, host, port, process_request=answer, max_size=LARGEST, **options
        )
    except OSError as error:
        raise OnlineError(
            f"{host}:{port} cannot be listened on ({error}); choose another port or host"
        ) from error
    return server, next(iter(server.sockets)).getsockname()[1]


def pong(said: Ping, now: float) -> dict[str, Any]:
    """Return the answer to who asks for the time: their own as it came, and the session's."""
    return {"event": "pong", "page": said.page, "server": now}


async def close(client: ServerConnection, code: int, reason: str, seconds: float) -> None:
    """End a connection, within so many seconds also where the client takes nothing any more."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await client.close(code, reason)
    client.transport.abort()


class Outbox:
    """Texts on their way to a client, in order; nobody waits for it.

    Parameters
    ----------
    client
        Connected.
    most
        Texts that may wait; 0: any number.
    """

    def __init__(self, client: ServerConnection, most: int = 0) -> None:
        self._client = client
        self._waiting: asyncio.Queue[str] = asyncio.Queue(most)
        self._sender = asyncio.create_task(self._send())

    def put(self, text: str) -> bool:
        """Send a text when its turn comes; return whether there is room for it."""
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(text)
            return True
        return False

    async def _send(self) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._client.send(await self._waiting.get())
                self._waiting.task_done()

    async def sent(self, seconds: float) -> bool:
        """Wait until all is sent or the client is gone, so long at most; return whether it is."""
        all_of_it = asyncio.create_task(self._waiting.join())
        done, _ = await asyncio.wait(
            {all_of_it, self._sender}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        all_of_it.cancel()
        return all_of_it in done

    def close(self) -> None:
        """Send nothing more."""
        self._sender.cancel()
