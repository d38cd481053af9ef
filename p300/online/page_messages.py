"""What a client says over a WebSocket: JSON texts, see docs/online.md and docs/online_page.md.

:class:`Ping` and :class:`Mark` are for both servers, the others for that of the page alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from p300.errors import MarkerError
from p300.recordings.simulated.paradigm import ParadigmName

Seconds = Annotated[float, Field(allow_inf_nan=False)]

LONGEST = 60
"""Symbols of a text to copy."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Ping(_Message):
    """Asks for the time; ``page`` comes back as it is."""

    do: Literal["ping"]
    page: Seconds


class Start(_Message):
    """Begins a session; an empty text is free spelling."""

    do: Literal["start"]
    paradigm: ParadigmName
    copy_text: Annotated[str, Field(max_length=4 * LONGEST, alias="copy")] = ""


class Mark(_Message):
    """A flash was shown, or a character is over, at a time of the session's clock.

    ``marker`` is what a stream of markers has, see :mod:`p300.online.markers`.
    """

    do: Literal["mark"]
    at: Seconds
    marker: dict[str, Any]


class Attend(_Message):
    """The simulated person looks at a symbol from now on, or at none."""

    do: Literal["attend"]
    symbol: str | None


class Plain(_Message):
    """The buttons, and ``resume`` of a page that finds a session running."""

    do: Literal["pause", "go_on", "resume", "correct", "end"]


Said = Ping | Start | Mark | Attend | Plain
_SAID: TypeAdapter[Said] = TypeAdapter(Annotated[Said, Field(discriminator="do")])


def read_message(text: str | bytes) -> Said:
    """Return what a client says.

    Raises
    ------
    MarkerError
        When it is none of the documented messages.
    """
    try:
        return _SAID.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise MarkerError(
            f"message {text[:80]!r} found: {where}: {first['msg']}; see docs/online.md, "
            "and docs/online_page.md for a page"
        ) from error
