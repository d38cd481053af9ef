"""What a page's session tells: texts to copy, what is next, rates."""

from __future__ import annotations

import numpy as np
import pytest
from fed_sessions import fitted
from served_pages import ROWS

from p300.errors import MarkerError, OnlineError, RecordingError
from p300.online.markers import Flash
from p300.online.page_messages import Start, read_message
from p300.online.persons import DELAY, SimulatedPerson
from p300.online.source import match
from p300.online.spelling import LAST, MOST_REPETITIONS, Spelling, read_copy
from p300.recordings.layout import Layout
from p300.recordings.simulated.paradigm import PARADIGMS, shown_on
from p300.recordings.simulated.study import ELECTRODES
from p300.speller.fitted import Fitted
from p300.speller.rates import bits_per_minute

LETTERS = Layout.row_column(["AB_", "C12"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


class Stepped(SimulatedPerson):
    """Somebody whose clock is moved by hand."""

    def __init__(self, seed=1):
        super().__init__(seed)
        self.now = 0.0

    def clock(self):
        return self.now


class Shown:
    """A session whose page is a loop; every flash is shown on time."""

    def __init__(self, folder, copied, person=None, paradigm="row_column", rows=ROWS):
        self.person, self.told = person or Stepped(), []
        found, shown = Fitted.load(folder), shown_on(rows, paradigm)
        source = match(found, "page", self.person.sfreq, self.person.channels, shown.layout)
        self.spelling = Spelling(
            found, source, shown, copied, self.person, recorder=None, tell=self.told.append, seed=1
        )

    def of(self, event):
        return [one for one in self.told if one["event"] == event]

    def wait(self, seconds):
        end = self.person.now + seconds
        while self.person.now < end:
            self.person.now += 0.02
            self.spelling.eeg()

    def character(self):
        """Show the character that is next until it is decided."""
        shown, n = self.of("character")[-1], len(self.of("decision"))
        self.wait(shown["pause"])
        for k, codes in enumerate(shown["order"]):
            for code in codes:
                self.spelling.flash(self.person.now, Flash(code, shown["character"], k + 1))
                self.wait(0.175)
                if len(self.of("decision")) > n:
                    break
            if len(self.of("decision")) > n:
                break
        assert not self.spelling.finished  # it has not learned from it yet
        self.spelling.end(self.person.now, shown["character"])
        self.wait(LAST + 0.2)
        return self.of("decision")[-1]


@pytest.mark.parametrize(
    ("text", "symbols"),
    [("AB", "AB"), ("ab1", "AB1"), ("A B", "A_B"), ("", "")],
)
def test_a_text_to_copy_is_in_the_symbols_of_the_matrix(text, symbols):
    assert read_copy(text, LETTERS) == list(symbols)


def test_words_are_symbols_where_the_matrix_has_some():
    layout = Layout.row_column([["yes", "no"], ["stop", "A"]])
    assert read_copy("yes A  no", layout) == ["yes", "A", "no"]


def test_a_symbol_that_is_not_there_is_named():
    with pytest.raises(OnlineError, match=r"'X' of the text to copy .* A B _ C 1 2"):
        read_copy("AX", LETTERS)


@pytest.mark.parametrize("name", PARADIGMS)
def test_paradigms_are_on_any_matrix_and_repeat_no_flash(name):
    rows = [[f"{a}{b}" for b in range(5)] for a in range(8)]
    paradigm = shown_on(rows, name)
    order = paradigm.draw_order(np.random.default_rng(0), 200)
    assert (np.sort(order) == sorted(paradigm.layout.groups)).all()
    flat = order.ravel()
    assert (flat[1:] != flat[:-1]).all()
    assert paradigm.layout.shape == (8, 5)


def test_the_study_shows_what_it_always_has():
    assert not PARADIGMS["row_column"].apart
    assert PARADIGMS["checkerboard"].blocks == (3, 3, 6, 6)


@pytest.mark.parametrize("rows", [["AB"], ["A", "B"]])
def test_a_matrix_of_one_line_is_refused(rows):
    with pytest.raises(RecordingError, match="2 of 2 at least"):
        shown_on(rows, "row_column")


def test_a_word_is_copied_symbol_by_symbol_and_learned_from(folder):
    shown = Shown(folder, ["P", "3"])
    shown.spelling.next_character()
    assert shown.of("character")[0]["target"] == "P"
    assert len(shown.of("character")[0]["order"]) == MOST_REPETITIONS
    first = shown.character()
    assert not shown.spelling.finished
    assert shown.spelling.text == [first["symbol"]]
    assert shown.of("character")[-1]["target"] == "3"
    second = shown.character()
    assert shown.spelling.finished
    assert [one["character"] for one in shown.of("learned")] == [1, 2]
    assert shown.spelling.decided == [first, second]
    rate = shown.of("rate")[-1]
    right = (first["symbol"] == "P") + (second["symbol"] == "3")
    assert (rate["characters"], rate["right"]) == (2, right)
    spent = rate["seconds"] / 2
    assert rate["bits_per_minute"] == pytest.approx(float(bits_per_minute(right / 2, spent, 36)))


def test_who_is_started_from_nobodys_data_is_followed_on_the_page(tmp_path):
    alone = "{detector: slda, n_windows: 8, covariance: toeplitz, adaptation: self_started}"
    shown = Shown(fitted(tmp_path / "one", alone), ["P", "3"], paradigm="checkerboard")
    shown.spelling.next_character()
    assert shown.character()["tie"]  # nothing is known yet
    assert not shown.character()["tie"]
    assert [one["trusted"] for one in shown.of("learned")] == [True, True]


def test_what_is_corrected_is_shown_again(folder):
    shown = Shown(folder, ["P", "3"])
    shown.spelling.next_character()
    shown.character()
    shown.spelling.correct()
    assert shown.spelling.text == []
    assert shown.spelling.target == "P"
    shown.spelling.correct()  # nothing is left
    assert len(shown.of("corrected")) == 1


def test_time_of_a_pause_counts_for_no_rate(folder):
    shown = Shown(folder, ["P"])
    shown.spelling.next_character()
    shown.spelling.pause()
    shown.wait(30)
    shown.spelling.go_on()
    begin = shown.person.now
    shown.character()
    assert shown.of("rate")[0]["seconds"] < shown.person.now - begin + 0.1


def test_in_free_spelling_the_person_attends_to_what_the_page_says(folder):
    attended = []

    class Watched(Stepped):
        def see(self, at, *, target):
            attended.append(target)
            return 0.0

    shown = Shown(folder, [], Watched())
    shown.spelling.next_character()
    codes = sorted(shown.spelling.paradigm.layout.groups)
    lit = shown.spelling.paradigm.layout.codes_of("K")
    for symbol, expected in ((None, []), ("K", sorted(lit)), (None, [])):
        attended.clear()
        shown.spelling.attend(symbol)
        for code in codes:
            shown.spelling.flash(shown.person.now, Flash(code, 1, 1))
        assert [code for code, seen in zip(codes, attended, strict=True) if seen] == expected


def test_what_was_given_up_is_not_learned_and_the_next_is_another(folder):
    shown = Shown(folder, ["P"])
    shown.spelling.next_character()
    order = shown.of("character")[0]["order"][0]
    for code in order:
        shown.spelling.flash(shown.person.now, Flash(code, 1, 1))
        shown.wait(0.175)
    shown.spelling.give_up("the page was reloaded")
    shown.wait(2)
    assert not shown.of("decision")
    assert not shown.of("learned")
    shown.spelling.next_character()
    shown.character()
    assert shown.of("decision")[0]["character"] == 2
    assert not shown.of("decision")[0]["damaged"]
    report = shown.spelling.close()
    assert report["faults"] == {"character given up": 1}
    assert report["page text"] == "".join(shown.spelling.text)


def test_the_simulated_person_is_nobody_of_the_study_and_comes_in_time():
    person = Stepped(2)
    person.now = 10.0
    stamps, values = person.pull()
    assert values.shape == (len(stamps), len(ELECTRODES))
    assert stamps[0] == 0
    assert 10 - DELAY - 2 / person.sfreq < stamps[-1] < 10 - DELAY
    assert len(person.pull()[0]) == 0
    again, other = Stepped(2), Stepped(3)
    again.now = other.now = 10.0
    np.testing.assert_array_equal(again.pull()[1], values)
    assert np.abs(other.pull()[1] - values).max() > 1


def test_messages_are_read_as_documented():
    said = read_message('{"do": "start", "paradigm": "checkerboard", "copy": "P300"}')
    assert isinstance(said, Start)
    assert said.copy_text == "P300"
    with pytest.raises(MarkerError, match=r"docs/online_page\.md"):
        read_message('{"do": "start", "paradigm": "checkerboard", "copy": "P300", "x": 1}')
