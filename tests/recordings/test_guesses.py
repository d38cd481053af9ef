from __future__ import annotations

import pandas as pd
import pytest

from p300.recordings.guesses import guess_marks


def shown(**counts):
    return pd.Series([name for name, n in counts.items() for _ in range(n)], dtype="str")


def numbered(**ranges):
    """Give 8 marks of each number of a range, ``name`` before it."""
    return pd.Series(
        [f"{name}{k}" for name, (ks, n) in ranges.items() for k in ks for _ in range(n)]
    )


def test_words():
    assert guess_marks(shown(target=40, nontarget=160, start=1)) == {
        "target": ["target"], "nontarget": ["nontarget"],
    }  # fmt: skip
    options = guess_marks(shown(oddball_with_reponse=40, standard=160, response=38))
    assert options == {"target": ["oddball_with_reponse"], "nontarget": ["standard"]}
    options = guess_marks(shown(infrequent=40, frequent=160))
    assert options == {"target": ["infrequent"], "nontarget": ["frequent"]}


@pytest.mark.parametrize(("targets", "others"), [(1, 60), (60, 4), (0, 50), (80, 40), (2, 200)])
def test_too_few_of_a_kind_or_more_targets_than_others_are_no_guess(targets, others):
    assert guess_marks(shown(target=targets, nontarget=others)) is None


def test_two_ranges_of_numbers():
    marks = numbered(S=(range(111, 117), 16))
    marks = pd.concat([marks, numbered(S=(range(101, 107), 80)), numbered(R=([101, 5], 90))])
    assert guess_marks(marks) == {
        "target": ["S11[1-6]"], "nontarget": ["S10[1-6]"], "code": r"(\d)$",
    }  # fmt: skip


def test_names_with_brackets_stay_themselves():
    marks = numbered(**{"a[1": (range(1, 4), 10), "a[0": (range(1, 4), 60)})
    assert guess_marks(marks)["target"] == ["a[[]1[1-3]"]


def test_frequency_alone():
    assert guess_marks(shown(**{"1": 200, "2": 40})) == {"target": [2], "nontarget": [1]}
    assert guess_marks(shown(**{"1": 200, "2": 190})) is None
    assert guess_marks(shown(**{"1": 220, "2": 11})) is not None
    assert guess_marks(shown(**{"1": 231, "2": 11})) is None  # an oddball is not that rare
    assert guess_marks(shown(**{"1": 36, "2": 9})) is None  # nine may be anything
    assert guess_marks(shown(**{"1": 200})) is None
    assert guess_marks(shown()) is None


def test_codes_of_the_usual_matrix():
    marks = pd.concat([numbered(**{"target/": ([2, 9], 20)}), numbered(**{"nontarget/": (
        [1, 3, 4, 5, 6, 7, 8, 10, 11, 12], 20)})])  # fmt: skip
    options = guess_marks(marks)
    assert options["target"] == ["target/*"]
    assert options["code"] == r"(\d+)$"
    assert options["layout"][5] == "56789_"
