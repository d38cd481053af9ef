"""
A matrix in PsychoPy, whose letters `p300 online` spells
========================================================

Any presentation can drive `p300 online`; this is one. It needs PsychoPy and mne-lsl, no p300, and
can be on another computer of the network:

    pip install psychopy mne-lsl
    python psychopy_speller.py WATER      # copies WATER; without a text whatever is attended to
    p300 online fitted --eeg MyAmplifier --markers psychopy-speller --out sub-01_run-1.xdf

It begins when `p300 online` is there, and ends after the text, or with Escape. Start both anew for
the next session: characters count from 1. **It flashes:** not for anybody with
photosensitive epilepsy.
"""

import json
import sys

import numpy as np
from mne_lsl.lsl import StreamInfo, StreamInlet, StreamOutlet, local_clock, resolve_streams
from psychopy import core, event, visual

ROWS = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]  # as the detector's layout
# Code to the symbols that it lights: 1 to 6 are the columns from the left, 7 to 12 the rows.
GROUPS = dict(enumerate([*map("".join, zip(*ROWS, strict=True)), *ROWS], start=1))
DECISIONS = "p300"  # the stream of letters: as `p300 online --decisions` has it
REPETITIONS = 15  # at most; each flashes every code once
LIT, DARK = 0.1, 0.075  # seconds of a flash, and from its end to the next
CUE, PAUSE = 2.0, 1.0  # seconds that the symbol to copy is shown, and before the first flash


class Screen:
    """The matrix below a line of text."""

    def __init__(self):
        self.win = visual.Window(fullscr=True, units="height", color="black")
        self.line = visual.TextStim(self.win, "", pos=(0, 0.43), height=0.04)
        dim, self.bright = self.matrix("dimgray"), self.matrix("white")
        # Pictures, because 36 letters may take longer to draw than a frame lasts.
        self.pictures = {
            code: visual.BufferImageStim(
                self.win, stim=[(self.bright if one in lit else dim)[one] for one in dim]
            )
            for code, lit in {None: "", **GROUPS}.items()
        }

    def matrix(self, color):
        """Return a text for each symbol, where it is on the matrix."""
        size, middle = 0.8 / len(ROWS), (len(ROWS) - 1) / 2
        return {
            symbol: visual.TextStim(
                self.win, symbol, color=color, height=0.6 * size,
                pos=((x - (len(row) - 1) / 2) * size, (middle - y) * size - 0.06),
            )
            for y, row in enumerate(ROWS)
            for x, symbol in enumerate(row)
        }  # fmt: skip

    def show(self, seconds, code=None, symbol=None):
        """Show the matrix for so many seconds, in whole frames, what a code or symbol is lit."""
        for _ in range(round(seconds / self.win.monitorFramePeriod)):
            self.pictures[code].draw()
            if symbol:
                self.bright[symbol].draw()
            self.line.draw()
            self.win.flip()
            if event.getKeys(["escape"]):
                core.quit()


def draw_flashes():
    """Yield repetition and code: each code once a repetition, none twice in succession."""
    rng, last = np.random.default_rng(), None
    for repetition in range(1, REPETITIONS + 1):
        order = rng.permutation(list(GROUPS)).tolist()
        while order[0] == last:
            rng.shuffle(order)
        yield from ((repetition, code) for code in order)
        last = order[-1]


def wait_for_p300(screen, outlet):
    """Return the inlet of the one stream of letters, when the markers are listened to."""
    found = []
    while len(found) != 1 or not outlet.has_consumers:
        screen.line.text = f"Waiting for p300 online: {len(found)} streams {DECISIONS!r} found"
        screen.show(0.2)
        found = resolve_streams(timeout=1.0, name=DECISIONS, minimum=2)
    # One that goes away is an error at the next look, not a wait without an end.
    inlet = StreamInlet(found[0], recover=False)
    inlet.open_stream(timeout=10.0)
    return inlet


def read_decision(inlet, character):
    """Return the symbol that was decided ("" for nothing), None where that is yet to come."""
    while sample := inlet.pull_sample(timeout=0.0)[0]:
        said = json.loads(sample[0])
        if said["event"] == "decision" and said["character"] == character:
            return said["symbol"]
    return None


def spell(screen, outlet, inlet, character, target):
    """Flash until a character is decided, or all its repetitions were shown; return the symbol."""

    def send(message):
        outlet.push_sample([json.dumps(message)], local_clock())

    screen.show(CUE, symbol=target)
    screen.show(PAUSE)
    for repetition, code in draw_flashes():
        flash = {"flash": code, "character": character, "repetition": repetition}
        if target:
            flash["target"] = target in GROUPS[code]
        screen.win.callOnFlip(send, flash)  # stamped when the first frame of the flash is there
        screen.show(LIT, code)
        screen.show(DARK)
        if (symbol := read_decision(inlet, character)) is not None:
            break
    send({"end": character})
    while symbol is None:  # the last epochs are yet to come
        screen.show(0.1)
        symbol = read_decision(inlet, character)
    return symbol


def main(text=""):
    if unknown := sorted(set(text) - set("".join(ROWS))):
        raise SystemExit(f"{unknown} found in the text, the matrix has {' '.join(ROWS)}")
    name = "psychopy-speller"
    outlet = StreamOutlet(StreamInfo(name, "Markers", 1, 0.0, "string", name))
    screen, spelled, character = Screen(), "", 0
    try:
        inlet = wait_for_p300(screen, outlet)
        screen.win.recordFrameIntervals = True
        while not text or len(spelled) < len(text):
            character += 1
            screen.line.text = f"{text}\n{spelled}"
            spelled += spell(screen, outlet, inlet, character, text[len(spelled) :][:1])
        screen.line.text = f"{text}\n{spelled}"
        screen.show(3.0)  # the last flashes' EEG is learned from meanwhile
    finally:
        print(f"{spelled!r} spelled; {screen.win.nDroppedFrames} frames came late")
        screen.win.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
