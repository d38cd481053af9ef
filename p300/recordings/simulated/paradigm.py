"""Which symbols of the matrix flash together, and in which order: the paradigms of the study.

Every paradigm shows each of its codes once a repetition. Letters follow from the layout alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from p300.errors import RecordingError
from p300.recordings.layout import MATRIX_6X6, Layout

ParadigmName = Literal["row_column", "checkerboard", "single_cell"]


@dataclass(frozen=True)
class Paradigm:
    """Groups of symbols that flash together, and their order.

    Parameters
    ----------
    layout
        The groups, by code from 1 on.
    blocks
        So many codes, in their order, are shown before the next ones are; each block in an order
        of its own, at random.
    apart
        Whether the code that ended a repetition does not begin the next. Where blocks are several,
        it cannot.
    """

    layout: Layout
    blocks: tuple[int, ...]
    apart: bool

    def draw_order(self, rng: np.random.Generator, repetitions: int) -> npt.NDArray[np.int64]:
        """Draw the codes of a character in the order shown, [repetition, flash]."""
        ends = accumulate(self.blocks, initial=0)
        codes = [np.arange(first, last) + 1 for first, last in pairwise(ends)]
        shown = [rng.permuted(np.tile(block, (repetitions, 1)), axis=1) for block in codes]
        order: npt.NDArray[np.int64] = np.concatenate(shown, axis=1)
        first = slice(0, self.blocks[0])
        for before, now in pairwise(order):
            while self.apart and now[0] == before[-1]:
                now[first] = rng.permutation(codes[0])
        return order


def shown_on(rows: Sequence[Sequence[str]], name: ParadigmName) -> Paradigm:
    """Return a paradigm on a matrix.

    Parameters
    ----------
    rows
        Of symbols.
    name
        As in :data:`PARADIGMS`.

    Raises
    ------
    RecordingError
        When the matrix has not two rows and columns at least, rows that differ in length, a symbol
        twice, or cannot be a checkerboard.
    """
    matrix = Layout.row_column(rows)
    if min(len(rows), len(rows[0])) < 2:
        raise RecordingError(
            f"layout: {len(rows)} rows of {len(rows[0])} symbols found, expected 2 of 2 at least"
        )
    if name == "checkerboard":
        n_rows, n_columns = len(rows) // 2, len(rows[0])
        # White rows, black rows, white columns, black columns.
        blocks = (n_rows, n_rows, n_columns, n_columns)
        return Paradigm(Layout.checkerboard(rows), blocks, apart=True)
    if name == "single_cell":
        layout = replace(Layout.single_cell(matrix.symbols), shape=matrix.shape)
        return Paradigm(layout, (len(matrix.symbols),), apart=True)
    return Paradigm(matrix, (len(matrix.groups),), apart=True)


_ROWS = np.reshape(MATRIX_6X6.symbols, (6, 6)).tolist()

PARADIGMS: dict[ParadigmName, Paradigm] = {
    "row_column": Paradigm(MATRIX_6X6, (12,), apart=False),
    "checkerboard": shown_on(_ROWS, "checkerboard"),
    "single_cell": shown_on(_ROWS, "single_cell"),
}
"""By the name that the option has.

``row_column`` is Farwell & Donchin's: a symbol may be lit twice in succession, by its row and its
column. ``checkerboard`` is that of Townsend et al. (2010), Clin Neurophysiol 121(7):1109-1120, with
the virtual matrices of :meth:`p300.recordings.layout.Layout.checkerboard`: rows of the white one,
of the black one, then columns of the white and of the black one, so that three other flashes at
least come between two of a symbol. There symbols change places in the virtual matrices from one
repetition to the next; here a code lights the same symbols throughout. ``single_cell`` lights one
symbol at a time.
"""
