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

# What BrainVision and BIDS call an answer or a note; "stimulus" itself tells no kind.
_NO_FLASHES = ("response", "button", "comment", "syncstatus")

ODDBALL_RATIO = (3, 20)
"""An oddball is shown once in three to twenty times; other pairs of marks are something else."""

_FOLLOWING = ("off", "offset", "end", "stop", "response", "resp", "press", "hit", "miss")

_NUMBER_AT_END = r"(\d+)$"

Options = dict[str, Any]


def guess_marks(marks: pd.Series[str], *others: pd.Series[str]) -> Options | None:
    """Guess which marks of a recording are its flashes.

    Marks are told apart by their names (target, oddball, deviant, rare; non-target, standard,
    frequent), else by two ranges of numbers that are shown equally many times each (101 to 106
    and 111 to 116), else as pairs of digits (11, 12 to 55: the symbol meant and the one shown, as
    in ERP CORE). Else, among marks that differ by a number alone, the two most frequent ones are
    taken where one is three to twenty times as frequent as the other, and no third one could be
    meant: the rarer one is the target.

    Parameters
    ----------
    marks
        [mark], text.
    others
        The same from other columns: names in any of them come before numbers.

    Returns
    -------
    Options ``target`` and ``nontarget``, with ``code`` and ``layout`` where numbers in the marks'
    names look like flash codes. None where nothing fits, or there are too few flashes of a kind or
    an implausible share of targets (:mod:`p300.recordings.plausible`).
    """
    counted = [
        {name: n for name, n in count_marks(column).items() if not _is_no_flash(name)}
        for column in (marks, *others)
    ]
    for guess, fewest in (
        (_by_words, FEWEST_NAMED), (_by_ranges, FEWEST), (_by_pairs, FEWEST),
        (_by_frequency, FEWEST),
    ):  # fmt: skip
        for counts in counted:
            kinds = guess(counts)
            if kinds is not None and is_plausible(*_count(kinds, counts), fewest):
                return _as_options(kinds)
    return None


def count_marks(marks: pd.Series[str]) -> dict[str, int]:
    """Return how often each mark is there, the most frequent first."""
    return {str(name): int(n) for name, n in marks.value_counts().items()}


def _is_no_flash(name: str) -> bool:
    word = name.strip().lower()
    return word == "stimulus" or word.startswith(_NO_FLASHES)


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
    first = {name: kind for name, kind in kinds.items() if not _follows(name)}
    # What ends a flash or answers it is called after it; alone, the name is the flash's.
    for kind in (True, False):
        if kind not in first.values():
            first |= {name: own for name, own in kinds.items() if own is kind}
    return first if {True, False} <= set(first.values()) else None


def _follows(name: str) -> bool:
    """Return whether the last word of a mark says that it comes after a flash: target_off."""
    words = re.findall(r"[a-z]+", name.lower())
    return bool(words) and words[-1] in _FOLLOWING and not {"with", "without"} & set(words)


def _by_ranges(counts: Mapping[str, int]) -> dict[str, bool] | None:
    """Find two ranges of equally many numbers, one shown an oddball's times as often."""
    for family in _families(counts):
        ranges = [
            [family[number] for number in numbers] for numbers in _consecutive(sorted(family))
        ]
        for pair in itertools.combinations([r for r in ranges if len(r) > 1], 2):
            rare, often = sorted(pair, key=lambda names: sum(counts[name] for name in names))
            shown = [sum(counts[name] for name in names) for names in (often, rare)]
            if len(rare) == len(often) and _is_oddball(*shown):
                return dict.fromkeys(rare, True) | dict.fromkeys(often, False)
    return None


def _families(counts: Mapping[str, int]) -> list[dict[int, str]]:
    """Return the marks that differ by a number alone, number -> mark; BrainVision pads numbers."""
    families: dict[tuple[str, str], dict[int, str]] = {}
    for name in counts:
        if split := re.fullmatch(r"(.*?)(\d{1,9})(\D*)", name, flags=re.DOTALL):
            families.setdefault((split[1].rstrip(), split[3]), {})[int(split[2])] = name
    return list(families.values())


def _by_pairs(counts: Mapping[str, int]) -> dict[str, bool] | None:
    """Find all pairs of the same three or more digits: the symbol meant and the one shown."""
    for family in _families(counts):
        digits = {number // 10 for number in family if number in range(11, 100)}
        pairs = {10 * meant + shown for meant in digits for shown in digits}
        if len(digits) > 2 and pairs <= set(family):
            return {family[pair]: pair % 11 == 0 for pair in sorted(pairs)}
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
    """Compare the two most frequent marks of those that differ by a number, or of all words."""
    families = [list(family.values()) for family in _families(counts)]
    numbered = {name for family in families for name in family}
    found = []
    for family in (*families, [name for name in counts if name not in numbered]):
        often, rare, *rest = [*sorted(family, key=lambda name: -counts[name]), "", ""]
        if rare and _is_oddball(counts[often], counts[rare]):
            rivals = [name for name in rest if name and counts[name] > counts[rare] / 2]
            if all(_is_line_beside(name, (often, rare)) for name in rivals):
                found.append({rare: True, often: False})
    return found[0] if len(found) == 1 else None


def _is_oddball(n_often: int, n_rare: int) -> bool:
    low, high = ODDBALL_RATIO
    return low * n_rare <= n_often <= high * n_rare


def _is_line_beside(mark: str, flashes: Sequence[str]) -> bool:
    """Return whether a trigger is another line (above eight bits) alone, or at a flash."""
    numbers = [int(found[0]) for name in (mark, *flashes) if (found := re.search(r"\d+", name))]
    return len(numbers) == 3 and numbers[0] > 255 and numbers[0] % 256 in (0, *numbers[1:])


def look_like_codes(marks: pd.Series[str]) -> bool:
    """Return whether marks may be flash codes of a text that nobody knows.

    Those of most marks that differ by a number at their end alone, four at least, equally often.
    """
    for family in _families(count_marks(marks)):
        shown = marks[marks.isin(list(family.values()))].value_counts()
        if len(shown) > 3 and shown.max() <= 1.2 * shown.min() and 2 * shown.sum() > len(marks):
            return all(re.search(_NUMBER_AT_END, name) for name in family.values())
    return False


def likely_pair(marks: pd.Series[str]) -> tuple[str, str] | None:
    """Return the two marks that a target and a non-target may be, for an example: none is sure.

    Of marks that differ by a number alone, else of all, the most frequent ones with the ratio of
    an oddball, else the two most frequent ones.
    """
    counts = count_marks(marks)
    counts = {name: n for name, n in counts.items() if not _is_no_flash(name)} or counts
    families = [*(list(family.values()) for family in _families(counts)), list(counts)]
    pairs = [
        pair
        for family in families
        for pair in itertools.combinations(sorted(family, key=lambda name: -counts[name]), 2)
    ]
    fitting = [pair for pair in pairs if _is_oddball(counts[pair[0]], counts[pair[1]])]
    often, rare = next(iter(fitting or pairs), ("", ""))
    return (rare, often) if rare else None


def _as_options(kinds: Mapping[str, bool]) -> Options:
    target = [name for name, kind in kinds.items() if kind]
    nontarget = [name for name, kind in kinds.items() if not kind]
    numbers = [re.search(_NUMBER_AT_END, name) for name in (*target, *nontarget)]
    codes = {int(found[1]) for found in numbers if found is not None}
    if ranges := _as_ranges(target, nontarget):
        return ranges
    if None in numbers or len(codes) < 3:
        return {"target": _as_numbers(target), "nontarget": _as_numbers(nontarget)}
    named = target, nontarget
    # Other recordings have other codes among their targets.
    target, nontarget = (
        sorted({re.sub(_NUMBER_AT_END, "*", name) for name in kind}) for kind in (target, nontarget)
    )
    if set(target) & set(nontarget):  # nothing but the numbers tells them apart
        return {"target": _as_numbers(named[0]), "nontarget": _as_numbers(named[1])}
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
    if not any(re.search(r"\d$", stem) for own in stems for stem in own):
        return None
    ending = f"[{digits[0][0]}-{digits[0][-1]}]"
    options = [[_literal(stem) + ending for stem in own] for own in stems]
    return {"target": options[0], "nontarget": options[1], "code": r"(\d)$"}


def _literal(text: str) -> str:
    """Write a text so that no letter of it stands for others."""
    return re.sub(r"([*?\[])", r"[\1]", text)


def _as_numbers(marks: Sequence[str]) -> list[str | int]:
    return [int(mark) if re.fullmatch("[0-9]{1,18}", mark) else mark for mark in sorted(marks)]
