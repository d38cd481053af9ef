"""Which symbols of the matrix flash together, and in which order: the paradigms of the study.

Every paradigm shows each of its codes once a repetition. Letters follow from the layout alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

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


_ROWS = np.reshape(MATRIX_6X6.symbols, (6, 6)).tolist()

PARADIGMS: dict[ParadigmName, Paradigm] = {
    "row_column": Paradigm(MATRIX_6X6, (12,), apart=False),
    # White rows, black rows, white columns, black columns.
    "checkerboard": Paradigm(Layout.checkerboard(_ROWS), (3, 3, 6, 6), apart=True),
    "single_cell": Paradigm(
        replace(Layout.single_cell(MATRIX_6X6.symbols), shape=MATRIX_6X6.shape), (36,), apart=True
    ),
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
