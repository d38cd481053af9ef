"""Streams of the lab streaming layer (LSL): found by name, read with corrected stamps, written.

Stamps are corrected to this machine's clock (``clocksync``); that they are even is the session's
own work (:mod:`p300.online.stamps`), because the layer's dejittering smears lost samples over
minutes. Needs mne-lsl: ``pip install 'p300[online]'``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from p300.errors import OnlineError
from p300.online.events import SENT, Event
from p300.online.stamps import Floats
from p300.recordings.readers.xdfsignal import ChannelAbout

if TYPE_CHECKING:
    from mne_lsl.lsl import StreamInlet

SILENT = 2.0
"""Seconds without anything after which it is looked whether a stream was replaced."""

_MICROVOLTS = {"uv", "µv", "microvolt", "microvolts", "-6"}
_VOLTS = {"v", "volt", "volts", "0"}


def lsl() -> Any:
    """Import the bindings.

    Raises
    ------
    OnlineError
        When they are not installed.
    """
    try:
        import mne_lsl
        import mne_lsl.lsl as bindings
    except ImportError as error:
        raise OnlineError(
            f"mne-lsl is not there ({error}); install it with pip install 'p300[online]'"
        ) from error
    mne_lsl.set_log_level("ERROR")
    return bindings


@dataclass(frozen=True)
class Listed:
    """A stream that can be found: its name, type, source id, channels, rate and machine."""

    name: str
    kind: str
    source_id: str
    n_channels: int
    sfreq: float
    host: str

    def __str__(self) -> str:
        return (
            f"{self.name!r} (type {self.kind!r}, source id {self.source_id!r}, "
            f"{self.n_channels} channels at {self.sfreq:g} Hz, on {self.host})"
        )

    def goes_by(self, wanted: str) -> bool:
        """Return whether its name, type or source id is the one wanted."""
        return wanted in (self.name, self.kind, self.source_id)


def choose(listed: Sequence[Listed], wanted: str | None, what: str) -> Listed:
    """Return the one stream that is wanted.

    Parameters
    ----------
    listed
        All streams there are.
    wanted
        Its name, type or source id; None: the only one of EEG (regular) or of markers (not).
    what
        ``EEG`` or ``markers``.

    Raises
    ------
    OnlineError
        When none or several fit, with the list of all.
    """
    if wanted is not None:
        fitting = [one for one in listed if one.goes_by(wanted)]
    elif what == "EEG":
        fitting = [one for one in listed if one.kind.lower() == "eeg" and one.sfreq > 0]
    else:
        fitting = [one for one in listed if one.kind.lower() == "markers" and one.sfreq == 0]
    if len(fitting) == 1:
        return fitting[0]
    option = "--eeg" if what == "EEG" else "--markers"
    found = "; ".join(map(str, listed)) or "none"
    raise OnlineError(
        f"streams found: {found}; {'several fit' if fitting else 'none fits'} as the stream of "
        f"{what}{'' if wanted is None else f' {wanted!r}'}; name one by its name, type or source "
        f"id with {option}"
    )


def find(wanted: str | None, what: str, seconds: float = 5.0) -> Inlet:
    """Find and open a stream; parameters and errors as of :func:`choose`.

    Parameters
    ----------
    seconds
        How long to look for one that fits.
    """
    bindings, tries = lsl(), max(1, round(seconds))
    for last in range(1 - tries, 1):
        infos = sorted(bindings.resolve_streams(timeout=1.0), key=lambda info: str(_listed(info)))
        listed = [_listed(info) for info in infos]
        try:
            chosen = choose(listed, wanted, what)
        except OnlineError:
            if not last:
                raise
        else:
            return Inlet(chosen, infos[listed.index(chosen)])
    raise AssertionError  # the last try raises


def _listed(info: Any) -> Listed:
    return Listed(info.name, info.stype, info.source_id, info.n_channels, info.sfreq, info.hostname)


class Inlet:
    """An open stream.

    Parameters
    ----------
    about
        What it is found by again.
    info
        LSL's.
    """

    def __init__(self, about: Listed, info: Any) -> None:
        self.about = about
        self._bindings = lsl()
        self._inlet: StreamInlet | None = None
        self._looking: threading.Thread | None = None
        self._replaced = ""
        self._open(info)

    def _open(self, info: Any) -> None:
        # Not recovered by LSL, which says nothing of it.
        self._inlet = self._bindings.StreamInlet(
            info, recover=False, processing_flags=["clocksync"]
        )
        self._inlet.open_stream(timeout=10.0)
        self._uid, self._heard = str(info.uid), time.monotonic()

    @property
    def there(self) -> bool:
        """Whether the stream is there."""
        return self._inlet is not None

    def channels(self) -> list[ChannelAbout]:
        """Return what the stream says of its channels."""
        assert self._inlet is not None
        info = self._inlet.get_sinfo()
        n = info.n_channels
        told = (info.get_channel_names(), info.get_channel_types(), info.get_channel_units())
        names, kinds, units = (list(one) if one else [None] * n for one in told)
        return [
            ChannelAbout(str(name or ""), str(kind or ""), _unit(str(unit or "")))
            for name, kind, unit in zip(names, kinds, units, strict=True)
        ]

    def pull(self) -> tuple[Floats, Any]:
        """Return what came since: stamps [sample] and samples; nothing where the stream is away.

        A stream that is away is looked for by :meth:`back`.
        """
        if self._inlet is None:
            return np.empty(0), []
        try:
            samples, stamps = self._inlet.pull_chunk(timeout=0.0, max_samples=4096)
        except RuntimeError:  # LSL's LostError
            self._inlet = None
            return np.empty(0), []
        if len(stamps):
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > SILENT:
            self._look()
        return np.asarray(stamps, dtype=np.float64), samples

    def _look(self) -> None:
        """Have a stream that is silent looked for beside; let it go if another took its place.

        LSL does not always notice that a stream has ended.
        """
        if self._replaced == self._uid:
            self._inlet = None
        elif self._looking is None or not self._looking.is_alive():
            self._heard = time.monotonic()  # the next look is as long after this one
            self._looking = threading.Thread(target=self._seek, args=(self._uid,), daemon=True)
            self._looking.start()

    def _seek(self, uid: str) -> None:
        found = {str(info.uid) for info in self._resolve()}
        if found and uid not in found:
            self._replaced = uid

    def back(self) -> bool:
        """Look for a stream that went away, by its source id; return whether it is there again."""
        infos = self._resolve()
        if len(infos) != 1:
            return False
        try:
            self._open(infos[0])
        except (RuntimeError, TimeoutError):  # listed still, but gone
            self._inlet = None
            return False
        return True

    def _resolve(self) -> list[Any]:
        """Return all streams that go by the source id, without one by name and type."""
        keys = {"source_id": self.about.source_id} if self.about.source_id else {
            "name": self.about.name, "stype": self.about.kind
        }  # fmt: skip
        found: list[Any] = self._bindings.resolve_streams(timeout=1.0, **keys)
        return found


def _unit(unit: str) -> str:
    """Return a unit by its usual name; mne-lsl has powers of ten of volts, too."""
    if unit.lower() in _MICROVOLTS:
        return "microvolts"
    return "volts" if unit.lower() in _VOLTS else unit


class DecisionOutlet:
    """A stream of what is decided: JSON texts, as docs/online.md has them.

    Parameters
    ----------
    name
        Of the stream, and the beginning of its source id: sessions on one network need different
        ones.
    """

    def __init__(self, name: str = "p300") -> None:
        bindings = lsl()
        info = bindings.StreamInfo(name, "p300 decisions", 1, 0.0, "string", f"{name}-decisions")
        self._outlet = bindings.StreamOutlet(info)

    def __call__(self, event: Event) -> None:
        """Send an event, if it is one that is sent."""
        if isinstance(event, SENT):
            self._outlet.push_sample([json.dumps(event.to_dict(), ensure_ascii=False)], event.at)


def local_clock() -> Callable[[], float]:
    """Return LSL's clock of this machine."""
    clock: Callable[[], float] = lsl().local_clock
    return clock
