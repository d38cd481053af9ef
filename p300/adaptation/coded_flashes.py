"""Flashes of one subject in the order of time, one by one and added up by character and code."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from p300.adaptation.readout import Floats
from p300.errors import TrainingWarning
from p300.recordings.layout import Layout, has_codes, lit_symbols
from p300.signal.flash_rows import FlashRows

Index = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Flashes:
    """Epochs of one subject in the order of time, and what the speller knows of them.

    Parameters
    ----------
    features
        [epoch, feature].
    character
        Number of the character, 0 for the first, [epoch].
    code
        Position of the flash's code in the layout's ascending codes, -1 where it is not known.
    repetition
        [epoch].
    lit
        1 where a code lights a symbol, [code, symbol].
    """

    features: Floats
    character: Index
    code: Index
    repetition: Index
    lit: Floats

    @property
    def n_characters(self) -> int:
        """Number of characters."""
        return int(self.character.max()) + 1 if len(self.character) else 0

    def as_first(self) -> Flashes:
        """Return the flashes of one character, as those of the first."""
        return replace(self, character=np.zeros_like(self.character))

    def of(self, rows: npt.NDArray[np.bool_]) -> Flashes:
        """Return some of the epochs."""
        return Flashes(
            self.features[rows], self.character[rows], self.code[rows], self.repetition[rows],
            self.lit,
        )  # fmt: skip


def gather_flashes(epochs: FlashRows, features: Floats, layout: Layout) -> tuple[Flashes, Index]:
    """Put the epochs of one subject in the order of time; runs stay in the order given.

    Parameters
    ----------
    epochs
        Of one subject.
    features
        Of their epochs, [epoch, feature].
    layout
        The stimulus layout.

    Returns
    -------
    The flashes, and the positions in ``epochs`` that they come from.

    Warns
    -----
    TrainingWarning
        When no flash has a code, so that nothing ties the flashes of a character together and
        nothing can be learned from them.
    """
    table = epochs.flashes
    coded = has_codes(table)
    if not coded.any():
        names = table[["dataset", "subject"]].drop_duplicates().to_numpy().tolist()
        warnings.warn(
            f"self-calibration of {names}: no flash has a known code, so nothing ties the flashes "
            "of a character together; the detector stays as it is",
            TrainingWarning,
            stacklevel=2,
        )
    run, onset = epochs.units("run"), table["onset"].to_numpy(dtype=np.float64)
    order = np.lexsort((onset, run))
    unit = epochs.units("character")[order]
    begins = np.concatenate([[True], unit[1:] != unit[:-1]])
    codes = np.array(sorted(layout.groups))
    code = np.full(len(table), -1)
    code[coded] = np.searchsorted(codes, table.loc[coded, "code"].to_numpy(dtype=np.int64))
    repetition = table["repetition"].fillna(0).to_numpy(dtype=np.int64)
    gathered = Flashes(
        features[order],
        np.cumsum(begins) - 1,
        code[order].astype(np.intp),
        repetition[order].astype(np.intp),
        lit_symbols(layout),
    )
    return gathered, order


@dataclass(frozen=True, eq=False)
class CodeSums:
    """The flashes of each character and code added up: of one symbol attended they are one thing.

    Parameters
    ----------
    features
        Sums of features, [character, code, feature].
    counts
        Number of flashes, [character, code].
    lit
        As of :class:`Flashes`.
    """

    features: Floats
    counts: Floats
    lit: Floats

    @classmethod
    def none(cls, lit: Floats, n_features: int) -> CodeSums:
        """Return the sums of no characters."""
        return cls(np.empty((0, len(lit), n_features)), np.empty((0, len(lit))), lit)

    @classmethod
    def of(cls, flashes: Flashes) -> CodeSums:
        """Add up the flashes; those without a code are left out."""
        n_codes = len(flashes.lit)
        coded = flashes.code >= 0
        cell = (flashes.character * n_codes + flashes.code)[coded]
        n_cells = flashes.n_characters * n_codes
        order = np.argsort(cell, kind="stable")
        begins = np.flatnonzero(np.diff(cell[order], prepend=-1))
        n_features = flashes.features.shape[1]
        sums = np.zeros((n_cells, n_features))
        if len(begins):
            sums[cell[order][begins]] = np.add.reduceat(flashes.features[coded][order], begins)
        shape = (flashes.n_characters, n_codes)
        counts = np.bincount(cell, minlength=n_cells).astype(np.float64)
        return cls(sums.reshape(*shape, n_features), counts.reshape(shape), flashes.lit)

    def then(self, other: CodeSums) -> CodeSums:
        """Return these characters and, after them, the others."""
        return CodeSums(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.counts, other.counts]),
            self.lit,
        )

    def after(self, n: int) -> CodeSums:
        """Return the characters after the first n."""
        return replace(self, features=self.features[n:].copy(), counts=self.counts[n:].copy())

    def about(self, mean: Floats) -> CodeSums:
        """Return the sums of the features less a mean, [feature]."""
        return replace(self, features=self.features - self.counts[..., None] * mean)
