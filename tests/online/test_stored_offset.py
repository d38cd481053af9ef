"""An offset that was measured is stored, read strictly, and applied where it belongs."""

from __future__ import annotations

import gc
import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from fed_sessions import Fed, fitted, somebody
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import make_recording
from typer.testing import CliRunner

from p300 import Preprocessing, make_detector, preprocess, save_detector
from p300.commands.main import app
from p300.errors import OnlineError, P300Error
from p300.online.applied_offset import NO_OFFSET, AppliedOffset
from p300.online.events import Scored
from p300.online.offsets import photodiode
from p300.online.recorder import Recorder
from p300.online.replay import Chunk, Faults, Player, write_script
from p300.recordings import MATRIX_6X6, open_recordings
from p300.recordings.formats.session import FlashNote, read_session_note
from p300.recordings.measured_offset import MeasuredOffset
from p300.recordings.readers.xdfsignal import ChannelAbout

DELAY = 0.05
"""Seconds: whole samples of the recordings."""

MEASURED = MeasuredOffset(
    offset=0.05, low=0.045, high=0.06, n=90, by="photodiode", using="light", applied=0.0,
    stream="made", session="sub-1.xdf", date="2026-01-02T03:04:05+00:00",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


def call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def lit_session(file, offset=NO_OFFSET, remaining=DELAY, sfreq=240.0):
    """A session whose photodiode's light comes so much later than its flashes were placed."""
    channels = [ChannelAbout("Cz", "EEG", "microvolts"), ChannelAbout("light", "misc", "")]
    recorder = Recorder(file, "made", sfreq, channels, MATRIX_6X6, offset)
    values = np.random.default_rng(0).standard_normal((5000, 2))
    for k, sample in enumerate(range(500, 4500, 60)):
        at = sample + round(remaining * sfreq)
        values[at : at + 20, 1] += 50.0
        note = FlashNote(sample=sample, code=1 + k % 12, character=1, repetition=k // 12 + 1)
        recorder.note(0.0, note.model_dump())
    recorder.eeg(np.arange(5000) / sfreq, values)
    recorder.close()
    return file


def measured(file, path):
    """What timing stores of a session."""
    photodiode(file, "light").record(file, "photodiode", "light").save(path)
    return MeasuredOffset.load(path)


def test_a_record_says_what_was_measured_on_what(tmp_path):
    found = measured(lit_session(tmp_path / "sub-1.xdf"), tmp_path / "offset.json")
    assert found.offset == pytest.approx(DELAY)
    assert (found.low, found.high) == pytest.approx((DELAY, DELAY))
    assert (found.n, found.by, found.using) == (67, "photodiode", "light")
    assert (found.stream, found.session, found.applied) == ("made", "sub-1.xdf", 0.0)


@pytest.mark.parametrize("before", [AppliedOffset(0.02), AppliedOffset.of(MEASURED)])
def test_what_a_session_had_already_is_part_of_what_is_to_be_applied(tmp_path, before):
    file = lit_session(tmp_path / "sub-1.xdf", before, remaining=0.025)
    stream, note = read_session_note(file)
    assert (stream, note.offset, note.measured) == ("made", before.seconds, before.measured)
    found = measured(file, tmp_path / "offset.json")
    assert found.applied == before.seconds
    total = before.seconds + 0.025
    assert (found.offset, found.low, found.high) == pytest.approx((total, total, total))


def test_a_record_is_not_written_over(tmp_path):
    path = tmp_path / "offset.json"
    MEASURED.save(path)
    with pytest.raises(OnlineError, match="exists already"):
        MEASURED.save(path)


finite = st.floats(-1e3, 1e3)


@settings(max_examples=25)
@given(st.lists(finite, min_size=4, max_size=4), st.integers(1, 10**6), st.text(max_size=20))
def test_a_record_is_read_as_it_was_written(tmp_path_factory, numbers, n, stream):
    offset, applied, *edges = numbers
    low, high = sorted(edges)
    one = MEASURED.model_copy(
        update={"offset": offset, "applied": applied, "low": low, "high": high, "n": n,
                "stream": stream}
    )  # fmt: skip
    path = tmp_path_factory.mktemp("offset") / "offset.json"
    one.save(path)
    assert MeasuredOffset.load(path) == one


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"offset": "58.6"}, "offset"),
        ({"offset": True}, "offset"),
        ({"offset": float("inf")}, "finite"),
        ({"n": 0}, "n"),
        ({"by": "guess"}, "by"),
        ({"low": 0.07}, "above"),
        ({"date": "yesterday"}, "date"),
        ({"date": "2026-01-02T03:04:05"}, "zone"),
        ({"unit": "ms"}, "unit"),
        ({"stream": None}, "stream"),
    ],
)
def test_what_is_no_such_record_is_refused(tmp_path, change, text):
    path = tmp_path / "offset.json"
    path.write_text(json.dumps(MEASURED.model_dump() | change))
    with pytest.raises(P300Error, match=rf"offset\.json.*{text}"):
        MeasuredOffset.load(path)


@pytest.mark.parametrize("key", sorted(MEASURED.model_dump()))
def test_a_record_lacks_nothing(tmp_path, key):
    path, said = tmp_path / "offset.json", MEASURED.model_dump()
    del said[key]
    path.write_text(json.dumps(said))
    with pytest.raises(P300Error, match=f"{key}: Field required"):
        MeasuredOffset.load(path)


def test_an_offset_of_another_stream_is_refused_with_what_was_found():
    applied = AppliedOffset.of(MEASURED)
    applied.check("made")
    AppliedOffset(0.02).check("whatever")
    with pytest.raises(OnlineError, match=r"'made' \(session 'sub-1.xdf', .*'other'"):
        applied.check("other")


def test_an_offset_is_told_with_its_interval_and_where_it_comes_from():
    said = str(AppliedOffset.of(MEASURED))
    for part in ("50.0 ms", "45.0 to 60.0 ms", "'light'", "90 flashes", "'sub-1.xdf'", "'made'"):
        assert part in said
    assert str(AppliedOffset(0.02)) == "20.0 ms, as told"
    assert str(NO_OFFSET) == "0.0 ms"


def test_an_offset_by_a_detector_brings_the_flashes_back(folder, tmp_path):
    recordings = [make_recording(str(k), amplitude=2e-5) for k in (1, 2)]
    epochs = preprocess(recordings, Preprocessing(phase="causal", normaliser="none", low=0.5))
    detector = make_detector("slda").fit(epochs.X, epochs.y, groups=epochs.groups("character"))
    save_detector(detector, tmp_path / "made", epochs)
    one = make_recording("3", amplitude=2e-5)
    recorder = Recorder(
        tmp_path / "sub-3.xdf", "made", one.sfreq,
        [ChannelAbout(name, "EEG", "volts") for name in one.electrodes], one.layout,
    )  # fmt: skip
    moved = one.flashes.assign(sample=one.flashes["sample"] - round(DELAY * one.sfreq))
    kept = ["sample", "code", "character", "repetition", "target"]
    for flash in moved[kept].to_dict("records"):
        recorder.note(0.0, FlashNote(**flash).model_dump())
    values = one.raw.get_data().T
    recorder.eeg(np.arange(len(values)) / one.sfreq, values)
    recorder.close()
    path = tmp_path / "offset.json"
    done = call("timing", tmp_path / "sub-3.xdf", "--detector", tmp_path / "made", "--out", path)
    assert done.exit_code == 0, done.output
    found = MeasuredOffset.load(path)
    assert (found.by, found.using, found.n) == ("detector", "made", 4)
    assert abs(found.offset - DELAY) < 0.012
    fed = Fed(folder, somebody(), offset=found.offset)
    fed.markers = [(sample, stamp - DELAY, text) for sample, stamp, text in fed.markers]
    placed = [event.sample for event in fed.feed().of(Scored)]
    off = np.array(placed) - fed.recording.flashes["sample"].to_numpy()
    assert np.abs(off).max() <= 0.012 * fed.sfreq + 0.5


def lit(script, recording):
    """What is played, with a photodiode beside the electrodes."""
    light = np.zeros((recording.raw.n_times, 1))
    for sample in recording.flashes["sample"]:
        light[sample : sample + 10] = 5e-5
    steps, at = [], 0
    for step in script.steps:
        if isinstance(step, Chunk):
            n = len(step.values)
            step = replace(step, values=np.hstack([step.values, light[at : at + n]]))
            at += n
        steps.append(step)
    return replace(script, electrodes=(*script.electrodes, "light"), steps=tuple(steps))


def until_gone(name):
    """Wait until no stream of a name is found."""
    from p300.online.streams import lsl

    gc.collect()
    end = time.monotonic() + 30
    while lsl().resolve_streams(timeout=1.0, name=name):
        assert time.monotonic() < end


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore:.*'light'.*:p300.errors.DataWarning")
def test_what_timing_stores_of_a_live_session_puts_the_next_ones_flashes_right(folder, tmp_path):
    pytest.importorskip("mne_lsl")
    recording = somebody(characters_per_run=1)
    script = lit(write_script(recording, Faults(offset=DELAY)), recording)
    path, shown = tmp_path / "offset.json", recording.flashes["sample"].to_numpy()

    def placed(out, *options):
        player = Player(script, "measured-amplifier")
        playing = threading.Thread(target=player.play, args=(8.0,))
        playing.start()
        done = call(
            "online", folder, "--eeg", "measured-amplifier", "--markers",
            "measured-amplifier-markers", "--out", out, "--patience", "2", "--decisions",
            "measured", *options,
        )  # fmt: skip
        playing.join()
        assert done.exit_code == 0, done.output
        del player, playing
        until_gone("measured-amplifier")  # so that the next one is not taken for this one
        (stored,) = open_recordings("session", out)
        return stored.flashes["sample"].to_numpy(), " ".join(done.output.split())

    before, _ = placed(tmp_path / "sub-1.xdf")
    assert (shown - before == round(DELAY * recording.sfreq)).all()
    done = call("timing", tmp_path / "sub-1.xdf", "--photodiode", "light", "--out", path)
    assert done.exit_code == 0, done.output
    assert "The session had 0.0 ms: apply 50.0 ms in all" in " ".join(done.output.split())
    after, said = placed(tmp_path / "sub-2.xdf", "--offset", path)
    assert (after == shown).all()
    assert "Offset applied: 50.0 ms, 95 % within 50.0 to 50.0 ms, by the photodiode" in said
    report = json.loads((tmp_path / "sub-2.json").read_text())
    assert report["offset"]["seconds"] == pytest.approx(DELAY)
    assert report["offset"]["measured"] == MeasuredOffset.load(path).model_dump()
    stream, note = read_session_note(tmp_path / "sub-2.xdf")
    assert (stream, note.measured) == ("measured-amplifier", MeasuredOffset.load(path))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("command", ["online", "speller"])
def test_commands_refuse_the_offset_of_another_amplifier(folder, tmp_path, command):
    pytest.importorskip("mne_lsl")
    from p300.online.streams import lsl

    name = f"other-amplifier-{command}"
    outlet = lsl().StreamOutlet(lsl().StreamInfo(name, "EEG", 8, 240.0, "float32", name))
    path = tmp_path / "offset.json"
    MEASURED.save(path)
    rest = ["--eeg", name, "--offset", path]
    first = {
        "online": [folder, "--out", tmp_path / "sub-1.xdf"],
        "speller": ["--person", "lsl", "--detector", folder, "--port", "0"],
    }
    done = call(command, *first[command], *rest)
    del outlet
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert "stream of EEG 'made' (session 'sub-1.xdf'" in said
    assert f"the one found is '{name}'" in said
    assert not (tmp_path / "sub-1.xdf").exists()


@pytest.mark.parametrize("command", ["online", "speller"])
@pytest.mark.parametrize("text", ["no-such.json", "inf", "nan", "12 ms"])
def test_an_offset_is_a_number_or_a_file(folder, command, text):
    first = [folder] if command == "online" else ["--detector", folder]
    done = call(command, *first, "--offset", text)
    assert done.exit_code == 2
    assert text in done.output
