"""Labels that cannot be right by themselves, whatever the signal is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from p300.recordings.layout import Layout

if TYPE_CHECKING:
    import pandas as pd

MOST_TARGETS = 0.6
"""Share of targets beyond which they are more often than in any experiment; half of the flashes are
in a matrix of two rows and two columns."""

_NAMED = 5
"""Characters that a message lists."""


def label_doubts(flashes: pd.DataFrame, layout: Layout | None) -> list[str]:
    """Say in words what is doubtful about the targets of a recording.

    Parameters
    ----------
    flashes
        Columns of :data:`~p300.recordings.recording.FLASH_COLUMNS`.
    layout
        The recording's; None where it is unknown.

    Returns
    -------
    That targets are more often than non-targets; and how many characters have targets that no
    symbol of the layout explains: one that all target codes light and no other. Only characters
    that showed all codes are judged. Nothing where targets are not known.
    """
    known = flashes[flashes["target"].notna()]
    said = []
    n_targets = int(known["target"].sum())
    if n_targets > MOST_TARGETS * len(known):
        said.append(
            f"{n_targets} of {len(known)} flashes are targets, more than are not; are the marks of "
            "targets and non-targets swapped? See the options target and nontarget"
        )
    coded = known.dropna(subset=["code", "character"])
    if layout is None or not len(coded):
        return said
    targets: dict[int, set[int]] = {}
    others: dict[int, set[int]] = {}
    columns = (coded[name].tolist() for name in ("character", "code", "target"))
    for character, code, target in zip(*columns, strict=True):
        (targets if target else others).setdefault(character, set()).add(code)
    judged = [
        character
        for character, codes in targets.items()
        if layout.groups.keys() <= codes | others.get(character, set())
    ]
    impossible = [
        f"{character} (codes {', '.join(map(str, sorted(targets[character])))})"
        for character in judged
        if not _possible_symbols(layout, targets[character], others.get(character, set()))
    ]
    if impossible:
        more = len(impossible) - _NAMED
        named = ", ".join(impossible[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        said.append(
            f"in {len(impossible)} of {len(judged)} characters no symbol of the layout is lit by "
            f"all target codes and by no other: {named}; are codes, layout and targets those of "
            "this recording?"
        )
    return said


def _possible_symbols(layout: Layout, targets: Iterable[int], others: Iterable[int]) -> set[str]:
    """Return the symbols that all target codes light, and no other code."""
    lit = [layout.groups.get(int(code), frozenset[str]()) for code in targets]
    dark = [layout.groups.get(int(code), frozenset[str]()) for code in others]
    return set(layout.symbols).intersection(*lit).difference(*dark)
