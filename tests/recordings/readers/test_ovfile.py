from __future__ import annotations

import numpy as np
import ov_writer as ov
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings.readers.ovfile import open_ov, read_ov

RATE = 240
NAMES = ("Fz", "Cz", "Pz")
EVENTS = [(0, 0x8001), (7, 0x8101), (31, 0x8205), (399, 0x8102)]


def noise(n=400, k=3):
    return 10 * np.random.default_rng(5).normal(size=(k, n))


@pytest.fixture
def save(tmp_path):
    def write(*parts, name="a.ov"):
        path = tmp_path / name
        path.write_bytes(b"".join(parts))
        return path

    return write


# 240 does not divide 2**32: the begin of a sample is rounded down when it is written.
@pytest.mark.parametrize("rate", [RATE, 256, 512, 1000])
@pytest.mark.parametrize("start", [0, 1003])
def test_signal_and_stimulations_to_the_sample(save, rate, start):
    path = save(ov.recording(noise(), NAMES, rate, EVENTS, start=start))
    raw, samples, codes = open_ov(path)
    assert (raw.ch_names, raw.info["sfreq"], raw.n_times) == (list(NAMES), rate, 400)
    np.testing.assert_allclose(raw.get_data(), 1e-6 * noise(), atol=1e-15)
    assert list(zip(samples.tolist(), codes.tolist(), strict=True)) == EVENTS
    assert len(raw.annotations) == 0


def test_dates_between_samples_belong_to_the_sample_before(save):
    parts = [ov.header(ov.SIGNAL, ov.STIMULATIONS), ov.signal_header(NAMES, 400, RATE)]
    marks = [(round((sample + share) / RATE * 2**32), 1) for sample, share in [(5, 0.4), (9, 0.9)]]
    path = save(*parts, ov.block(noise(), 0, RATE), ov.stimulations(marks))
    assert open_ov(path)[1].tolist() == [5, 9]


def test_lost_blocks_divide_the_signal(save):
    events = [(10, 1), (60, 2), (120, 3), (210, 4), (399, 5), (420, 6)]
    path = save(ov.recording(noise(), NAMES, RATE, events, lost=[1, 2]))
    with pytest.warns(DataWarning, match="2 of 6 stimulations are left out") as caught:
        raw, samples, codes = open_ov(path)
    assert str(caught[0].message).startswith(str(path))
    kept = np.r_[0:50, 150:400]
    np.testing.assert_allclose(raw.get_data(), 1e-6 * noise()[:, kept], atol=1e-15)
    assert raw.annotations.description.tolist() == ["EDGE boundary"]
    assert np.round(raw.annotations.onset * RATE).tolist() == [50]
    assert (samples.tolist(), codes.tolist()) == ([10, 110, 299, 320], [1, 4, 5, 6])


def test_a_sample_early_or_late_is_no_break(save):
    parts = [ov.header(ov.SIGNAL), ov.signal_header(NAMES, 100, RATE)]
    places = [(0, 0), (100, 101), (200, 200)]
    blocks = [ov.block(noise()[:, k : k + 100], at, RATE) for k, at in places]
    raw, *_ = open_ov(save(*parts, *blocks))
    assert raw.n_times == 300
    assert len(raw.annotations) == 0


def test_channels_without_names(save):
    parts = [ov.header(ov.SIGNAL), ov.signal_header(["Cz", ""], 100, RATE, n_channels=3)]
    raw, *_ = open_ov(save(*parts, ov.block(noise(100), 0, RATE)))
    assert raw.ch_names == ["Cz", "Channel 2", "Channel 3"]


def test_files_of_the_first_versions_have_no_ebml_header(save):
    content = ov.recording(noise(), NAMES, RATE, EVENTS)
    path = save(content[content.index(ov.number(0xF59505AB3684C8D8)) :])
    assert open_ov(path)[0].n_times == 400


def two_signals(rate=8):
    other = [ov.signal_header(["power"], 4, rate, index=2)]
    other += [ov.block(noise(4, 1), k, rate, index=2) for k in range(0, 16, 4)]
    first = [ov.header(ov.MATRIX, ov.SIGNAL, ov.SIGNAL, ov.STIMULATIONS)]
    eeg = [ov.signal_header(NAMES, 400, RATE, index=1), ov.block(noise(), 0, RATE, index=1)]
    return [*first, *other, *eeg, ov.stimulations([(0, 1)], index=3)]


def test_the_stream_whose_rate_is_that_of_eeg_is_taken(save):
    raw, samples, _ = open_ov(save(*two_signals()))
    assert (raw.ch_names, samples.tolist()) == (list(NAMES), [0])
    assert open_ov(save(*two_signals()), stream=3)[0].ch_names == ["power"]


def test_several_streams_are_told_by_number(save):
    path = save(*two_signals(rate=128))
    told = r"2 \(3 channels, 400 samples at 240 Hz\), 3 \(1 channels, 16 samples at 128 Hz\)"
    with pytest.raises(RecordingError, match=f"{told} found, 2 may be the EEG.*option 'stream'"):
        open_ov(path)
    assert open_ov(path, stream=2)[0].ch_names == list(NAMES)
    with pytest.raises(RecordingError, match=f"{told} found, no such stream"):
        open_ov(path, stream=1)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([b""], "the file is empty"),
        ([b"<html>not found</html>"], "not an OpenViBE file|cut short or damaged"),
        ([ov.header()], "streams of the types none found"),
        ([ov.header(ov.SIGNAL, 0x1234)], r"types \['0x0000000000001234'\] found.*GDF file writer"),
        ([ov.header(ov.SIGNAL, compression=1)], "a compressed OpenViBE file.*or as GDF"),
        ([ov.header(ov.STIMULATIONS), ov.stimulations([(0, 1)], index=0)], "streams none found"),
        ([ov.header(ov.SIGNAL), ov.signal_header(NAMES, 10, RATE)], "none may be the EEG"),
        ([ov.header(ov.SIGNAL), ov.stimulations([(0, 1)], index=3)], "a chunk of stream 4 found"),
        ([ov.header(ov.SIGNAL), ov.block(noise(), 0, RATE)], "its header tells of 0"),
        (
            [ov.header(ov.SIGNAL), ov.signal_header(NAMES, 9, RATE), ov.block(noise(9, 2), 0, 9)],
            "a block of 144 bytes found in signal stream 1, its header tells of 216",
        ),
        ([ov.header(ov.SIGNAL), ov.signal_header(NAMES, 2**40, RATE)], "more than the file has"),
        ([ov.header(ov.SIGNAL), ov.signal_header(NAMES, 9, 0)], "3 x 9 values a block at 0 Hz"),
        (
            [
                ov.header(ov.SIGNAL),
                ov.signal_header(NAMES, 100, RATE),
                ov.block(noise(100), 0, RATE),
                ov.block(noise(100), 50, RATE),
            ],
            "block 2 of signal stream 1 begins at 0.208 s, before the one before it ends",
        ),
    ],
)
def test_wrong_content(save, parts, message):
    path = save(*parts)
    with pytest.raises(RecordingError, match=message) as caught:
        open_ov(path)
    assert str(caught.value).startswith(str(path))


def test_files_cut_anywhere(save):
    content = ov.recording(noise(200), NAMES, RATE, EVENTS)
    for end in range(1, len(content), 17):
        path = save(content[:end])
        with pytest.raises(RecordingError, match=r"cut short|not an OpenViBE file") as caught:
            read_ov(path)
        assert str(caught.value).startswith(str(path))
