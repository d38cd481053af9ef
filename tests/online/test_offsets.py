"""The constant delay of screen and amplifier is found again."""

import numpy as np
import pytest
from fed_sessions import Fed, fitted, somebody
from studies import make_recording

from p300 import Preprocessing, make_detector, preprocess, save_detector
from p300.errors import OnlineError, RecordingError
from p300.online.offsets import photodiode, scan
from p300.online.recorder import Recorder
from p300.recordings import MATRIX_6X6
from p300.recordings.formats.session import FlashNote
from p300.recordings.readers.xdfsignal import ChannelAbout
from p300.speller.fitted import Fitted


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("detector") / "one")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A detector of people whose responses are strong and alike."""
    recordings = [make_recording(str(k), amplitude=2e-5) for k in (1, 2)]
    epochs = preprocess(recordings, Preprocessing(phase="causal", normaliser="none", low=0.5))
    detector = make_detector("slda").fit(epochs.X, epochs.y, groups=epochs.groups("character"))
    return Fitted.load(save_detector(detector, tmp_path_factory.mktemp("made") / "one", epochs))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("delay", [0.0, 0.06])
def test_the_scan_finds_how_late_flashes_are(made, delay, known):
    recording = make_recording("3", amplitude=2e-5)
    flashes = recording.flashes
    flashes["sample"] -= round(delay * recording.sfreq)
    if not known:
        flashes["target"] = None
    found = scan(made, recording)
    assert found.n == 4
    assert abs(found.seconds - delay) < 0.012
    assert found.low <= found.seconds <= found.high


def test_a_person_without_responses_has_no_sure_offset(made):
    recording = make_recording("3", amplitude=0.0)
    found = scan(made, recording)
    assert found.high - found.low > 0.1


def test_a_detector_that_knows_nobody_yet_is_refused(tmp_path):
    alone = "{detector: slda, n_windows: 8, adaptation: self_started}"
    found = Fitted.load(fitted(tmp_path / "one", alone))
    with pytest.raises(OnlineError, match=r"scores all flashes alike, .* self_started"):
        scan(found, somebody(characters_per_run=8, repetitions=2))


def lit_session(file, delay=0.048, seen=1.0):
    """A session with a photodiode whose light comes late, at some of the flashes."""
    channels = [ChannelAbout("Cz", "EEG", "microvolts"), ChannelAbout("light", "misc", "")]
    recorder = Recorder(file, "made", 250.0, channels, MATRIX_6X6)
    values = np.random.default_rng(0).standard_normal((20000, 2))
    samples = np.arange(500, 19000, 60)
    for k, sample in enumerate(samples.tolist()):
        if k < seen * len(samples):
            at = sample + round(250 * delay) + k % 2
            values[at : at + 20, 1] += 50.0
        note = FlashNote(sample=sample, code=1 + k % 12, character=1, repetition=k // 12 + 1)
        recorder.note(sample / 250, note.model_dump())
    recorder.eeg(np.arange(20000) / 250, values)
    recorder.close()


def test_a_photodiode_measures_the_delay_and_its_spread(tmp_path):
    lit_session(tmp_path / "sub-1.xdf")
    found = photodiode(tmp_path / "sub-1.xdf", "light")
    assert found.low == pytest.approx(0.048)
    assert found.high == pytest.approx(0.052)
    assert found.low <= found.seconds <= found.high
    assert found.n == 309


def test_a_photodiode_that_does_not_see_the_flashes_is_refused(tmp_path):
    lit_session(tmp_path / "sub-1.xdf", seen=0.3)
    with pytest.raises(OnlineError, match=r"rises after .* of 309 markers"):
        photodiode(tmp_path / "sub-1.xdf", "light")
    with pytest.raises(
        RecordingError, match=r"no channel 'lamp' found, there are \['Cz', 'light'\]"
    ):
        photodiode(tmp_path / "sub-1.xdf", "lamp")


def test_an_offset_that_is_given_moves_the_flashes(folder):
    fed = Fed(folder, somebody(), offset=0.05)
    fed.feed()
    off = [e.sample for e in fed.of(object) if hasattr(e, "sample")]
    moved = fed.recording.flashes["sample"].to_numpy() + 0.05 * fed.sfreq
    assert np.abs(np.array(off) - moved).max() <= 0.5
