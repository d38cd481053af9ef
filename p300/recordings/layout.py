"""The stimulus layout: which symbols light up with which flash code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.arguments import repeated
from p300.errors import RecordingError
from p300.recordings.units import UNITS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Layout:
    """Symbols of a speller and the group of symbols that each flash code lights up.

    Parameters
    ----------
    symbols
        All symbols, in reading order. Unique.
    groups
        For every flash code the symbols that it lights up, each one of ``symbols``.
    shape
        Rows and columns of the matrix on the screen, if it is one. Only figures use it.
    """

    symbols: tuple[str, ...]
    groups: Mapping[int, frozenset[str]]
    shape: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if twice := repeated(self.symbols):
            raise RecordingError(f"layout: symbols must be unique, found {twice} more than once")
        for code, group in self.groups.items():
            unknown = sorted(group - set(self.symbols))
            if unknown or not group:
                raise RecordingError(
                    f"layout: flash code {code} lights {unknown or 'nothing'}; "
                    "expected some of the layout's symbols"
                )
        if self.shape and self.shape[0] * self.shape[1] != len(self.symbols):
            raise RecordingError(
                f"layout: shape {self.shape} does not hold {len(self.symbols)} symbols"
            )

    @classmethod
    def row_column(
        cls, rows: Sequence[str | Sequence[str]], *, columns_first: bool = True
    ) -> Layout:
        """Build the layout of a row/column matrix.

        Parameters
        ----------
        rows
            One string (a character a symbol) or one sequence of symbols a matrix row.
        columns_first
            Codes 1..n_columns are the columns left to right and the codes after them the rows top
            to bottom, as in the BCI Competition data; ``False`` counts the rows first.

        Raises
        ------
        RecordingError
            When the rows differ in length or a symbol appears twice.
        """
        table = [list(row) for row in rows]
        if not table or len({len(row) for row in table}) != 1:
            raise RecordingError(f"layout: rows of equal length expected, found {list(rows)}")
        column_groups = [frozenset(column) for column in zip(*table, strict=True)]
        row_groups = [frozenset(row) for row in table]
        ordered = column_groups + row_groups if columns_first else row_groups + column_groups
        return cls(
            symbols=tuple(symbol for row in table for symbol in row),
            groups=dict(enumerate(ordered, start=1)),
            shape=(len(table), len(table[0])),
        )

    @classmethod
    def single_cell(cls, symbols: Iterable[str]) -> Layout:
        """Build the layout in which code k, from 1, lights the k-th symbol alone."""
        ordered = tuple(symbols)
        groups = {k: frozenset([symbol]) for k, symbol in enumerate(ordered, start=1)}
        return cls(symbols=ordered, groups=groups)

    @classmethod
    def checkerboard(cls, rows: Sequence[str | Sequence[str]]) -> Layout:
        """Build the layout of a checkerboard paradigm: no two neighbours are ever lit together.

        Symbols on white and black squares make two virtual matrices, whose rows and columns are
        flashed instead of those of the matrix on the screen (Townsend et al. 2010, Clin
        Neurophysiol 121(7):1109-1120). Here a virtual column has the white, or the black, symbols
        of a column on the screen; a virtual row has one symbol of each column, from two rows on the
        screen that are three rows or more apart. So not even neighbours across a corner share one.

        Parameters
        ----------
        rows
            As in :meth:`row_column`; an even number of them, six at least.

        Returns
        -------
        Codes from 1: rows of the white matrix, rows of the black one, columns of the white one,
        columns of the black one. The first symbol is on white.

        Raises
        ------
        RecordingError
            When there are fewer rows or an odd number, they differ in length or a symbol appears
            twice.
        """
        matrix = cls.row_column(rows)
        table = np.array([list(row) for row in rows], dtype=object)
        n_rows, n_columns = table.shape
        if n_rows < 6 or n_rows % 2:
            raise RecordingError(
                f"layout: {n_rows} rows found, expected an even number of them, six at least, for "
                "a checkerboard that keeps neighbours apart; flash rows and columns or single cells"
            )
        half = n_rows // 2
        colour, row, column = np.ogrid[:2, :half, :n_columns]
        # Where a symbol of a virtual matrix lies on the screen: every second row, and where its
        # column begins a row further down, three rows further down instead.
        screen_row = (2 * row + 3 * ((column + colour) % 2)) % n_rows
        virtual = table[screen_row, column]  # [colour, row, column]
        lines = [*virtual.reshape(-1, n_columns), *virtual.swapaxes(1, 2).reshape(-1, half)]
        groups = dict(enumerate(map(frozenset, lines), start=1))
        return cls(matrix.symbols, groups, matrix.shape)

    def symbol_at(self, target_codes: Iterable[int]) -> str | None:
        """Return the one symbol that all target codes share, or None when there is not one."""
        groups = [self.groups[code] for code in target_codes if code in self.groups]
        shared = frozenset.intersection(*groups) if groups else frozenset()
        return next(iter(shared)) if len(shared) == 1 else None

    def codes_of(self, symbol: str) -> frozenset[int]:
        """Return the flash codes that light a symbol, i.e. its target codes."""
        return frozenset(code for code, group in self.groups.items() if symbol in group)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready description; :meth:`from_dict` reads it back."""
        return {
            "symbols": list(self.symbols),
            "groups": {str(code): sorted(group) for code, group in self.groups.items()},
            "shape": list(self.shape) if self.shape else None,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Layout:
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        RecordingError
            When it says something else.
        """
        from pydantic import ValidationError

        from p300.recordings.records import LayoutRecord

        try:
            return LayoutRecord.model_validate(stored).layout()
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise RecordingError(f"layout: {key}: {first['msg']}") from error


def lit_symbols(layout: Layout) -> npt.NDArray[np.float64]:
    """Return 1 where a code lights a symbol, [code, symbol]; codes in ascending order."""
    groups = [layout.groups[code] for code in sorted(layout.groups)]
    return np.array([[float(s in group) for s in layout.symbols] for group in groups])


def has_codes(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return for each row whether its whole run has codes, characters and repetitions, [row].

    Where they are not known, targets can be detected but nothing can be spelled.
    """
    unknown = table[["code", "character", "repetition"]].isna().any(axis=1)
    by_run = unknown.groupby([table[column] for column in UNITS["run"]])
    return ~by_run.transform("any").to_numpy(dtype=bool)


MATRIX_6X6 = Layout.row_column(["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"])
"""The matrix of Farwell & Donchin as used in the BCI Competitions (PAPER: codes 1-6 columns)."""


def guess_rows(codes: Iterable[int]) -> list[str] | None:
    """Return the rows of the usual 6x6 matrix where the flash codes are its twelve, else None."""
    if set(codes) != set(MATRIX_6X6.groups):
        return None
    n_columns = 6
    symbols = "".join(MATRIX_6X6.symbols)
    return [symbols[k : k + n_columns] for k in range(0, len(symbols), n_columns)]
