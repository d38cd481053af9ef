"""What breaks the promises about a session's report and about streams that go away."""

from __future__ import annotations

from mutant import Mutant

TIMING = ("tests/online/test_timing.py",)
LATENCIES = ("tests/online/test_latencies.py",)
DOCUMENTED = ("tests/online/test_documented_faults.py",)
AWAY = "tests/online/test_live.py::test_a_stream_that_goes_away_is_opened_again_by_its_source_id"
DEAD = "tests/online/test_live.py::test_a_stream_that_is_listed_but_dead_is_looked_for_again"
LEFT_OUT = "tests/online/test_left_out.py"


def _timing(name: str) -> tuple[str, ...]:
    return (f"{TIMING[0]}::test_{name}",)


SESSION_REPORT = (
    Mutant(
        "durations are told to one per cent",
        "online/latencies.py",
        "_STEP = math.log1p(WIDTH)",
        "_STEP = math.log1p(5 * WIDTH)",
        LATENCIES,
    ),
    Mutant(
        "a quantile is that of so large a share",
        "online/latencies.py",
        "left = math.ceil(share * self._n)",
        "left = math.floor(share * self._n)",
        LATENCIES,
    ),
    Mutant(
        "nothing told exceeds the worst",
        "online/latencies.py",
        "return min(_middle(number), self._worst)",
        "return _middle(number)",
        LATENCIES,
    ),
    Mutant(
        "a faster clock of the EEG has a positive drift",
        "online/timing.py",
        "1e6 * (1 / (1 + slope) - 1)",
        "1e6 * slope",
        _timing("drift_is_how_much_faster_the_eeg_runs_than_it_says"),
    ),
    Mutant(
        "a line is that of least squares",
        "online/stamps.py",
        "before = 1 - 1 / self.n",
        "before = 1.0",
        _timing("the_line_is_that_of_least_squares"),
    ),
    Mutant(
        "lines of stretches have heights of their own",
        "online/stamps.py",
        "self.line.add(nominal, float(taken[-1]) - self.first - nominal)",
        "self.line.add(float(taken[-1]), float(taken[-1]) - self.first)",
        _timing("drift_is_one_over_a_gap"),
    ),
    Mutant(
        "a marker that was told is not lost",
        "online/timing.py",
        "len(self._missing - self._unused)",
        "len(self._missing)",
        _timing("lost_markers_are_those_never_told_and_doubled_ones_are_counted"),
    ),
    Mutant(
        "time that the clock jumped back over has passed all the same",
        "online/timing.py",
        "self._begin -= fault.seconds",
        "self._begin -= 0.0",
        _timing("clock_jumps_and_samples_that_are_no_numbers_are_counted"),
    ),
    Mutant(
        "a stream was away for as long as nothing came",
        "online/session.py",
        "away = self._clock() - self._heard",
        "away = 0.0",
        _timing("how_often_and_how_long_a_stream_was_away"),
    ),
    Mutant(
        "flashes that waited are left out with their character",
        "online/timing.py",
        "self.left_out[Reason.GIVEN_UP] += fault.waiting",
        "self.left_out[Reason.GIVEN_UP] += 1",
        (f"{LEFT_OUT}::test_flashes_that_waited_when_their_character_was_given_up",),
    ),
    Mutant(
        "a flash before the EEG is not late",
        "online/segment.py",
        "if time < self.stamps.first:",
        "if False:",
        (f"{LEFT_OUT}::test_flashes_where_there_is_no_eeg",),
    ),
    Mutant(
        "a flash long ago is late, not outside the EEG",
        "online/segment.py",
        "return Why(LateMarker, Reason.FORGOTTEN)",
        "return Why(OutsideEeg, Reason.NO_EEG)",
        (f"{LEFT_OUT}::test_flashes_whose_eeg_is_no_longer_kept",),
    ),
    Mutant(
        "bits a minute go by the share that is right",
        "online/timing.py",
        "share = sum(known) / len(known)",
        "share = 1.0",
        _timing("a_wrong_letter_is_wrong"),
    ),
    Mutant(
        "what was attended is known of one symbol alone",
        "online/letters.py",
        "return symbol in left if len(left) == 1 else None",
        "return symbol in left",
        _timing("right_is_what_is_left_by_the_targets"),
    ),
    Mutant(
        "nothing is claimed where a flash has no target told",
        "online/letters.py",
        "        if self._told[None]:\n            return None\n",
        "",
        _timing("right_is_what_is_left_by_the_targets"),
    ),
    Mutant(
        "characters that fell back are told by themselves",
        "online/session.py",
        "self._follower.n_fallen_back > before",
        "self._follower.n_fallen_back > 0",
        _timing("learning_is_told_with_what_it_fell_back_at"),
    ),
    Mutant(
        "damaged characters are counted when they are over",
        "online/session.py",
        "self._tell(events.Damaged(self._clock(), letter.number))",
        "pass",
        _timing("letters_are_counted_with_how_they_were_decided"),
    ),
    Mutant(
        "what was told before is nothing lost",
        "online/session.py",
        "if reason is not Reason.TWICE:",
        "if True:",
        ("tests/online/test_faults.py::test_a_doubled_marker_is_named_and_the_first_one_counts",),
    ),
    Mutant(
        "a fault of a name of its own has its row",
        "online/events.py",
        'kind: ClassVar[str] = "gap in EEG"',
        'kind: ClassVar[str] = "hole in EEG"',
        DOCUMENTED,
    ),
    Mutant(
        "a stream whose place another took is let go",
        "online/streams.py",
        "if self._replaced == self._uid:",
        "if False:",
        (AWAY,),
    ),
    Mutant(
        "a stream that is listed but dead ends no session",
        "online/streams.py",
        "except (RuntimeError, TimeoutError):  # listed still, but gone",
        "except ZeroDivisionError:",
        (DEAD,),
    ),
)
