"""Each figure of a session's report, with what it is a figure of put into the session."""

import json

import numpy as np
import pytest
from fed_sessions import START, Fed, fitted, middle_of, report_of, somebody

from p300.adaptation import self_calibration
from p300.online.events import Decided
from p300.online.letters import Letter
from p300.online.report_tables import report_tables
from p300.online.stamps import Line, Stamps
from p300.online.timing import Timings
from p300.recordings import MATRIX_6X6, open_recordings
from p300.speller import bits_per_minute
from p300.speller.fitted import Seen


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


@pytest.fixture
def fed(folder):
    return Fed(folder, somebody())


def without_targets(fed):
    """Have the markers not say what is attended."""
    fed.markers = [
        (at, stamp, json.dumps({k: v for k, v in json.loads(text).items() if k != "target"}))
        for at, stamp, text in fed.markers
    ]


def test_a_session_in_which_nothing_happens(fed):
    report = report_of(fed)
    assert report["flashes"] == len(fed.recording.flashes)
    assert report["markers"] == {"lost": 0, "doubled": 0}
    assert report["left_out"] == {}
    assert report["faults"] == {}
    nothing = {"times": 0, "seconds": 0}
    for name in ("gaps", "clock_jumps", "away", "not_finite"):
        assert report["eeg"][name] == nothing
    assert report["eeg"]["rate"] == pytest.approx(fed.sfreq, abs=1e-9)
    assert abs(report["eeg"]["drift_ppm"]) < 1e-3


# -- the clock


@pytest.mark.parametrize(("ppm", "sizes"), [(80.0, (4,)), (-120.0, (16,)), (80.0, (5, 64))])
def test_drift_is_how_much_faster_the_eeg_runs_than_it_says(fed, ppm, sizes):
    random = np.random.default_rng(0)
    off = 1e-4 * random.standard_normal(len(fed.stamps))
    fed.stamps = START + (fed.stamps - START) / (1 + 1e-6 * ppm) + off
    eeg = report_of(fed, sizes)["eeg"]
    assert eeg["drift_ppm"] == pytest.approx(ppm, abs=4 * eeg["drift_error_ppm"])
    assert 0 < eeg["drift_error_ppm"] < 3
    assert eeg["nominal_rate"] == fed.sfreq
    assert eeg["rate"] == pytest.approx(fed.sfreq * (1 + 1e-6 * eeg["drift_ppm"]))


def test_drift_is_one_over_a_gap(fed):
    fed.stamps = START + (fed.stamps - START) / (1 + 50e-6)
    fed.stamps[middle_of(fed, 2) :] += 7.0
    report = report_of(fed)
    assert report["eeg"]["gaps"]["times"] == 1
    assert report["eeg"]["drift_ppm"] == pytest.approx(50.0, abs=0.01)


def test_the_line_is_that_of_least_squares():
    random = np.random.default_rng(1)
    x, y = random.normal(size=(2, 50))
    line = Line()
    for one in zip(x.tolist(), y.tolist(), strict=True):
        line.add(*one)
    (slope, _), covariance = np.polyfit(x, y, 1, cov=True)
    found, error = line.slope()
    assert found == pytest.approx(slope)
    assert error == pytest.approx(np.sqrt(covariance[0, 0]))
    higher = Line()
    for a, b in zip(x.tolist(), (y + 100).tolist(), strict=True):
        higher.add(a + 1000, b)
    assert line.beside(higher).slope()[0] == pytest.approx(slope)


def test_of_too_few_chunks_no_drift_is_told():
    timings = Timings(100.0, 36, learns=False)
    stamps = Stamps(100.0, 20.0)
    for at in range(2):
        stamps.push(np.array([at / 100]))
    timings.end_of(stamps)
    report = timings.to_dict()
    assert report["eeg"]["drift_ppm"] is None
    assert report["eeg"]["rate"] is None
    assert report_tables(report)[1][1][1] == ["rate (Hz)", "–"]


# -- what is missing


def test_gaps_are_counted_and_added_up(fed):
    for character, n in ((2, 60), (4, 24)):
        lost = slice(middle_of(fed, character), middle_of(fed, character) + n)
        fed.stamps = np.delete(fed.stamps, lost)
        fed.values = np.delete(fed.values, lost, axis=0)
    gaps = report_of(fed)["eeg"]["gaps"]
    assert gaps["times"] == 2
    assert gaps["seconds"] == pytest.approx(84 / fed.sfreq, abs=1e-6)


def test_clock_jumps_and_samples_that_are_no_numbers_are_counted(fed):
    at = middle_of(fed, 3)
    fed.stamps[at:] -= 50.0
    fed.markers = [(k, t - 50.0 * (k >= at), text) for k, t, text in fed.markers]
    fed.values[100:103, 1] = np.nan
    report = report_of(fed)
    assert report["eeg"]["clock_jumps"] == {"times": 1, "seconds": pytest.approx(50.0, abs=1e-6)}
    assert report["eeg"]["not_finite"] == {"times": 1, "seconds": pytest.approx(3 / fed.sfreq)}
    flashes = fed.recording.flashes
    shown = (flashes["sample"].max() - flashes["sample"].min()) / fed.sfreq
    assert shown < report["speed"]["seconds"] < shown + 5  # jumped back over, not taken off


def test_how_often_and_how_long_a_stream_was_away(fed):
    at = middle_of(fed, 2) // 16 * 16
    fed.stamps[at:] += 5.0
    session, feed_eeg, done = fed.session, fed.session.eeg, []

    def eeg(stamps, values):
        if stamps[0] >= fed.stamps[at] and not done:
            done.append(1)
            session.reconnected("the stream of EEG")
        feed_eeg(stamps, values)

    session.eeg = eeg
    report = report_of(fed)
    away = report["eeg"]["away"]
    assert away == {"times": 1, "seconds": pytest.approx(5.0 + 16 / fed.sfreq)}
    assert report["eeg"]["gaps"]["times"] == 0


def test_lost_markers_are_those_never_told_and_doubled_ones_are_counted(fed):
    at, stamp, text = fed.markers[5]
    fed.markers.insert(6, (at, stamp + 0.003, text))
    late = fed.markers.pop(9)
    fed.markers.insert(25, (late[0] + 480, *late[1:]))  # told, when it was too late
    del fed.markers[70]
    report = report_of(fed)
    assert report["markers"] == {"lost": 1, "doubled": 1}
    assert report["left_out"] == {"twice": 1, "scored": 1}
    assert report["flashes"] == len(fed.recording.flashes) - 2


# -- letters


def attended(recording):
    """The symbols attended, by the recording's own targets."""
    groups = recording.flashes[recording.flashes["target"].astype(bool)].groupby("character")
    return [recording.layout.symbol_at(set(own["code"])) for _, own in groups]


def test_letters_are_counted_with_how_they_were_decided(fed):
    del fed.markers[70]
    letters = report_of(fed)["letters"]
    decided = fed.of(Decided)
    assert letters["decided"] == 4
    assert letters["text"] == "".join(one.symbol for one in decided)
    assert letters["forced"] == sum(one.forced for one in decided) > 0
    assert letters["ties"] == 0
    assert letters["damaged"] == 1
    assert letters["given_up"] == 0
    assert letters["repetitions"] == [one.repetitions for one in decided]


def test_right_and_wrong_letters_and_bits_are_told_where_targets_are_known(folder):
    known = {"characters_per_run": 4, "repetitions": 5, "n_runs": 1}
    fed = Fed(folder, next(iter(open_recordings("simulated", n_subjects=1, **known))))
    report = report_of(fed)
    right = sum(
        one.symbol == symbol
        for one, symbol in zip(fed.of(Decided), attended(fed.recording), strict=True)
    )
    assert (report["letters"]["right"], report["letters"]["wrong"]) == (right, 4 - right)
    assert right > 0
    first = START + fed.recording.flashes["sample"].iloc[0] / fed.sfreq
    seconds = fed.of(Decided)[-1].at - first
    speed = report["speed"]
    assert speed["seconds"] == pytest.approx(seconds)
    assert speed["symbols_per_minute"] == pytest.approx(60 * 4 / seconds)
    expected = bits_per_minute(right / 4, seconds / 4, len(fed.recording.layout.symbols))
    assert speed["bits_per_minute"] == pytest.approx(float(expected))


def test_without_targets_no_bits_are_claimed(fed):
    without_targets(fed)
    report = report_of(fed)
    assert report["letters"]["right"] is None
    assert report["letters"]["wrong"] is None
    assert report["speed"]["bits_per_minute"] is None
    assert report["speed"]["symbols_per_minute"] > 0
    assert ["bits a minute", "not known: the markers tell no target"] in report_tables(report)[3][1]


def test_a_wrong_letter_is_wrong(fed):
    """Somebody who is said to attend to what the next one did."""
    symbols = attended(fed.recording)
    codes = [fed.recording.layout.codes_of(one) for one in (*symbols[1:], symbols[0])]
    assert len(set(symbols)) == 4
    fed.markers = [
        (at, stamp, json.dumps(said | {"target": said["flash"] in codes[said["character"] - 1]}))
        for at, stamp, said in ((a, s, json.loads(t)) for a, s, t in fed.markers)
    ]
    report = report_of(fed)
    told = report["letters"]
    right = [
        one.symbol == symbol
        for one, symbol in zip(fed.of(Decided), (*symbols[1:], symbols[0]), strict=True)
    ]
    assert (told["right"], told["wrong"]) == (sum(right), 4 - sum(right))
    assert told["wrong"] >= 3
    symbols, seconds = fed.recording.layout.symbols, report["speed"]["seconds"]
    expected = bits_per_minute(sum(right) / 4, seconds / 4, len(symbols))
    assert report["speed"]["bits_per_minute"] == pytest.approx(float(expected))


def letter_of(targets):
    """A letter of which these codes were told, True for the attended ones."""
    letter = Letter(1, MATRIX_6X6, None, None, [])
    for code, target in targets.items():
        letter.add(Seen(np.zeros(1), code, 1), 0.0, target=target)
    return letter


def test_right_is_what_is_left_by_the_targets():
    of = {code: code in (1, 7) for code in range(1, 13)}
    attended = MATRIX_6X6.symbol_at({1, 7})
    assert letter_of(of).right(attended)
    assert not letter_of(of).right("")
    assert letter_of({code: of[code] for code in of if code != 7}).right(attended)
    row = letter_of({code: code == 1 for code in range(1, 7)})
    assert row.right(attended) is None
    assert letter_of(of | {3: None}).right(attended) is None


def test_where_nobody_attended_nothing_is_right():
    nobody = letter_of(dict.fromkeys(range(1, 13), False))
    assert nobody.right("")
    assert not nobody.right("A")
    assert letter_of({1: False}).right("") is None


# -- learning


def test_learning_is_told_with_what_it_fell_back_at(folder, monkeypatch):
    fed = Fed(folder, somebody(characters_per_run=5))
    monkeypatch.setattr(self_calibration, "is_worse", lambda gains: len(gains) == 1)
    del fed.markers[10]  # the first character teaches nothing
    adaptation = report_of(fed)["adaptation"]
    assert adaptation["learned"] == 4
    assert adaptation["damaged"] == 1
    assert not adaptation["trusted"]
    assert adaptation["fell_back"] == [4]  # the numbers of the session, not of those learned from
    latency = fed.session.timings.to_dict()["latency"]["learning"]
    assert latency["n"] == 4
    assert latency["worst"] < adaptation["seconds"] < 4 * latency["worst"] + 1e-9


def test_repetitions_are_compared_between_first_and_last_third():
    timings = Timings(100.0, 36, learns=True)
    for k, repetitions in enumerate((9, 8, 7, 6, 5, 4, 2)):
        timings.see(Decided(0.0, k, "A", 0.9, repetitions, False, False, False, None, 1.0))
    adaptation = timings.to_dict()["adaptation"]
    assert adaptation["repetitions_first_third"] == 8.5
    assert adaptation["repetitions_last_third"] == 3.0
    assert Timings(100.0, 36, learns=True).to_dict()["adaptation"]["repetitions_last_third"] is None


def test_a_detector_that_does_not_go_on_learning_has_no_such_figures(tmp_path):
    folder = fitted(tmp_path / "one", "{detector: slda}")
    report = report_of(Fed(folder, somebody(characters_per_run=1)))
    assert report["adaptation"] is None
    assert "adaptation" not in [head[0] for head, _ in report_tables(report)]


# -- memory, and the screen


def test_what_is_kept_does_not_grow_with_time():
    from tracemalloc import get_traced_memory, start, stop

    timings, stamps = Timings(250.0, 36, learns=False), Stamps(250.0, 1.0)
    random = np.random.default_rng(0)
    spent = random.lognormal(-5, 2, 40_000)

    def go_on(piece):
        for k in piece:
            timings.note("transport", float(spent[k]))
            timings.note("decoding", float(spent[-k]))
            stamps.push(np.array([k / 250]))

    go_on(range(20_000))
    start()
    go_on(range(20_000, 40_000))
    grown = get_traced_memory()[0]
    stop()
    assert grown < 100_000  # 20,000 doubles of two parts would be 320,000


def test_tables_fit_sixty_columns(fed, monkeypatch, capsys):
    from p300.commands.online import print_report

    monkeypatch.setenv("COLUMNS", "60")
    at, stamp, text = fed.markers[5]
    fed.markers.insert(6, (at, stamp + 0.003, text))
    fed.stamps[middle_of(fed, 2) :] += 1.0
    fed.values[100:103, 1] = np.nan
    report = report_of(fed)
    print_report(report)
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 60
    for head, _ in report_tables(report):
        assert any(line.startswith(head[0]) for line in said.splitlines())
    for word in ("drift (ppm)", "gap in EEG", "left out: ", "never told", "bits a minute", "fell"):
        assert word in said
    assert "repetitions, first third: " not in said  # columns, not blocks
