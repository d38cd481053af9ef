"""What was learned for one fold serves the next, warnings and seconds included."""

from __future__ import annotations

import warnings

import pytest

from p300.errors import TrainingWarning
from p300.evaluation import learned
from p300.evaluation.learned import learn_ahead, learn_once


@pytest.fixture(autouse=True)
def nothing_learned(monkeypatch):
    monkeypatch.setattr(learned, "_LEARNED", {})


def never():
    raise AssertionError("learned again")


def test_the_oldest_of_too_many_is_learned_again():
    names = [str(k) for k in range(learned.KEPT + 1)]
    for name in names:
        assert learn_once(name, lambda name=name: name) == (name, 0.0)
    for name in names[1:]:
        assert learn_once(name, never)[0] == name
    assert learn_once("0", lambda: "anew") == ("anew", 0.0)


def test_a_warning_is_given_with_each_use():
    def learn():
        warnings.warn("too few passes", TrainingWarning, stacklevel=1)
        return 1

    for teach in (learn, never):
        with pytest.warns(TrainingWarning, match="too few passes"):
            assert learn_once("a", teach)[0] == 1


def test_what_was_learned_ahead_is_not_learned_again():
    def one_after_another():
        for k in range(3):
            if k == 1:
                warnings.warn("of the second", TrainingWarning, stacklevel=1)
            yield k

    three = one_after_another()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learn_ahead(["a", "b", "c"], lambda: next(three))
        found = {name: learn_once(name, never) for name in "ac"}
    assert [value for value, _ in found.values()] == [0, 2]
    assert found["a"][1] == found["c"][1] > 0
    with pytest.warns(TrainingWarning, match="of the second"):
        assert learn_once("b", never)[0] == 1
