"""Every fault is named, nothing is learned from a damaged character, and offline agrees."""

import json

import numpy as np
import pytest
from fed_sessions import START, Fed, fitted, middle_of, somebody

from p300.commands.stored_detectors import predict_recordings, spell_recordings
from p300.online.events import (
    FAULTS,
    BadSamples,
    ClockJump,
    Decided,
    DisorderedMarker,
    DoubledMarker,
    Fault,
    Gap,
    LateMarker,
    Learned,
    MissingMarker,
    OutsideEeg,
    Reconnected,
    Scored,
    UnknownCode,
    UnreadMarker,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


@pytest.fixture
def fed(folder, tmp_path):
    return Fed(folder, somebody(), tmp_path / "sub-1.xdf")


def agrees(fed, folder):
    """Offline, the stored session has the scores and letters of the moment."""
    file = fed.session._recorder.path
    offline = predict_recordings(folder, file, "session")
    assert [event.score for event in fed.of(Scored)] == offline["score"].tolist()
    spelled = list(spell_recordings(folder, file, "session"))
    found = [(d.symbol, d.posterior, d.repetitions) for d in fed.of(Decided)]
    assert found == [(d.symbol, d.posterior, d.repetitions) for d in spelled]


def kinds(fed):
    return {type(event) for event in fed.of(Fault)}


def learned(fed):
    return {event.character for event in fed.of(Learned)}


def shift(fed, sample, seconds):
    """Let the clock of the EEG and of the markers from a sample on be another one."""
    fed.stamps[sample:] += seconds
    fed.markers = [(at, t + seconds * (at >= sample), text) for at, t, text in fed.markers]


def test_a_lost_marker_is_named_and_its_character_teaches_nothing(fed, folder):
    del fed.markers[70]  # of the second character
    fed.feed()
    (fault,) = fed.of(Fault)
    assert isinstance(fault, MissingMarker)
    assert "character 2, repetition 1: no epochs of codes" in fault.text
    assert learned(fed) == {1, 3, 4}
    assert [d.damaged for d in fed.of(Decided)] == [False, True, False, False]
    agrees(fed, folder)


def test_a_whole_repetition_without_markers_is_named(fed, folder):
    del fed.markers[72:84]
    fed.feed()
    (fault,) = fed.of(Fault)
    assert "character 2, repetition 2: no epochs of codes [1, 2, 3" in fault.text
    agrees(fed, folder)


def test_a_doubled_marker_is_named_and_the_first_one_counts(fed, folder):
    at, time, text = fed.markers[5]
    fed.markers.insert(6, (at, time + 0.003, text))
    fed.feed()
    assert kinds(fed) == {DoubledMarker}
    assert learned(fed) == {1, 2, 3, 4}
    assert len(fed.of(Scored)) == len(fed.recording.flashes)
    agrees(fed, folder)


def test_a_late_marker_whose_time_has_passed_is_left_out(fed, folder):
    at, *late = fed.markers[8]
    fed.markers[8:9] = []
    fed.markers.insert(20, (at + 480, *late))
    fed.feed()
    assert kinds(fed) == {LateMarker, MissingMarker}
    assert learned(fed) == {2, 3, 4}
    assert len(fed.of(Scored)) == len(fed.recording.flashes) - 1
    agrees(fed, folder)


def test_a_marker_that_is_late_but_in_time_counts(folder):
    plain, late = (Fed(folder, somebody()) for _ in range(2))
    plain.feed()
    late.markers = [(at + 100 * (at % 3), *said) for at, *said in late.markers]
    late.markers.sort()
    late.feed()
    assert [e.score for e in late.of(Scored)] == [e.score for e in plain.of(Scored)]


def test_unknown_codes_and_unread_markers_are_named(fed, folder):
    said = {"flash": 77, "character": 1, "repetition": 1}
    fed.markers.insert(3, (*fed.markers[3][:2], json.dumps(said)))
    fed.markers.insert(80, (*fed.markers[80][:2], "flash!"))
    fed.feed()
    assert kinds(fed) == {UnknownCode, UnreadMarker}
    assert learned(fed) == {2, 3, 4}
    agrees(fed, folder)


@pytest.mark.parametrize("seconds", [-3.0, -700.0, 1e9])
def test_a_marker_where_there_is_no_eeg_is_named(fed, folder, seconds):
    at, _, text = fed.markers[0]
    fed.markers[0] = at, START + seconds, text
    fed.feed()
    assert OutsideEeg in kinds(fed)
    assert learned(fed) == {2, 3, 4}
    agrees(fed, folder)


def test_lost_samples_are_a_gap_that_no_epoch_reaches_across(fed, folder):
    at = middle_of(fed, 2)
    lost = slice(at, at + 60)
    fed.stamps, fed.values = np.delete(fed.stamps, lost), np.delete(fed.values, lost, axis=0)
    fed.feed()
    assert kinds(fed) == {Gap, OutsideEeg, MissingMarker}
    (gap,) = fed.of(Gap)
    assert gap.text.startswith("0.250 s of EEG are missing")
    assert learned(fed) == {1, 3, 4}
    agrees(fed, folder)


def test_a_clock_that_jumps_back_is_named(fed, folder):
    shift(fed, middle_of(fed, 3) - 15, -50.0)
    fed.feed()
    assert ClockJump in kinds(fed)
    (jump,) = fed.of(ClockJump)
    assert "jumped back by 50.0" in jump.text
    assert learned(fed) == {1, 2, 4}
    agrees(fed, folder)


def test_a_stream_that_went_away_and_is_back_starts_its_filters_anew(fed, folder):
    at = middle_of(fed, 4) // 16 * 16
    shift(fed, at, 5.0)
    session, feed_eeg = fed.session, fed.session.eeg

    def eeg(stamps, values):
        if stamps[0] > fed.stamps[at] - 0.1 and not fed.of(Reconnected):
            session.reconnected("the stream of EEG")
        feed_eeg(stamps, values)

    session.eeg = eeg
    fed.feed()
    assert Reconnected in kinds(fed)
    assert Gap not in kinds(fed)
    assert 4 not in learned(fed)
    agrees(fed, folder)


@pytest.mark.filterwarnings("ignore:.*NaN or infinite samples")
def test_samples_that_are_no_numbers_are_left_out(fed, folder):
    at = middle_of(fed, 2)
    fed.values[at : at + 3, 1] = np.nan
    fed.feed()
    assert kinds(fed) == {BadSamples, OutsideEeg, MissingMarker}
    assert learned(fed) == {1, 3, 4}
    agrees(fed, folder)


def test_flashes_of_a_character_that_is_over_are_named(fed, folder):
    at, time, text = fed.markers[-1]
    old = json.dumps(json.loads(text) | {"character": 1})
    fed.markers.append((at + 20, time + 0.1, old))
    fed.feed()
    assert kinds(fed) == {DisorderedMarker}
    agrees(fed, folder)


def test_jitter_and_drift_of_the_stamps_move_no_flash(folder):
    fed = Fed(folder, somebody())
    random = np.random.default_rng(0)
    chunk = np.arange(len(fed.stamps)) // 16
    fed.stamps += 0.004 * random.standard_normal(chunk.max() + 1)[chunk]
    fed.feed()
    assert not fed.of(Fault)
    off = [e.sample for e in fed.of(Scored)] - fed.recording.flashes["sample"].to_numpy()
    assert np.abs(off).max() <= 1


def test_the_end_of_a_character_decides_it_at_once(folder):
    fed = Fed(folder, somebody())
    fed.end_markers()
    fed.feed()
    ends = fed.recording.flashes.groupby("character")["sample"].max().to_numpy() / fed.sfreq
    late = [event.at - START for event in fed.of(Learned)] - ends
    assert (late > 0.6).all()
    assert (late < 0.9).all()


def test_all_that_came_is_stored(fed, folder):
    import pyxdf

    fed.values[100, 0] = np.nan
    fed.markers.insert(3, (*fed.markers[3][:2], "flash!"))
    fed.feed()
    streams, _ = pyxdf.load_xdf(fed.session._recorder.path, dejitter_timestamps=False)
    by_kind = {stream["info"]["type"][0]: stream for stream in streams}
    np.testing.assert_array_equal(by_kind["EEG"]["time_series"], fed.values)
    np.testing.assert_array_equal(by_kind["EEG"]["time_stamps"], fed.stamps)
    assert [row[0] for row in by_kind["Markers"]["time_series"]] == [t for *_, t in fed.markers]


def test_every_fault_has_a_kind_of_its_own():
    assert len({fault.kind for fault in FAULTS}) == len(FAULTS)
