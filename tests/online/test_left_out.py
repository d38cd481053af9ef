"""Why flashes that were told are left out: each reason, put into a session, is counted."""

import json

import pytest
from fed_sessions import START, Fed, fitted, middle_of, report_of, somebody

from p300.online.events import Reason
from p300.signal.causal import EpochCutter


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


@pytest.fixture
def fed(folder):
    return Fed(folder, somebody())


def left_out(fed):
    return {Reason[name.upper()]: n for name, n in report_of(fed)["left_out"].items()}


def test_flashes_of_codes_that_the_layout_lacks(fed):
    fed.markers.insert(
        3, (*fed.markers[3][:2], json.dumps({"flash": 77, "character": 1, "repetition": 1}))
    )
    assert left_out(fed) == {Reason.CODE: 1}


def test_two_flashes_at_one_sample(fed):
    at, stamp, _ = fed.markers[5]
    fed.markers[6] = at, stamp, fed.markers[6][2]
    assert left_out(fed) == {Reason.BESIDE: 1}


@pytest.mark.parametrize(
    ("seconds", "reason"), [(-3.0, Reason.NO_EEG), (0.0, Reason.BEGINS), (1e9, Reason.AHEAD)]
)
def test_flashes_where_there_is_no_eeg(fed, monkeypatch, seconds, reason):
    at, _, text = fed.markers[0]
    fed.markers[0] = at, START + seconds, text
    monkeypatch.setattr(EpochCutter, "begins", property(lambda _: -10))  # as of a window before
    assert left_out(fed) == {reason: 1}


def test_flashes_whose_eeg_is_no_longer_kept(fed):
    fed.markers = fed.markers[:1]
    fed.markers[0] = len(fed.values) - 1, *fed.markers[0][1:]
    assert left_out(fed) == {Reason.FORGOTTEN: 1}
    assert fed.session.timings.faults == {"late marker": 1}


def test_flashes_of_a_repetition_or_character_that_is_over(fed):
    at, stamp, text = fed.markers[100]
    said = json.loads(text)
    for k, changes in enumerate(({"repetition": 1}, {"character": 1})):
        old = json.dumps(said | changes)
        fed.markers.insert(101 + k, (at + 1, stamp + 0.01 * (k + 1), old))
    assert left_out(fed) == {Reason.REPETITION: 2}


def test_flashes_of_a_character_that_was_ended(fed):
    fed.end_markers()
    at, stamp, text = fed.markers[-1]
    end = json.loads(text)["end"]
    old = json.dumps({"flash": 1, "character": end, "repetition": 1})
    fed.markers.append((at + 1, stamp + 0.05, old))
    assert left_out(fed) == {Reason.CHARACTER: 1}


def test_epochs_that_reach_across_a_gap_or_the_end(fed):
    stop = int(fed.recording.flashes["sample"].iloc[-1]) + 20
    fed.stamps, fed.values = fed.stamps[:stop], fed.values[:stop]
    fed.stamps[middle_of(fed, 2) :] += 1.0
    fed.markers = [(k, t + (k >= middle_of(fed, 2)), text) for k, t, text in fed.markers]
    found = left_out(fed)
    assert set(found) == {Reason.GAP, Reason.ENDED}
    assert min(found.values()) >= 2


def test_flashes_that_waited_when_their_character_was_given_up(fed):
    shown = fed.recording.flashes
    session, feed_marker, seen = fed.session, fed.session.marker, []

    def marker(stamp, text):
        feed_marker(stamp, text)
        seen.append(text)
        if len(seen) == 30:
            session.give_up(1, "the page is gone")

    session.marker = marker
    fed.markers = fed.markers[:30]
    report = report_of(fed)
    assert report["left_out"] == {"given_up": 30 - report["flashes"]}
    assert report["flashes"] < 30 < len(shown)
    assert report["letters"]["given_up"] == 1
    assert report["letters"]["damaged"] == 1
    assert report["letters"]["decided"] == 0
    assert report["speed"]["seconds"] is None


def test_every_reason_is_told_once():
    assert len({str(reason) for reason in Reason}) == len(Reason)
