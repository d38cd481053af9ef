"""The commands of live spelling: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from p300.commands.offset_option import Offset, read_offset
from p300.commands.terminal import say

if TYPE_CHECKING:
    from p300.online.decision_socket import DecisionSocket
    from p300.online.events import Event

Fitted = Annotated[Path, typer.Argument(help="Folder of a fitted detector.")]
Stretch = Annotated[
    list[str] | None, typer.Option(metavar="AT:SECONDS", help="Such as 12:0.5 (repeatable).")
]


def online(
    fitted: Fitted,
    eeg: Annotated[
        str | None, typer.Option(help="Stream of EEG: its name, type or source id.")
    ] = None,
    markers: Annotated[str | None, typer.Option(help="Stream of flashes, likewise.")] = None,
    out: Annotated[Path, typer.Option(help="XDF file that the session is stored in.")] = Path(
        "session.xdf"
    ),
    language_model: Annotated[Path | None, typer.Option(help="File of n-gram counts.")] = None,
    offset: Offset = "0",
    decisions: Annotated[
        str, typer.Option(help="Name of the stream that decisions go out as.")
    ] = "p300",
    websocket: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="Decisions through a WebSocket too, and without --markers flashes in; 0: any.",
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Name or address by which the WebSocket is opened, else 127.0.0.1."),
    ] = None,
    patience: Annotated[
        float, typer.Option(min=1, help="Seconds without EEG after which the session is over.")
    ] = 30.0,
) -> None:
    """Spell live: EEG and flashes of LSL streams in, letters out. Ctrl-C ends the session."""
    from p300.online.events import Decided, Fault
    from p300.online.live import run

    if websocket is None and host is not None:
        raise typer.BadParameter("--host is that of a WebSocket; it goes with --websocket PORT")
    applied = read_offset(offset)
    socket = None if websocket is None else _socket(host or "127.0.0.1", websocket)

    def tell(event: Event) -> None:
        if isinstance(event, Decided):
            way = "forced" if event.forced else f"{event.posterior:.0%}"
            said = event.symbol or "nothing"
            say(f"{said}  after {event.repetitions} repetitions ({way})")
        elif isinstance(event, Fault):
            say(f"{event.kind}: {event.text}", "yellow", err=True)

    report = run(
        fitted, out, tell, eeg=eeg, markers=markers, language_model=language_model,
        offset=applied, patience=patience, decisions=decisions, socket=socket,
    )  # fmt: skip
    print_report(report)
    say(f"Offset applied: {applied}")
    say(f"Session: {out}; p300 spell {fitted} {out} --source session repeats it")


def _socket(host: str, port: int) -> DecisionSocket:
    from p300.online.decision_socket import DecisionSocket
    from p300.online.streams import local_clock

    return DecisionSocket(host, port, local_clock(), say)


def replay(
    recording: Annotated[Path, typer.Argument(help="File or folder of the recording.")],
    source: Annotated[str, typer.Option(help="What it is, see `p300 datasets`.")],
    subject: Annotated[str | None, typer.Option(help="Subject wanted.")] = None,
    run: Annotated[str | None, typer.Option(help="Run wanted; the first without it.")] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="Option of the source (repeatable)."),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="Times faster.")] = 1.0,
    name: Annotated[str, typer.Option(help="Of the stream of EEG.")] = "p300-replay",
    chunk: Annotated[int, typer.Option(min=1, max=4096, help="Samples at once.")] = 8,
    jitter: Annotated[float, typer.Option(min=0, help="Of stamps of chunks, ms.")] = 0.0,
    drift: Annotated[float, typer.Option(help="Of the EEG's clock, parts in a million.")] = 0.0,
    offset: Annotated[float, typer.Option(help="Ms that markers are stamped too early.")] = 0.0,
    lost: Annotated[float, typer.Option(min=0, max=1, help="Share of markers lost.")] = 0.0,
    doubled: Annotated[float, typer.Option(min=0, max=1, help="Share that come twice.")] = 0.0,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share that come late.")] = 0.0,
    dropout: Stretch = None,
    disconnect: Stretch = None,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Mix the electrodes' order.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Draws the faults.")] = 0,
) -> None:
    """Play a recording as LSL streams of EEG and flashes, with faults on demand."""
    from p300.arguments import parse_options
    from p300.online.replay import Faults, Player, choose_run, write_script
    from p300.recordings import open_recordings

    subjects = None if subject is None else [subject]
    found = open_recordings(source, recording, subjects=subjects, **parse_options(options or []))
    faults = Faults(
        jitter=jitter / 1e3, drift=drift, offset=offset / 1e3, lost=lost, doubled=doubled,
        late=late, dropouts=_stretches(dropout), disconnects=_stretches(disconnect),
        shuffled=shuffle, seed=seed,
    )  # fmt: skip
    chosen = choose_run(found, run)
    player = Player(write_script(chosen, faults, chunk), name)
    say(f"Streams {name!r} and '{name}-markers' wait for p300 online: {chosen.name}")
    player.play(speed)


def timing(
    session: Annotated[Path, typer.Argument(help="XDF file of a session of p300 online.")],
    fitted: Annotated[
        Path | None, typer.Option("--detector", help="Fitted detector whose best offset is found.")
    ] = None,
    photodiode: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Channel that follows the screen's light.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Store it, for p300 online --offset FILE.")
    ] = None,
) -> None:
    """Estimate the constant delay from markers to flashes: by a photodiode, or by a detector."""
    from p300.online import offsets
    from p300.speller.fitted import Fitted as Read

    if (fitted is None) == (photodiode is None):
        raise typer.BadParameter("expected one of --photodiode LABEL and --detector FOLDER")
    if photodiode is not None:
        found = offsets.photodiode(session, photodiode)
        told = f"flashes; 95 % of them within {_ms(found.low)} to {_ms(found.high)} ms"
        measured = found.record(session, "photodiode", photodiode)
    else:
        from p300.recordings import open_recordings

        assert fitted is not None  # one of both is given
        (recording,) = open_recordings("session", session)
        found = offsets.scan(Read.load(fitted), recording)
        told = f"characters; 95 % interval {_ms(found.low)} to {_ms(found.high)} ms"
        measured = found.record(session, "detector", fitted.resolve().name)
    say(f"Offset: {_ms(found.seconds)} ms, of {found.n} {told}")
    if out is not None:
        measured.save(out)
    how = _ms(measured.offset) if out is None else out
    say(
        f"The session had {_ms(measured.applied)} ms: apply {_ms(measured.offset)} ms in all with "
        f"p300 online --offset {how}"
    )


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.1f}"


def _stretches(given: list[str] | None) -> tuple[tuple[float, float], ...]:
    """Read AT:SECONDS."""
    found = []
    for text in given or ():
        at, _, seconds = text.partition(":")
        try:
            found.append((float(at), float(seconds)))
        except ValueError as error:
            raise typer.BadParameter(f"{text!r} found, expected AT:SECONDS") from error
    return tuple(found)


def print_report(report: dict[str, object]) -> None:
    """Print the figures of a session."""
    from p300.commands.tables import print_table
    from p300.online.report_tables import report_tables

    for head, rows in report_tables(report):
        if rows:
            print_table(head, rows)
