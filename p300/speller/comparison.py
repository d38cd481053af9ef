"""Two spellers on the same characters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from p300.errors import SpellerError
from p300.recordings.units import UNITS


@dataclass(frozen=True)
class Comparison:
    """What two spellers got right of the same characters.

    Parameters
    ----------
    both, only_first, only_second, neither
        Numbers of characters.
    p_value
        Of McNemar's exact two-sided test that both are right equally often.
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    p_value: float


def compare_spellers(first: pd.DataFrame, second: pd.DataFrame) -> Comparison:
    """Compare two spellers by McNemar's exact test (Psychometrika 12:153-157, 1947).

    Only characters that one got right and the other wrong count; under equal skill each of the
    two is as likely, a binomial with 1/2. The test takes the characters as independent; where
    those of one subject go together, it is too sure of itself.

    Parameters
    ----------
    first, second
        Decisions, one row a character (one rule, one number of repetitions or dynamic stopping, one
        seed), on the same characters; characters whose truth is not known are left out.

    Raises
    ------
    SpellerError
        When a character is there twice, the characters differ, the true symbols differ, or none
        has a known truth.
    """
    from scipy.stats import binomtest

    one, other = _by_character(first, "first"), _by_character(second, "second")
    alone = one.index.symmetric_difference(other.index)
    if len(alone):
        raise SpellerError(
            f"the two tables differ in {len(alone)} characters (first: {alone[0]}); only "
            "the same characters can be compared"
        )
    other = other.reindex(one.index)
    unlike = one["true_symbol"] != other["true_symbol"]
    if unlike.any():
        raise SpellerError(
            f"{int(unlike.sum())} characters have another true symbol in the other table (first: "
            f"{one.index[int(np.argmax(unlike.to_numpy()))]})"
        )
    a, b = one["correct"].to_numpy(dtype=bool), other["correct"].to_numpy(dtype=bool)
    only_first, only_second = int((a & ~b).sum()), int((~a & b).sum())
    split = only_first + only_second
    return Comparison(
        both=int((a & b).sum()),
        only_first=only_first,
        only_second=only_second,
        neither=int((~a & ~b).sum()),
        p_value=float(binomtest(only_first, split).pvalue) if split else 1.0,
    )


def _by_character(decisions: pd.DataFrame, which: str) -> pd.DataFrame:
    """Index decisions by character."""
    known = decisions.dropna(subset="correct").set_index(UNITS["character"])
    if known.empty:
        raise SpellerError(f"the {which} table has no character whose true symbol is known")
    if not known.index.is_unique:
        twice = known.index[known.index.duplicated()][0]
        raise SpellerError(
            f"the {which} table has character {twice} more than once; select one detector, "
            "protocol, rule, number of repetitions and seed"
        )
    return known
