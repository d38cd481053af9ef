"""McNemar's exact test of two spellers."""

from __future__ import annotations

import pandas as pd
import pytest

from p300.errors import SpellerError
from p300.speller import compare_spellers


def decisions(correct, **names):
    table = pd.DataFrame({"correct": pd.array(correct, dtype="boolean")})
    table["character"] = range(1, len(table) + 1)
    where = {"dataset": "d", "subject": "1", "session": "1", "run": "1", "true_symbol": "A"}
    return table.assign(**{**where, **names})


def test_a_worked_example():
    # 3 both, 5 only the first, 1 only the second, 2 neither: p = 2 * (1 + 6) / 2**6.
    first = decisions([1] * 3 + [1] * 5 + [0] + [0] * 2)
    second = decisions([1] * 3 + [0] * 5 + [1] + [0] * 2)
    found = compare_spellers(first, second.sample(frac=1, random_state=0))
    assert (found.both, found.only_first, found.only_second, found.neither) == (3, 5, 1, 2)
    assert found.p_value == pytest.approx(14 / 64)
    assert compare_spellers(second, first).p_value == found.p_value


def test_equal_spellers_have_p_one():
    assert compare_spellers(decisions([1, 0, 1]), decisions([1, 0, 1])).p_value == 1


def test_characters_without_truth_do_not_count():
    found = compare_spellers(decisions([1, None]), decisions([0, None]))
    assert found.only_first == 1
    assert found.neither == 0


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (decisions([1, 0]), "differ in 1 characters"),
        (decisions([1, 0, 1], subject="2"), "differ in 6 characters"),
        (decisions([1, 0, 1], true_symbol="B"), "another true symbol"),
        (pd.concat([decisions([1, 0, 1])] * 2), "more than once"),
        (decisions([None, None, None]), "no character whose true symbol is known"),
    ],
)
def test_only_the_same_characters_are_compared(other, message):
    with pytest.raises(SpellerError, match=message):
        compare_spellers(decisions([1, 0, 1]), other)
