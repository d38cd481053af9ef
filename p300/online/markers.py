"""What a presentation says of its flashes: messages as JSON texts of a marker stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError

from p300.errors import MarkerError

_Number = Annotated[int, Strict(), Field(ge=0, le=10**9)]


class _FlashMessage(BaseModel):
    model_config = ConfigDict(extra="forbid")

    flash: _Number
    character: Annotated[int, Strict(), Field(ge=1, le=10**9)]
    repetition: Annotated[int, Strict(), Field(ge=1, le=10**9)]
    target: Annotated[bool, Strict()] | None = None


class _EndMessage(BaseModel):
    model_config = ConfigDict(extra="forbid")

    end: _Number


@dataclass(frozen=True)
class Flash:
    """A flash was shown: its code, in which repetition of which character; both count from 1."""

    code: int
    character: int
    repetition: int
    target: bool | None = None


@dataclass(frozen=True)
class End:
    """All flashes of a character were shown."""

    character: int


def read_marker(text: str) -> Flash | End:
    """Return what a marker says.

    Raises
    ------
    MarkerError
        When it is none of the messages that docs/online.md has.
    """
    for model in (_FlashMessage, _EndMessage):
        try:
            said = model.model_validate_json(text)
        except ValidationError:
            continue
        if isinstance(said, _FlashMessage):
            return Flash(said.flash, said.character, said.repetition, said.target)
        assert isinstance(said, _EndMessage)  # there are no others
        return End(said.end)
    shown = text if len(text) <= 80 else f"{text[:80]}..."
    raise MarkerError(
        f'marker {shown!r} found, expected {{"flash": 7, "character": 1, "repetition": 2}} or '
        '{"end": 1}'
    )


def write_flash(flash: Flash) -> str:
    """Return the message of a flash, which :func:`read_marker` reads."""
    said = _FlashMessage(
        flash=flash.code,
        character=flash.character,
        repetition=flash.repetition,
        target=flash.target,
    )
    return said.model_dump_json(exclude_none=True)


def write_end(character: int) -> str:
    """Return the message that a character is over."""
    return _EndMessage(end=character).model_dump_json()


def named(flash: Flash) -> str:
    """Return what messages call a flash."""
    return (
        f"the flash of code {flash.code}, character {flash.character}, repetition "
        f"{flash.repetition},"
    )
