"""Labels that cannot be right by themselves, whatever the signal is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

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
    names = ("character", "code", "target")
    told = np.array([flashes[name].to_numpy(np.float64, na_value=np.nan) for name in names])
    told = told[:, ~np.isnan(told[2])]
    said = []
    n_targets = int(told[2].sum())
    if n_targets > MOST_TARGETS * told.shape[1]:
        said.append(
            f"{n_targets} of {told.shape[1]} flashes are targets, more than are not; are the marks "
            "of targets and non-targets swapped? See the options target and nontarget"
        )
    coded = told[:, ~np.isnan(told).any(axis=0)].astype(np.int64)
    if layout is None or not coded.size:
        return said
    targets: dict[int, set[int]] = {}
    others: dict[int, set[int]] = {}
    for character, code, target in dict.fromkeys(zip(*coded.tolist(), strict=True)):
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
