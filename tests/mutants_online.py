"""What breaks the promises about live sessions."""

from __future__ import annotations

from mutant import Mutant

SESSION = ("tests/online/test_session.py",)
FAULTS = ("tests/online/test_faults.py",)
CAUSAL = ("tests/signal/test_causal.py",)
STAMPS = ("tests/online/test_stamps.py",)
SOURCE = ("tests/online/test_source.py",)
REPLAY = ("tests/online/test_replay.py",)

ONLINE = (
    Mutant(
        "filters go on where they stopped",
        "signal/filters.py",
        "filtered, self._state = signal.sosfilt(",
        "filtered, _ = signal.sosfilt(",
        CAUSAL,
    ),
    Mutant(
        "the interleaved signals are told apart from piece to piece",
        "signal/causal.py",
        "self._next = (self._next + piece.shape[1]) % n",
        "self._next = 0",
        CAUSAL,
    ),
    Mutant(
        "epochs lie in memory as offline",
        "signal/causal.py",
        "np.ascontiguousarray(self._room[None, :, at], dtype=np.float32)",
        "self._room[None, :, at].astype(np.float32)",
        CAUSAL,
    ),
    Mutant(
        "what a filter that needs the whole recording makes is not taken for causal",
        "signal/causal.py",
        'return settings.phase == "causal" and settings.filter == "butterworth"',
        'return settings.phase == "causal"',
        CAUSAL,
    ),
    Mutant(
        "a flash is at the nearest sample",
        "online/stamps.py",
        "if after and time - kept[after - 1] <= kept[after] - time:",
        "if after:",
        STAMPS,
    ),
    Mutant(
        "lost samples are noticed",
        "online/stamps.py",
        "if abs(off) > min(max(SCATTERS * self._scatter, SAMPLES * self._period), MOST):",
        "if abs(off) > MOST:",
        STAMPS,
    ),
    Mutant(
        "a clock that is off is followed",
        "online/stamps.py",
        "smooth += off / min(self.n_samples + 1, self._settled)",
        "smooth += off / (self.n_samples + 1)",
        STAMPS,
    ),
    Mutant(
        "nothing is learned from a damaged character",
        "online/session.py",
        "if letter.number in self._damaged:\n            self._note(",
        "if False:\n            self._note(",
        FAULTS,
    ),
    Mutant(
        "offline nothing is learned from a damaged character either",
        "speller/fitted.py",
        "if not damaged[rows].any():",
        "if True:",
        FAULTS,
    ),
    Mutant(
        "filters start anew behind a gap",
        "online/session.py",
        "        self._segment = Segment(self._source, self._n_samples)\n\n",
        "        self._segment.stamps = Segment(self._source, self._n_samples).stamps\n\n",
        FAULTS,
    ),
    Mutant(
        "a gap is stored where it is",
        "online/session.py",
        "self._note(SegmentNote(sample=self._n_samples).model_dump())",
        "pass",
        FAULTS,
    ),
    Mutant(
        "codes that were not told are missed",
        "online/session.py",
        "if lost := letter.missing(repetition):",
        "if lost := []:",
        FAULTS,
    ),
    Mutant(
        "a flash that was told twice is scored once",
        "online/session.py",
        "if letter.has(flash.code, flash.repetition):",
        "if False:",
        FAULTS,
    ),
    Mutant(
        "flashes are taken in the order of their time",
        "online/session.py",
        "if waiting.time < self._last[0]:",
        "if False:",
        FAULTS,
    ),
    Mutant(
        "samples that are no numbers are left out",
        "online/session.py",
        "if finite[start]:",
        "if True:",
        FAULTS,
    ),
    Mutant(
        "what came is stored before it is used",
        "online/session.py",
        "self._recorder.marker(stamp, text)",
        "None",
        FAULTS,
    ),
    Mutant(
        "a character is decided as soon as enough is known",
        "online/session.py",
        "if stop.forced[0] and not last:",
        "if not last:",
        ("tests/online/test_session.py::test_a_letter_comes_before_the_character_is_over",),
    ),
    Mutant(
        "electrodes are taken by name",
        "online/source.py",
        "rows = tuple(chosen.rows[read.names.index(electrode)] for electrode in wanted)",
        "rows = chosen.rows[: len(wanted)]",
        SOURCE,
    ),
    Mutant(
        "an alignment that knows the future is refused",
        "online/source.py",
        'stored.alignment.mode != "running"',
        'stored.alignment.mode == "prefix"',
        SOURCE,
    ),
    Mutant(
        "electrodes elsewhere are refused",
        "online/source.py",
        "    check_same_places(",
        "    str(",
        SOURCE,
    ),
    Mutant(
        "what drops out is not played",
        "online/replay.py",
        "if not lost[start]:",
        "if True:",
        REPLAY,
    ),
    Mutant(
        "markers are doubled on demand",
        "online/replay.py",
        "found += [message] * (2 if fate == _DOUBLED else 1)",
        "found += [message]",
        REPLAY,
    ),
    Mutant(
        "a scan goes by the symbol that stands out where targets are not known",
        "online/offsets.py",
        "groups = lit if np.isnan(target).any() else target[None]",
        "groups = target[None]",
        ("tests/online/test_offsets.py",),
    ),
    Mutant(
        "what is scored live is computed on one thread",
        "online/session.py",
        "        with self._one_thread():\n            while self._waiting",
        "        if True:\n            while self._waiting",
        ("tests/online/test_session.py",),
    ),
    Mutant(
        "and what is scored of a recording",
        "speller/fitted.py",
        "        with one_thread():\n",
        "        if True:\n",
        ("tests/online/test_session.py",),
    ),
    Mutant(
        "and what a script fits",
        "evaluation/fold.py",
        "    with one_thread():\n",
        "    if True:\n",
        ("tests/evaluation/test_fold.py",),
    ),
    Mutant(
        "what was given up is not spelled offline either",
        "online/session.py",
        "self._end_letter(spelled=spelled)",
        "self._end_letter()",
        ("tests/online/test_session.py",),
    ),
    Mutant(
        "unless it was spelled before",
        "online/session.py",
        "self._end_letter(spelled=spelled)",
        "self._end_letter(spelled=False)",
        ("tests/online/test_session.py",),
    ),
    Mutant(
        "and what is spelled of a recording",
        "commands/stored_detectors.py",
        "            with one_thread():\n",
        "            if True:\n",
        ("tests/online/test_session.py",),
    ),
    Mutant(
        "and what a script scores",
        "detectors/storage.py",
        "        with one_thread():\n",
        "        if True:\n",
        ("tests/online/test_session.py",),
    ),
)
