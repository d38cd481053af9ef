"""The commands that hand a fitted detector to others: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from p300.commands.terminal import say

if TYPE_CHECKING:
    from p300.detectors.storage import StoredDetector

Fitted = Annotated[Path, typer.Argument(help="Folder of a fitted detector.")]


def export(
    fitted: Fitted,
    to: Annotated[Literal["onnx"], typer.Option(help="Format.")] = "onnx",
    out: Annotated[
        Path | None, typer.Option(help="File to write; model.onnx in the folder without it.")
    ] = None,
) -> None:
    """Write a fitted detector as an ONNX graph, and beside it a JSON file on how to use it."""
    from p300.detectors.sharing.onnx_file import MODEL, export_onnx

    assert to == "onnx"  # there is no other yet
    stored, adaptation = _read(fitted)
    made = export_onnx(stored, out or fitted / MODEL, adaptation=adaptation)
    say(f"Graph: {made.model} (off by {made.difference:.1g} at most in log-odds)")
    say(f"How to use it: {made.description}")
    if stored.alignment.changes_epochs:
        say(f"Alignment {stored.alignment.name}: its matrix is an input, see the JSON file.")
    if adaptation is not None:
        say(f"Adaptation {adaptation} is not in the graph: it scores as before any adaptation.")


def card(
    fitted: Fitted,
    run: Annotated[
        Path | None, typer.Option(help="Finished run folder whose figures the card shows.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Which detector of the run, where several are alike.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Of the weights, such as bsd-3-clause; unknown without it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; README.md in the folder without it.")
    ] = None,
) -> None:
    """Write the model card of a fitted detector: data, protocol, figures, limits, licences."""
    from p300.detectors.sharing.card import CARD, write_card

    stored, adaptation = _read(fitted)
    measured = None
    if run is not None:
        from p300.report.measured import measured_in

        measured = measured_in(run, stored, adaptation, label)
    file = write_card(
        stored, out or fitted / CARD, adaptation=adaptation, measured=measured, licence=licence
    )
    say(f"Card: {file}")


def _read(folder: Path) -> tuple[StoredDetector, str | None]:
    """Read a stored detector, and the name of the adaptation that is stored with it."""
    from p300.adaptation.storage import STORED, load_adapting
    from p300.detectors import load_detector

    stored = load_detector(folder)
    adapting = load_adapting(folder, stored.detector)
    return stored, None if adapting is None else STORED[type(adapting)]
