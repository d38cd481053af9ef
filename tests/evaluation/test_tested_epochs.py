"""Only detectors that were tested on the same epochs are compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from p300.errors import RunError
from p300.evaluation.same_epochs import check_same_epochs


def scores(detector="a", **changes):
    """Two subjects of two runs of one character, three repetitions of four codes."""
    parts = []
    for subject in ("1", "2"):
        for run in ("1", "2"):
            code = np.tile(np.arange(4) + 1, 3)
            part = {"code": code, "repetition": np.repeat([1, 2, 3], 4), "target": code == 2}
            parts.append(pd.DataFrame(part).assign(subject=subject, run=run, fold=subject + run))
    table = pd.concat(parts, ignore_index=True)
    given = {"dataset": "d", "protocol": "p", "session": "1", "character": 1, "seed": 0}
    return table.assign(**given, detector=detector, score=0.0).assign(**changes)


def test_the_same_epochs_pass_in_any_order_type_and_number_of_repeats():
    shuffled = scores("b").sample(frac=1, random_state=0)
    typed = scores("c").astype({"code": "Int64", "target": "boolean", "character": "Int64"})
    repeated = pd.concat([scores("e", seed=seed) for seed in (3, 4)])
    other_folds = scores("f", fold="all")
    check_same_epochs(pd.concat([scores(), shuffled, typed, repeated, other_folds]))


def test_runs_without_codes_are_compared_by_their_number_of_epochs():
    unknown = {name: pd.array([pd.NA] * 48, "Int64") for name in ("code", "repetition")}
    first, second = scores("a", **unknown), scores("b", **unknown)
    check_same_epochs(pd.concat([first, second]))
    with pytest.raises(RunError, match="a has more epochs of subject 1, session 1, run 1"):
        check_same_epochs(pd.concat([first, second.iloc[1:]]))


def test_other_protocols_may_have_other_epochs():
    check_same_epochs(pd.concat([scores(), scores("b", protocol="q").iloc[:10]]))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (scores("b").query("subject == '1'"), "only a has subject 2"),
        (scores("b").query("run == '2'"), "only a has subject 1, session 1, run 1"),
        (scores("b").iloc[:-1], "a has more epochs of subject 2, session 1, run 2, character 1, "
                                "repetition 3, code 4"),
        (scores("b", session="2"), "only a has subject 1, session 1, run 1"),
        (scores("b").assign(target=lambda t: t["code"] == 3), "b has more epochs of subject 1, "
         "session 1, run 1, character 1, repetition 1, code 2, target False"),
    ],
)  # fmt: skip
def test_what_differs_is_told(other, message):
    with pytest.raises(RunError, match="d, p: a and b were not tested on the same epochs") as found:
        check_same_epochs(pd.concat([scores(), other]))
    assert message in str(found.value)


def test_a_table_without_the_columns_is_refused():
    with pytest.raises(RunError, match="without the columns"):
        check_same_epochs(scores().drop(columns="code"))
