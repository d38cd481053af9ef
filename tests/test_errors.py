from __future__ import annotations

import unicodedata
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.errors import DataWarning, P300Error, P300Warning, printable
from p300.showing import one_line, shown_by


def subclasses(cls):
    return [cls, *(sub for direct in cls.__subclasses__() for sub in subclasses(direct))]


@pytest.mark.parametrize("cls", [*subclasses(P300Error), *subclasses(P300Warning)])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\x9b2Jb", "a\\x9b2Jb"),
        ("\u202etxt.fif", "\\u202etxt.fif"),
        ("\x00\x7f\r", "\\x00\\x7f\\r"),
        ("Größe 脳波 كهرباء می‌خواهم", "Größe 脳波 كهرباء می‌خواهم"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_no_message_acts_upon_a_terminal(cls, text, shown):
    message = cls.__new__(cls, text)  # some take more than a text
    assert str(message) == shown


@given(st.text())
def test_whatever_is_printed_is_harmless_and_can_be_stored(text):
    shown = printable(text)
    shown.encode("utf-8")
    assert all(
        letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs") for letter in shown
    )
    assert printable(shown) == shown


def test_endless_messages_are_shortened():
    assert len(str(P300Error("x" * 10**6))) < 2000


def test_warnings_are_shown_in_one_way():
    lines = []
    with warnings.catch_warnings(), shown_by(lines.append):
        warnings.simplefilter("always")
        warnings.warn("ours\x1b[2J", DataWarning, stacklevel=1)
        warnings.warn("of a library,\nin two lines", RuntimeWarning, stacklevel=1)
    assert lines == [
        "Warning: ours\\x1b[2J", "Warning (RuntimeWarning): of a library, in two lines",
    ]  # fmt: skip
    assert one_line("x", DataWarning) == "Warning: x"
