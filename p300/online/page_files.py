"""The page's files over HTTP: to whoever has the token, by this host's name, and nobody else."""

from __future__ import annotations

import mimetypes
from collections.abc import Collection
from http import HTTPStatus
from importlib import resources
from typing import TYPE_CHECKING

from p300.online.sockets import SOCKET, asked_for, refused

if TYPE_CHECKING:
    from websockets.http11 import Request, Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: nothing but the page's own files, nothing inline."""


def answer(request: Request, hosts: Collection[str], token: str) -> Response | None:
    """Answer a request for a file of the page.

    Parameters
    ----------
    request
        As it came.
    hosts, token
        As of :func:`p300.online.sockets.refused`.

    Returns
    -------
    None for the WebSocket, when the page that asks for it is the server's own.
    """
    if why := refused(request, hosts, token):
        return _response(HTTPStatus.FORBIDDEN, why.encode())
    name = asked_for(request)
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
