"""From what a stimulation program stored to a flash table."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.layout import Layout

if TYPE_CHECKING:
    import pandas as pd

PAUSE = 3.0
"""A gap of more than this many times the median onset interval is a pause. Pauses in the known
sets are 5 to 50 times the interval, irregular onsets stay below 1.5 times."""

ALIKE = 1.5
"""Pauses of one kind differ by less than this factor."""


def flash_onsets(marks: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Find the samples at which a flash begins.

    Parameters
    ----------
    marks
        [sample], zero between flashes and held while one is on; may go from one code straight to
        the next.

    Returns
    -------
    [flash], samples.
    """
    held = np.asarray(marks).ravel()
    before = np.concatenate([np.zeros(1, dtype=held.dtype), held[:-1]])
    return np.flatnonzero((held != 0) & (held != before)).astype(np.int64)


def count_characters(samples: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Count the characters from 1 by the pauses between them.

    Parameters
    ----------
    samples
        [flash], onsets in time order.

    Returns
    -------
    [flash], the character of each flash; where there are pauses between repetitions too, see
    :func:`find_characters`.
    """
    onsets = np.asarray(samples, dtype=np.int64)
    gaps = np.diff(onsets)
    pauses = gaps > PAUSE * np.median(gaps) if len(gaps) else gaps
    return np.concatenate([np.zeros(min(1, len(onsets)), np.int64), np.cumsum(pauses)]) + 1


def make_flash_table(
    samples: npt.NDArray[np.int64],
    *,
    target: npt.ArrayLike | None,
    code: npt.ArrayLike | None,
    flashes_a_repetition: int,
    where: str,
    character: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Make the flash table of a source that does not number repetitions itself.

    Parameters
    ----------
    samples
        [flash], onsets in time order.
    target, code
        [flash], or None where they are unknown.
    flashes_a_repetition
        How many flashes one repetition has.
    where
        The file, for messages.
    character
        [flash], numbers from 1; by default from the pauses, see :func:`find_characters`.

    Returns
    -------
    Flash table as :class:`~p300.recordings.Recording` holds it. With codes, the n-th flash of a
    code within a character belongs to repetition n, so that a lost flash shifts no other one.

    Warns
    -----
    DataWarning
        When a repetition has too few or too many flashes, or it is not certain which pauses are
        between characters.
    """
    import pandas as pd

    table = pd.DataFrame({"sample": samples})
    table["target"] = pd.NA if target is None else np.asarray(target)
    table["code"] = pd.NA if code is None else np.asarray(code)
    table["character"] = (
        find_characters(table, flashes_a_repetition, where)
        if character is None
        else np.asarray(character)
    )
    together = ["character"] if code is None else ["character", "code"]
    step = flashes_a_repetition if code is None else 1
    table["repetition"] = table.groupby(together).cumcount() // step + 1
    sizes = table.groupby(["character", "repetition"]).size()
    odd = sizes[sizes != flashes_a_repetition]
    if len(odd):
        first = odd.index[0]
        warnings.warn(
            f"{where}: {len(odd)} of {len(sizes)} repetitions do not have {flashes_a_repetition} "
            f"flashes (first: character {first[0]}, repetition {first[1]} has {odd.iloc[0]})",
            DataWarning,
            stacklevel=3,
        )
    return table


def number_flashes(flashes: pd.DataFrame, where: str) -> pd.DataFrame:
    """Count characters and repetitions of a table that has flash codes, where it does not.

    Parameters
    ----------
    flashes
        Columns sample, target and, if known, code, character and repetition.
    where
        The file, for messages.

    Returns
    -------
    The same where the table has both, or where a code is missing or no number.

    Warns
    -----
    DataWarning
        As :func:`make_flash_table`.
    """
    import pandas as pd

    known = [name for name in ("character", "repetition") if name in flashes]
    known = [name for name in known if flashes[name].notna().any()]
    code = pd.to_numeric(flashes.get("code", pd.Series(dtype=float)), errors="coerce")
    if len(known) == 2 or code.isna().any() or not len(code):
        return flashes
    table = flashes.assign(code=code).sort_values("sample", kind="stable", ignore_index=True)
    return make_flash_table(
        table["sample"].to_numpy(),
        target=table["target"],
        code=table["code"],
        flashes_a_repetition=int(code.nunique()),
        where=where,
        character=table["character"] if "character" in known else None,
    )


def find_characters(
    flashes: pd.DataFrame, flashes_a_repetition: int, where: str
) -> npt.NDArray[np.int64]:
    """Count the characters from 1 by pauses, where repetitions may have pauses between them too.

    Where most of what lies between pauses is one whole repetition, each pause is between two
    repetitions or between two characters. The longer kind is between characters, unless the
    targets change across one of the shorter kind.

    Parameters
    ----------
    flashes
        Columns sample, target and code, in time order; targets and codes may be unknown.
    flashes_a_repetition
        How many flashes one repetition has.
    where
        The file, for messages.

    Returns
    -------
    [flash], the character of each flash.

    Warns
    -----
    DataWarning
        When all pauses are of one kind, so that repetitions and characters cannot be told apart,
        and when characters found by the longer pauses differ in their number of repetitions and no
        targets confirm them.
    """
    train = count_characters(flashes["sample"])
    trains = [shown for _, shown in flashes.groupby(train)]
    whole = [_is_repetition(shown, flashes_a_repetition) for shown in trains]
    if len(trains) < 2 or np.mean(whole) <= 0.5:
        return train
    steps = [(a["sample"].iloc[-1], b["sample"].iloc[0]) for a, b in pairwise(trains)]
    pauses = np.diff(np.array(steps), axis=1)[:, 0]
    shown_codes = [
        _target_codes(shown) if w else None for shown, w in zip(trains, whole, strict=True)
    ]
    known = np.array([None not in pair for pair in pairwise(shown_codes)])
    changed = known & np.array([a != b for a, b in pairwise(shown_codes)])
    character, equal = _group_trains(pauses)
    within = np.diff(character) == 0
    if (changed & within).any() or (changed.all() and not within.any()):
        return train
    if not within.any():
        _warn(
            f"{where}: {len(trains)} single repetitions with pauses between them that are all "
            f"alike; they are taken for {len(trains)} characters. If they are repetitions of fewer "
            "characters, write the flashes with their characters into a table (source flash_table)"
        )
    elif not equal and not known[within].all():
        _warn(
            f"{where}: pauses of two kinds; the longer ones are taken for pauses between "
            f"{character[-1]} characters, which have {np.bincount(character)[1:].tolist()} "
            "repetitions. If that is wrong, write the flashes with their characters into a table "
            "(source flash_table)"
        )
    return character[train - 1]


def _is_repetition(shown: pd.DataFrame, flashes_a_repetition: int) -> bool:
    """Return whether flashes are one whole repetition, with every code once."""
    codes = shown["code"].dropna()
    return len(shown) == flashes_a_repetition and not codes.duplicated().any()


def _target_codes(shown: pd.DataFrame) -> frozenset[int] | None:
    """Return the codes of the targets, None where codes or targets are not known."""
    if shown[["target", "code"]].isna().any(axis=None):
        return None
    return frozenset(shown.loc[shown["target"].astype(bool), "code"])


def _group_trains(pauses: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], bool]:
    """Join trains of flashes that short pauses separate.

    Parameters
    ----------
    pauses
        [train - 1], in samples.

    Returns
    -------
    Character of each train from 1, and whether all have equally many trains. The shortest pauses
    are the short ones, or some more where that makes the characters equal; without two kinds each
    train is a character.
    """
    ascending = np.sort(pauses)
    jumps = ascending[:-1][ascending[1:] >= ALIKE * ascending[:-1]]
    found = [np.concatenate([[1], 1 + np.cumsum(pauses > longest)]) for longest in jumps]
    equal = [np.ptp(np.bincount(character)[1:]) == 0 for character in found]
    if not found:
        return np.arange(1, len(pauses) + 2), True
    best = equal.index(True) if any(equal) else 0
    return found[best], any(equal)


def tell_flashes(flashes: pd.DataFrame) -> str:
    """Say in a few words what a flash table holds."""
    n_targets = flashes["target"].sum() if flashes["target"].notna().all() else None
    told = [
        f"{len(flashes)} flashes",
        "targets unknown" if n_targets is None else f"{n_targets} targets",
        *(
            f"{flashes[name].nunique()} {name}s"
            for name in ("code", "character")
            if flashes[name].notna().any()
        ),
    ]
    return ", ".join(told)


def check_codes(flashes: pd.DataFrame, layout: Layout, where: str) -> None:
    """Refuse flash codes that a layout does not have.

    Raises
    ------
    RecordingError
        Naming the codes.
    """
    unknown = sorted({int(code) for code in flashes["code"].dropna()} - set(layout.groups))
    if unknown:
        raise RecordingError(
            f"{where}: flash codes {unknown} found, the layout has {sorted(layout.groups)}"
        )


def spelled_text(flashes: pd.DataFrame, layout: Layout) -> str:
    """Return the text that the target codes spell, ``?`` where they do not agree on a symbol."""
    symbols = []
    for _, shown in flashes.groupby("character"):
        codes = shown.loc[shown["target"].fillna(False).astype(bool), "code"]
        symbols.append(layout.symbol_at(codes.unique()) or "?")
    return "".join(symbols)


def apply_text(flashes: pd.DataFrame, layout: Layout, text: str, where: str) -> pd.DataFrame:
    """Mark the targets that follow from a known text, or check the marks that are there.

    Parameters
    ----------
    flashes
        Flash table with codes.
    layout
        The stimulus matrix.
    text
        One symbol a character.
    where
        The file, for messages.

    Returns
    -------
    The flash table with targets; unchanged where it had them or the text has another length.

    Raises
    ------
    RecordingError
        When the text has a symbol that the layout does not have.

    Warns
    -----
    DataWarning
        When the text contradicts the targets, or the number of characters.
    """
    foreign = sorted(set(text) - set(layout.symbols))
    if foreign:
        raise RecordingError(f"{where}: the text {text!r} has {foreign}, not in the layout")
    n_characters = flashes["character"].nunique()
    if flashes["target"].notna().all():
        spelled = spelled_text(flashes, layout)
        if spelled != text:
            _warn(f"{where}: the targets spell {spelled!r}, expected {text!r}; the targets stay")
        return flashes
    if n_characters != len(text):
        _warn(
            f"{where}: {n_characters} characters found, the known text {text!r} has {len(text)}; "
            "the targets stay unknown"
        )
        return flashes
    wanted = [layout.codes_of(symbol) for symbol in text]
    pairs = zip(flashes["code"], flashes["character"], strict=True)
    return flashes.assign(target=[code in wanted[character - 1] for code, character in pairs])


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=4)
