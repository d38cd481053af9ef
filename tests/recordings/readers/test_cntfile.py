from __future__ import annotations

import cnt_writer
import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings.readers.mnefile import open_recording

NAMES = ["Fz", "Cz", "Pz", "Oz", "VEOG"]
EVENTS = [(0, 1), (7, 2), (250, 12), (499, 255)]


def noise(n=500):
    return cnt_writer.STEP * np.random.default_rng(2).integers(-900, 900, size=(5, n))


@pytest.fixture
def save(tmp_path):
    def write(events=EVENTS, name="a.cnt", **more):
        path = tmp_path / name
        path.write_bytes(cnt_writer.neuroscan(noise(), NAMES, 250, events, **more))
        return path

    return write


def marks(raw):
    samples = np.round(raw.annotations.onset * raw.info["sfreq"]).astype(int)
    return list(zip(samples.tolist(), raw.annotations.description.tolist(), strict=True))


@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize("kind", [1, 2, 3])
@pytest.mark.parametrize("told", [False, True])
def test_signal_and_events_to_the_sample(save, width, kind, told):
    path = save(width=width, kind=kind)
    raw = open_recording(path, data_format=f"int{8 * width}" if told else None)
    assert (raw.ch_names, raw.info["sfreq"], raw.n_times) == (NAMES, 250, 500)
    np.testing.assert_allclose(raw.get_data(), 1e-6 * noise(), atol=1e-12)
    assert marks(raw) == [(sample, str(code)) for sample, code in EVENTS]


@pytest.mark.parametrize("n_samples", [0, -1, 77])
@pytest.mark.parametrize("width", [2, 4])
def test_where_the_header_does_not_tell_the_option_does(save, n_samples, width):
    path = save(width=width, n_samples=n_samples)
    with pytest.raises(RecordingError, match=r"16 or 32 bits.*option 'data_format' \(int16 or"):
        open_recording(path)
    raw = open_recording(path, data_format=f"int{8 * width}")
    np.testing.assert_allclose(raw.get_data(), 1e-6 * noise(), atol=1e-12)
    assert marks(raw) == [(sample, str(code)) for sample, code in EVENTS]


def test_keys_and_stretches_marked_as_bad(save):
    events = [(5, 3), (20, 0, 4), (100, 9, 0xC0), (130, 9, 0xD0), (200, 4), (450, 9, 0xC0)]
    raw = open_recording(save(events))
    assert marks(raw) == [
        (5, "3"), (20, "KeyPad Response 4"), (100, "BAD_9"), (200, "4"), (450, "BAD_9"),
    ]  # fmt: skip
    assert np.round(raw.annotations.duration * 250).tolist() == [0, 0, 30, 0, 50]


def test_the_option_is_neuroscan_s(tmp_path, save):
    path = tmp_path / "a.edf"
    path.write_bytes(save().read_bytes())
    with pytest.raises(RecordingError, match="not an EDF"):
        open_recording(path, data_format="int16")
    path = tmp_path / "a.lay"
    path.write_bytes(b"[FileInfo]")
    with pytest.raises(RecordingError, match=r"'data_format' given, which is for \.cnt"):
        open_recording(path, data_format="int16")


def test_channels_marked_as_bad_and_long_names(save):
    path = save()
    content = bytearray(path.read_bytes())
    content[900:910] = b"TRIGGERS\0\0"
    content[900 + 75 + 14] = 1
    path.write_bytes(content)
    raw = open_recording(path)
    assert raw.ch_names[0] == "TRIGGERS"
    assert raw.info["bads"] == ["Cz"]


def test_channels_in_runs(save):
    path = save([(5, 1)])
    content = bytearray(path.read_bytes())
    begin, n, run = 900 + 75 * 5, 500, 40
    stored = np.frombuffer(content[begin : begin + 2 * 5 * n], "<i2").reshape(n, 5)
    runs = stored[:480].reshape(12, run, 5).transpose(0, 2, 1)  # 20 samples are no whole run
    content[begin : begin + 2 * 5 * 480] = runs.tobytes()
    content[894:898] = (2 * run).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.warns(DataWarning, match="ends within a sample, 200 bytes are left out"):
        raw = open_recording(path)
    np.testing.assert_allclose(raw.get_data(), 1e-6 * noise()[:, :480], atol=1e-12)


def test_as_mne_reads_it(save):
    import mne

    path = save()
    with np.errstate(all="ignore"):
        other = mne.io.read_raw_cnt(path, verbose="error")
    np.testing.assert_allclose(open_recording(path).get_data(), other.get_data(), atol=1e-12)


def put(at, new):
    return lambda content: content[:at] + new + content[at + len(new) :]


def test_a_baseline_is_taken_away(save):
    path = save()
    path.write_bytes(put(900 + 75 + 47, b"\x19\0")(path.read_bytes()))  # 25 steps of 0.1 µV
    expected = noise()
    expected[1] -= 2.5
    np.testing.assert_allclose(open_recording(path).get_data(), 1e-6 * expected, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: b"", "the file is empty"),
        (lambda content: content[:800], "neither a Neuroscan nor an ANT recording"),
        (lambda content: b"PK\3\4" + content[4:], "neither a Neuroscan nor an ANT recording"),
        (lambda content: content[:3000], r"events at byte 6275 of 3000 found.*cut short"),
        (lambda content: content[:-1], "a table of events of kind 1 with 32 bytes.*31 are left"),
        (put(370, b"\xff\xff"), "65535 channels"),
        (put(370, b"\0\0"), "0 channels"),
        (put(376, b"\0\0"), "at 0 Hz"),
        (put(886, b"\0\0\0\0"), "events at byte 0"),
        (put(6275, b"\7"), "a table of events of kind 7"),
    ],
)
def test_damaged_files(save, change, message):
    path = save()
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(RecordingError, match=message) as caught:
        open_recording(path)
    assert str(caught.value).startswith(str(path))


def test_events_behind_the_signal_are_named(save):
    with pytest.warns(DataWarning, match="outside data range"):
        raw = open_recording(save([(5, 1), (600, 2)]))
    assert marks(raw) == [(5, "1")]
