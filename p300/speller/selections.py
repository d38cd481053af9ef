"""Selections: the scores of the flashes of every character, ready to be added up."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.errors import DataWarning, SpellerError
from p300.recordings.layout import Layout, has_codes, lit_symbols
from p300.recordings.units import UNITS

NOTHING = ""
"""What is spelled where no symbol is decided, and the true symbol where nobody attended."""

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

NEEDED_COLUMNS = (*UNITS["character"], "repetition", "code", "score")
"""What a score table must have to be spelled; ``target`` and ``score_post_hoc`` are optional."""


@dataclass(frozen=True, eq=False)
class Selections:
    """The flashes of several characters, all on one layout.

    Parameters
    ----------
    layout
        The stimulus layout.
    names
        One row a selection, run by run and character by character: dataset, subject, session, run,
        character.
    true
        Position of the true symbol in ``layout.symbols``, as many as there are symbols where nobody
        attended, -1 where it is not known, [selection].
    n_repetitions
        Repetitions shown, [selection].
    selection, repetition, code
        Of each flash: its selection, its repetition (from 0) and the position of its code in
        ``codes``, [flash].
    score
        Log-odds of a target, [flash].
    post_hoc
        The same by what was known at the end, [flash]; None where nothing was learned meanwhile.
    """

    layout: Layout
    names: pd.DataFrame
    true: Index
    n_repetitions: Index
    selection: Index
    repetition: Index
    code: Index
    score: Floats
    post_hoc: Floats | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def attended(self) -> npt.NDArray[np.bool_]:
        """Whether a character has a true symbol, and it is known, [selection]."""
        return (self.true >= 0) & ~self.resting

    @property
    def resting(self) -> npt.NDArray[np.bool_]:
        """Whether nobody attended, [selection]."""
        resting: npt.NDArray[np.bool_] = self.true == len(self.layout.symbols)
        return resting

    @property
    def again(self) -> Selections | None:
        """The same as scored at the end, None where nothing was learned meanwhile."""
        return None if self.post_hoc is None else replace(self, score=self.post_hoc, post_hoc=None)

    @property
    def lit(self) -> Floats:
        """1 where a code lights a symbol, [code, symbol]; codes in ascending order."""
        return lit_symbols(self.layout)

    def add_up(self, values: npt.ArrayLike) -> Floats:
        """Add up a value a flash over repetitions: [selection, repetition, code].

        Entry ``[s, n, c]`` is the sum over the flashes of code c in the first n + 1 repetitions.
        A flash that is missing adds nothing.

        Parameters
        ----------
        values
            [flash].
        """
        shape = (len(self), int(self.n_repetitions.max()), len(self.layout.groups))
        total = np.zeros(shape)
        np.add.at(total, (self.selection, self.repetition, self.code), np.asarray(values))
        return np.cumsum(total, axis=1)


def warn_uncoded(table: pd.DataFrame) -> None:
    """Name the runs that cannot be spelled because codes are not known."""
    runs = table.loc[~has_codes(table), UNITS["run"]].drop_duplicates()
    if len(runs):
        named = ", ".join("/".join(map(str, run)) for run in runs.to_numpy())
        warnings.warn(
            f"{named}: some flash codes, characters or repetitions are not known; these runs "
            "(dataset/subject/session/run) are not spelled",
            DataWarning,
            stacklevel=3,
        )


def gather_selections(scores: pd.DataFrame, layout: Layout) -> Selections:
    """Gather the flashes of every character of a score table.

    A repetition may lack flashes: they count as no evidence. Characters may have unequal numbers
    of repetitions; repetition numbers that do not follow each other are counted on from 1. The
    order of the rows does not matter.

    Parameters
    ----------
    scores
        Columns :data:`NEEDED_COLUMNS`; if the true symbols are to be known, ``target``; if
        characters are to be decoded again, ``score_post_hoc``, of all flashes. Of one detector,
        protocol, fold and seed.
    layout
        The stimulus layout of all of them.

    Raises
    ------
    SpellerError
        Missing columns, scores that are not finite, codes that the layout does not have, a code
        twice in a repetition, targets that contradict each other or fit no symbol, or no run with
        known codes.

    Warns
    -----
    DataWarning
        Naming the runs that are skipped because codes, characters or repetitions are not known.
    """
    missing = [column for column in NEEDED_COLUMNS if column not in scores.columns]
    if missing:
        raise SpellerError(f"score table without {missing}; expected {list(NEEDED_COLUMNS)}")
    warn_uncoded(scores)
    table = scores[has_codes(scores)]
    if table.empty:
        raise SpellerError(
            f"none of the {len(scores)} rows of the score table belongs to a run with known flash "
            "codes, characters and repetitions; nothing can be spelled"
        )
    _check_scores(table, layout)
    # Runs in the order of the table, the characters of each in their own order.
    run = table.groupby(UNITS["run"], sort=False).ngroup().to_numpy()
    character = table["character"].to_numpy(dtype=np.int64)
    pairs, first, selection = np.unique(
        np.column_stack([run, character]), axis=0, return_index=True, return_inverse=True
    )
    selection = selection.reshape(-1)
    repetition = table["repetition"].groupby(selection).rank(method="dense").to_numpy(np.intp) - 1
    n_repetitions = np.zeros(len(pairs), dtype=np.intp)
    np.maximum.at(n_repetitions, selection, repetition + 1)
    code = np.searchsorted(sorted(layout.groups), table["code"].to_numpy(dtype=np.int64))
    names = table[UNITS["character"]].iloc[first].reset_index(drop=True)
    return Selections(
        layout=layout,
        names=names,
        true=_true_symbols(table, names, selection, code, layout),
        n_repetitions=n_repetitions,
        selection=selection,
        repetition=repetition,
        code=code,
        score=table["score"].to_numpy(dtype=np.float64),
        post_hoc=table["score_post_hoc"].to_numpy(dtype=np.float64) if _is_again(table) else None,
    )


def _is_again(table: pd.DataFrame) -> bool:
    """Return whether flashes were scored again at the end."""
    return "score_post_hoc" in table.columns and bool(table["score_post_hoc"].notna().any())


def _check_scores(table: pd.DataFrame, layout: Layout) -> None:
    """Refuse scores that are not finite, unknown codes and flashes that are there twice."""
    for column in ("score", "score_post_hoc")[: 1 + _is_again(table)]:
        bad = table[~np.isfinite(table[column].to_numpy(dtype=np.float64))]
        if len(bad):
            found = bad[column].iloc[0]
            raise SpellerError(f"{_flash(bad)}: {column} {found} found, expected a number")
    unknown = table[~table["code"].isin(list(layout.groups))]
    if len(unknown):
        raise SpellerError(
            f"{_flash(unknown)}: the layout does not have this code; it has "
            f"{sorted(layout.groups)}. Give the layout that was on the screen"
        )
    twice = table[table.duplicated([*UNITS["character"], "repetition", "code"])]
    if len(twice):
        raise SpellerError(
            f"{_flash(twice)}: this flash is there more than once ({len(twice)} rows too many); "
            "give the scores of one detector, protocol, fold and seed at a time"
        )


def _flash(rows: pd.DataFrame) -> str:
    """Name the first flash of a table."""
    row = rows.iloc[0]
    where = "/".join(str(row[column]) for column in UNITS["run"])
    return (
        f"{where}, character {row['character']}, repetition {row['repetition']}, code {row['code']}"
    )


def _true_symbols(
    table: pd.DataFrame, names: pd.DataFrame, selection: Index, code: Index, layout: Layout
) -> Index:
    """Find the one symbol that all targets light and no non-target does, -1 if several are left.

    Where there is no target at all and non-targets light every symbol, nobody attended.
    """
    lit = lit_symbols(layout)
    known = {
        True: np.zeros((len(names), len(lit)), bool),
        False: np.zeros((len(names), len(lit)), bool),
    }
    if "target" in table.columns:
        for kind, seen in known.items():
            rows = (table["target"] == kind).fillna(False).to_numpy(dtype=bool)
            seen[selection[rows], code[rows]] = True
    both = known[True] & known[False]
    # A symbol is possible unless a target leaves it dark or a non-target lights it.
    possible = (known[True] @ (1 - lit) == 0) & (known[False] @ lit == 0)
    resting = ~known[True].any(axis=1) & ~possible.any(axis=1)
    for wrong, found in (
        (both.any(axis=1), "a code is marked as target and as non-target"),
        (~(possible.any(axis=1) | resting), "no symbol of the layout fits the targets"),
    ):
        if wrong.any():
            where = "/".join(map(str, names.iloc[int(np.argmax(wrong))]))
            raise SpellerError(
                f"{where} (dataset/subject/session/run/character): {found}; check the flash "
                "table and the layout"
            )
    true = np.where(possible.sum(axis=1) == 1, possible.argmax(axis=1), -1)
    return np.where(resting, len(layout.symbols), true)
