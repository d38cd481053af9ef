"""From the marks of a file to its flashes: which mark is of which kind, and its flash code."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from p300.arguments import ArgumentGroup
from p300.errors import DataWarning, RecordingError
from p300.recordings.flashes import make_flash_table
from p300.recordings.layout import Layout

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN: Literal["unknown"] = "unknown"
"""What the option ``target`` says where nobody knows which flashes were attended."""

MOST_LISTED = 20
"""Marks that a message lists."""

Kinds = Mapping[str, bool | None]
"""Mark -> target, non-target, or None for a flash of which that is not known."""

Usual = Callable[["pd.Series[str]"], Kinds]
"""Tells the kinds of marks by a format."""

Rows = Sequence[str | int | Sequence[str | int]]
"""Rows of a stimulus matrix."""


class MarksNotToldError(RecordingError):
    """A recording has marks, but nobody said which of them are flashes.

    Parameters
    ----------
    message
        For the user.
    marks
        [mark], text.
    stim_channel
        The trigger channel that holds them, None where they are annotations or the like.
    """

    def __init__(
        self, message: str, marks: pd.Series[str], stim_channel: str | None = None
    ) -> None:
        super().__init__(message)
        self.marks = marks
        self.stim_channel = stim_channel


@dataclass(frozen=True)
class Marks(ArgumentGroup):
    r"""Options on the marks of a file; every source that reads anybody's files has them.

    Parameters
    ----------
    target, nontarget
        The marks of the two kinds of flash; ``*`` and ``?`` stand for any letters, or any one,
        ``[1-6]`` for one of some. Other marks are left aside. ``target: unknown`` where nobody
        knows which flashes were attended: then all marks with a flash code are flashes.
    code
        How the flash code follows from a mark: a regular expression whose group is the number,
        such as ``"flash/(\d+)"``, or a mapping from mark to code; None where it is unknown.
    layout
        Rows of the stimulus matrix, such as ``["ABCDEF", ...]``, whose columns have the flash
        codes 1 to n and whose rows the codes after them; None where it is unknown.

    Raises
    ------
    RecordingError
        When only one of ``target`` and ``nontarget`` is given.
    """

    target: Sequence[str | int] | Literal["unknown"] | None = None
    nontarget: Sequence[str | int] | None = None
    code: str | Mapping[str | int, int] | None = None
    layout: Rows | None = None

    def __post_init__(self) -> None:
        named = [self.target not in (None, (), []), self.nontarget not in (None, (), [])]
        if self.unknown and named[1]:
            raise RecordingError(
                "option 'target' is unknown, so 'nontarget' cannot be known; leave it out"
            )
        if named[0] != named[1] and not self.unknown:
            raise RecordingError(
                "one of the options 'target' and 'nontarget' found, expected both, or none of them"
            )

    @property
    def unknown(self) -> bool:
        """Whether it is said that nobody knows the targets."""
        return self.target == UNKNOWN

    @property
    def named(self) -> bool:
        """Whether it is said which marks are targets and which are not."""
        return bool(self.target) and not self.unknown

    def matrix(self, *, columns_first: bool = True) -> Layout | None:
        """Return the stimulus matrix, None where it is unknown.

        Raises
        ------
        RecordingError
            When the rows are no matrix.
        """
        rows = self.rows()
        return None if rows is None else Layout.row_column(rows, columns_first=columns_first)

    def rows(self) -> list[list[str]] | None:
        """Return the symbols of the stimulus matrix by its rows, None where they are unknown."""
        if self.layout is None:
            return None
        return [
            list(str(row)) if isinstance(row, str | int) else [str(cell) for cell in row]
            for row in self.layout
        ]

    def flashes(
        self,
        marks: pd.DataFrame,
        where: str,
        *,
        usual: Usual | None = None,
        usual_code: str | None = None,
    ) -> pd.DataFrame:
        """Make the flash table of marks.

        With flash codes the characters are counted by the pauses between them, and the n-th flash
        of a code within a character belongs to repetition n. Without codes neither is known.

        Parameters
        ----------
        marks
            Columns ``sample`` and ``mark`` (text).
        where, usual, usual_code
            As in :meth:`tell`.

        Raises
        ------
        RecordingError
            As :meth:`tell`.

        Warns
        -----
        DataWarning
            Of marks that are there twice at one sample; they count once.
        """
        marks = marks.sort_values("sample", kind="stable", ignore_index=True)
        told = self.tell(marks["mark"], where, usual=usual, usual_code=usual_code)
        told = told[~_twice(marks.loc[told.index], where).to_numpy()]
        shown = marks.loc[told.index, ["sample"]].reset_index(drop=True)
        if told["code"].isna().any():
            return shown.assign(target=told["target"].to_numpy())
        return make_flash_table(
            shown["sample"].to_numpy(),
            target=None if self.unknown else told["target"],
            code=told["code"],
            flashes_a_repetition=int(told["code"].nunique()),
            where=where,
        )

    def tell(
        self,
        marks: pd.Series[str],
        where: str,
        *,
        usual: Usual | None = None,
        usual_code: str | None = None,
    ) -> pd.DataFrame:
        """Tell which marks are flashes, of which kind and with which code.

        Parameters
        ----------
        marks
            [mark], text.
        where
            The file, for messages.
        usual
            Tells the kinds by the format, where the options do not; some marks may be no flashes.
        usual_code
            Regular expression that finds flash codes, where the options do not say how; they are
            unknown where it does not fit every flash.

        Returns
        -------
        The rows of ``marks`` that are flashes, by their index; columns ``target`` and ``code``,
        missing where they are unknown.

        Raises
        ------
        MarksNotToldError
            When there are not both kinds of flash, with all marks and their counts.
        RecordingError
            When a flash has no code.
        """
        codes = self._codes([str(name) for name in marks.unique()], where, usual_code)
        kinds = self._kinds(marks, codes, where, usual)
        found = set(kinds.values())
        if not ({True, False} <= found or (self.unknown and found)):
            raise MarksNotToldError(self._not_told(marks, where), marks)
        lacking = [name for name in kinds if codes.get(name) is None]
        if lacking and self.code is not None:
            raise RecordingError(
                f"{where}: option 'code' gives no flash code to mark {lacking[0]!r}, expected one "
                "for each flash"
            )
        shown = marks[marks.isin(list(kinds))].to_frame("mark")
        return shown.assign(
            target=shown["mark"].map(kinds).astype("boolean"),
            code=shown["mark"].map({} if lacking else dict(codes)).astype("Int64"),
        )[["target", "code"]]

    def kinds(self, names: Iterable[str], where: str) -> dict[str, bool | None]:
        """Return the kinds of the marks that the options name.

        Raises
        ------
        RecordingError
            When a mark is meant as both.
        """
        kinds: dict[str, bool | None] = {}
        named = [] if self.unknown else [(self.target or (), True), (self.nontarget or (), False)]
        for patterns, kind in named:
            for pattern in map(str, patterns):
                matched = [name for name in names if name == pattern or fnmatchcase(name, pattern)]
                both = [name for name in matched if kinds.get(name, kind) is not kind]
                if both:
                    raise RecordingError(
                        f"{where}: mark {both[0]!r} is meant by 'target' and by 'nontarget', "
                        "expected each mark in one of them"
                    )
                kinds |= dict.fromkeys(matched, kind)
        return kinds

    def _kinds(
        self,
        marks: pd.Series[str],
        codes: Mapping[str, int | None],
        where: str,
        usual: Usual | None,
    ) -> Kinds:
        if self.unknown:
            return dict.fromkeys((name for name, code in codes.items() if code is not None), None)
        if self.named or usual is None:
            return self.kinds([str(name) for name in marks.unique()], where)
        return usual(marks)

    def _codes(self, names: Sequence[str], where: str, usual: str | None) -> dict[str, int | None]:
        """Return the flash codes of marks, None for a mark that has none."""
        if isinstance(self.code, Mapping):
            numbers = {str(name): number for name, number in self.code.items()}
            return {name: numbers.get(name) for name in names}
        pattern = self.code or usual
        if pattern is None:
            return dict.fromkeys(names)
        try:
            found = {name: re.search(pattern, name) for name in names}
            return {name: _number(match[1]) if match else None for name, match in found.items()}
        except (re.error, IndexError) as error:
            raise RecordingError(
                f"{where}: option 'code' {pattern!r} does not work on its marks ({error}), "
                "expected a regular expression whose group is a number"
            ) from error

    def _not_told(self, marks: pd.Series[str], where: str) -> str:
        listed = list_marks(marks)
        if self.unknown:
            return (
                f"{where}: {listed} found; with 'target: unknown' the marks that are flashes are "
                "those with a flash code: say with the option 'code' how it follows from a mark"
            )
        expected = (
            f"targets {list(self.target or ())} and non-targets {list(self.nontarget or ())}"
            if self.named
            else "targets and non-targets"
        )
        return (
            f"{where}: {listed} found, expected {expected} among them; name its marks with the "
            "options 'target' and 'nontarget', or say 'target: unknown' and 'code' where nobody "
            "knows the targets"
        )


NOTHING_SAID = Marks()
"""The marks as the format has them."""


def _twice(marks: pd.DataFrame, where: str) -> pd.Series[bool]:
    """Tell which marks repeat one that is there already, at the same sample."""
    twice = marks.duplicated(["sample", "mark"])
    if twice.any():
        first = marks[twice].iloc[0]
        warnings.warn(
            f"{where}: {int(twice.sum())} marks are there twice at one sample (first: "
            f"{first['mark']!r} at sample {first['sample']}) and count once",
            DataWarning,
            stacklevel=3,
        )
    return twice


def _number(text: str | None) -> int | None:
    """Return a number of at most nine digits, None for what is none."""
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else None


def event_names(numbers: Iterable[int], event_id: Mapping[str, int]) -> pd.Series[str]:
    """Return what MNE calls events by their numbers; a number without a name is its own.

    Parameters
    ----------
    numbers
        [event].
    event_id
        Name -> number.
    """
    import pandas as pd

    names = {int(number): str(name) for name, number in event_id.items()}
    told = [names.get(int(number), str(int(number))) for number in numbers]
    return pd.Series(told, dtype="str")


def list_marks(marks: pd.Series[Any]) -> str:
    """Return marks with their counts, the most frequent first."""
    counts = marks.value_counts()
    listed = ", ".join(f"{name!r} ({n})" for name, n in counts.head(MOST_LISTED).items())
    more = len(counts) - MOST_LISTED
    return (listed or "no marks") + (f" and {more} other marks" if more > 0 else "")
