"""Through streams on loopback: what is played is spelled, faults and all, and offline agrees."""

import threading
import time

import pytest
from fed_sessions import fitted, somebody

from p300.commands.stored_detectors import predict_recordings, spell_recordings
from p300.errors import OnlineError
from p300.online.events import Decided, Fault, Learned, OutsideEeg, Reconnected, Scored
from p300.online.replay import NO_FAULTS, Faults, Player, write_script

pytest.importorskip("mne_lsl")

from p300.online.live import run
from p300.online.streams import choose, find, lsl


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


@pytest.fixture(scope="module")
def recording():
    return somebody(characters_per_run=2)


def spelled(folder, recording, out, name, faults=NO_FAULTS, chunk=8, speed=8.0):
    """Play a recording and spell it; return what came out and the report."""
    player = Player(write_script(recording, faults, chunk), name)
    playing = threading.Thread(target=player.play, args=(speed,))
    playing.start()
    events = []

    ended = []

    def over():
        # A stream that is found again takes LSL a second or more until its samples come, whatever
        # the speed of the replay.
        if playing.is_alive() or len(of(events, Reconnected)) < len(faults.disconnects):
            return False
        ended.append(time.monotonic())
        return ended[-1] > ended[0] + 1.0

    report = run(
        folder, out, events.append, eeg=name, markers=f"{name}-markers", patience=30.0, stopped=over
    )
    playing.join()
    return events, report


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


def agrees(events, folder, out):
    offline = predict_recordings(folder, out, "session")
    assert [event.score for event in of(events, Scored)] == offline["score"].tolist()
    found = [(d.symbol, d.posterior, d.repetitions) for d in of(events, Decided)]
    expected = spell_recordings(folder, out, "session")
    assert found == [(d.symbol, d.posterior, d.repetitions) for d in expected]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("chunk", "faults"),
    [(1, Faults()), (64, Faults(jitter=0.003, drift=80.0, shuffled=True))],
)
def test_what_is_played_is_spelled_as_the_recording_is(folder, recording, tmp_path, chunk, faults):
    out = tmp_path / "sub-1.xdf"
    events, report = spelled(folder, recording, out, f"even-{chunk}", faults, chunk)
    assert not of(events, Fault)
    assert [e.sample for e in of(events, Scored)] == recording.flashes["sample"].tolist()
    assert len(of(events, Learned)) == 2
    assert report["flashes"] == len(recording.flashes)
    assert report["latency"]["decoding"]["median"] < 0.03
    assert (tmp_path / "sub-1.json").is_file()
    agrees(events, folder, out)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("deaf", [False, True])
def test_a_stream_that_goes_away_is_opened_again_by_its_source_id(
    folder, recording, tmp_path, monkeypatch, deaf
):
    faults = Faults(disconnects=((12.0, 1.5),), lost=0.02, doubled=0.02)
    kind, out = lsl().StreamInlet, tmp_path / "sub-1.xdf"
    pull = kind.pull_chunk

    def heard(inlet, **options):
        try:
            return pull(inlet, **options)
        except RuntimeError:
            if not deaf:  # as LSL is now and then: it does not notice the end
                raise
            return [], []

    monkeypatch.setattr(kind, "pull_chunk", heard)
    events, report = spelled(folder, recording, out, f"away-{deaf}", faults, speed=5.0)
    assert len(of(events, Reconnected)) == 1
    assert of(events, OutsideEeg)
    assert {e.character for e in of(events, Learned)} <= {2}
    assert report["faults"]["stream gone and back"] == 1
    assert report["eeg"]["away"]["times"] == 1
    assert 0.3 < report["eeg"]["away"]["seconds"] < 30
    agrees(events, folder, out)


def test_a_stream_without_a_source_id_is_not_taken_for_another_of_its_type():
    bindings = lsl()

    def outlet(name, kind):
        return bindings.StreamOutlet(bindings.StreamInfo(name, kind, 1, 100.0, "float32", ""))

    own = outlet("leaving", "EEG-of-nobody")
    inlet = find("leaving", "EEG")
    others = [outlet("staying", "EEG-of-nobody"), outlet("leaving", "other")]
    del own
    assert not inlet.back()
    returned = outlet("leaving", "EEG-of-nobody")
    assert inlet.back()
    del others, returned


def test_a_stream_that_is_listed_but_dead_is_looked_for_again():
    bindings = lsl()
    info = bindings.StreamInfo("dying", "EEG", 2, 100.0, "float32", "dying-id")
    outlet = bindings.StreamOutlet(info)
    inlet = find("dying", "EEG", seconds=1.0)
    dead = bindings.resolve_streams(timeout=2.0, source_id="dying-id")
    del outlet
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bindings, "resolve_streams", lambda **_: dead)
        assert not inlet.back()
    assert not inlet.there


@pytest.mark.timeout(120)
def test_two_streams_that_fit_are_refused_with_the_list():
    bindings = lsl()
    kept = [
        bindings.StreamOutlet(bindings.StreamInfo("twin", "EEG", 2, 100.0, "float32", f"twin-{k}"))
        for k in range(2)
    ]
    with pytest.raises(OnlineError, match=r"twin-0.*twin-1.*several fit as the stream of EEG"):
        find("twin", "EEG", seconds=1.0)
    chosen = find("twin-1", "EEG", seconds=1.0)
    assert chosen.about.source_id == "twin-1"
    assert chosen.channels()[0].label == ""
    del kept


def test_no_stream_is_refused_with_the_list():
    with pytest.raises(OnlineError, match=r"streams found: none; none fits as the stream of EEG"):
        choose([], None, "EEG")


def test_a_session_is_never_written_over(folder, tmp_path):
    out = tmp_path / "sub-1.xdf"
    out.touch()
    with pytest.raises(OnlineError, match="exists already"):
        run(folder, out, print)
