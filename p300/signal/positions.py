"""Positions of electrodes beside epochs: stored, joined, compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from p300.errors import EpochsError
from p300.recordings.caps import ELSEWHERE
from p300.recordings.montage import Position, standard_positions

if TYPE_CHECKING:
    from p300.signal.epochs import Epochs

Positions = Mapping[str, Position]
"""Electrode -> x, y, z in head coordinates, in metres; of those whose place is known."""


def known_positions(positions: Positions | None) -> Positions:
    """Return positions as given; None stands for the 10-05 system's, by the names."""
    return standard_positions() if positions is None else positions


def restore_positions(stored: Positions | None, electrodes: Iterable[str]) -> dict[str, Position]:
    """Return positions as a file has them.

    Parameters
    ----------
    stored
        What the file says. None stands for the 10-05 system's, by the names: earlier versions
        placed no others.
    electrodes
        Names.
    """
    if stored is None:
        return {name: p for name in electrodes if (p := standard_positions().get(name)) is not None}
    return dict(stored)


def check_same_places(one: Positions, other: Positions, whose: str) -> None:
    """Refuse electrodes of one name that are at different places of the head.

    Parameters
    ----------
    one, other
        Compared in the electrodes that both have.
    whose
        For messages.

    Raises
    ------
    EpochsError
        When one is farther than :data:`p300.recordings.caps.ELSEWHERE` from its namesake.
    """
    apart = {name: math.dist(one[name], other[name]) for name in one if name in other}
    far = [name for name in apart if apart[name] > ELSEWHERE]
    if far:
        worst = max(far, key=lambda name: apart[name])
        raise EpochsError(
            f"{whose}: electrodes {far} are at different places, {worst} by "
            f"{100 * apart[worst]:.0f} cm: the same name in two systems of names, such as 10-05 "
            "and BioSemi's; name them alike with the sources' options electrodes or rename"
        )


def join_positions(parts: Sequence[Epochs], electrodes: Iterable[str]) -> dict[str, Position]:
    """Return the positions of electrodes that all parts place, as the first one does.

    Raises
    ------
    EpochsError
        As :func:`check_same_places`.
    """
    wanted = set(electrodes)
    first = {name: place for name, place in parts[0].positions.items() if name in wanted}
    for part in parts[1:]:
        check_same_places(first, part.positions, "recordings do not go together")
    return {n: place for n, place in first.items() if all(n in part.positions for part in parts)}
