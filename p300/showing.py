"""One way to show warnings, ours and those of libraries: a line each, without lines of source."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from p300.errors import P300Warning, printable

Show = Callable[[str], None]


def one_line(message: Warning | str, category: type[Warning]) -> str:
    """Return a warning as it is shown; one of a library says of what kind it is."""
    text = printable(" ".join(str(message).split("\n")))
    kind = "" if issubclass(category, P300Warning) else f" ({category.__name__})"
    return f"Warning{kind}: {text}"


def to_standard_error(line: str) -> None:
    """Write a line where messages go."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the one place


@contextmanager
def shown_by(show: Show = to_standard_error) -> Iterator[None]:
    """Show the warnings of a block in one way.

    Parameters
    ----------
    show
        Takes each as a line.
    """
    usual = warnings.showwarning

    def show_one(message: Any, category: Any, *_: Any, **__: Any) -> None:
        show(one_line(message, category))

    warnings.showwarning = show_one
    try:
        yield
    finally:
        warnings.showwarning = usual


def show_plainly() -> None:
    """Show the warnings of this process as lines on standard error, from now on."""
    shown_by().__enter__()
