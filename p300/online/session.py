"""A session: chunks of EEG and markers come in, scores, letters and faults come out.

Nothing here depends on the size of the chunks, nor on when they come: flashes are taken in the
order of their time, each when its epoch is complete.
"""

from __future__ import annotations

import itertools
import time
from bisect import insort
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from p300.errors import MarkerError
from p300.online import events
from p300.online.events import Event, Fault, LeftOut, Reason
from p300.online.letters import Letter
from p300.online.markers import End, Flash, named, read_marker
from p300.online.segment import Listener, Segment, Waiting
from p300.online.source import EegSource
from p300.online.stamps import Floats
from p300.online.timing import Timings
from p300.recordings.formats.session import DamageNote, FlashNote, SegmentNote
from p300.signal.running_alignment import Running
from p300.speller.fitted import Fitted, Follower, Seen
from p300.threads import OneThread

if TYPE_CHECKING:
    from p300.online.recorder import Recorder
    from p300.speller.language import Prior


class Session:
    """One person at the speller, from the first sample to the last.

    Parameters
    ----------
    fitted
        The detector.
    source
        What the EEG is.
    listen
        Is told every :class:`~p300.online.events.Event`.
    recorder
        Stores the session as it goes; None: nothing is stored.
    language
        Prior over symbols.
    offset
        Seconds that flashes are seen later than their markers say, as the EEG has it.
    clock
        The time in seconds, on the clock of the stamps; :mod:`p300.online.streams` has LSL's.
    """

    def __init__(
        self,
        fitted: Fitted,
        source: EegSource,
        listen: Listener,
        *,
        recorder: Recorder | None = None,
        language: Prior | None = None,
        offset: float = 0.0,
        clock: Callable[[], float],
    ) -> None:
        self.layout, self.text = source.layout, list[str]()
        self._model, self._source, self._language = source.model, source, language
        self._listen, self._recorder = listen, recorder
        self._offset, self._clock = offset, clock
        self._follower: Follower = fitted.follow(source.layout)
        self.timings = Timings(source.sfreq, len(source.layout.symbols), self._follower.learns)
        alignment = fitted.stored.alignment
        self._running = Running(alignment.method) if alignment.changes_epochs else None
        self._n_samples = 0
        self._segment = Segment(source, 0)
        self._waiting: list[Waiting] = []
        self._order = 0
        self._letter: Letter | None = None
        self._damaged: set[int] = set()
        self._over = 0  # number of the last character that is over
        self._heard, self._reached = clock(), np.nan  # when EEG came last, and its last stamp
        self._last = (-np.inf, -1)  # time and sample in the recording of the last flash taken
        self._one_thread = OneThread()

    def eeg(self, stamps: Floats, values: Floats) -> None:
        """Take samples as the stream has them.

        Parameters
        ----------
        stamps
            Corrected to this machine's clock, seconds, [sample].
        values
            [sample, channel], in the unit of the stream.
        """
        if not len(stamps):
            return
        self._heard, self._reached = self._clock(), float(stamps[-1])
        self.timings.note("transport", self._heard - self._reached)
        if self._recorder is not None:
            self._recorder.eeg(stamps, values)
        volts = self._source.volts(values)
        finite = np.atleast_1d(np.isfinite(volts).all(axis=0))
        edges = [0, *(np.flatnonzero(np.diff(finite)) + 1).tolist(), len(stamps)]
        for start, stop in itertools.pairwise(edges):
            if finite[start]:
                self._continuous(stamps[start:stop], volts[:, start:stop])
            else:
                self._skip(stop - start)
        self._go_on()

    def marker(self, stamp: float, text: str) -> None:
        """Take a message of the presentation; its time is on this machine's clock."""
        self.timings.note("marker", self._clock() - stamp)
        if self._recorder is not None:
            self._recorder.marker(stamp, text)
        try:
            said = read_marker(text)
        except MarkerError as error:
            self.fault(events.UnreadMarker, f"{error}; left out")
            return
        if isinstance(said, Flash) and said.code not in self.layout.groups:
            has = f", which has {sorted(self.layout.groups)}"
            self._leave_out(events.UnknownCode, said, Reason.CODE, has)
            return
        insort(self._waiting, Waiting(stamp + self._offset, self._order, said))
        self._order += 1
        self._go_on()

    def reconnected(self, what: str) -> None:
        """Take note that the stream of EEG went away and is back: nothing reaches across that."""
        away = self._clock() - self._heard
        said = f"{what} went away and is back after {away:.1f} s; filters start anew"
        self._name(events.Reconnected(self._clock(), said, away))
        self._break()

    def give_up(self, character: int, why: str) -> None:
        """End a character in the middle: nothing is spelled, nothing is learned from it."""
        waiting = [one.said for one in self._waiting if one.said.character == character]
        self._waiting = [one for one in self._waiting if one.said.character != character]
        self._damaged.add(character)
        said = f"character {character}: {why}; nothing is spelled or learned"
        n_flashes = sum(isinstance(one, Flash) for one in waiting)
        self._name(events.GivenUp(self._clock(), said, character, n_flashes))
        if self._letter is not None and self._letter.number == character:
            spelled, self._letter.decided = self._letter.decided, True
            with self._one_thread():
                self._end_letter(spelled=spelled)
        self._over = max(self._over, character)

    def close(self) -> None:
        """End the session: what still waits is named, the last character decided and learned."""
        for waiting in self._waiting:
            if isinstance(waiting.said, Flash):
                self._leave_out(events.OutsideEeg, waiting.said, Reason.ENDED)
        self._waiting = []
        with self._one_thread():
            self._end_letter()
        self.timings.end_of(self._segment.stamps)
        if self._recorder is not None:
            self._recorder.close()

    # -- EEG

    def _continuous(self, stamps: Floats, volts: Floats) -> None:
        """Take finite samples; divide them where the stream does not go on."""
        while len(stamps):
            broken = self._segment.stamps.push(stamps)
            n = len(stamps) if broken is None else broken.at
            if n:
                self._segment.cutter.push(volts[:, :n])
                self._n_samples += n
            if broken is None:
                return
            self._go_on()
            size = abs(broken.seconds)
            if broken.seconds > 0:
                said = f"{size:.3f} s of EEG are missing; filters start anew"
                self._name(events.Gap(self._clock(), said, size))
            else:
                said = f"the EEG's clock jumped back by {size:.3f} s; filters start anew"
                self._name(events.ClockJump(self._clock(), said, size))
            self._break()
            stamps, volts = stamps[n:], volts[:, n:]

    def _skip(self, n: int) -> None:
        """Leave out samples that are not finite."""
        self._go_on()
        said = f"{n} samples with NaN or infinite values; filters start anew"
        self._name(events.BadSamples(self._clock(), said, n / self._source.sfreq))
        self._break()
        self._n_samples += n
        self._break()

    def _break(self) -> None:
        """Begin a new segment; epochs that would reach into it are lost."""
        reached = self._segment.stamps.last
        for waiting in list(self._waiting):
            if isinstance(waiting.said, Flash) and waiting.time <= reached:
                self._waiting.remove(waiting)
                self._leave_out(events.OutsideEeg, waiting.said, Reason.GAP)
        self.timings.end_of(self._segment.stamps)
        self._note(SegmentNote(sample=self._n_samples).model_dump())
        self._last = -np.inf, self._last[1]  # the clock may be another one
        self._segment = Segment(self._source, self._n_samples)

    # -- flashes

    def _go_on(self) -> None:
        """Take all flashes whose turn has come."""
        with self._one_thread():
            while self._waiting and self._take(self._waiting[0]):
                self._waiting.pop(0)

    def _take(self, waiting: Waiting) -> bool:
        """Take what waits first; return whether its turn had come."""
        stamps, said = self._segment.stamps, waiting.said
        if not stamps.n_samples:
            return False
        if isinstance(said, End):
            if waiting.time > stamps.last:
                return False
            if self._letter is not None and self._letter.number == said.character:
                self._end_letter()
            return True
        if waiting.time < self._last[0]:
            self._leave_out(events.LateMarker, said, Reason.SCORED)
            return True
        if waiting.onset is None:
            waiting.onset = stamps.nearest(waiting.time)
        if waiting.onset is not None:
            return self._cut(said, waiting, waiting.onset)
        if (why := self._segment.why_none(waiting.time)) is None:
            return False
        self._leave_out(why.kind, said, why.reason, why.beside)
        return True

    def _cut(self, flash: Flash, waiting: Waiting, onset: int) -> bool:
        """Score a flash when its epoch is complete; return whether it is."""
        cutter = self._segment.cutter
        if cutter.ends(onset) >= cutter.n_samples:
            return False
        if onset + cutter.begins < 0:
            self._leave_out(events.OutsideEeg, flash, Reason.BEGINS)
        elif not cutter.holds(onset):
            self._leave_out(events.LateMarker, flash, Reason.FORGOTTEN)
        else:
            self._score(flash, waiting, onset)
        return True

    def _score(self, flash: Flash, waiting: Waiting, onset: int) -> None:
        """Score a flash and see whether that is enough for a letter."""
        sample = self._segment.first + onset
        letter = self._letter_of(flash)
        if letter is None:
            return
        if letter.has(flash.code, flash.repetition):
            self._leave_out(events.DoubledMarker, flash, Reason.TWICE)
            return
        if sample == self._last[1]:
            self._leave_out(events.DoubledMarker, flash, Reason.BESIDE)
            return
        if flash.repetition > letter.repetition and letter.seen:
            self._check_repetition(letter, flash.repetition)
        begin = time.perf_counter()
        epoch = self._segment.cutter.epoch(onset)
        if self._running is not None:
            epoch = self._running.aligned(epoch)
        read = self._follower.read(epoch)
        score = self._follower.score(read)
        self._last = waiting.time, sample
        note = FlashNote(sample=sample, **asdict(flash))
        self._note(note.model_dump(), waiting.time)
        self._tell(events.Scored(self._clock(), sample, waiting.time, flash.code, flash.character,
                          flash.repetition, flash.target, score))  # fmt: skip
        letter.add(Seen(read, flash.code, flash.repetition), score, target=flash.target)
        if not letter.missing(flash.repetition):
            self._decide(letter)
        self.timings.note("decoding", time.perf_counter() - begin)
        self.timings.note("flash to score", self._clock() - waiting.time)

    def _letter_of(self, flash: Flash) -> Letter | None:
        """Return the character of a flash, a new one after the end of the last; None if over."""
        letter = self._letter
        if letter is None or flash.character > letter.number:
            if flash.character <= self._over:
                self._leave_out(events.DisorderedMarker, flash, Reason.CHARACTER)
                return None
            self._end_letter()
            letter = Letter(flash.character, self.layout, self._model, self._language, self.text)
            self._letter = letter
        elif (flash.character, flash.repetition) < (letter.number, letter.repetition):
            self._leave_out(events.DisorderedMarker, flash, Reason.REPETITION)
            return None
        return letter

    def _check_repetition(self, letter: Letter, following: int) -> None:
        """Name what is missing of repetitions that are over; see whether they are enough."""
        for repetition in range(letter.repetition, following):
            if lost := letter.missing(repetition):
                self._miss(letter, repetition, lost)
        self._decide(letter)

    def _miss(self, letter: Letter, repetition: int, lost: list[int]) -> None:
        said = (
            f"character {letter.number}, repetition {repetition}: no epochs of codes {lost}; they "
            "count as no evidence, the character is damaged"
        )
        self._name(
            events.MissingMarker(self._clock(), said, letter.number, repetition, tuple(lost))
        )
        self._damaged.add(letter.number)

    # -- letters

    def _decide(self, letter: Letter, *, last: bool = False) -> None:
        """Decide a character if enough is known, or nothing more comes."""
        if letter.decided or not letter.seen or (letter.judged == len(letter.seen) and not last):
            return
        letter.judged = len(letter.seen)
        posterior = letter.posterior()
        stop = letter.stop(posterior)
        symbols = {letter.symbol(k): float(np.exp(p)) for k, p in enumerate(posterior[-1])}
        self._tell(events.Posterior(self._clock(), letter.number, len(posterior), symbols))
        if stop.forced[0] and not last:
            return
        letter.decided = True
        at, best = int(stop.repetition[0]), int(stop.decided[0])
        symbol = letter.symbol(best)
        if symbol:
            self.text.append(symbol)
        decided = events.Decided(
            self._clock(), letter.number, symbol, float(np.exp(posterior[at, best])), at + 1,
            bool(stop.forced[0]), bool(stop.tie[0]), letter.number in self._damaged,
            letter.right(symbol), self._reached,
        )  # fmt: skip
        self._tell(decided)
        self._note(decided.to_dict())

    def _end_letter(self, *, spelled: bool = True) -> None:
        """Decide the character that is over if it was not, and learn from it if it is whole."""
        letter, self._letter = self._letter, None
        if letter is None:
            return
        if (lost := letter.missing(letter.repetition)) and not letter.decided:
            self._miss(letter, letter.repetition, lost)
        self._decide(letter, last=True)
        self._over = letter.number
        if letter.number in self._damaged:
            self._note(DamageNote(character=letter.number, spelled=spelled).model_dump())
            self._tell(events.Damaged(self._clock(), letter.number))
            return
        if self._follower.learns:
            begin, before = time.perf_counter(), self._follower.n_fallen_back
            self._follower.learn(letter.seen)
            seconds = time.perf_counter() - begin
            trusted, fell_back = self._follower.trusted, self._follower.n_fallen_back > before
            self._tell(events.Learned(self._clock(), letter.number, seconds, trusted, fell_back))

    # -- what goes out

    def _leave_out(
        self, kind: type[LeftOut], flash: Flash, reason: Reason, beside: str = ""
    ) -> None:
        """Name a flash that is left out; nothing is learned from its character.

        That is nothing lost only where it was told before.
        """
        said = f"{named(flash)} is left out: {reason}{beside}"
        if reason is not Reason.TWICE:
            self._damaged.add(flash.character)
            said += "; its character is damaged"
        where = flash.character, flash.repetition, flash.code
        self._name(kind(self._clock(), said, *where, reason))

    def fault(self, kind: type[Fault], text: str) -> None:
        """Name a fault, that of a presentation for instance, in the stored session too."""
        self._name(kind(self._clock(), text))

    def _name(self, fault: Fault) -> None:
        self._note(fault.to_dict())
        self._tell(fault)

    def _note(self, said: dict[str, object], stamp: float | None = None) -> None:
        if self._recorder is not None:
            self._recorder.note(self._clock() if stamp is None else stamp, said)

    def _tell(self, event: Event) -> None:
        self.timings.see(event)
        self._listen(event)
