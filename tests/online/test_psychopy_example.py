"""The example for PsychoPy, with a stand-in for PsychoPy and real streams on loopback."""

import importlib.util
import itertools
import sys
import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from p300.online.events import Decided, Posterior
from p300.online.markers import End, Flash, read_marker
from p300.recordings.layout import MATRIX_6X6

pytest.importorskip("mne_lsl")

from p300.online.streams import DecisionOutlet, find, lsl

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "psychopy_speller.py"
NAME = "p300-for-psychopy"
"""Of the decisions; other tests beside this one have theirs."""
now = lsl().local_clock
MOST = 12
"""Repetitions; so many that a decision comes before them even where other processes are at work."""


@dataclass(frozen=True)
class Frame:
    """What was shown: since when, which texts in all and in white, and whether calls hung on it."""

    at: float
    texts: tuple[str, ...]
    white: frozenset[str]
    called: bool


class Display:
    """What was shown, and which keys are pressed."""

    def __init__(self):
        self.frames, self.keys, self.closed = [], [], False


class Window:
    """PsychoPy's, without a screen."""

    def __init__(self, display, **_):
        self.monitorFramePeriod, self.nDroppedFrames = 0.02, 0
        self.display, self.calls, self.drawn = display, [], []

    def callOnFlip(self, function, *args):
        self.calls.append((function, args))

    def flip(self):
        time.sleep(0.0005)
        texts = tuple(one.text for one in self.drawn)
        white = frozenset(one.text for one in self.drawn if one.color == "white")
        self.display.frames.append(Frame(now(), texts, white, bool(self.calls)))
        calls, self.calls, self.drawn = self.calls, [], []
        for function, args in calls:
            function(*args)

    def close(self):
        self.display.closed = True


@dataclass
class TextStim:
    """PsychoPy's, without a screen."""

    win: Window
    text: str
    color: str | None = None
    pos: tuple[float, float] = (0, 0)
    height: float = 1.0

    def draw(self):
        self.win.drawn.append(replace(self))


@dataclass
class BufferImageStim:
    """PsychoPy's, without a screen."""

    win: Window
    stim: list[TextStim]

    def draw(self):
        for one in self.stim:
            one.draw()


@pytest.fixture
def display(monkeypatch):
    made = Display()
    psychopy = ModuleType("psychopy")
    psychopy.visual = SimpleNamespace(
        Window=partial(Window, made), TextStim=TextStim, BufferImageStim=BufferImageStim
    )
    psychopy.event = SimpleNamespace(getKeys=lambda keys: [k for k in keys if k in made.keys])
    psychopy.core = SimpleNamespace(quit=sys.exit)
    monkeypatch.setitem(sys.modules, "psychopy", psychopy)
    return made


class Online:
    """In p300 online's place: reads the markers, and decides each character as it is told to.

    Parameters
    ----------
    decisions
        For each character the repetition after which it is decided and the symbol; the repetition
        is None for not before its end.
    display
        Escape is pressed there when all are decided.
    """

    def __init__(self, decisions, display):
        self.decisions, self.display = decisions, display
        self.markers, self.over = [], threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self):
        inlet, outlet = find("psychopy-speller", "markers", 15.0), DecisionOutlet(NAME)
        decided, over = 0, False
        while inlet.there and not over:
            over = self.over.is_set()  # what came before is read
            for stamp, sample in zip(*inlet.pull(), strict=True):
                said = read_marker(str(sample[0]))
                self.markers.append((float(stamp), said))
                if decided == len(self.decisions) or said.character != decided + 1:
                    continue
                after, symbol = self.decisions[decided]
                ended = isinstance(said, End)
                if ended or (after is not None and said.repetition > after):
                    decided += 1
                    if not ended:  # what is told of others is none of its business
                        outlet(Posterior(now(), decided, after, {"Z": 1.0}))
                        outlet(decision(decided + 1, "Q"))
                    outlet(decision(decided, symbol))
            if decided == len(self.decisions) and self.display is not None:
                self.display.keys.append("escape")
            time.sleep(0.002)


def decision(character, symbol):
    return Decided(now(), character, symbol, 0.9, 2, False, False, False, None, 0.0)


def imported():
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.DECISIONS = NAME
    return script


def shown(display, *arguments, decisions, escape=False):
    """Run the script to its end; return the markers that came, with their stamps."""
    online = Online(decisions, display if escape else None)
    script = imported()
    script.REPETITIONS, script.CUE, script.PAUSE = MOST, 0.1, 0.1
    try:
        script.main(*arguments)
    finally:
        online.over.set()
        online.thread.join(20.0)
    return online.markers


@pytest.mark.timeout(60)
def test_a_text_is_copied_by_p300_online(display, capsys):
    markers = shown(display, "WAT", decisions=[(2, "W"), (1, ""), (None, "A"), (1, "Q")])
    assert capsys.readouterr().out.startswith("'WAQ' spelled")
    assert display.closed

    # Characters are whole: every code once a repetition, none twice in succession, then an end.
    flashes = [said for _, said in markers if isinstance(said, Flash)]
    assert [said.character for _, said in markers if isinstance(said, End)] == [1, 2, 3, 4]
    characters = itertools.groupby(markers, key=lambda one: one[1].character)
    for character, target in zip(range(1, 5), ["W", "A", "A", "T"], strict=True):
        number, of_it = next(characters)
        *before, end = [said for _, said in of_it]
        assert (number, end) == (character, End(character))
        assert all(a.code != b.code for a, b in itertools.pairwise(before))
        repetitions = [list(one) for _, one in itertools.groupby(before, lambda f: f.repetition)]
        assert [one[0].repetition for one in repetitions] == list(range(1, len(repetitions) + 1))
        for whole in repetitions[:-1] if character != 3 else repetitions:
            assert sorted(flash.code for flash in whole) == sorted(MATRIX_6X6.groups)
        targets = MATRIX_6X6.codes_of(target)
        assert all(flash.target == (flash.code in targets) for flash in before)
    # A decision ends its character; without one all repetitions are shown.
    last = {flash.character: flash.repetition for flash in flashes}
    assert 3 <= last[1] < MOST
    assert 2 <= last[2] < MOST
    assert last[3] == MOST

    # Each is stamped with the frame in which what its code lights is white for the first time.
    frames = display.frames
    starts = [k for k, frame in enumerate(frames) if frame.called]
    stamps = [stamp for stamp, said in markers if isinstance(said, Flash)]
    for k, stamp, flash in zip(starts, stamps, flashes, strict=True):
        assert frames[k].white == MATRIX_6X6.groups[flash.code]
        assert not frames[k - 1].white
        assert frames[k].at - 0.001 <= stamp <= frames[k + 1].at + 0.001
    # The symbol to copy is shown, and what was decided.
    assert frozenset("W") in {frame.white for frame in frames[: starts[0]]}
    assert "WAT\nWA" in frames[starts[-1]].texts
    assert "WAT\nWAQ" in frames[-1].texts


@pytest.mark.timeout(60)
def test_free_spelling_goes_on_until_escape(display, capsys):
    with pytest.raises(SystemExit):
        shown(display, decisions=[(1, "B"), (1, "_")], escape=True)
    assert capsys.readouterr().out.startswith("'B")
    assert display.closed


def test_no_code_is_flashed_twice_in_succession(display):
    script = imported()
    script.REPETITIONS = 500
    flashed = list(script.draw_flashes())
    assert all(one != other for (_, one), (_, other) in itertools.pairwise(flashed))
    assert {code: set(group) for code, group in script.GROUPS.items()} == MATRIX_6X6.groups
    for k in range(500):
        whole = flashed[12 * k : 12 * k + 12]
        assert sorted(whole) == [(k + 1, code) for code in range(1, 13)]


def test_a_text_that_is_not_on_the_matrix_is_refused(display):
    with pytest.raises(SystemExit, match=r"\['!', 'a'\] found in the text, the matrix has ABCDEF"):
        imported().main("a!")
