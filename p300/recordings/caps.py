"""Manufacturers' caps: the names that their electrodes have, which set of names is which cap."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from p300.recordings.montage import (
    Position,
    builtin_montages,
    load_montage,
    positions_of,
)

APART = 0.01
"""Metres; what is farther apart is not the same place."""

ELSEWHERE = 0.04
"""Metres; heads differ by up to 3 cm in where a name is, so what is farther apart is another."""

# BioSemi's amplifier calls the sockets of these caps A1 to A32 and B1 to B32; MNE has them in the
# order of BioSemi's own table (biosemi.com/download/Cap_coords_all.xls).
_SOCKETS = ("biosemi16", "biosemi32", "biosemi64")

# Heads that the 10-05 system was put on, with its names: no cap of anybody.
_HEADS = re.compile(r"(standard|colin27|fsaverage|spherical)_10\d\d|brainproducts-RNP-BA-128")

# Numbers, as any amplifier has: only the full number of them tells a cap.
_NUMBERS = re.compile(r"(eeg)?\d+|ref")

# What files call the reference of a net of EGI, which is at the vertex, beside its number.
_NET = re.compile(r"e\d+|cz")
_VERTEX = ("cz", "ref", "vref", "vertex reference")


@dataclass(frozen=True)
class Cap:
    """The electrodes of a cap.

    Parameters
    ----------
    name
        Of MNE's montage.
    electrodes
        Name in a file, in lower case -> electrode.
    positions
        Electrode -> position.
    optional
        Names in a file, in lower case, of the reference: not recorded with every cap.
    """

    name: str
    electrodes: Mapping[str, str]
    positions: Mapping[str, Position]
    optional: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """Number of electrodes without the reference."""
        return len(self.electrodes.keys() - self.optional)

    @property
    def renames(self) -> bool:
        """Whether files name the electrodes of the cap otherwise than the montage does."""
        return any(name != electrode.lower() for name, electrode in self.electrodes.items())

    def holds(self, names: Collection[str]) -> bool:
        """Return whether all names, in lower case, are of this cap."""
        return self.electrodes.keys() >= set(names)

    def is_whole(self, names: Collection[str]) -> bool:
        """Return whether the names, in lower case, are all of this cap but for the reference."""
        return self.electrodes.keys() - self.optional <= set(names)

    def tells_by_part(self) -> bool:
        """Return whether some names of this cap can tell it: not where they are mere numbers."""
        return not all(_NUMBERS.fullmatch(name) for name in self.electrodes)

    def place(self, name: str) -> Position:
        """Return the position of the electrode that a file calls by a name, in lower case."""
        return self.positions[self.electrodes[name]]


@cache
def caps() -> tuple[Cap, ...]:
    """Return the caps that MNE brings, the smallest first; a HydroCel net before EGI's older."""
    names = [name for name in builtin_montages() if not _HEADS.fullmatch(name)]
    found = [cap for name in names for cap in montage_caps(name, "")]
    return tuple(sorted(found, key=lambda cap: (cap.size, cap.name == "EGI_256")))


def montage_caps(montage: str, source: str) -> list[Cap]:
    """Return the cap of a montage of MNE or a file, by the names that files may give it.

    Parameters
    ----------
    montage, source
        As in :func:`p300.recordings.montage.load_montage`.

    Returns
    -------
    One; for BioSemi's caps of 16 to 64 electrodes also the one by the amplifier's sockets.
    """
    places = positions_of(load_montage(montage, source), f"{source}: montage {montage}")
    plain = Cap(montage, {name.lower(): name for name in places}, places)
    if montage in _SOCKETS:
        sockets = (f"{'ab'[k // 32]}{k % 32 + 1}" for k in range(len(places)))
        return [plain, Cap(montage, dict(zip(sockets, places, strict=True)), places)]
    if "Cz" in places and all(_NET.fullmatch(name) for name in plain.electrodes):
        names = (*_VERTEX, f"e{len(places)}")
        electrodes = dict(plain.electrodes)
        for name in names:
            electrodes[name] = "Cz" if name == "cz" else name.upper()
        positions = places | {electrodes[name]: places["Cz"] for name in names}
        return [Cap(montage, electrodes, positions, frozenset(names))]
    return [Cap(montage, plain.electrodes, places, frozenset(plain.electrodes.keys() & {"ref"}))]


def possible_caps(names: Collection[str]) -> list[Cap]:
    """Return the caps that a set of names, in lower case, may be of, the smallest first."""
    able = [cap for cap in caps() if cap.holds(names)]
    return [cap for cap in able if cap.is_whole(names) or cap.tells_by_part()]


def recognise_cap(
    names: Collection[str], possible: Sequence[Cap], beside: Collection[str] = ()
) -> Cap | None:
    """Return the cap that a set of names is of, None where it cannot be told.

    Parameters
    ----------
    names
        In lower case.
    possible
        Those of :func:`possible_caps`.
    beside
        Further names of the recording: of caps of one size the one that has most of them is taken.

    Returns
    -------
    The smallest of which all electrodes are named; else the smallest, if no other one has these
    electrodes elsewhere.
    """
    whole = [cap for cap in possible if cap.is_whole(names)]
    if whole:
        equal = [cap for cap in whole if cap.size == whole[0].size]
        return max(equal, key=lambda cap: len(cap.electrodes.keys() & set(beside)))
    agreed = all(
        math.dist(cap.place(name), possible[0].place(name)) <= APART
        for cap in possible
        for name in names
    )
    return possible[0] if possible and agreed else None
