"""Online equals offline, bit for bit, whatever the chunks are."""

import json
import shutil

import numpy as np
import pytest
from fed_sessions import START, Fed, fitted, somebody
from threadpoolctl import threadpool_info, threadpool_limits

from p300.commands.stored_detectors import predict_recordings, spell_recordings
from p300.detectors import load_detector
from p300.errors import DataWarning
from p300.files import read_json, write_json
from p300.online.events import Decided, Fault, GivenUp, Learned, Scored
from p300.speller.fitted import SPELLER, Follower
from p300.speller.model import SpellerModel


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


@pytest.fixture(scope="module")
def recording():
    return somebody()


def told(decisions):
    return [(d.symbol, d.posterior, d.repetitions, d.forced, d.tie) for d in decisions]


@pytest.mark.parametrize("sizes", [(1,), (7,), (64,), (5, 1, 64, 13)])
def test_a_stored_session_has_the_scores_and_letters_of_the_moment(
    folder, recording, tmp_path, sizes
):
    file = tmp_path / "sub-1.xdf"
    fed = Fed(folder, recording, file).feed(sizes)
    assert not fed.of(Fault)
    offline = predict_recordings(folder, file, "session")
    scored = fed.of(Scored)
    assert [event.score for event in scored] == offline["score"].tolist()
    assert [event.sample for event in scored] == recording.flashes["sample"].tolist()
    spelled = list(spell_recordings(folder, file, "session"))
    assert told(fed.of(Decided)) == told(spelled)
    assert len(spelled) == 4
    assert len(fed.of(Learned)) == 4


def given_up_after(fed, n):
    """Feed everything; the character of the n-th flash is given up when that is told."""
    feed_marker, so_far = fed.session.marker, []

    def marker(stamp, text):
        so_far.append(text)
        feed_marker(stamp, text)
        if len(so_far) == n:
            fed.session.give_up(json.loads(text)["character"], "its page is gone")

    fed.session.marker = marker
    return fed.feed()


@pytest.mark.parametrize("after", [20, 235])
def test_a_character_that_was_given_up_is_not_spelled_offline_either(
    folder, recording, tmp_path, after
):
    file = tmp_path / "one.xdf"
    fed = given_up_after(Fed(folder, recording, file), after)
    (given_up,) = [one.character for one in fed.of(GivenUp)]
    with pytest.warns(DataWarning, match=rf"characters \[{given_up}\] were given up"):
        spelled = list(spell_recordings(folder, file, "session"))
    assert given_up not in [one.character for one in fed.of(Decided)]
    assert told(fed.of(Decided)) == told(spelled)
    assert len(spelled) == 3
    offline = predict_recordings(folder, file, "session")
    assert [event.score for event in fed.of(Scored)] == offline["score"].tolist()


def test_one_that_was_spelled_before_it_was_given_up_is_spelled(folder, recording, tmp_path):
    file, early = tmp_path / "one.xdf", bold(folder, tmp_path)
    fed = given_up_after(Fed(early, recording, file), 59)
    assert [one.character for one in fed.of(GivenUp)] == [1]
    assert [one.character for one in fed.of(Decided)] == [1, 2, 3, 4]
    assert told(fed.of(Decided)) == told(spell_recordings(early, file, "session"))
    assert [one.character for one in fed.of(Learned)] == [2, 3, 4]


def test_nothing_depends_on_the_number_of_threads(folder, recording, tmp_path, monkeypatch):
    """Sums on several threads are rounded otherwise."""
    seen = []

    def watched(kind, name):
        plain = getattr(kind, name)

        def watch(*arguments, **options):
            seen.append((name, {pool["num_threads"] for pool in threadpool_info()}))
            return plain(*arguments, **options)

        monkeypatch.setattr(kind, name, watch)

    stored = load_detector(folder)
    for kind, name in (
        (Follower, "read"), (Follower, "score"), (Follower, "learn_from"), (SpellerModel, "stop"),
    ):  # fmt: skip
        watched(kind, name)
    with threadpool_limits(2):
        Fed(folder, recording, tmp_path / "one.xdf").feed()
        live = sum(name != "stop" for name, _ in seen)
        predict_recordings(folder, tmp_path / "one.xdf", "session")
        assert sum(name != "stop" for name, _ in seen) == 2 * live
        list(spell_recordings(folder, tmp_path / "one.xdf", "session"))
        assert seen[-1][0] == "stop"
        watched(type(stored.detector), "decision_function")  # not when it was tried out on loading
        stored.score(recording)
    assert seen[-1][0] == "decision_function"
    assert [one for one in seen if one[1] != {1}] == []


def test_the_recording_itself_has_the_same_letters(folder, recording):
    from p300.speller import spell
    from p300.speller.fitted import Fitted

    fed = Fed(folder, recording).feed()
    found = Fitted.load(folder)
    scores = found.score(recording)
    # The stream is in microvolts, which are volts to rounding.
    np.testing.assert_allclose(
        [event.score for event in fed.of(Scored)], scores["score"], rtol=1e-4, atol=1e-4
    )
    decisions = list(spell(scores, recording.layout, found.model))
    assert [d.symbol for d in fed.of(Decided)] == [d.symbol for d in decisions]


def bold(folder, tmp_path):
    """The same detector, whose speller decides early."""
    copy = tmp_path / "bold"
    shutil.copytree(folder, copy)
    write_json(copy / SPELLER, {**read_json(copy / SPELLER), "threshold": 0.06})
    return copy


def test_a_letter_comes_before_the_character_is_over(folder, recording, tmp_path):
    fed = Fed(bold(folder, tmp_path), recording)
    fed.end_markers()
    fed.feed()
    decided = fed.of(Decided)
    ends = fed.recording.flashes.groupby("character")["sample"].max().to_numpy() / fed.sfreq
    early = [event for event in decided if not event.forced]
    assert early
    for event in early:
        assert event.repetitions < 5
        assert event.at < START + ends[event.character - 1]


@pytest.mark.parametrize(
    "detector", ["{detector: xdawn_ts}", "{detector: cnn1, max_passes: 1}", "{detector: slda}"]
)
@pytest.mark.filterwarnings("ignore:.*(calibration slope|raise max_passes)")
def test_other_detectors_are_the_same_offline(detector, recording, tmp_path):
    folder = fitted(tmp_path / "one", detector, normaliser="window_zscore")
    file = tmp_path / "sub-1.xdf"
    fed = Fed(folder, recording, file).feed((11, 3))
    assert not fed.of(Fault, Learned)
    offline = predict_recordings(folder, file, "session")
    assert [event.score for event in fed.of(Scored)] == offline["score"].tolist()
    assert told(fed.of(Decided)) == told(spell_recordings(folder, file, "session"))
