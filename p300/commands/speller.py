"""The command of the speller's page: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from p300.commands.offset_option import Offset, read_offset
from p300.commands.terminal import say

if TYPE_CHECKING:
    from p300.online.persons import Person
    from p300.recordings.simulated.paradigm import ParadigmName
    from p300.speller.fitted import Fitted

OTHERS = """
datasets:
  others:
    source: simulated
    n_subjects: 16
    n_runs: 1
    repetitions: 10
    paradigm: {paradigm}
preprocessing: {{phase: causal, filter: butterworth, normaliser: none, low: 0.5, high: 16}}
detectors:
  page:
    detector: slda
    alignment: {{method: euclidean, mode: running}}
    adaptation: self_calibrated
spelling: {{dynamic: true, target_error: 0.05}}
"""
"""What the detector of a page is trained on without ``--detector``: other simulated people."""

MATRIX = ("ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ0123", "456789")


def speller(
    person: Annotated[
        Literal["simulated", "lsl"],
        typer.Option(help="Whose EEG: somebody's who is simulated, or that of an LSL stream."),
    ] = "simulated",
    detector: Annotated[
        Path | None,
        typer.Option(help="Folder of a fitted detector; without, one of other simulated people."),
    ] = None,
    eeg: Annotated[
        str | None, typer.Option(help="Stream of EEG: its name, type or source id.")
    ] = None,
    offset: Offset = "0",
    rows: Annotated[
        list[str] | None,
        typer.Option(
            "--row", metavar="SYMBOLS", help="Of the matrix: letters, or words (repeatable)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another one simulates another person.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder that sessions are stored in.")] = Path(
        "sessions"
    ),
    host: Annotated[
        str, typer.Option(help="Name or address by which the page is opened.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = 8300,
    browser: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Spell on a page that flashes, with somebody simulated or a stream. Ctrl-C ends it."""
    import asyncio
    import webbrowser

    from p300.online.page_server import Offer, PageServer
    from p300.online.sockets import websockets_server
    from p300.speller.fitted import Fitted

    websockets_server()  # before anything is trained
    given = None if detector is None else Fitted.load(detector)
    applied = read_offset(offset)
    who = _person(person, seed, eeg, given)
    applied.check(who.name)

    def fitted(paradigm: ParadigmName) -> Fitted:
        return given or trained_on_others(paradigm)

    fitted("row_column")
    matrix = [_symbols(row) for row in rows or MATRIX]
    offer = Offer(who, fitted, matrix, out, offset=applied)

    def opened(address: str) -> None:
        say(f"Page: {address}")
        say("Ctrl-C ends the session and the server.")
        if browser:
            webbrowser.open(address)

    async def serve() -> None:
        await PageServer(offer, say).run(host, port, opened)

    asyncio.run(serve())


def _person(person: str, seed: int, eeg: str | None, given: Fitted | None) -> Person:
    """Return whose EEG it is."""
    from p300.online.persons import SimulatedPerson, StreamedPerson

    if person == "simulated":
        if eeg is not None:
            raise typer.BadParameter("--eeg names a stream; it goes with --person lsl")
        return SimulatedPerson(seed)
    if given is None:
        raise typer.BadParameter(
            "--person lsl needs --detector FOLDER: one trained on simulated people knows nobody"
        )
    return StreamedPerson(eeg)


def _symbols(row: str) -> list[str]:
    """Return the symbols of a row: letters, or words between blanks."""
    return row.split() if " " in row.strip() else list(row)


def trained_on_others(paradigm: ParadigmName) -> Fitted:
    """Return a detector trained on other simulated people; the cache keeps it.

    Parameters
    ----------
    paradigm
        That they were shown.
    """
    import p300
    from p300.commands.stored_detectors import fit_on_all
    from p300.files import cache_folder, written_whole
    from p300.runs.cache import hash_facts
    from p300.runs.config import parse_experiment
    from p300.speller.fitted import Fitted

    config = OTHERS.format(paradigm=paradigm)
    folder = cache_folder() / f"page-{paradigm}-{hash_facts([p300.__version__, config])}"
    if not folder.exists():
        say("Training a detector on 16 simulated people; the cache keeps it ...")
        with written_whole(folder) as temporary:
            fit_on_all(parse_experiment(config), "page", temporary)
    return Fitted.load(folder)
