"""The page's files over HTTP: to whoever has the token, by this host's name, and nobody else."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Collection
from http import HTTPStatus
from importlib import resources
from typing import TYPE_CHECKING

from p300.errors import OnlineError

if TYPE_CHECKING:
    from websockets.http11 import Request, Response

HOME = ("127.0.0.1", "localhost", "::1")
"""This machine's names for itself."""

EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - they are refused

SOCKET = "socket"
"""Where the WebSocket is."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: nothing but the page's own files, nothing inline."""


def check_host(host: str) -> None:
    """Refuse a host that is every network at once.

    Raises
    ------
    OnlineError
        Because the page's address has to name one, by which requests are checked.
    """
    if host in EVERYWHERE:
        raise OnlineError(
            f"host {host!r} found, which is every network this machine is in; name the one by "
            "which the page is opened, such as --host lab-pc"
        )


def at(host: str, port: int) -> str:
    """Return host and port as addresses have them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def names_of(host: str, port: int) -> set[str]:
    """Return what a request may call a host: of this machine, any of its names for itself."""
    return {at(name, port) for name in (HOME if host in HOME else (host,))}


def answer(request: Request, hosts: Collection[str], token: str) -> Response | None:
    """Answer a request for a file of the page.

    Parameters
    ----------
    request
        As it came.
    hosts
        What it may call the server: another name is that of a page which had the browser believe
        that the server is its own.
    token
        That its path begins with.

    Returns
    -------
    None for the WebSocket, when the page that asks for it is the server's own.
    """
    if request.headers.get("Host", "") not in hosts:
        return _response(HTTPStatus.FORBIDDEN, b"Another host is asked for.")
    given, _, name = request.path.partition("?")[0].lstrip("/").partition("/")
    if not secrets.compare_digest(given.encode(), token.encode()):
        return _response(
            HTTPStatus.FORBIDDEN, b"Take the address that p300 speller prints, with its token."
        )
    if name == SOCKET:
        if request.headers.get("Origin", "").partition("://")[2] in hosts:
            return None
        return _response(HTTPStatus.FORBIDDEN, b"A script of another page asks.")
    name = name or "index.html"
    kind = mimetypes.guess_type(name)[0]
    page = resources.files("p300.online").joinpath("page")
    files = {one.name: one for one in page.iterdir()}
    if name not in files or kind is None:
        return _response(HTTPStatus.NOT_FOUND, b"There is no such file.")
    return _response(HTTPStatus.OK, files[name].read_bytes(), kind)


def _response(status: HTTPStatus, body: bytes, kind: str = "text/plain") -> Response:
    from websockets.datastructures import Headers
    from websockets.http11 import Response

    headers = Headers(
        {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    return Response(status.value, status.phrase, headers, body)
