from __future__ import annotations

import pandas as pd
import pytest

from p300.recordings.guesses import guess_marks, likely_pair, look_like_codes


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
    options = guess_marks(shown(infrequent=60, frequent=120))
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


def test_ranges_of_unequal_length_are_no_kinds():
    marks = [numbered(S=(range(101, 107), 80)), numbered(S=(range(111, 114), 32))]
    assert guess_marks(pd.concat(marks)) is None


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


def test_answers_and_notes_are_no_flashes():
    marks = shown(**{
        "Stimulus/S  1": 96, "Stimulus/S  2": 24, "Response/R  2": 110, "SyncStatus/Sync On": 60,
        "Comment/moved": 30,
    })  # fmt: skip
    assert guess_marks(marks) == {"target": ["Stimulus/S  2"], "nontarget": ["Stimulus/S  1"]}
    assert guess_marks(shown(stimulus=160, response=40)) is None
    assert guess_marks(shown(stimulus=160, fixation=40)) is None


def test_marks_that_differ_by_a_number_are_compared_with_each_other():
    marks = shown(**{"Stimulus/S  1": 96, "Stimulus/S 12": 24, "Photo": 120})
    assert guess_marks(marks) == {"target": ["Stimulus/S 12"], "nontarget": ["Stimulus/S  1"]}
    assert guess_marks(shown(S1=96, S2=24, T1=60, T2=15)) is None


def test_a_third_mark_that_may_be_the_target_is_no_guess():
    assert guess_marks(shown(**{"1": 200, "2": 40, "3": 38})) is None
    assert guess_marks(shown(go=200, stay=40, wait=21)) is None
    assert guess_marks(shown(**{"1": 200, "2": 40, "3": 20})) is not None
    # A button on a line of its own, pressed after the flash or during it.
    for line in ("256", "258"):
        options = guess_marks(shown(**{"1": 200, "2": 40, line: 38}))
        assert options == {"target": [2], "nontarget": [1]}
    assert guess_marks(shown(**{"1": 200, "2": 40, "259": 38})) is None


def test_names_in_any_column_come_before_numbers():
    types = shown(start=160, go=40)
    values = shown(standard=160, oddball=40)
    assert guess_marks(types, values) == {"target": ["oddball"], "nontarget": ["standard"]}


def test_pairs_of_digits():
    marks = pd.Series([f"{a}{b}" for a in range(1, 6) for b in range(1, 6)] * 8)
    answers = pd.Series(["201"] * 190 + ["202"] * 10)
    options = guess_marks(pd.concat([marks, answers]))
    assert options["target"] == [11, 22, 33, 44, 55]
    assert len(options["nontarget"]) == 20
    assert guess_marks(marks[marks != "32"]) is None


def test_ranges_of_one_and_two_digits():
    for low, high in (("", "1"), ("S  ", "S 1")):
        marks = numbered(**{low: (range(1, 7), 80), high: (range(1, 7), 16)})
        assert guess_marks(marks) == {
            "target": [f"{high}[1-6]"], "nontarget": [f"{low}[1-6]"], "code": r"(\d)$",
        }  # fmt: skip


def test_what_follows_a_flash_is_none():
    marks = shown(target_on=40, nontarget_on=160, target_off=40, nontarget_off=160)
    assert guess_marks(marks) == {"target": ["target_on"], "nontarget": ["nontarget_on"]}
    marks = shown(**{"target": 40, "target response": 38, "standard": 160})
    assert guess_marks(marks) == {"target": ["target"], "nontarget": ["standard"]}
    marks = shown(oddball=10, oddball_with_response=30, standard=160)
    assert guess_marks(marks)["target"] == ["oddball", "oddball_with_response"]
    marks = shown(target_hit=40, nontarget=160)
    assert guess_marks(marks) == {"target": ["target_hit"], "nontarget": ["nontarget"]}


def test_an_example_where_nothing_is_sure():
    marks = shown(**{"S  1": 96, "S  2": 24, "S128": 120, "Response/R  1": 100, "Sync": 64})
    assert likely_pair(marks) == ("S  2", "S128")
    assert likely_pair(shown(go=72, stay=70)) == ("stay", "go")
    assert likely_pair(shown(go=72)) is None


def test_marks_that_may_be_codes():
    codes = numbered(flash=(range(1, 13), 40))
    assert look_like_codes(codes)
    assert look_like_codes(pd.concat([codes, shown(start=9)]))
    assert not look_like_codes(pd.concat([codes, shown(photo=490)]))
    assert not look_like_codes(pd.concat([codes, numbered(flash=([1], 40))]))
    assert not look_like_codes(numbered(flash=(range(1, 4), 40)))
    assert not look_like_codes(codes + "x")


def test_codes_of_the_usual_matrix():
    marks = pd.concat([numbered(**{"target/": ([2, 9], 20)}), numbered(**{"nontarget/": (
        [1, 3, 4, 5, 6, 7, 8, 10, 11, 12], 20)})])  # fmt: skip
    options = guess_marks(marks)
    assert options["target"] == ["target/*"]
    assert options["code"] == r"(\d+)$"
    assert options["layout"][5] == "56789_"
