"""What was learned for one fold serves the next, warnings and seconds included."""

from __future__ import annotations

import warnings

import pytest

from p300.errors import TrainingWarning
from p300.evaluation.shared_fits import SharedFits


def never():
    raise AssertionError("learned again")


def test_what_is_known_is_not_learned_again():
    learned = SharedFits()
    assert learned.once("a", lambda: 1) == (1, 0.0)
    value, seconds = learned.once("a", never)
    assert value == 1
    assert seconds > 0
    assert learned.once("b", lambda: 2) == (2, 0.0)


def test_a_warning_is_given_with_each_use():
    def learn():
        warnings.warn("too few passes", TrainingWarning, stacklevel=1)
        return 1

    learned = SharedFits()
    for teach in (learn, never):
        with pytest.warns(TrainingWarning, match="too few passes"):
            assert learned.once("a", teach)[0] == 1


def test_other_warnings_are_as_many_as_without():
    def learn():
        for _ in range(50):
            warnings.warn("of a library", RuntimeWarning, stacklevel=1)

    for category, expected in (("default", 1), ("ignore", 0)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter(category)
            SharedFits().once("a", learn)
        assert len(caught) == expected


def test_what_was_learned_ahead_is_not_learned_again():
    def one_after_another():
        for k in range(3):
            if k == 1:
                warnings.warn("of the second", TrainingWarning, stacklevel=1)
            yield k

    learned, three = SharedFits(), one_after_another()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learned.ahead(["a", "b", "c"], lambda: next(three))
        found = {name: learned.once(name, never) for name in "ac"}
    assert [value for value, _ in found.values()] == [0, 2]
    assert found["a"][1] == found["c"][1] > 0
    with pytest.warns(TrainingWarning, match="of the second"):
        assert learned.once("b", never)[0] == 1
