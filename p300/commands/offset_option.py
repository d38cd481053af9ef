"""The option for a constant delay: milliseconds, or the file of what was measured."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from p300.online.applied_offset import AppliedOffset

Offset = Annotated[
    str,
    typer.Option(
        "--offset",
        metavar="MS|FILE",
        help="From a marker to its flash in the EEG: milliseconds, or what p300 timing stored.",
    ),
]


def read_offset(text: str) -> AppliedOffset:
    """Return the offset that an option has."""
    from p300.online.applied_offset import AppliedOffset
    from p300.recordings.measured_offset import MeasuredOffset

    try:
        milliseconds = float(text)
    except ValueError:
        if not Path(text).exists():
            raise typer.BadParameter(
                f"--offset {text!r} found, expected a number of milliseconds or a file that p300 "
                "timing SESSION --out FILE wrote"
            ) from None
        return AppliedOffset.of(MeasuredOffset.load(Path(text)))
    if not math.isfinite(milliseconds):
        raise typer.BadParameter(f"--offset {text!r} found, expected a finite number")
    return AppliedOffset(milliseconds / 1e3)
