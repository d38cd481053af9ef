"""What happens in a session, as typed events: scores, decisions, learning, faults by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Something that happened; ``at`` is the session's clock in seconds."""

    at: float
    kind: ClassVar[str] = "event"

    def to_dict(self) -> dict[str, Any]:
        """Return the event JSON-ready, its kind first."""
        return {"event": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Scored(Event):
    """A flash was scored: where it is in the stored signal, and the log-odds of a target.

    Parameters
    ----------
    time
        At which it was seen, by the stamps, seconds.
    """

    sample: int
    time: float
    code: int
    character: int
    repetition: int
    target: bool | None
    score: float
    kind: ClassVar[str] = "flash"


@dataclass(frozen=True)
class Posterior(Event):
    """What is known of a character after so many repetitions: the probability of each symbol."""

    character: int
    repetitions: int
    probabilities: dict[str, float]
    kind: ClassVar[str] = "posterior"


@dataclass(frozen=True)
class Decided(Event):
    """A character was decided; ``symbol`` is empty where nothing is spelled.

    Parameters
    ----------
    posterior
        Of the symbol, or of nobody attending.
    repetitions
        Used for it.
    forced
        Whether the character ended before the posterior reached the threshold.
    tie
        Whether another symbol was as likely.
    damaged
        Whether something of the character was lost, so that nothing is learned from it.
    right
        Whether it is what was attended, where the markers tell what was; None where they do not.
    time
        Stamp of the last sample that had come by then, seconds.
    """

    character: int
    symbol: str
    posterior: float
    repetitions: int
    forced: bool
    tie: bool
    damaged: bool
    right: bool | None
    time: float
    kind: ClassVar[str] = "decision"


@dataclass(frozen=True)
class Learned(Event):
    """The detector has learned from a character, which took so many seconds.

    Parameters
    ----------
    trusted
        Whether self-calibration has always been trusted so far.
    fell_back
        Whether the character was scored by what was known at the start, because what had been
        learned had shown itself worse.
    """

    character: int
    seconds: float
    trusted: bool
    fell_back: bool
    kind: ClassVar[str] = "learned"


@dataclass(frozen=True)
class Damaged(Event):
    """A character is over of which something was lost: nothing is learned from it."""

    character: int
    kind: ClassVar[str] = "damaged"


@dataclass(frozen=True)
class Fault(Event):
    """Something that should not happen did; ``text`` says what, and what became of it."""

    text: str
    kind: ClassVar[str] = "fault"


@dataclass(frozen=True)
class MissingMarker(Fault):
    """Codes of a repetition were not told; what is lost counts as no evidence."""

    character: int
    repetition: int
    codes: tuple[int, ...]
    kind: ClassVar[str] = "missing marker"


class UnreadMarker(Fault):
    """A marker that is no message of the documented form."""

    kind: ClassVar[str] = "unread marker"


class Reason(StrEnum):
    """Why a flash that was told is left out."""

    CODE = "the layout does not have its code"
    TWICE = "it was told before"
    BESIDE = "another flash is at its sample"
    SCORED = "later ones were scored before it came"
    FORGOTTEN = "its EEG is no longer kept"
    REPETITION = "its repetition or character is over"
    CHARACTER = "its character is over"
    NO_EEG = "there is no EEG of it"
    AHEAD = "it is far ahead of the EEG"
    BEGINS = "its epoch begins before the EEG"
    GAP = "its epoch reaches across a gap in the EEG"
    ENDED = "the EEG ended before its epoch did"
    GIVEN_UP = "its character was given up"


@dataclass(frozen=True)
class LeftOut(Fault):
    """A flash was told, but its epoch is not used."""

    character: int
    repetition: int
    code: int
    reason: Reason


class UnknownCode(LeftOut):
    """A flash code that the layout does not have."""

    kind: ClassVar[str] = "unknown code"


class DoubledMarker(LeftOut):
    """A flash was told twice, or two at one sample; the first one counts."""

    kind: ClassVar[str] = "doubled marker"


class LateMarker(LeftOut):
    """A flash was told when later ones were scored, or its EEG was no longer kept."""

    kind: ClassVar[str] = "late marker"


class DisorderedMarker(LeftOut):
    """A flash of a character or repetition that was over."""

    kind: ClassVar[str] = "disordered marker"


class OutsideEeg(LeftOut):
    """A flash at a time of which there is no EEG, or whose epoch would reach across a gap."""

    kind: ClassVar[str] = "marker outside EEG"


@dataclass(frozen=True)
class Broken(Fault):
    """The EEG does not go on, for so many seconds; filters start anew."""

    seconds: float


class Gap(Broken):
    """EEG is missing."""

    kind: ClassVar[str] = "gap in EEG"


class ClockJump(Broken):
    """The time stamps of the EEG jumped back."""

    kind: ClassVar[str] = "clock jump"


class Reconnected(Broken):
    """A stream went away and is back, after so many seconds of the session's clock."""

    kind: ClassVar[str] = "stream gone and back"


class BadSamples(Broken):
    """EEG samples are NaN or infinite; they are left out as a gap."""

    kind: ClassVar[str] = "samples not finite"


@dataclass(frozen=True)
class GivenUp(Fault):
    """A character was ended in the middle: nothing is spelled, nothing is learned from it.

    Parameters
    ----------
    waiting
        Flashes of it that were told, but not scored yet.
    """

    character: int
    waiting: int
    kind: ClassVar[str] = "character given up"


class PageGone(Fault):
    """The page was closed or reloaded while a session was running."""

    kind: ClassVar[str] = "page gone"


class SecondPage(Fault):
    """A second page was opened beside the one that shows the session; it is turned away."""

    kind: ClassVar[str] = "second page"


class UnreadMessage(Fault):
    """A message of a page or client is none of the documented ones, or comes at a wrong time."""

    kind: ClassVar[str] = "unread message"


class ClientDropped(Fault):
    """A client of the WebSocket does not take what is sent, or is not there any more."""

    kind: ClassVar[str] = "client dropped"


class Unseen(Fault):
    """A flash was told when the EEG of its response had begun: the simulated person missed that."""

    kind: ClassVar[str] = "flash told too late"


class Stopped(Fault):
    """The server was stopped while a session was running."""

    kind: ClassVar[str] = "server stopped"


FAULTS: tuple[type[Fault], ...] = (
    MissingMarker, UnreadMarker, UnknownCode, DoubledMarker, LateMarker, DisorderedMarker,
    OutsideEeg, Gap, ClockJump, Reconnected, BadSamples, ClientDropped, UnreadMessage,
)  # fmt: skip
"""Those of a session on streams; docs/online.md tells of each."""

PAGE_FAULTS: tuple[type[Fault], ...] = (
    GivenUp, PageGone, SecondPage, UnreadMessage, Unseen, Stopped
)  # fmt: skip
"""Those of a session that a page shows; docs/online_page.md tells of each."""

SENT = (Decided, Posterior, Learned, Fault)
"""What goes out of a session, over streams and WebSockets; docs/online.md tells of each."""
