"""A session on streams: what comes is handed on until the EEG is gone for good."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p300.errors import OnlineError
from p300.files import write_json
from p300.online.applied_offset import NO_OFFSET, AppliedOffset
from p300.online.decision_socket import DecisionSocket
from p300.online.recorder import Recorder
from p300.online.segment import Listener
from p300.online.session import Session
from p300.online.source import check_online, match
from p300.online.streams import DecisionOutlet, Inlet, find, local_clock
from p300.speller.fitted import Fitted
from p300.speller.language import LanguageModel

if TYPE_CHECKING:
    from p300.online.events import Event

POLL = 0.005
"""Seconds between looks at the streams."""


def follow(
    session: Session,
    eeg: Inlet,
    markers: Inlet | DecisionSocket,
    *,
    patience: float,
    socket: DecisionSocket | None = None,
    stopped: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Hand on what streams bring; the session is closed at the end, however that comes.

    Parameters
    ----------
    session
        Takes it.
    eeg, markers
        The streams; one that goes away is looked for by its source id. A WebSocket may stand in
        for that of markers.
    patience
        Seconds without EEG after which the session is over.
    socket
        Whose faults are the session's, too.
    stopped
        Asked between chunks whether to stop.
    clock
        Seconds.
    """
    last, away = clock(), False
    try:
        while not stopped() and clock() - last < patience:
            _name_faults(session, socket)
            if not markers.there:
                markers.back()
            for stamp, sample in zip(*markers.pull(), strict=True):
                session.marker(float(stamp), str(sample[0]))
            if not eeg.there:
                away = True
                if not eeg.back():
                    continue
            stamps, samples = eeg.pull()
            if len(stamps):
                if away:
                    session.reconnected(f"the stream of EEG {eeg.about}")
                last, away = clock(), False
                session.eeg(stamps, samples.astype(float, copy=False))
            else:
                time.sleep(POLL)
    finally:
        _name_faults(session, socket)
        session.close()


def _name_faults(session: Session, socket: DecisionSocket | None) -> None:
    for kind, text in socket.faults() if socket is not None else ():
        session.fault(kind, text)


def run(
    folder: Path,
    out: Path,
    listen: Listener,
    *,
    eeg: str | None = None,
    markers: str | None = None,
    language_model: Path | None = None,
    offset: AppliedOffset = NO_OFFSET,
    patience: float = 30.0,
    decisions: str = "p300",
    socket: DecisionSocket | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Find the streams, follow them, store the session and its report.

    Parameters
    ----------
    folder
        Of the detector.
    out
        XDF file of the session; the report is a JSON file beside it.
    listen
        Is told every event; decisions, posteriors and faults go out as a stream, too.
    eeg, markers
        Names, types or source ids of the streams.
    language_model
        File of n-gram counts.
    offset
        From a marker to its flash in the EEG.
    decisions
        Name of the stream that goes out.
    socket
        That is opened beside it; without ``markers`` flashes come from its clients.
    patience, stopped
        As in :func:`follow`.

    Returns
    -------
    The report, see :meth:`p300.online.timing.Timings.to_dict`, and the ``offset``.

    Raises
    ------
    OnlineError
        When the file is there, streams are not or are not what the detector or the offset needs.
    """
    if out.exists():
        raise OnlineError(f"{out}: exists already; name another file with --out")
    fitted = Fitted.load(folder)
    check_online(fitted)  # before anybody waits for streams
    if socket is not None:
        socket.takes_flashes = markers is None
    with nullcontext() if socket is None else socket:
        stream = find(eeg, "EEG")
        offset.check(stream.about.name)
        flashes = socket if socket is not None and markers is None else find(markers, "markers")
        source = match(fitted, stream.about.name, stream.about.sfreq, stream.channels())
        session = Session(
            fitted,
            source,
            _telling(DecisionOutlet(decisions), *([] if socket is None else [socket]), listen),
            recorder=Recorder(
                out, source.name, source.sfreq, list(source.described), source.layout, offset
            ),
            language=LanguageModel.load(language_model) if language_model else None,
            offset=offset.seconds,
            clock=local_clock(),
        )
        with until_interrupted() as interrupted:
            follow(
                session, stream, flashes, patience=patience, socket=socket,
                stopped=lambda: interrupted() or stopped(),
            )  # fmt: skip
    report = session.timings.to_dict() | {"offset": offset.to_dict()}
    write_json(out.with_suffix(".json"), report)
    return report


def _telling(*listeners: Listener) -> Listener:
    def tell(event: Event) -> None:
        for listen in listeners:
            listen(event)

    return tell


@contextmanager
def until_interrupted() -> Iterator[Callable[[], bool]]:
    """Have Ctrl-C (and SIGTERM) ask for an end, not tear a chunk in two; a second one does.

    Yields
    ------
    Whether it was pressed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # signals come to the main thread alone
        return
    asked = threading.Event()
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.getsignal(kind) for kind in kinds}

    def ask(kind: int, _: object) -> None:
        asked.set()
        signal.signal(kind, before[signal.Signals(kind)])

    for kind in kinds:
        signal.signal(kind, ask)
    try:
        yield asked.is_set
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
