"""Which electrodes the channels of a recording are, and where: their names judged as a whole."""

from __future__ import annotations

import difflib
import math
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from p300.errors import DataWarning, RecordingError
from p300.recordings.caps import ELSEWHERE, Cap, montage_caps, possible_caps, recognise_cap
from p300.recordings.channel_names import is_no_eeg, pairs, undecorated
from p300.recordings.montage import (
    Position,
    head_montage,
    is_plausible,
    raw_positions,
    standard_positions,
)

if TYPE_CHECKING:
    from mne.io import BaseRaw

    from p300.recordings.recording import Recording

_FEWEST = 3
"""Electrodes that must be left for a guess of channels to be of use."""

_SAME = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
"""Old name -> new name of one electrode; both are of the 10-05 system."""

_NAMED = 10
"""Channels that a message names one by one."""


@dataclass(frozen=True)
class Electrodes:
    """The electrodes of a recording.

    Parameters
    ----------
    names
        One a channel, in the order of the file.
    positions
        Electrode -> position, of those that have one.
    remarks
        What was read as what, and which electrodes have no position: for warnings.
    reference
        The one that the names tell, "" where they tell none.
    """

    names: tuple[str, ...]
    positions: dict[str, Position]
    remarks: tuple[str, ...] = ()
    reference: str = ""


@dataclass
class _Reading:
    """What is being made of the channels of a file."""

    named: dict[str, str]
    positions: dict[str, Position] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    reference: str = ""

    def take(self, channel: str, electrode: str, place: Position | None) -> None:
        """Name a channel, at a place where one is known."""
        self.named[channel] = electrode
        if place is not None:
            self.positions[electrode] = place

    def undecorate(self, known: Mapping[str, str]) -> None:
        """Leave away what is before and after the electrode in all names, and say so."""
        read, reference = undecorated(list(self.named), known)
        self.named |= read
        self.reference = reference
        if read:
            told = [f"{channel!r} is read as {name}" for channel, name in read.items()]
            more = f" and {len(told) - 3} more likewise" if len(told) > 3 else ""
            against = f"; by their names their reference is {reference}" if reference else ""
            self.remarks.append(f"{', '.join(told[:3])}{more}{against}")


def read_electrodes(
    channels: Sequence[str],
    source: str,
    *,
    montage: str | None = None,
    own: Mapping[str, Position] | None = None,
) -> Electrodes:
    """Tell by the names of all channels together which electrodes they are.

    What is before and after the electrode in all names is left away. Names of the 10-05 system get
    its spelling and positions, unless most names are none of it: then none is taken for one. Sets
    that are a manufacturer's get the positions of that cap. Others stay as they are, without
    positions unless the file has its own.

    Parameters
    ----------
    channels
        Names in the file, in its order.
    source
        The file, for messages.
    montage
        A montage of MNE or a file of positions, see
        :func:`p300.recordings.montage.load_montage`: its names are expected, in any case.
    own
        Channel -> position that the file itself tells.

    Raises
    ------
    RecordingError
        When two channels name one electrode, most are differences of two electrodes, or there is no
        such montage.
    """
    reading = _Reading({name: name for name in channels})
    if montage is not None:
        strange = _read_by_montage(reading, montage, source)
    else:
        strange = _read_by_system(reading, source, own or {})
    _check_twice(reading.named, source)
    unplaced = [name for name in reading.named.values() if name not in reading.positions]
    if unplaced:
        reading.remarks.append(
            f"electrodes {_some(unplaced)} are {strange}, so that their positions are unknown and "
            "scalp maps are left out; name them with the option 'electrodes' (in the order of the "
            "file: [Fz, Cz, ...]) or 'rename', place them with 'montage' (one of MNE's or a file "
            "of positions), leave channels that are no EEG out with 'drop'"
        )
    return Electrodes(
        tuple(reading.named.values()),
        reading.positions,
        tuple(reading.remarks),
        reading.reference,
    )


def _read_by_montage(reading: _Reading, montage: str, source: str) -> str:
    """Take the names of one montage; return what the others are."""
    found = montage_caps(montage, source)
    names = [name.lower() for name in reading.named]
    cap = max(found, key=lambda cap: sum(name in cap.electrodes for name in names))
    reading.undecorate(cap.electrodes)
    for channel, name in list(reading.named.items()):
        if name.lower() in cap.electrodes:
            reading.take(channel, cap.electrodes[name.lower()], cap.place(name.lower()))
    return f"no names of the montage {montage}"


def _read_by_system(reading: _Reading, source: str, own: Mapping[str, Position]) -> str:
    """Take the names of the 10-05 system or of a cap; return what the others are."""
    places = standard_positions()
    standard = {name.lower(): name for name in places}
    reading.undecorate(standard)
    _check_pairs(list(reading.named.values()), standard, source)
    eeg = {
        channel: name.lower() for channel, name in reading.named.items() if not is_no_eeg(channel)
    }
    unknown = {channel: name for channel, name in eeg.items() if name not in standard}
    possible = possible_caps(set(eeg.values())) if unknown else []
    elsewhere = [cap for cap in possible if _is_elsewhere(cap, eeg.values())]
    for channel, place in own.items():
        reading.take(channel, reading.named[channel], place)
    if 2 * len(unknown) <= len(eeg) and not elsewhere:
        for channel, name in reading.named.items():
            if name.lower() in standard:
                reading.positions.pop(name, None)
                reading.take(channel, standard[name.lower()], places[standard[name.lower()]])
        _fill(reading, unknown, recognise_cap(unknown.values(), possible))
        return f"no names of the 10-05 system{_near(unknown, standard)}"
    beside = {name.lower() for name in reading.named.values()}
    cap = recognise_cap(eeg.values(), possible, beside) if 2 * len(unknown) > len(eeg) else None
    if cap is not None:
        _take_cap(reading, cap)
        return "none of its electrodes"
    known = [channel for channel in eeg if channel not in unknown]
    doubt = f" ({_some(known)} look like some, but are not taken for them)" if known else ""
    several = " or ".join(dict.fromkeys(cap.name for cap in possible))
    maybe = f" but may be of the montage {several} ('montage' tells which)" if several else ""
    return f"no names of the 10-05 system{doubt}{maybe}"


def _take_cap(reading: _Reading, cap: Cap) -> None:
    """Take the names of a cap, and say so where its positions are a guess."""
    names = {c: name.lower() for c, name in reading.named.items() if name.lower() in cap.electrodes}
    told = all(channel in reading.positions for channel in names)
    own = dict(reading.positions) if told else {}
    for channel, name in names.items():
        electrode, place = cap.electrodes[name], cap.place(name)
        place = standard_positions()[electrode] if cap.renames else place
        reading.positions.pop(channel, None)
        reading.take(channel, electrode, own.get(channel, place))
    read = [f"{channel} is read as {reading.named[channel]}" for channel in names]
    if cap.renames:
        said = f"{', '.join(read[:3])} and so on"
    else:
        said = f"electrodes {_some(list(names))} get the positions of that cap"
    if cap.renames or not told:
        reading.remarks.append(
            f"the names of the channels are those of MNE's montage {cap.name}: {said}; if it was "
            "another cap, name it with the option 'montage', or its electrodes with 'electrodes'"
        )


def _fill(reading: _Reading, channels: Mapping[str, str], cap: Cap | None) -> None:
    """Place the channels that a cap has on the 10-05 system's head and the file does not place."""
    for channel, name in channels.items():
        if cap is not None and channel not in reading.positions:
            reading.take(channel, cap.electrodes[name], cap.place(name))


def _is_elsewhere(cap: Cap, names: Iterable[str]) -> bool:
    """Return whether a cap has a name of the 10-05 system at another place."""
    places = {name.lower(): place for name, place in standard_positions().items()}
    known = [name for name in names if name in places]
    return any(math.dist(cap.place(name), places[name]) > ELSEWHERE for name in known)


def _some(names: Sequence[str]) -> str:
    shown = list(names[:_NAMED])
    return f"{shown}" if len(shown) == len(names) else f"{shown} and {len(names) - _NAMED} more"


def _near(unknown: Iterable[str], standard: Mapping[str, str]) -> str:
    for name in unknown:
        near = difflib.get_close_matches(name.lower(), standard, n=1, cutoff=0.75)
        if near:
            return f" (is {name!r} meant to be {standard[near[0]]!r}?)"
    return ""


def _check_pairs(names: Sequence[str], standard: Mapping[str, str], source: str) -> None:
    found = pairs(names, standard)
    if 2 * len(found) > sum(not is_no_eeg(name) for name in names):
        raise RecordingError(
            f"{source}: a bipolar montage found, {_some(found)} are differences of two electrodes "
            "each, expected electrodes against a reference that all share; name each channel by "
            "one electrode, or by a word of your own, with 'electrodes' or 'rename' (rename: "
            f"{{{found[0]}: bipolar1}}), or leave such channels out with 'drop'"
        )


def _check_twice(named: Mapping[str, str], source: str) -> None:
    electrodes = [_SAME.get(name, name) for name in named.values()]
    counts = Counter(electrodes)
    twice = [
        channel
        for channel, electrode in zip(named, electrodes, strict=True)
        if counts[electrode] > 1
    ]
    if twice:
        raise RecordingError(
            f"{source}: channels {twice} name one electrode twice; leave one of them out with "
            "'drop', or name it otherwise with 'rename'"
        )


def place_electrodes(raw: BaseRaw, source: str, montage: str | None = None) -> str:
    """Name the channels of a recording as electrodes and set their positions.

    Parameters
    ----------
    raw
        Changed in place.
    source
        The file, for messages.
    montage
        As in :func:`read_electrodes`.

    Returns
    -------
    The reference that the names tell, "" where they tell none.

    Raises
    ------
    RecordingError
        As :func:`read_electrodes`.

    Warns
    -----
    DataWarning
        With what was read as what, and which electrodes have no position.
    """
    found = read_electrodes(raw.ch_names, source, montage=montage, own=_placed(raw))
    raw.rename_channels(dict(zip(raw.ch_names, found.names, strict=True)), verbose="error")
    raw.set_montage(head_montage(found.positions), on_missing="ignore", verbose="error")
    for remark in found.remarks:
        warnings.warn(f"{source}: {remark}", DataWarning, stacklevel=4)
    return found.reference


def _placed(raw: BaseRaw) -> dict[str, Position]:
    """Return the positions that a Raw has where a head can be."""
    return {name: place for name, place in raw_positions(raw).items() if is_plausible(place)}


def unplaced_electrodes(recording: Recording) -> list[str]:
    """Return the electrodes of a recording whose positions are unknown."""
    return [name for name in recording.electrodes if name not in recording.positions]


def guess_channels(channels: Sequence[str]) -> dict[str, Any]:
    """Guess which channels are no electrodes.

    Parameters
    ----------
    channels
        Names in the file, such as ``EEG Fz-REF``, ``Fp1.`` or ``EOG left``.

    Returns
    -------
    The option ``drop``: channels whose names say that they are no EEG, and single differences of
    two electrodes. Nothing where there are none, or fewer than three electrodes would be left: then
    the user must say. How the others are read is told by :func:`read_electrodes`.
    """
    standard = {name.lower(): name for name in standard_positions()}
    read, _ = undecorated(channels, standard)
    whole = [name for name in channels if name not in read]
    others = {name for name in channels if is_no_eeg(name)} | set(pairs(whole, standard))
    drop = [name for name in channels if name in others]
    return {"drop": drop} if drop and len(channels) - len(drop) >= _FEWEST else {}
