"""Score tables that the tests of the speller make up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from p300.recordings import MATRIX_6X6, Layout

CHECKERBOARD = Layout(
    symbols=tuple("ABCDEFGHI"),
    # Every symbol has two codes; no two symbols share both; groups are no rows or columns.
    groups={
        1: frozenset("AFH"), 2: frozenset("BDI"), 3: frozenset("CEG"),
        4: frozenset("ABC"), 5: frozenset("DEH"), 6: frozenset("FGI"),
    },
)  # fmt: skip


def make_scores(
    text: Sequence[str],
    *,
    layout: Layout = MATRIX_6X6,
    repetitions: int = 5,
    separation: float = 1.5,
    noise: float = 1.0,
    seed: int = 0,
    **names: str,
) -> pd.DataFrame:
    """Flashes in random order; normal log-odds, targets ``separation`` above the others."""
    rng = np.random.default_rng(seed)
    rows = []
    for character, symbol in enumerate(text, start=1):
        targets = layout.codes_of(symbol)
        assert targets, f"the layout does not have {symbol!r}"
        for repetition in range(1, repetitions + 1):
            for code in rng.permutation(sorted(layout.groups)):
                score = separation * (code in targets) - 2 + noise * rng.standard_normal()
                rows.append((character, repetition, int(code), int(code) in targets, score))
    table = pd.DataFrame(rows, columns=["character", "repetition", "code", "target", "score"])
    table = table.astype(
        {"character": "Int64", "repetition": "Int64", "code": "Int64", "target": "boolean"}
    )
    where = {"dataset": "made", "subject": "1", "session": "1", "run": "1", **names}
    return table.assign(**where)


def random_text(n: int, layout: Layout = MATRIX_6X6, seed: int = 0) -> list[str]:
    return list(np.random.default_rng(seed).choice(layout.symbols, n))


def at(decisions: pd.DataFrame, rule: str, repetitions: int) -> pd.DataFrame:
    """The decisions of a rule after a fixed number of repetitions."""
    fixed = decisions[(decisions["rule"] == rule) & (decisions["stopping"] == "fixed")]
    return fixed[fixed["repetitions"] == repetitions].reset_index(drop=True)


def dynamic(decisions: pd.DataFrame) -> pd.DataFrame:
    return decisions[decisions["stopping"] == "dynamic"].reset_index(drop=True)


def spelled(decisions: pd.DataFrame) -> str:
    return "".join(decisions["symbol"])
