"""How much a command tells: ``--quiet`` and ``--verbose``, which every command takes."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from p300.showing import Show


class Telling(Enum):
    """How much is told beside what was asked for; warnings and errors always are."""

    QUIET = "quiet"
    """Neither progress nor notes."""
    USUAL = "usual"
    VERBOSE = "verbose"
    """Also the lines that a run's log has."""


_telling = ContextVar("telling", default=Telling.USUAL)

_QUIET = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress, no notes; warnings and errors remain.")
]
_VERBOSE = Annotated[
    bool, typer.Option("--verbose", "-v", help="Tell what is done and when, as a run's log does.")
]


def telling() -> Telling:
    """Return how much the command that runs is to tell."""
    return _telling.get()


def take_everywhere(app: typer.Typer) -> None:
    """Give all commands of an app, and of those in it, the two options."""
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = _with_options(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            take_everywhere(group.typer_instance)


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def told(*, quiet: bool, verbose: bool, **given: Any) -> Any:
        if quiet and verbose:
            raise typer.BadParameter("--quiet and --verbose contradict each other: give one")
        before = _telling.set(
            Telling.QUIET if quiet else Telling.VERBOSE if verbose else Telling.USUAL
        )
        try:
            return command(**given)
        finally:
            _telling.reset(before)

    own = inspect.signature(command, eval_str=True)
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=each)
        for name, each in (("quiet", _QUIET), ("verbose", _VERBOSE))
    ]
    told.__signature__ = own.replace(  # type: ignore[attr-defined]  # what typer reads
        parameters=[*own.parameters.values(), *options]
    )
    return told


@contextmanager
def lines_shown(show: Show) -> Iterator[None]:
    """Show the lines of the log where the command is to be verbose.

    Parameters
    ----------
    show
        Takes each.
    """
    if telling() is not Telling.VERBOSE:
        yield
        return
    from p300.runs.log import LINE, LOGGER

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno < logging.WARNING:  # warnings are shown as such
                show(self.format(record))

    handler = Shown(logging.INFO)
    handler.setFormatter(LINE)
    LOGGER.addHandler(handler)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
