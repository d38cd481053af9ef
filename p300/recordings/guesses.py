"""Guesses for `p300 init`: which marks of a recording of somebody else are its flashes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from p300.recordings.layout import guess_rows
from p300.recordings.plausible import FEWEST, FEWEST_NAMED, is_plausible

if TYPE_CHECKING:
    import pandas as pd

# Names of the flashes in recordings of others; "infrequent" is tried before "frequent".
_TARGET_WORDS = ("oddball", "deviant", "rare", "infrequent")
_NONTARGET_WORDS = ("nontarget", "standard", "frequent")

ODDBALL_RATIO = (3, 20)
"""An oddball is shown once in three to twenty times; other pairs of marks are something else."""

_NUMBER_AT_END = r"(\d+)$"

Options = dict[str, Any]


def guess_marks(marks: pd.Series[str]) -> Options | None:
    """Guess which marks of a recording are its flashes.

    Marks are told apart by their names (target, oddball, deviant, rare; non-target, standard,
    frequent), else by two ranges of numbers that are shown equally many times each (101 to 106
    and 111 to 116), else the two most frequent marks are taken where one is three to twenty times
    as frequent as the other: the rarer one is the target.

    Parameters
    ----------
    marks
        [mark], text.

    Returns
    -------
    Options ``target`` and ``nontarget``, with ``code`` and ``layout`` where numbers in the marks'
    names look like flash codes. None where nothing fits, or there are too few flashes of a kind or
    an implausible share of targets (:mod:`p300.recordings.plausible`).
    """
    counts = {str(name): int(n) for name, n in marks.value_counts().items()}
    guesses = ((_by_words, FEWEST_NAMED), (_by_ranges, FEWEST), (_by_frequency, FEWEST))
    for guess, fewest in guesses:
        kinds = guess(counts)
        if kinds is not None and is_plausible(*_count(kinds, counts), fewest):
            return _as_options(kinds)
    return None


def name_kind(name: str) -> bool | None:
    """Return by its name whether a mark is a target (True) or a non-target (False)."""
    word = re.sub(r"[^a-z]", "", name.lower())
    if any(part in word for part in _TARGET_WORDS):
        return True
    if any(part in word for part in _NONTARGET_WORDS):
        return False
    return True if "target" in word else None


def _count(kinds: Mapping[str, bool], counts: Mapping[str, int]) -> tuple[int, int]:
    """Return how many targets and non-targets there are."""
    targets = sum(counts[name] for name, kind in kinds.items() if kind)
    return targets, sum(counts[name] for name in kinds) - targets


def _by_words(counts: Mapping[str, int]) -> dict[str, bool] | None:
    named = {name: name_kind(name) for name in counts}
    kinds = {name: kind for name, kind in named.items() if kind is not None}
    return kinds if {True, False} <= set(kinds.values()) else None


def _by_ranges(counts: Mapping[str, int]) -> dict[str, bool] | None:
    """Find two ranges of equally many numbers, one shown an oddball's times as often."""
    families: dict[tuple[str, str], dict[int, str]] = {}
    for name in counts:
        if split := re.fullmatch(r"(.*?)(\d{1,9})(\D*)", name, flags=re.DOTALL):
            families.setdefault((split[1], split[3]), {})[int(split[2])] = name
    low, high = ODDBALL_RATIO
    for family in families.values():
        ranges = [
            [family[number] for number in numbers] for numbers in _consecutive(sorted(family))
        ]
        for pair in itertools.combinations([r for r in ranges if len(r) > 1], 2):
            rare, often = sorted(pair, key=lambda names: sum(counts[name] for name in names))
            ratio = sum(counts[n] for n in often) / sum(counts[n] for n in rare)
            if len(rare) == len(often) and low <= ratio <= high:
                return dict.fromkeys(rare, True) | dict.fromkeys(often, False)
    return None


def _consecutive(numbers: Sequence[int]) -> list[list[int]]:
    """Divide ascending numbers into ranges without holes, within ten."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1 and number // 10 == ranges[-1][0] // 10:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    return ranges


def _by_frequency(counts: Mapping[str, int]) -> dict[str, bool] | None:
    if len(counts) < 2:
        return None
    (often, n_often), (rare, n_rare) = sorted(counts.items(), key=lambda item: -item[1])[:2]
    low, high = ODDBALL_RATIO
    return {rare: True, often: False} if low <= n_often / n_rare <= high else None


def _as_options(kinds: Mapping[str, bool]) -> Options:
    target = [name for name, kind in kinds.items() if kind]
    nontarget = [name for name, kind in kinds.items() if not kind]
    numbers = [re.search(_NUMBER_AT_END, name) for name in (*target, *nontarget)]
    codes = {int(found[1]) for found in numbers if found is not None}
    if ranges := _as_ranges(target, nontarget):
        return ranges
    if None in numbers or len(codes) < 3:
        return {"target": _as_numbers(target), "nontarget": _as_numbers(nontarget)}
    # Other recordings have other codes among their targets.
    target, nontarget = (
        sorted({re.sub(_NUMBER_AT_END, "*", name) for name in kind}) for kind in (target, nontarget)
    )
    rows = guess_rows(codes)
    options = {"target": target, "nontarget": nontarget, "code": _NUMBER_AT_END}
    return options if rows is None else {**options, "layout": rows}


def _as_ranges(target: Sequence[str], nontarget: Sequence[str]) -> Options | None:
    """Write kinds that differ by a digit before the last one as ranges: 11[1-6] and 10[1-6]."""
    stems = [{name[:-1] for name in kind} for kind in (target, nontarget)]
    digits = [sorted(name[-1] for name in kind) for kind in (target, nontarget)]
    if min(len(target), len(nontarget)) < 2 or any(len(stem) > 1 for stem in stems):
        return None
    if stems[0] == stems[1] or digits[0] != digits[1] or not "".join(digits[0]).isdecimal():
        return None
    if not all(re.search(r"\d$", stem) for own in stems for stem in own):
        return None
    ending = f"[{digits[0][0]}-{digits[0][-1]}]"
    options = [[_literal(stem) + ending for stem in own] for own in stems]
    return {"target": options[0], "nontarget": options[1], "code": r"(\d)$"}


def _literal(text: str) -> str:
    """Write a text so that no letter of it stands for others."""
    return re.sub(r"([*?\[])", r"[\1]", text)


def _as_numbers(marks: Sequence[str]) -> list[str | int]:
    return [int(mark) if re.fullmatch("[0-9]{1,18}", mark) else mark for mark in sorted(marks)]
