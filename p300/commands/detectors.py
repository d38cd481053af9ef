"""The command that tells which detectors there are and what they take: parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from p300.commands.completion import detector_names
from p300.commands.tables import print_table, wrapped
from p300.commands.terminal import print_parameters, say


def detectors(
    name: Annotated[
        str | None,
        typer.Argument(help="One detector, with its parameters.", autocompletion=detector_names),
    ] = None,
) -> None:
    """List the detectors; with a name, its parameters: defaults, ranges, what each is for."""
    from p300.detectors import DETECTORS, described_parameters, detector_info

    if name is None:
        rows = [[k, i.title, i.citation, DETECTORS.package(k)] for k, i in DETECTORS.items()]
        print_table(["detector", "title", "citation", "package"], rows)
        return
    info = detector_info(name)
    for line in (f"{name}: {info.title}", info.citation, f"Package: {DETECTORS.package(name)}"):
        if line:
            say(wrapped(line, indent="  ", first=""))
    if info.alone:
        say(f"Stands for detector: {info.alone} with")
        say(f"  alignment = {info.alignment}\n  adaptation = {info.adaptation!r}\nand")
    if parameters := described_parameters(name):
        say("\nParameters")
        print_parameters(parameters)
