"""
A presentation of one's own, over the WebSocket of `p300 online`
===============================================================

What any presentation has to do (Unity, a browser), in the plainest form: it writes the symbols
that are lit as lines of a terminal, which evokes no P300, and copies a text. It needs neither p300
nor LSL:

    pip install websockets
    p300 online fitted --eeg MyAmplifier --websocket 8301     # it prints the address
    python websocket_presentation.py ws://127.0.0.1:8301/TOKEN/socket WATER

Start both anew for the next session: characters count from 1.
"""

import json
import random
import sys
import time

from websockets.sync.client import connect

ROWS = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]  # as the detector's layout
# Code to the symbols that it lights: 1 to 6 are the columns from the left, 7 to 12 the rows.
GROUPS = dict(enumerate([*map("".join, zip(*ROWS, strict=True)), *ROWS], start=1))
REPETITIONS = 15  # at most; each flashes every code once
INTERVAL = 0.175  # seconds from a flash to the next
KEPT = 60.0  # seconds after which a round trip is forgotten: clocks drift


class Link:
    """The WebSocket, and the session's clock as the shortest round trip tells it."""

    def __init__(self, socket, clock=time.perf_counter):
        self.socket, self.clock = socket, clock
        self.trips, self.heard = [], []
        self.ask(12)

    def ask(self, times):
        """Ask for the session's time: half of a round trip is how wrong the answer can be."""
        for _ in range(times):
            asked = self.clock()
            self.say(do="ping", page=asked)
            while (told := json.loads(self.socket.recv()))["event"] != "pong":
                self.heard.append(told)
            now = self.clock()
            self.trips.append((now - asked, told["server"] - (asked + now) / 2, now))
        self.trips = [trip for trip in self.trips if now - trip[2] < KEPT]

    def say(self, **said):
        self.socket.send(json.dumps(said))

    def mark(self, at, marker):
        """Tell of a flash, or of a character's end, at a time of this program's clock."""
        _, ahead, _ = min(self.trips)
        self.say(do="mark", at=at + ahead, marker=marker)

    def decision(self, character, seconds):
        """Wait so long for a character's decision; return it, None where it is yet to come."""
        end = self.clock() + seconds
        while True:
            for told in self.heard:
                if told["event"] == "decision" and told["character"] == character:
                    return told["symbol"]
            self.heard.clear()
            try:
                self.heard.append(json.loads(self.socket.recv(timeout=max(end - self.clock(), 0))))
            except TimeoutError:
                return None


def draw_flashes():
    """Yield repetition and code: each code once a repetition, none twice in succession."""
    last = None
    for repetition in range(1, REPETITIONS + 1):
        order = random.sample(list(GROUPS), len(GROUPS))
        while order[0] == last:
            random.shuffle(order)
        yield from ((repetition, code) for code in order)
        last = order[-1]


def spell(link, character, target):
    """Flash until a character is decided, or all its repetitions were shown; return the symbol."""
    for repetition, code in draw_flashes():
        print(GROUPS[code], flush=True)  # the flash; its time is that of the frame that shows it
        flash = {"flash": code, "character": character, "repetition": repetition}
        link.mark(link.clock(), flash | {"target": target in GROUPS[code]})
        if (symbol := link.decision(character, INTERVAL)) is not None:
            break
    link.mark(link.clock(), {"end": character})
    return link.decision(character, 10.0) if symbol is None else symbol


def main(address, text):
    with connect(address) as socket:
        link, spelled = Link(socket), ""
        for character in range(1, 2 * len(text) + 1):
            link.ask(1)
            spelled += spell(link, character, text[len(spelled)]) or ""
            print(f"{spelled!r} of {text!r}")
            if len(spelled) == len(text):
                break


if __name__ == "__main__":
    main(*sys.argv[1:])
